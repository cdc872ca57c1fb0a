package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

/** Operations that move elements: pad, concat, gather and scatter. */
final class Indexing {
    private static final long ELEMENTS_OF_A_TASK = 1 << 15;

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
        int bytes = x.dtype().byteSize();
        Places places = new Places("gather", op.dim(), index, x.shape());
        try (Reordered contiguous = Reordered.contiguous(x)) {
            long from = contiguous.address();
            places.forEachRun(
                    true,
                    (inIndexed, inResult, count) ->
                            NativeMemory.copy(
                                    from + inIndexed * bytes,
                                    result.address() + inResult * bytes,
                                    count * bytes));
        }
    }

    static void scatter(Prim.Scatter op, Stored x, Stored index, Stored updates, Stored result) {
        StridedCopy.toContiguous(x, result.address());
        DType dtype = x.dtype();
        int bytes = dtype.byteSize();
        Places places = new Places("scatter", op.dim(), index, x.shape());
        try (Reordered contiguous = Reordered.contiguous(updates)) {
            long from = contiguous.address();
            // One after the other: where an index repeats, the order of the updates decides.
            places.forEachRun(
                    false,
                    (inIndexed, inUpdates, count) -> {
                        long source = from + inUpdates * bytes;
                        long target = result.address() + inIndexed * bytes;
                        if (op.mode() == Prim.Scatter.Mode.SET) {
                            NativeMemory.copy(source, target, count * bytes);
                        } else {
                            addRun(dtype, source, target, count);
                        }
                    });
        }
    }

    private static void addRun(DType dtype, long source, long target, long count) {
        int bytes = dtype.byteSize();
        for (long i = 0; i < count; i++) {
            long to = target + i * bytes;
            long from = source + i * bytes;
            switch (dtype) {
                case F32 ->
                        NativeMemory.setFloat(
                                to, NativeMemory.getFloat(to) + NativeMemory.getFloat(from));
                case F64, F16, BF16 ->
                        Chunks.setDouble(
                                dtype,
                                to,
                                Chunks.getDouble(dtype, to) + Chunks.getDouble(dtype, from));
                case I64, I32, I8, U8, BOOL ->
                        Chunks.setLong(
                                dtype, to, Chunks.getLong(dtype, to) + Chunks.getLong(dtype, from));
            }
        }
    }

    /**
     * The places that an index names. Dimensions at the end along which the index was expanded form
     * runs that move as one: an embedding's row is one copy.
     */
    private static final class Places {
        interface Run {
            /** Elements of the indexed tensor and of the other one, from these on. */
            void at(long inIndexed, long inOther, long count);
        }

        private final String operation;
        private final int dim;
        private final Stored index;
        private final long[] extents;
        private final long[] indexedStrides;
        private final long limit;
        private final int outerRank;
        private final long runLength;

        Places(String operation, int dim, Stored index, Shape indexed) {
            this.operation = operation;
            this.dim = dim;
            this.index = index;
            this.extents = index.shape().toArray();
            this.indexedStrides = indexed.toRowMajorStrides();
            this.limit = indexed.extent(dim);
            int outer = extents.length;
            long length = 1;
            while (outer > dim + 1 && (index.stride(outer - 1) == 0 || extents[outer - 1] == 1)) {
                outer--;
                length *= extents[outer];
            }
            this.outerRank = outer;
            this.runLength = length;
        }

        void forEachRun(boolean inParallel, Run run) {
            long runs = runLength == 0 ? 0 : index.elementCount() / runLength;
            long runsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, runLength));
            if (!inParallel) {
                some(0, runs, run);
                return;
            }
            int tasks = Math.toIntExact((runs + runsOfTask - 1) / runsOfTask);
            ThreadPool.shared()
                    .parallelFor(
                            tasks,
                            task ->
                                    some(
                                            task * runsOfTask,
                                            Math.min(runs, (task + 1) * runsOfTask),
                                            run));
        }

        private void some(long first, long end, Run run) {
            int bytes = index.dtype().byteSize();
            for (long number = first; number < end; number++) {
                long rest = number;
                long inIndex = 0;
                long inIndexed = 0;
                for (int d = outerRank - 1; d >= 0; d--) {
                    long i = rest % extents[d];
                    rest /= extents[d];
                    inIndex += i * index.stride(d);
                    inIndexed += d == dim ? 0 : i * indexedStrides[d];
                }
                long place = Chunks.getLong(index.dtype(), index.address() + inIndex * bytes);
                if (place < 0 || place >= limit) {
                    throw new IndexOutOfBoundsException(
                            operation
                                    + ": index "
                                    + place
                                    + " is out of range for dimension "
                                    + dim
                                    + " of extent "
                                    + limit);
                }
                run.at(inIndexed + place * indexedStrides[dim], number * runLength, runLength);
            }
        }
    }
}
