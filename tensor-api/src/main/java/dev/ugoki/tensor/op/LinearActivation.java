package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * An activation of {@link Linear}: {@code y = f(x W^T + b)}. Operands: x {@code [.., in]}, weight
 * {@code [out, in]}, and optionally a bias {@code [out]}; result {@code [.., out]}. Backends whose
 * products end so compute it in one pass; where a gradient is followed, which needs what comes
 * before the activation, it is computed in two.
 *
 * <p>Shapes: {@code [.., in], [out, in], [out] -> [.., out]}.
 *
 * <p>Source: PyTorch's {@code linear}, and its activations.
 */
public record LinearActivation(Activation activation) implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        return new Linear().infer(in);
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Tensor before = Engine.one(new Linear(), operands);
        return new Tensor[] {Engine.one(activation, before)};
    }

    @Override
    public Tensor[] forwardWithResiduals(Tensor... operands) {
        Tensor before = Engine.one(new Linear(), operands);
        return new Tensor[] {Engine.one(activation, before), before};
    }

    @Override
    public @Nullable Tensor @Nullable [] backward(
            Tensor[] operands,
            Tensor[] forward,
            @Nullable Tensor[] cotangents,
            IntPredicate wanted) {
        Tensor g = cotangents[0];
        if (g == null) {
            return new @Nullable Tensor[operands.length];
        }
        Tensor inner = Engine.one(new Activation.Gradient(activation), forward[1], g);
        return new Linear()
                .backward(operands, new Tensor[] {forward[1]}, new Tensor[] {inner}, wanted);
    }
}
