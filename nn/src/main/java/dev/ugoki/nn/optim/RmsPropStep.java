package dev.ugoki.nn.optim;

import dev.ugoki.tensor.DType;
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
 * weightDecay, momentum. Results: parameter, s, b. F16 and BF16 are computed in F32.
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
        DType dtype = operands[0].dtype();
        boolean narrow = dtype == DType.F16 || dtype == DType.BF16;
        Tensor[] in = new Tensor[operands.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = operands[i].cast(narrow ? DType.F32 : dtype);
        }
        // What is computed of settings alone is computed in F64.
        Tensor fresh = operands[5].neg().add(1).cast(in[0].dtype());
        Tensor gradient = in[1].add(in[0].mul(in[7]));
        Tensor squares = in[2].mul(in[5]).add(gradient.mul(gradient).mul(fresh));
        Tensor direction = gradient.div(squares.sqrt().add(in[6]));
        Tensor buffer = in[3].mul(in[8]).add(direction);
        Tensor next = in[0].sub(buffer.mul(in[4]));
        return new Tensor[] {next.cast(dtype), squares.cast(dtype), buffer.cast(dtype)};
    }
}
