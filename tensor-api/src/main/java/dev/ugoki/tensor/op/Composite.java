package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * An operation made of others. Anyone may add one: a record that says how it decomposes.
 *
 * <p>The decomposition is its meaning, its path on a backend that has no kernel for it, and its
 * gradient unless {@link #backward} gives a better one.
 */
public non-sealed interface Composite extends Op {
    /** The results, computed by other operations. */
    Tensor[] decompose(Tensor... operands);

    /**
     * The types of the results; wrong operands throw as the operations of the decomposition would.
     */
    default TensorType[] infer(TensorType... operands) {
        return Graph.trace(this::decompose, operands).resultTypes();
    }

    /**
     * The results followed by whatever {@link #backward} wants to find again. Called instead of the
     * plain operation where a gradient is followed.
     */
    default Tensor[] forwardWithResiduals(Tensor... operands) {
        return dev.ugoki.tensor.Engine.apply(this, operands);
    }

    /**
     * The gradients of the operands, or null where the decomposition is to be differentiated
     * instead (the default; that computes the decomposition a second time).
     *
     * <p>Written in operations of tensors, it has a gradient itself: second derivatives
     * differentiate it, with {@code operands} and {@code forward} followed. So it may be another
     * gradient than the decomposition's, such as that of a rounding which lets it pass.
     *
     * @param forward the results and residuals of {@link #forwardWithResiduals}
     * @param cotangents of the results; null where a result does not matter
     * @return one for each operand; null where there is none
     */
    default @Nullable Tensor @Nullable [] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        return null;
    }

    /**
     * As {@link #backward(Tensor[], Tensor[], Tensor[])}, for who can save work where not every
     * gradient is wanted. This is what is called.
     *
     * @param wanted whether anyone wants the gradient of an operand; what is given for others is
     *     ignored
     */
    default @Nullable Tensor @Nullable [] backward(
            Tensor[] operands,
            Tensor[] forward,
            @Nullable Tensor[] cotangents,
            IntPredicate wanted) {
        return backward(operands, forward, cotangents);
    }
}
