package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

/** Operations that move elements: pad, concat, gather and scatter. */
final class Indexing {
    private Indexing() {}

    static void pad(Prim.Pad op, Stored x, Stored result) {
        Fill.with(result.dtype(), op.value(), result.elementCount(), result.address());
        int rank = x.shape().rank();
        long[] strides = result.shape().toRowMajorStrides();
        long offset = 0;
        for (int dim = 0; dim < rank; dim++) {
            Prim.Edges edges = op.edges().get(dim);
            offset += edges.before() * strides[dim];
            strides[dim] *= edges.between() + 1;
        }
        int bytes = x.dtype().byteSize();
        StridedCopy.transfer(
                x.shape().toArray(),
                x.address(),
                x.toStrides(),
                result.address() + offset * bytes,
                strides,
                bytes);
    }

    static void concat(Prim.Concat op, Stored[] parts, Stored result) {
        long[] strides = result.shape().toRowMajorStrides();
        int bytes = result.dtype().byteSize();
        long at = result.address();
        for (Stored part : parts) {
            StridedCopy.transfer(
                    part.shape().toArray(), part.address(), part.toStrides(), at, strides, bytes);
            at += part.shape().extent(op.dim()) * strides[op.dim()] * bytes;
        }
    }

    static void gather(Prim.Gather op, Stored x, Stored index, Stored result) {
        IndexedRuns runs =
                new IndexedRuns(IndexedRuns.Use.GATHER, op.dim(), x.dtype(), index, x.shape());
        try (Reordered contiguous = Reordered.contiguous(x)) {
            runs.run(index.address(), contiguous.address(), result.address());
        }
    }

    static void scatter(Prim.Scatter op, Stored x, Stored index, Stored updates, Stored result) {
        if (op.mode() == Prim.Scatter.Mode.ADD && WideResult.isNarrow(x.dtype())) {
            scatterAddNarrow(op, x, index, updates, result);
            return;
        }
        IndexedRuns.Use use =
                op.mode() == Prim.Scatter.Mode.ADD ? IndexedRuns.Use.ADD : IndexedRuns.Use.SET;
        StridedCopy.toContiguous(x, result.address());
        try (Reordered contiguous = Reordered.contiguous(updates)) {
            new IndexedRuns(use, op.dim(), x.dtype(), index, x.shape())
                    .run(index.address(), result.address(), contiguous.address());
        }
    }

    /** Sums stay F32 until all updates are in. */
    private static void scatterAddNarrow(
            Prim.Scatter op, Stored x, Stored index, Stored updates, Stored result) {
        try (Reordered before = Reordered.floats(x);
                Reordered floats = Reordered.floats(updates);
                WideResult wide = WideResult.of(result)) {
            NativeMemory.copy(before.address(), wide.address(), 4 * x.elementCount());
            new IndexedRuns(IndexedRuns.Use.ADD, op.dim(), DType.F32, index, x.shape())
                    .run(index.address(), wide.address(), floats.address());
            wide.store();
        }
    }
}
