package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

/** Operations along dimensions: reductions, scans, the places of extremes, and sorting. */
final class Rows {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private Rows() {}

    /** Runs {@code row} for numbers 0 to {@code rows - 1}, some in a task by their length. */
    private static void forEach(long rows, long length, RowTask row) {
        long rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, length));
        int tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task ->
                                row.run(
                                        task * rowsOfTask,
                                        Math.min(rows, (task + 1) * rowsOfTask)));
    }

    private interface RowTask {
        void run(long first, long end);
    }

    static void reduce(Prim.Reduce op, Stored x, Stored result) {
        long rows = result.elementCount();
        if (rows == 0) {
            return;
        }
        long length = x.elementCount() / rows;
        if (length > 0
                && FloatReductions.has(op.kind())
                && (x.dtype() == DType.F32 || WideResult.isNarrow(x.dtype()))) {
            reduceFloats(op, x, rows, length, result);
            return;
        }
        try (Reordered ordered = Reordered.lastAxes(op, x)) {
            long from = ordered.address();
            int bytes = x.dtype().byteSize();
            forEach(
                    rows,
                    length,
                    (first, end) -> {
                        for (long row = first; row < end; row++) {
                            reduceRow(
                                    op.kind(),
                                    x.dtype(),
                                    from + row * length * bytes,
                                    length,
                                    result.address() + row * bytes);
                        }
                    });
        }
    }

    /** F16 and BF16 are reduced as F32. */
    private static void reduceFloats(
            Prim.Reduce op, Stored x, long rows, long length, Stored result) {
        EndSums.Form ends = EndSums.Form.of(op, x);
        Middle middle = Middle.of(op, x);
        try (Reordered ordered =
                        middle != null || ends != null
                                ? Reordered.contiguous(x)
                                : Reordered.lastAxes(op, x);
                Reordered floats = Reordered.floats(ordered, x.dtype(), x.elementCount());
                WideResult to = WideResult.of(result)) {
            if (ends != null) {
                new EndSums(ends).run(floats.address(), to.address());
            } else if (middle != null) {
                middle.reduce(op.kind(), floats.address(), to.address());
            } else {
                FloatReductions.run(op.kind(), floats.address(), rows, length, to.address());
            }
            to.store();
        }
    }

    /**
     * A contiguous operand as {@code [outer, length, inner]}, of which the middle is reduced:
     * columns side by side, in the order of the rows, where there are enough of them.
     */
    record Middle(long outer, long length, long inner) {
        private static final long FEWEST_COLUMNS = 16;
        static final long COLUMNS_OF_A_TASK = 1 << 10;

        static @Nullable Middle of(Prim.Reduce op, Stored x) {
            int rank = x.shape().rank();
            int first = 0;
            while (first < rank && !op.axes().contains(first)) {
                first++;
            }
            int last = first + op.axes().count();
            long outer = 1;
            long length = 1;
            long inner = 1;
            for (int dim = 0; dim < rank; dim++) {
                if (op.axes().contains(dim) != (dim >= first && dim < last)) {
                    return null;
                }
                long extent = x.shape().extent(dim);
                outer *= dim < first ? extent : 1;
                length *= dim >= first && dim < last ? extent : 1;
                inner *= dim >= last ? extent : 1;
            }
            boolean serves = x.isContiguous() && inner >= FEWEST_COLUMNS && length > 1;
            return serves ? new Middle(outer, length, inner) : null;
        }

        /** Whether all is one sum over rows. */
        boolean isOneSum(Prim.Reduce.Kind kind) {
            return kind == Prim.Reduce.Kind.SUM && outer == 1;
        }

        void reduce(Prim.Reduce.Kind kind, long from, long to) {
            if (kind == Prim.Reduce.Kind.SUM) {
                sum(from, to);
                return;
            }
            GeneratedKernel chosen = ofPairs(kind);
            long blocks = (inner + COLUMNS_OF_A_TASK - 1) / COLUMNS_OF_A_TASK;
            ThreadPool.shared()
                    .parallelFor(
                            Math.toIntExact(outer * blocks),
                            task -> {
                                long column = task % blocks * COLUMNS_OF_A_TASK;
                                long number = task / blocks;
                                extremes(
                                        chosen,
                                        from + 4 * (number * length * inner + column),
                                        Math.min(COLUMNS_OF_A_TASK, inner - column),
                                        to + 4 * (number * inner + column));
                            });
        }

        /** The kernel of the greater, or lesser, of two elements. */
        static GeneratedKernel ofPairs(Prim.Reduce.Kind kind) {
            Prim.Binary.Kind choice =
                    kind == Prim.Reduce.Kind.MAX ? Prim.Binary.Kind.MAX : Prim.Binary.Kind.MIN;
            return FloatKernels.binary(choice, Layout.FULL, Layout.FULL);
        }

        private void sum(long from, long to) {
            if (outer == 1) {
                FusedKernels.sumOfRows(from, length, inner, to);
                return;
            }
            ThreadPool.shared()
                    .parallelFor(
                            Math.toIntExact(outer),
                            task ->
                                    FusedKernels.sumOfRows(
                                            from + 4 * task * length * inner,
                                            length,
                                            inner,
                                            to + 4 * task * inner));
        }

        private void extremes(GeneratedKernel chosen, long from, long columns, long to) {
            extremes(chosen, new long[6], from, columns, to);
        }

        /**
         * The extremes of some columns.
         *
         * @param table of the kernel, for use here
         */
        void extremes(GeneratedKernel chosen, long[] table, long from, long columns, long to) {
            NativeMemory.copy(from, to, 4 * columns);
            table[0] = to;
            table[4] = to;
            long scratch = Scratch.address(chosen.scratchBytes(columns));
            for (long row = 1; row < length; row++) {
                table[2] = from + 4 * row * inner;
                chosen.runRows(table, 0, 1, columns, scratch);
            }
        }
    }

    static void reduceRow(Prim.Reduce.Kind kind, DType dtype, long from, long length, long to) {
        if (dtype.isFloating()) {
            Chunks.setDouble(dtype, to, reduceFloating(kind, dtype, from, length));
        } else {
            Chunks.setLong(dtype, to, reduceIntegers(kind, dtype, from, length));
        }
    }

    private static double reduceFloating(
            Prim.Reduce.Kind kind, DType dtype, long from, long length) {
        int bytes = dtype.byteSize();
        double result = kind == Prim.Reduce.Kind.PROD ? 1 : 0;
        switch (kind) {
            case SUM -> {
                return pairwiseSum(from, length);
            }
            case PROD -> {
                for (long i = 0; i < length; i++) {
                    result *= Chunks.getDouble(dtype, from + i * bytes);
                }
            }
            case MAX -> {
                result = Double.NEGATIVE_INFINITY;
                for (long i = 0; i < length; i++) {
                    result = Math.max(result, Chunks.getDouble(dtype, from + i * bytes));
                }
            }
            case MIN -> {
                result = Double.POSITIVE_INFINITY;
                for (long i = 0; i < length; i++) {
                    result = Math.min(result, Chunks.getDouble(dtype, from + i * bytes));
                }
            }
            case ANY, ALL -> throw new IllegalStateException(kind + " of " + dtype);
        }
        return result;
    }

    private static double pairwiseSum(long from, long length) {
        if (length <= 128) {
            double sum = 0;
            for (long i = 0; i < length; i++) {
                sum += NativeMemory.getDouble(from + 8 * i);
            }
            return sum;
        }
        long half = length / 2;
        return pairwiseSum(from, half) + pairwiseSum(from + 8 * half, length - half);
    }

    private static long reduceIntegers(Prim.Reduce.Kind kind, DType dtype, long from, long length) {
        int bytes = dtype.byteSize();
        long result =
                switch (kind) {
                    case SUM, ANY -> 0;
                    case PROD, ALL -> 1;
                    case MAX -> Long.MIN_VALUE;
                    case MIN -> Long.MAX_VALUE;
                };
        for (long i = 0; i < length; i++) {
            long x = Chunks.getLong(dtype, from + i * bytes);
            result =
                    switch (kind) {
                        case SUM -> result + x;
                        case PROD -> result * x;
                        case MAX -> Math.max(result, x);
                        case MIN -> Math.min(result, x);
                        case ANY -> result | x;
                        case ALL -> result & x;
                    };
        }
        return result;
    }

    static void argReduce(Prim.ArgReduce op, Stored x, Stored result) {
        Line line = new Line(x.shape(), op.dim());
        try (Reordered contiguous = Reordered.contiguous(x)) {
            long from = contiguous.address();
            DType dtype = x.dtype();
            if (dtype == DType.F32 && line.length > 0) {
                boolean most = op.kind() == Prim.ArgReduce.Kind.MAX;
                FloatLines lines = new FloatLines(line.count(), line.length, line.stride);
                lines.placesOfExtremes(most, from, result.address());
                return;
            }
            forEach(
                    line.count(),
                    line.length,
                    (first, end) -> {
                        for (long i = first; i < end; i++) {
                            argReduceLine(op, dtype, line, i, from, result.address());
                        }
                    });
        }
    }

    static void argReduceLine(
            Prim.ArgReduce op, DType dtype, Line line, long number, long from, long to) {
        long best = 0;
        long start = line.start(number);
        for (long j = 1; j < line.length; j++) {
            if (isBetter(op.kind(), dtype, from, start, line.stride, j, best)) {
                best = j;
            }
        }
        NativeMemory.setLong(to + 8 * number, best);
    }

    private static boolean isBetter(
            Prim.ArgReduce.Kind kind,
            DType dtype,
            long from,
            long start,
            long stride,
            long candidate,
            long best) {
        int bytes = dtype.byteSize();
        long a = from + (start + candidate * stride) * bytes;
        long b = from + (start + best * stride) * bytes;
        if (!dtype.isFloating()) {
            long x = Chunks.getLong(dtype, a);
            long y = Chunks.getLong(dtype, b);
            return kind == Prim.ArgReduce.Kind.MAX ? x > y : x < y;
        }
        double x = Chunks.getDouble(dtype, a);
        double y = Chunks.getDouble(dtype, b);
        if (Double.isNaN(y)) {
            return false;
        }
        return Double.isNaN(x) || (kind == Prim.ArgReduce.Kind.MAX ? x > y : x < y);
    }

    static void scan(Prim.Scan op, Stored x, Stored result) {
        Line line = new Line(x.shape(), op.dim());
        try (Reordered contiguous = Reordered.contiguous(x)) {
            long from = contiguous.address();
            if (x.dtype() == DType.F32 && op.kind() == Prim.Scan.Kind.SUM) {
                FloatLines lines = new FloatLines(line.count(), line.length, line.stride);
                lines.runningSums(op.reverse(), from, result.address());
                return;
            }
            forEach(
                    line.count(),
                    line.length,
                    (first, end) -> {
                        for (long i = first; i < end; i++) {
                            scanLine(op, x.dtype(), line, i, from, result.address());
                        }
                    });
        }
    }

    static void scanLine(Prim.Scan op, DType dtype, Line line, long number, long from, long to) {
        int bytes = dtype.byteSize();
        boolean floating = dtype.isFloating();
        double running = 0;
        long whole = 0;
        for (long j = 0; j < line.length; j++) {
            long place = op.reverse() ? line.length - 1 - j : j;
            long at = (line.start(number) + place * line.stride) * bytes;
            if (floating) {
                double x = Chunks.getDouble(dtype, from + at);
                running = j == 0 ? x : combine(op.kind(), running, x);
                Chunks.setDouble(dtype, to + at, running);
            } else {
                long x = Chunks.getLong(dtype, from + at);
                whole = j == 0 ? x : combine(op.kind(), whole, x);
                Chunks.setLong(dtype, to + at, whole);
            }
        }
    }

    private static double combine(Prim.Scan.Kind kind, double a, double b) {
        return switch (kind) {
            case SUM -> a + b;
            case PROD -> a * b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
        };
    }

    private static long combine(Prim.Scan.Kind kind, long a, long b) {
        return switch (kind) {
            case SUM -> a + b;
            case PROD -> a * b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
        };
    }

    static void argSort(Prim.ArgSort op, Stored x, Stored result) {
        Line line = new Line(x.shape(), op.dim());
        Sorting sorting = new Sorting(x.dtype(), line.length, op.descending());
        try (Reordered contiguous = Reordered.contiguous(x)) {
            long from = contiguous.address();
            forEach(
                    line.count(),
                    line.length,
                    (first, end) -> {
                        for (long i = first; i < end; i++) {
                            sortLine(sorting, x.dtype(), line, i, from, result.address());
                        }
                    });
        }
    }

    static void sortLine(Sorting sorting, DType dtype, Line line, long number, long from, long to) {
        int bytes = dtype.byteSize();
        long start = line.start(number);
        sorting.order(
                from + start * bytes,
                line.stride * bytes,
                to + 8 * start,
                8 * line.stride,
                Scratch.address(sorting.scratchBytes()));
    }

    /** The lines of a contiguous tensor along one dimension. */
    static final class Line {
        final long length;
        final long stride;
        private final long lines;

        Line(Shape shape, int dim) {
            length = shape.extent(dim);
            long inner = 1;
            for (int i = dim + 1; i < shape.rank(); i++) {
                inner *= shape.extent(i);
            }
            stride = inner;
            lines = shape.elementCount() == 0 ? 0 : shape.elementCount() / length;
        }

        long count() {
            return lines;
        }

        /** The first element of line {@code number}, in elements. */
        long start(long number) {
            return number / stride * stride * length + number % stride;
        }
    }
}
