package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;

import org.jspecify.annotations.Nullable;

/**
 * A program as one operation: its inside is not written down, and is computed again for the
 * gradient. Parameters that the program reads are found then.
 */
record Checkpoint(Graph.Program program, int resultCount) implements Composite {
    static Tensor[] run(Graph.Program program, Tensor... operands) {
        if (!Recording.isOn()) {
            return program.apply(operands);
        }
        Tensor[] detached = new Tensor[operands.length];
        for (int i = 0; i < operands.length; i++) {
            detached[i] = operands[i].detach();
        }
        Tensor[] forward = Recording.off(() -> program.apply(detached));
        for (int i = 0; i < forward.length; i++) {
            forward[i] = forward[i].detach();
        }
        Checkpoint op = new Checkpoint(program, forward.length);
        @Nullable Lineage[] lineages = Step.record(op, operands, forward);
        for (int i = 0; i < forward.length; i++) {
            forward[i] = forward[i].withLineage(lineages[i]);
        }
        return forward;
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        return program.apply(operands);
    }
}
