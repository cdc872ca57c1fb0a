package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * The inverse of the error function, {@code sign(x) * quantile((1 + |x|) / 2) / sqrt(2)} with the
 * normal quantile of {@link NormalQuantile}: to about six digits in F32, fourteen in F64. One
 * floating operand; F16 and BF16 are computed in F32. Infinite at -1 and 1, NaN beyond; the
 * derivative is {@code sqrt(pi) / 2 * exp(y^2)}.
 *
 * <p>Shapes: {@code [..] -> [..]}.
 *
 * <p>Source: Giles: Approximating the erfinv function (2011), for F32; Wichura: Algorithm AS 241
 * (1988), for F64.
 */
public record Erfinv() implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        Operands.floating(this, in, 1);
        return new TensorType[] {in[0]};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        Tensor x = Operands.wide(operands[0]);
        Tensor size = x.abs();
        double belowOne = x.dtype() == DType.F64 ? Math.nextDown(1.0) : Math.nextDown(1f);
        Tensor inside = size.minimum(belowOne);
        Tensor beyond = inside.neg().add(1).mul(0.5);
        Tensor y = NormalQuantile.decomposed(beyond, inside).mul(Math.sqrt(0.5));
        Tensor atOne = y.maskedFill(size.eq(1), Double.POSITIVE_INFINITY);
        // Not "greater than 1": NaN stays NaN.
        Tensor defined = atOne.maskedFill(size.le(1).not(), Double.NaN);
        return new Tensor[] {x.lt(0).select(defined.neg(), defined).cast(operands[0].dtype())};
    }

    @Override
    public @Nullable Tensor @Nullable [] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        if (cotangents[0] == null) {
            return null;
        }
        Tensor slope = forward[0].square().exp().mul(Math.sqrt(Math.PI) / 2);
        return new Tensor[] {cotangents[0].mul(slope)};
    }
}
