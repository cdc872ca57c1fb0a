package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

/** The lineage of a tensor with which following begins. */
final class Leaf implements Lineage {
    private final long number = Step.nextNumber();

    /** Counts up with every leaf and step. */
    long number() {
        return number;
    }

    @Override
    public boolean isRecording() {
        return Recording.isListening();
    }

    @Override
    public @Nullable Lineage[] record(Op op, Tensor[] operands, Tensor[] results) {
        return Step.record(op, operands, results);
    }
}
