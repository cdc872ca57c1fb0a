package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/** The values of operand 1 in the place of operand 0, which has the same type. */
public record Overwrite() implements Composite {
    @Override
    public int overwrites(int result) {
        return 0;
    }

    @Override
    public TensorType[] infer(TensorType... operands) {
        if (operands.length != 2 || !operands[0].equals(operands[1])) {
            throw new IllegalArgumentException(
                    "overwrite: needs two operands of one type; has "
                            + java.util.List.of(operands));
        }
        return new TensorType[] {operands[0]};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        return new Tensor[] {operands[1]};
    }
}
