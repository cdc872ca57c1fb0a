package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.StopGradient;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicLong;

/**
 * One operation that was written down: what it was, of what, and what came out. The tape is nothing
 * but these, each reachable from its results and reaching its operands.
 */
final class Step {
    private static final AtomicLong COUNTER = new AtomicLong();

    private final Op op;
    private final Tensor[] operands;
    private final Tensor[] forward;
    private final int[] versions;
    private final Result[] results;
    private final long number = nextNumber();
    private final @Nullable TensorScope scope = TensorScope.current();
    private final int sizeOfScope = scope == null ? 0 : scope.size();
    private @Nullable Origin origin;

    private Step(Op op, Tensor[] operands, Tensor[] forward) {
        this.op = op;
        this.operands = operands;
        this.forward = forward;
        this.versions = new int[operands.length + forward.length];
        this.results = new Result[op.resultCount()];
        for (int i = 0; i < versions.length; i++) {
            versions[i] = version(saved(i));
        }
        for (int i = 0; i < results.length; i++) {
            results[i] = new Result(this, i);
        }
    }

    /** Writes an operation down; a result that no gradient can flow through has no lineage. */
    static @Nullable Lineage[] record(Op op, Tensor[] operands, Tensor[] forward) {
        @Nullable Lineage[] lineages = new Lineage[op.resultCount()];
        Recording.notice(operands);
        if (op instanceof StopGradient || !Recording.isOn()) {
            return lineages;
        }
        Step step = new Step(op, operands, forward);
        for (int i = 0; i < lineages.length; i++) {
            lineages[i] = forward[i].dtype().isFloating() ? step.results[i] : null;
        }
        return lineages;
    }

    /** A number above those of all steps and leaves so far. */
    static long nextNumber() {
        return COUNTER.incrementAndGet();
    }

    /** The number of the newest step or leaf. */
    static long lastNumber() {
        return COUNTER.get();
    }

    /**
     * Where an operation was called, as far as anomalies are being detected.
     *
     * @param place in the user's code, in words; null where it is that of {@code within}
     * @param within the step that this one was made for, as part of its decomposition or gradient
     */
    record Origin(@Nullable String place, @Nullable Step within, boolean gradient) {}

    /** The place of a tensor among the results of a step. */
    record Result(Step step, int index) implements Lineage {
        @Override
        public boolean isRecording() {
            return Recording.isListening();
        }

        @Override
        public @Nullable Lineage[] record(Op op, Tensor[] operands, Tensor[] results) {
            return Step.record(op, operands, results);
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }

        @Override
        public String toString() {
            return step.op + " #" + step.number + "." + index;
        }
    }

    Op op() {
        return op;
    }

    /** Counts up with every step recorded, so that operands come before results. */
    long number() {
        return number;
    }

    /** The scope that it was recorded in, if any. */
    @Nullable TensorScope scope() {
        return scope;
    }

    /** How much that scope owned then: what it came to own later, this step does not know. */
    int sizeOfScope() {
        return sizeOfScope;
    }

    int resultCount() {
        return results.length;
    }

    Result result(int index) {
        return results[index];
    }

    @Nullable Origin origin() {
        return origin;
    }

    void setOrigin(Origin origin) {
        this.origin = origin;
    }

    /** The operands, with their lineages; they must be as they were. */
    Tensor[] operands() {
        requireUnchanged();
        return operands.clone();
    }

    int operandCount() {
        return operands.length;
    }

    /** Elements of operands and results together. */
    long elementCount() {
        long count = 0;
        for (Tensor operand : operands) {
            count += operand.shape().elementCount();
        }
        for (Tensor result : forward) {
            count += result.shape().elementCount();
        }
        return count;
    }

    TensorType typeOfOperand(int index) {
        return operands[index].type();
    }

    boolean hasResiduals() {
        return forward.length > results.length;
    }

    @Nullable Lineage lineageOfOperand(int index) {
        return operands[index].lineage();
    }

    /** The operands without lineages. */
    Tensor[] detachedOperands() {
        Tensor[] detached = operands();
        for (int i = 0; i < detached.length; i++) {
            detached[i] = detached[i].withLineage(null);
        }
        return detached;
    }

    /** The results and residuals, without lineages. */
    Tensor[] forward() {
        return forward.clone();
    }

    /** The results, with lineages, then the residuals. */
    Tensor[] followedForward() {
        Tensor[] followed = forward.clone();
        for (int i = 0; i < results.length; i++) {
            followed[i] = followed[i].withLineage(results[i]);
        }
        return followed;
    }

    private void requireUnchanged() {
        for (int i = 0; i < versions.length; i++) {
            if (version(saved(i)) != versions[i]) {
                throw new IllegalStateException(
                        op.name()
                                + ": "
                                + (i < operands.length
                                        ? "operand " + i
                                        : "result " + (i - operands.length))
                                + " ("
                                + saved(i).type()
                                + ") was changed in place after the forward pass, which needs the"
                                + " old values for its gradient; run the backward pass before"
                                + " updating parameters");
            }
        }
    }

    private Tensor saved(int index) {
        return index < operands.length ? operands[index] : forward[index - operands.length];
    }

    private static int version(Tensor tensor) {
        return tensor.payload() instanceof Stored stored ? stored.storage().version() : 0;
    }
}
