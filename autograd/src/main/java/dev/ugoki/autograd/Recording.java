package dev.ugoki.autograd;

import java.util.function.Supplier;

/** Whether this thread writes operations down: it does, unless told otherwise. */
final class Recording {
    private static final ScopedValue<Boolean> ON = ScopedValue.newInstance();

    private Recording() {}

    static boolean isOn() {
        return !ON.isBound() || ON.get();
    }

    static <T> T off(Supplier<T> action) {
        return ScopedValue.where(ON, false).call(action::get);
    }

    static <T> T on(Supplier<T> action) {
        return ScopedValue.where(ON, true).call(action::get);
    }
}
