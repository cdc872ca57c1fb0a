package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/** Copies of tensors from one layout to another, ready to run one after the other. */
final class CopyStep implements Prepared {
    private final Slot[] sources;
    private final Slot target;
    private final Piece[] pieces;

    /** Of what the target is filled with first, or nothing. */
    private final @Nullable Number background;

    /**
     * @param offsets in elements of the target, where each source's first element goes
     * @param strides of the target's elements that a source's dimensions go to, in elements
     */
    CopyStep(
            Slot[] sources,
            Slot target,
            long[] offsets,
            long[][] strides,
            @Nullable Number background) {
        this.sources = sources;
        this.target = target;
        this.background = background;
        pieces = new Piece[sources.length];
        for (int i = 0; i < pieces.length; i++) {
            Slot source = sources[i];
            int bytes = target.dtype().byteSize();
            pieces[i] =
                    new Piece(
                            source.shape().toArray(),
                            source.stored().toStrides(),
                            strides[i],
                            bytes,
                            offsets[i] * bytes);
        }
    }

    /** One source after another's elements in row-major order. */
    static CopyStep toContiguous(Slot source, Slot target) {
        return new CopyStep(
                new Slot[] {source},
                target,
                new long[1],
                new long[][] {source.shape().toRowMajorStrides()},
                null);
    }

    @Override
    public void run() {
        Number value = background;
        if (value != null) {
            Fill.with(target.dtype(), value, target.elementCount(), target.address());
        }
        for (int i = 0; i < pieces.length; i++) {
            pieces[i].run(sources[i].address(), target.address());
        }
    }

    /** One copy from layout to layout. */
    static final class Piece {
        private final StridedCopy.Nest nest;
        private final @Nullable TransposedCopy transposed;
        private final int bytes;
        private final long offset;
        private final long runs;
        private final long runsOfTask;
        private final int tasks;
        private final boolean empty;
        private final ThreadPool.Task task = this::runTask;
        private long from;
        private long to;

        /**
         * @param offset in bytes, from the target's beginning
         */
        Piece(long[] extents, long[] fromStrides, long[] toStrides, int bytes, long offset) {
            this.bytes = bytes;
            this.offset = offset;
            empty = Shape.of(extents).elementCount() == 0;
            nest =
                    empty
                            ? StridedCopy.Nest.of(new long[0], new long[0], new long[0])
                            : StridedCopy.Nest.of(extents, fromStrides, toStrides);
            int row = nest.transposed();
            transposed =
                    row < 0
                            ? null
                            : TransposedCopy.of(
                                    nest.extents(),
                                    nest.fromStrides(),
                                    nest.toStrides(),
                                    row,
                                    bytes);
            runs = nest.runs();
            long[] joined = nest.extents();
            runsOfTask = Math.max(1, StridedCopy.ELEMENTS_OF_A_TASK / joined[joined.length - 1]);
            tasks =
                    transposed != null
                            ? transposed.tasks()
                            : Math.toIntExact((runs + runsOfTask - 1) / runsOfTask);
        }

        void run(long source, long target) {
            if (empty) {
                return;
            }
            from = source;
            to = target + offset;
            if (tasks == 1) {
                runTask(0);
            } else {
                ThreadPool.shared().parallelFor(tasks, task);
            }
        }

        private void runTask(int index) {
            TransposedCopy tiles = transposed;
            if (tiles != null) {
                tiles.runTask(index, from, to);
                return;
            }
            long[] extents = nest.extents();
            int last = extents.length - 1;
            long end = Math.min(runs, (index + 1) * runsOfTask);
            for (long run = index * runsOfTask; run < end; run++) {
                StridedCopy.run(
                        extents[last],
                        from + StridedCopy.offset(run, extents, nest.fromStrides()) * bytes,
                        nest.fromStrides()[last],
                        to + StridedCopy.offset(run, extents, nest.toStrides()) * bytes,
                        nest.toStrides()[last],
                        bytes);
            }
        }
    }
}
