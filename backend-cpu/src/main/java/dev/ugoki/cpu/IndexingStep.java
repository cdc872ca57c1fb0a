package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/** Gather and scatter, ready to run. */
final class IndexingStep implements Prepared {
    private final IndexedRuns runs;
    private final Slot index;
    private final Slot indexed;
    private final Slot other;

    /** Brings what a scatter changes into its result; null for a gather. */
    private final CopyStep.@Nullable Piece before;

    private final @Nullable Slot unchanged;

    private IndexingStep(
            IndexedRuns runs,
            Slot index,
            Slot indexed,
            Slot other,
            CopyStep.@Nullable Piece before,
            @Nullable Slot unchanged) {
        this.runs = runs;
        this.index = index;
        this.indexed = indexed;
        this.other = other;
        this.before = before;
        this.unchanged = unchanged;
    }

    /** The step; null where the operand is not contiguous. */
    static @Nullable Prepared gather(Prim.Gather op, Slot x, Slot index, Slot result) {
        if (!x.isContiguous()) {
            return null;
        }
        IndexedRuns runs =
                new IndexedRuns(
                        IndexedRuns.Use.GATHER, op.dim(), x.dtype(), index.stored(), x.shape());
        return new IndexingStep(runs, index, x, result, null, null);
    }

    /** The step; null where updates are not contiguous, or are added in F16 or BF16. */
    static @Nullable Prepared scatter(
            Prim.Scatter op, Slot x, Slot index, Slot updates, Slot result) {
        boolean adds = op.mode() == Prim.Scatter.Mode.ADD;
        if (!updates.isContiguous() || adds && WideResult.isNarrow(x.dtype())) {
            return null;
        }
        IndexedRuns.Use use = adds ? IndexedRuns.Use.ADD : IndexedRuns.Use.SET;
        IndexedRuns runs = new IndexedRuns(use, op.dim(), x.dtype(), index.stored(), x.shape());
        CopyStep.Piece before =
                new CopyStep.Piece(
                        x.shape().toArray(),
                        x.stored().toStrides(),
                        x.shape().toRowMajorStrides(),
                        x.dtype().byteSize(),
                        0);
        return new IndexingStep(runs, index, result, updates, before, x);
    }

    @Override
    public void run() {
        if (before != null && unchanged != null) {
            before.run(unchanged.address(), indexed.address());
        }
        runs.run(index.address(), indexed.address(), other.address());
    }
}
