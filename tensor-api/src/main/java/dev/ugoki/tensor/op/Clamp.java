package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * {@code min(max(x, least), most)}, NaN where {@code x} is. The cotangent passes where {@code least
 * <= x <= most}, at the bounds too.
 *
 * <p>Shapes: {@code [..] -> [..]}.
 *
 * <p>Source: NumPy's {@code clip}; the gradient at the bounds as PyTorch's.
 *
 * @param least a Double, or a Long for integers; no more than {@code most}
 */
public record Clamp(Number least, Number most) implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        if (in[0].dtype() == DType.BOOL) {
            throw TypeRules.wrong(this, in, "is not defined for BOOL; cast first");
        }
        TypeRules.number(this, in[0].dtype(), least);
        TypeRules.number(this, in[0].dtype(), most);
        if (!(least.doubleValue() <= most.doubleValue())) {
            throw TypeRules.wrong(
                    this, in, "the lower bound " + least + " exceeds the upper one, " + most);
        }
        return new TensorType[] {in[0]};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        return new Tensor[] {operands[0].maximum(least).minimum(most)};
    }

    @Override
    public @Nullable Tensor @Nullable [] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        Tensor x = operands[0];
        Tensor cotangent = cotangents[0];
        return cotangent == null
                ? null
                : new Tensor[] {
                    x.ge(least).and(x.le(most)).select(cotangent, cotangent.scalarLike(0))
                };
    }
}
