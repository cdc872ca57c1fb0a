package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * Its operand, as a constant to whoever differentiates: what {@link Tensor#detach} writes into a
 * program that is being traced, so that the program's gradient stops there at each run. Any one
 * operand; the result is the same tensor, and costs nothing.
 *
 * <p>Shapes: {@code [..] -> [..]}.
 *
 * <p>Source: PyTorch's {@code detach}.
 */
public record StopGradient() implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        return in.clone();
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        return new Tensor[] {operands[0].withLineage(null)};
    }

    @Override
    public @Nullable Tensor[] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        return new @Nullable Tensor[] {null};
    }
}
