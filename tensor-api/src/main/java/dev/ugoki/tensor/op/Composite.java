package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.jspecify.annotations.Nullable;

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
     * instead (the default).
     *
     * @param forward the results and residuals of {@link #forwardWithResiduals}
     * @param cotangents of the results; null where a result does not matter
     * @return one for each operand; null where there is none
     */
    default @Nullable Tensor @Nullable [] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        return null;
    }
}
