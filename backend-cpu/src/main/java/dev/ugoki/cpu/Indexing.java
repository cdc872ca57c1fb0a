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
            if (places.areSingleElements() && bytes == 4 && index.dtype() == DType.I64) {
                places.forEachStrip(
                        true, strip -> places.gatherWords(strip, from, result.address()));
                return;
            }
            places.forEachRun(
                    true,
                    (inIndexed, inResult, count) ->
                            move(
                                    from + inIndexed * bytes,
                                    result.address() + inResult * bytes,
                                    count * bytes));
        }
    }

    /** A copy that does not cost more than one or two elements are worth. */
    private static void move(long from, long to, long bytes) {
        if (bytes == 4) {
            NativeMemory.setInt(to, NativeMemory.getInt(from));
        } else if (bytes == 8) {
            NativeMemory.setLong(to, NativeMemory.getLong(from));
        } else {
            NativeMemory.copy(from, to, bytes);
        }
    }

    static void scatter(Prim.Scatter op, Stored x, Stored index, Stored updates, Stored result) {
        if (op.mode() == Prim.Scatter.Mode.ADD && WideResult.isNarrow(x.dtype())) {
            scatterAddNarrow(op, x, index, updates, result);
            return;
        }
        StridedCopy.toContiguous(x, result.address());
        try (Reordered contiguous = Reordered.contiguous(updates)) {
            scatter(op, x, index, x.dtype(), contiguous.address(), result.address());
        }
    }

    /** Sums stay F32 until all updates are in. */
    private static void scatterAddNarrow(
            Prim.Scatter op, Stored x, Stored index, Stored updates, Stored result) {
        try (Reordered before = Reordered.floats(x);
                Reordered floats = Reordered.floats(updates);
                WideResult wide = WideResult.of(result)) {
            NativeMemory.copy(before.address(), wide.address(), 4 * x.elementCount());
            scatter(op, x, index, DType.F32, floats.address(), wide.address());
            wide.store();
        }
    }

    /** One after the other: where an index repeats, the order of the updates decides. */
    private static void scatter(
            Prim.Scatter op, Stored x, Stored index, DType dtype, long from, long to) {
        int bytes = dtype.byteSize();
        new Places("scatter", op.dim(), index, x.shape())
                .forEachRun(
                        false,
                        (inIndexed, inUpdates, count) -> {
                            long source = from + inUpdates * bytes;
                            long target = to + inIndexed * bytes;
                            if (op.mode() == Prim.Scatter.Mode.SET) {
                                NativeMemory.copy(source, target, count * bytes);
                            } else {
                                addRun(dtype, source, target, count);
                            }
                        });
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
                case F64 ->
                        NativeMemory.setDouble(
                                to, NativeMemory.getDouble(to) + NativeMemory.getDouble(from));
                case F16, BF16 -> throw new IllegalStateException(dtype + " is added as F32");
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

        boolean areSingleElements() {
            return runLength == 1;
        }

        /** Some neighbouring runs: the addresses of their indices, and their places else. */
        private record Strip(
                long index,
                long indexStep,
                long inIndexed,
                long indexedStep,
                long number,
                long count) {}

        private interface StripTask {
            void run(Strip strip);
        }

        void forEachRun(boolean inParallel, Run run) {
            forEachStrip(inParallel, strip -> runs(strip, run));
        }

        void forEachStrip(boolean inParallel, StripTask each) {
            long runs = runLength == 0 ? 0 : index.elementCount() / runLength;
            long runsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, runLength));
            if (!inParallel) {
                some(0, runs, each);
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
                                            each));
        }

        private void some(long first, long end, StripTask each) {
            int last = outerRank - 1;
            int bytes = index.dtype().byteSize();
            long indexStep = index.stride(last) * bytes;
            long indexedStep = last == dim ? 0 : indexedStrides[last];
            long number = first;
            while (number < end) {
                long within = number % extents[last];
                long stop = Math.min(end, number - within + extents[last]);
                long rest = number / extents[last];
                long inIndex = 0;
                long inIndexed = within * indexedStep;
                for (int d = last - 1; d >= 0; d--) {
                    long i = rest % extents[d];
                    rest /= extents[d];
                    inIndex += i * index.stride(d);
                    inIndexed += d == dim ? 0 : i * indexedStrides[d];
                }
                long at = index.address() + inIndex * bytes + within * indexStep;
                each.run(new Strip(at, indexStep, inIndexed, indexedStep, number, stop - number));
                number = stop;
            }
        }

        private void runs(Strip strip, Run run) {
            boolean wide = index.dtype() == DType.I64;
            long stride = indexedStrides[dim];
            long at = strip.index();
            long inIndexed = strip.inIndexed();
            for (long i = 0; i < strip.count(); i++) {
                long place = wide ? NativeMemory.getLong(at) : NativeMemory.getInt(at);
                if (place < 0 || place >= limit) {
                    throw outOfRange(place);
                }
                run.at(inIndexed + place * stride, (strip.number() + i) * runLength, runLength);
                at += strip.indexStep();
                inIndexed += strip.indexedStep();
            }
        }

        /** One element of four bytes for each I64 index. */
        private void gatherWords(Strip strip, long from, long to) {
            long stride = 4 * indexedStrides[dim];
            long at = strip.index();
            long source = from + 4 * strip.inIndexed();
            long target = to + 4 * strip.number();
            for (long i = 0; i < strip.count(); i++) {
                long place = NativeMemory.getLong(at);
                if (place < 0 || place >= limit) {
                    throw outOfRange(place);
                }
                NativeMemory.setInt(target, NativeMemory.getInt(source + place * stride));
                at += strip.indexStep();
                source += 4 * strip.indexedStep();
                target += 4;
            }
        }

        private IndexOutOfBoundsException outOfRange(long place) {
            return new IndexOutOfBoundsException(
                    operation
                            + ": index "
                            + place
                            + " is out of range for dimension "
                            + dim
                            + " of extent "
                            + limit);
        }
    }
}
