package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

/**
 * Where a tensor came from, as far as somebody wants to know: the hook by which automatic
 * differentiation follows tensors without this module knowing it.
 *
 * <p>When an operation has run, one of its operands' lineages is asked to record it, and what it
 * returns becomes the lineage of the results. There is no global registry: what nobody can reach is
 * garbage.
 */
public interface Lineage {
    /** Whether operations are being recorded now, in this thread. */
    boolean isRecording();

    /**
     * Records that {@code op} made {@code results} of {@code operands}.
     *
     * @param operands with their lineages
     * @param results the operation's results, then its residuals where it gave any; without
     *     lineages
     * @return one lineage for each of the operation's results; null where the result depends on no
     *     tensor that is followed
     */
    @Nullable Lineage[] record(Op op, Tensor[] operands, Tensor[] results);
}
