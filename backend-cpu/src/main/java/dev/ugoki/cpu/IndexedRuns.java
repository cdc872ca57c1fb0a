package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * Elements that move from or to the places that an index names. Dimensions at the end along which
 * the index was expanded form runs that move as one: an embedding's row is one copy. For use again
 * and again; one thread at a time.
 */
final class IndexedRuns {
    /** What is done with a run. */
    enum Use {
        /** From the indexed tensor to the other one. */
        GATHER,
        /** From the other tensor to the indexed one. */
        SET,
        /** The other tensor's elements are added to the indexed one's. */
        ADD
    }

    private static final long ELEMENTS_OF_A_TASK = 1 << 15;

    private final Use use;
    private final int dim;
    private final DType dtype;
    private final int bytes;
    private final boolean wideIndex;
    private final int indexBytes;
    private final long[] extents;
    private final long[] indexStrides;
    private final long[] indexedStrides;
    private final long limit;
    private final int outerRank;
    private final long runLength;
    private final long runs;
    private final long runsOfTask;
    private final boolean words;
    private final ThreadPool.Task task = this::runTask;
    private long indices;
    private long indexed;
    private long other;

    /**
     * @param dtype of the elements
     * @param index shows the layout of the index, which has the other tensor's shape
     * @param shape of the indexed tensor, which is contiguous as the other one is
     */
    IndexedRuns(Use use, int dim, DType dtype, Stored index, Shape shape) {
        this.use = use;
        this.dim = dim;
        this.dtype = dtype;
        bytes = dtype.byteSize();
        wideIndex = index.dtype() == DType.I64;
        indexBytes = index.dtype().byteSize();
        extents = index.shape().toArray();
        indexStrides = index.toStrides();
        indexedStrides = shape.toRowMajorStrides();
        limit = shape.extent(dim);
        int outer = extents.length;
        long length = 1;
        while (outer > dim + 1 && (indexStrides[outer - 1] == 0 || extents[outer - 1] == 1)) {
            outer--;
            length *= extents[outer];
        }
        outerRank = outer;
        runLength = length;
        runs = length == 0 ? 0 : index.elementCount() / length;
        runsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, length));
        words = use == Use.GATHER && length == 1 && bytes == 4 && wideIndex;
    }

    /**
     * Moves all elements. What is written at places of the index is written one after the other:
     * where an index repeats, the order of the updates decides.
     *
     * @param index the address of its first element
     * @param indexedTensor likewise
     * @param otherTensor likewise
     * @throws IndexOutOfBoundsException if the index names a place that is none
     */
    void run(long index, long indexedTensor, long otherTensor) {
        indices = index;
        indexed = indexedTensor;
        other = otherTensor;
        if (use != Use.GATHER || runs <= runsOfTask) {
            some(0, runs);
        } else {
            int tasks = Math.toIntExact((runs + runsOfTask - 1) / runsOfTask);
            ThreadPool.shared().parallelFor(tasks, task);
        }
    }

    private void runTask(int number) {
        some(number * runsOfTask, Math.min(runs, (number + 1) * runsOfTask));
    }

    /** Runs that are neighbours along the last dimension of the index go through one loop. */
    private void some(long first, long end) {
        int last = outerRank - 1;
        long indexStep = indexStrides[last] * indexBytes;
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
                inIndex += i * indexStrides[d];
                inIndexed += d == dim ? 0 : i * indexedStrides[d];
            }
            long at = indices + inIndex * indexBytes + within * indexStep;
            if (words) {
                gatherWords(at, indexStep, inIndexed, indexedStep, number, stop);
            } else {
                moveRuns(at, indexStep, inIndexed, indexedStep, number, stop);
            }
            number = stop;
        }
    }

    private void moveRuns(
            long index, long indexStep, long first, long indexedStep, long begin, long end) {
        long stride = indexedStrides[dim];
        long at = index;
        long inIndexed = first;
        for (long run = begin; run < end; run++) {
            long place = wideIndex ? NativeMemory.getLong(at) : NativeMemory.getInt(at);
            if (place < 0 || place >= limit) {
                throw outOfRange(place);
            }
            long here = indexed + (inIndexed + place * stride) * bytes;
            long there = other + run * runLength * bytes;
            switch (use) {
                case GATHER -> move(here, there, runLength * bytes);
                case SET -> NativeMemory.copy(there, here, runLength * bytes);
                case ADD -> add(dtype, there, here, runLength);
            }
            at += indexStep;
            inIndexed += indexedStep;
        }
    }

    /** One element of four bytes for each I64 index. */
    private void gatherWords(
            long index, long indexStep, long first, long indexedStep, long begin, long end) {
        long stride = 4 * indexedStrides[dim];
        long at = index;
        long source = indexed + 4 * first;
        long target = other + 4 * begin;
        for (long run = begin; run < end; run++) {
            long place = NativeMemory.getLong(at);
            if (place < 0 || place >= limit) {
                throw outOfRange(place);
            }
            NativeMemory.setInt(target, NativeMemory.getInt(source + place * stride));
            at += indexStep;
            source += 4 * indexedStep;
            target += 4;
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

    private static void add(DType dtype, long source, long target, long count) {
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

    private IndexOutOfBoundsException outOfRange(long place) {
        return new IndexOutOfBoundsException(
                (use == Use.GATHER ? "gather" : "scatter")
                        + ": index "
                        + place
                        + " is out of range for dimension "
                        + dim
                        + " of extent "
                        + limit);
    }
}
