package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * A program as one operation: its inside is released at once, not written down, and computed again
 * for the gradient.
 *
 * <p>The operands are those of the program, then the followed tensors (parameters, say) that it
 * reads besides: the program finds those by itself, but the tape must know that the gradient leads
 * there, and that they must not change in between.
 */
record Checkpoint(Graph.Program program, int operandCount, int resultCount) implements Composite {
    static Tensor[] run(Graph.Program program, Tensor... operands) {
        if (!Recording.isOn()) {
            return program.apply(operands);
        }
        Tensor[] constants = new Tensor[operands.length];
        for (int i = 0; i < operands.length; i++) {
            constants[i] = operands[i].withLineage(null);
        }
        Captures captures = new Captures();
        Tensor[] forward;
        try (TensorScope scope = TensorScope.open()) {
            forward = Recording.collecting(captures, () -> program.apply(constants)).clone();
            for (int i = 0; i < forward.length; i++) {
                forward[i] = scope.keep(forward[i].withLineage(null));
            }
        }
        Tensor[] captured = captures.tensors();
        Tensor[] all = Arrays.copyOf(operands, operands.length + captured.length);
        System.arraycopy(captured, 0, all, operands.length, captured.length);
        if (Arrays.stream(all).allMatch(operand -> operand.lineage() == null)) {
            return forward;
        }
        Checkpoint op = new Checkpoint(program, operands.length, forward.length);
        @Nullable Lineage[] lineages = Step.record(op, all, forward);
        for (int i = 0; i < forward.length; i++) {
            forward[i] = forward[i].withLineage(lineages[i]);
        }
        AnomalyDetector detector = AnomalyDetector.current();
        if (detector != null) {
            detector.noteCall(forward);
        }
        return forward;
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        return program.apply(Arrays.copyOf(operands, operandCount));
    }
}
