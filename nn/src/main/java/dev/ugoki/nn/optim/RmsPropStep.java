package dev.ugoki.nn.optim;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;

/**
 * One step of RMSprop:
 *
 * <pre>
 * g = gradient + weightDecay * parameter
 * s = alpha * s + (1 - alpha) * g^2
 * b = momentum * b + g / (sqrt(s) + epsilon)
 * parameter -= learningRate * b
 * </pre>
 *
 * <p>Operands: parameter, gradient, s, b; then, F64 scalars, learningRate, alpha, epsilon,
 * weightDecay, momentum. Results: parameter, s, b.
 */
record RmsPropStep() implements Composite {
    @Override
    public int resultCount() {
        return 3;
    }

    @Override
    public int overwrites(int result) {
        return result == 0 ? 0 : result + 1;
    }

    @Override
    public TensorType[] infer(TensorType... operands) {
        TensorType type = operands[0];
        for (int i = 1; i < 4; i++) {
            if (!operands[i].equals(type)) {
                throw new IllegalArgumentException(
                        "rmsPropStep: operand "
                                + i
                                + " is "
                                + operands[i]
                                + ", the parameter "
                                + type);
            }
        }
        return new TensorType[] {type, type, type};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Tensor parameter = operands[0];
        Tensor alpha = operands[5];
        Tensor gradient = operands[1].add(parameter.mul(like(operands[7], parameter)));
        Tensor fresh = gradient.mul(gradient).mul(like(alpha.neg().add(1), parameter));
        Tensor squares = operands[2].mul(like(alpha, parameter)).add(fresh);
        Tensor direction = gradient.div(squares.sqrt().add(like(operands[6], parameter)));
        Tensor buffer = operands[3].mul(like(operands[8], parameter)).add(direction);
        Tensor next = parameter.sub(buffer.mul(like(operands[4], parameter)));
        return new Tensor[] {next, squares, buffer};
    }

    private static Tensor like(Tensor setting, Tensor parameter) {
        return setting.cast(parameter.dtype());
    }
}
