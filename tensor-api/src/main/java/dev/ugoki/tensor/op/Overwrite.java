package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/**
 * The values of operand 1 in the place of operand 0, which has the same type.
 *
 * <p>Shapes: {@code [..], [..] -> [..]}.
 *
 * <p>Source: PyTorch's {@code copy_}.
 */
public record Overwrite() implements Composite {
    @Override
    public int overwrites(int result) {
        return 0;
    }

    @Override
    public TensorType[] infer(TensorType... operands) {
        Operands.count(this, operands, 2, 2);
        if (!operands[0].equals(operands[1])) {
            throw TypeRules.wrong(
                    this, operands, "types differ; cast, reshape or expand the new values");
        }
        return new TensorType[] {operands[0]};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        return new Tensor[] {operands[1]};
    }
}
