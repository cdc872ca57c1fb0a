package dev.ugoki.nn.optim;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;

/**
 * {@code average = decay * average + (1 - decay) * value}. Operands: average, value, and decay, an
 * F64 scalar.
 */
record MovingAverageStep() implements Composite {
    @Override
    public int overwrites(int result) {
        return 0;
    }

    @Override
    public TensorType[] infer(TensorType... operands) {
        if (operands.length != 3 || !operands[0].equals(operands[1])) {
            throw new IllegalArgumentException(
                    "movingAverageStep: needs an average, a value of its type, and a decay; has "
                            + java.util.List.of(operands));
        }
        return new TensorType[] {operands[0]};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Tensor average = operands[0];
        Tensor kept = operands[2].cast(average.dtype());
        Tensor taken = operands[2].neg().add(1).cast(average.dtype());
        return new Tensor[] {average.mul(kept).add(operands[1].mul(taken))};
    }
}
