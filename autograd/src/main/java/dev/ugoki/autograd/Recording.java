package dev.ugoki.autograd;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * Whether this thread writes operations down (it does, unless told otherwise), and who is told of
 * the followed tensors that a checkpoint's program reads besides its operands.
 */
final class Recording {
    private record State(boolean on, @Nullable Captures captures) {}

    private static final State DEFAULT = new State(true, null);
    private static final ScopedValue<State> STATE = ScopedValue.newInstance();

    private Recording() {}

    private static State state() {
        return STATE.isBound() ? STATE.get() : DEFAULT;
    }

    static boolean isOn() {
        return state().on();
    }

    /** Whether lineages are to be told of operations. */
    static boolean isListening() {
        State state = state();
        return state.on() || state.captures() != null;
    }

    /** Tells who collects captures of an operation's operands. */
    static void notice(Tensor[] operands) {
        Captures captures = state().captures();
        if (captures != null) {
            captures.notice(operands);
        }
    }

    static <T> T off(Supplier<T> action) {
        Supplier<T> stopped = () -> call(new State(false, null), action);
        Tracer tracer = Tracer.current();
        return tracer == null ? stopped.get() : tracer.withoutGradients(stopped);
    }

    static <T> T on(Supplier<T> action) {
        return call(new State(true, state().captures()), action);
    }

    /** Writes nothing down, but collects the followed tensors that are read. */
    static <T> T collecting(Captures captures, Supplier<T> action) {
        return call(new State(false, captures), action);
    }

    private static <T> T call(State state, Supplier<T> action) {
        return ScopedValue.where(STATE, state).call(action::get);
    }
}
