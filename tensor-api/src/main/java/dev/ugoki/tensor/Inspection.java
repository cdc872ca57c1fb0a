package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Op;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Which inspector sees what this thread computes. */
final class Inspection {
    static final Inspector NONE = (_, _, _) -> {};

    private static final ScopedValue<Inspector> CURRENT = ScopedValue.newInstance();

    /** How many inspectors there are in all threads, so that most operations ask no further. */
    private static final AtomicInteger OPEN = new AtomicInteger();

    private Inspection() {}

    static <T> T call(Inspector inspector, Supplier<T> action) {
        OPEN.incrementAndGet();
        try {
            return ScopedValue.where(CURRENT, inspector).call(action::get);
        } finally {
            OPEN.decrementAndGet();
        }
    }

    /** Whether no thread has an inspector. */
    static boolean isOff() {
        return OPEN.get() == 0;
    }

    /** Runs an operation and shows it to this thread's inspector, if there is one. */
    static Tensor[] show(Op op, Tensor[] operands, Supplier<Tensor[]> operation) {
        Inspector inspector = CURRENT.isBound() ? CURRENT.get() : NONE;
        if (inspector == NONE) {
            return operation.get();
        }
        return ScopedValue.where(CURRENT, NONE)
                .call(
                        () -> {
                            Tensor[] results = operation.get();
                            inspector.inspect(op, operands, results);
                            return results;
                        });
    }
}
