package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Op;

import java.util.function.Supplier;

/**
 * Sees every operation of a thread while it is asked to, with operands and results: for tools that
 * look for bad values, or count.
 *
 * <pre>{@code
 * Inspector.call((op, operands, results) -> System.out.println(op), () -> model.apply(x));
 * }</pre>
 *
 * <p>A composite or a loop is seen as a whole, not what it is made of; what an inspector computes
 * itself is not seen. While nobody inspects, an operation pays for the reading of one field.
 */
@FunctionalInterface
public interface Inspector {
    /**
     * Called after an operation has run, or was written into a program that is being traced (its
     * results then have no values). What it throws, the caller of the operation gets.
     *
     * @param operands with their lineages
     * @param results with theirs; after {@link Engine#update} the operands that were written
     */
    void inspect(Op op, Tensor[] operands, Tensor[] results);

    /** Runs {@code action}; what this thread computes in it goes past {@code inspector}. */
    static <T> T call(Inspector inspector, Supplier<T> action) {
        return Inspection.call(inspector, action);
    }

    /** Runs {@code action} without an inspector. */
    static <T> T none(Supplier<T> action) {
        return Inspection.isOff() ? action.get() : Inspection.call(Inspection.NONE, action);
    }
}
