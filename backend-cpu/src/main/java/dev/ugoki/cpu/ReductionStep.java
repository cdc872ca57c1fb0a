package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/** Reductions, ready to run, with the bits of {@link Rows#reduce}. */
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
        if (result.elementCount() == 0) {
            return null;
        }
        boolean floats = x.dtype() == DType.F32 && x.elementCount() > 0;
        if (!FloatReductions.has(op.kind()) || !floats) {
            // Of F16 and BF16 these are made in F32, for which a plan casts.
            boolean asFloats = WideResult.isNarrow(x.dtype()) && FloatReductions.has(op.kind());
            return asFloats ? null : new General(op.kind(), x, result, order(op, x));
        }
        Rows.Middle middle = Rows.Middle.of(op, x.stored());
        if (middle != null) {
            return op.kind() == Prim.Reduce.Kind.SUM
                    ? new Columns(middle, x, result)
                    : new Extremes(op.kind(), middle, x, result);
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
                return new CopyStep.Piece(extents, strides, rowMajor, x.dtype().byteSize(), 0);
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

    /** Maxima or minima over dimensions in the middle, columns side by side. */
    private static final class Extremes implements Prepared {
        private static final ThreadLocal<long[]> TABLE = ThreadLocal.withInitial(() -> new long[6]);

        private final Rows.Middle middle;
        private final Slot x;
        private final Slot result;
        private final GeneratedKernel chosen;
        private final long blocks;
        private final int tasks;
        private final ThreadPool.Task task = this::runTask;
        private long from;
        private long to;

        Extremes(Prim.Reduce.Kind kind, Rows.Middle middle, Slot x, Slot result) {
            this.middle = middle;
            this.x = x;
            this.result = result;
            chosen = Rows.Middle.ofPairs(kind);
            long some = Rows.Middle.COLUMNS_OF_A_TASK;
            blocks = (middle.inner() + some - 1) / some;
            tasks = Math.toIntExact(middle.outer() * blocks);
        }

        @Override
        public CompletableFuture<Boolean> ready() {
            return chosen.compileRows(Math.min(Rows.Middle.COLUMNS_OF_A_TASK, middle.inner()));
        }

        @Override
        public void run() {
            from = x.address();
            to = result.address();
            ThreadPool.shared().parallelFor(tasks, task);
        }

        private void runTask(int index) {
            long inner = middle.inner();
            long column = index % blocks * Rows.Middle.COLUMNS_OF_A_TASK;
            long number = index / blocks;
            middle.extremes(
                    chosen,
                    TABLE.get(),
                    from + 4 * (number * middle.length() * inner + column),
                    Math.min(Rows.Middle.COLUMNS_OF_A_TASK, inner - column),
                    to + 4 * (number * inner + column));
        }
    }

    /** Any reduction of any dtype, row by row. */
    private static final class General implements Prepared {
        private static final long ELEMENTS_OF_A_TASK = 1 << 14;

        private final Prim.Reduce.Kind kind;
        private final Slot x;
        private final Slot result;
        private final CopyStep.@Nullable Piece order;
        private final int bytes;
        private final long rows;
        private final long length;
        private final long rowsOfTask;
        private final int tasks;
        private final ThreadPool.Task task = this::runTask;
        private long from;
        private long to;

        General(Prim.Reduce.Kind kind, Slot x, Slot result, CopyStep.@Nullable Piece order) {
            this.kind = kind;
            this.x = x;
            this.result = result;
            this.order = order;
            bytes = x.dtype().byteSize();
            rows = result.elementCount();
            length = x.elementCount() / rows;
            rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, length));
            tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        }

        @Override
        public void run() {
            to = result.address();
            from = x.address();
            CopyStep.Piece ordering = order;
            if (ordering == null) {
                ThreadPool.shared().parallelFor(tasks, task);
                return;
            }
            long copy = NativeMemory.allocate(bytes * x.elementCount() + NativeMemory.PADDING);
            try {
                ordering.run(from, copy);
                from = copy;
                ThreadPool.shared().parallelFor(tasks, task);
            } finally {
                NativeMemory.free(copy);
            }
        }

        private void runTask(int index) {
            long end = Math.min(rows, (index + 1) * rowsOfTask);
            for (long row = index * rowsOfTask; row < end; row++) {
                Rows.reduceRow(
                        kind, x.dtype(), from + row * length * bytes, length, to + row * bytes);
            }
        }
    }
}
