package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** Sums, maxima and minima of F32, ready to run, with the bits of {@link Rows#reduce}. */
final class ReductionStep implements Prepared {
    private final Prim.Reduce.Kind kind;
    private final Slot x;
    private final Slot result;
    private final long rows;
    private final long length;

    /** Brings the reduced dimensions behind all others; null where they are there. */
    private final CopyStep.@Nullable Piece order;

    private final long parts;
    private final long rowsOfTask;
    private final int tasks;
    private final ThreadPool.Task rowTask = this::reduceRows;
    private final ThreadPool.Task partTask = this::reducePart;
    private long from;
    private long to;
    private long partial;

    private ReductionStep(
            Prim.Reduce.Kind kind, Slot x, Slot result, CopyStep.@Nullable Piece order) {
        this.kind = kind;
        this.x = x;
        this.result = result;
        this.order = order;
        rows = result.elementCount();
        length = x.elementCount() / rows;
        parts =
                (length + FloatReductions.ELEMENTS_OF_A_TASK - 1)
                        / FloatReductions.ELEMENTS_OF_A_TASK;
        rowsOfTask = Math.max(1, FloatReductions.ELEMENTS_OF_A_TASK / Math.max(1, length));
        tasks = Math.toIntExact(parts <= 1 ? (rows + rowsOfTask - 1) / rowsOfTask : rows * parts);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Prim.Reduce op, Slot x, Slot result) {
        long rows = result.elementCount();
        if (x.dtype() != DType.F32
                || !FloatReductions.has(op.kind())
                || rows == 0
                || x.elementCount() == 0) {
            return null;
        }
        EndSums.Form ends = EndSums.Form.of(op, x.stored());
        if (ends != null) {
            return EndSums.step(ends, x, result);
        }
        Rows.Middle middle = Rows.Middle.of(op, x.stored());
        if (middle != null) {
            return op.kind() == Prim.Reduce.Kind.SUM ? new Columns(middle, x, result) : null;
        }
        return new ReductionStep(op.kind(), x, result, order(op, x));
    }

    private static CopyStep.@Nullable Piece order(Prim.Reduce op, Slot x) {
        int rank = x.shape().rank();
        long[] extents = new long[rank];
        long[] strides = new long[rank];
        int next = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int dim = 0; dim < rank; dim++) {
                if (op.axes().contains(dim) == (pass == 1)) {
                    extents[next] = x.shape().extent(dim);
                    strides[next++] = x.stored().stride(dim);
                }
            }
        }
        long[] rowMajor = dev.ugoki.tensor.Shape.of(extents).toRowMajorStrides();
        for (int dim = 0; dim < rank; dim++) {
            if (extents[dim] != 1 && strides[dim] != rowMajor[dim]) {
                return new CopyStep.Piece(extents, strides, rowMajor, Float.BYTES, 0);
            }
        }
        return null;
    }

    @Override
    public void run() {
        CopyStep.Piece ordering = order;
        if (ordering == null) {
            reduce(x.address());
            return;
        }
        long copy = NativeMemory.allocate(4 * x.elementCount() + NativeMemory.PADDING);
        try {
            ordering.run(x.address(), copy);
            reduce(copy);
        } finally {
            NativeMemory.free(copy);
        }
    }

    private void reduce(long source) {
        from = source;
        to = result.address();
        if (parts <= 1) {
            if (tasks == 1) {
                reduceRows(0);
            } else {
                ThreadPool.shared().parallelFor(tasks, rowTask);
            }
            return;
        }
        partial = NativeMemory.allocate(8 * rows * parts);
        try {
            ThreadPool.shared().parallelFor(tasks, partTask);
            for (long row = 0; row < rows; row++) {
                double all = FloatReductions.combined(kind, partial + 8 * row * parts, parts);
                NativeMemory.setFloat(to + 4 * row, (float) all);
            }
        } finally {
            NativeMemory.free(partial);
        }
    }

    private void reduceRows(int index) {
        long first = index * rowsOfTask;
        FloatReductions.rows(kind, from, first, Math.min(rows, first + rowsOfTask), length, to);
    }

    private void reducePart(int index) {
        long part = index % parts * FloatReductions.ELEMENTS_OF_A_TASK;
        long start = from + 4 * (index / parts * length + part);
        long some = Math.min(FloatReductions.ELEMENTS_OF_A_TASK, length - part);
        NativeMemory.setDouble(partial + 8L * index, FloatReductions.reduce(kind, start, some));
    }

    /** Sums over dimensions in the middle, columns side by side. */
    private static final class Columns implements Prepared {
        private final Slot x;
        private final Slot result;
        private final long length;
        private final long inner;
        private final RowTotals[] totals;
        private final ThreadPool.Task task = this::sum;
        private long from;
        private long to;

        Columns(Rows.Middle middle, Slot x, Slot result) {
            this.x = x;
            this.result = result;
            length = middle.length();
            inner = middle.inner();
            totals = new RowTotals[Math.toIntExact(middle.outer())];
            Arrays.setAll(totals, _ -> new RowTotals());
        }

        @Override
        public void run() {
            from = x.address();
            to = result.address();
            if (totals.length == 1) {
                sum(0);
            } else {
                ThreadPool.shared().parallelFor(totals.length, task);
            }
        }

        private void sum(int index) {
            totals[index].run(
                    from + 4 * index * length * inner, length, inner, to + 4 * index * inner);
        }
    }
}
