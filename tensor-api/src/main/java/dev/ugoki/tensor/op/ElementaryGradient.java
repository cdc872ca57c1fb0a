package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/**
 * Gradients of elementary functions that take several operations: of the function's result {@code
 * y} and the cotangent {@code g} of that, the cotangent of its operand.
 *
 * <p>Shapes: {@code [..], [..] -> [..]}, of one floating type.
 *
 * <p>Source: the derivatives, by hand.
 */
public sealed interface ElementaryGradient extends Composite {
    /**
     * {@code g (1 - y)(1 + y)} for {@code y = tanh(x)}; {@code 1 - y^2} would cancel where y is
     * near 1.
     */
    record TanhGradient() implements ElementaryGradient {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor y = Operands.wide(operands[0]);
            Tensor slope = y.neg().add(1).mul(y.add(1));
            return new Tensor[] {Operands.wide(operands[1]).mul(slope).cast(operands[0].dtype())};
        }
    }

    /** {@code g y (1 - y)} for {@code y = sigmoid(x)}. */
    record SigmoidGradient() implements ElementaryGradient {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor y = Operands.wide(operands[0]);
            Tensor slope = y.mul(y.neg().add(1));
            return new Tensor[] {Operands.wide(operands[1]).mul(slope).cast(operands[0].dtype())};
        }
    }

    @Override
    default TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 2, 2);
        Operands.floating(this, in, 2);
        Operands.shape(this, in, 1, "the cotangent", in[0].shape());
        return new TensorType[] {in[0]};
    }
}
