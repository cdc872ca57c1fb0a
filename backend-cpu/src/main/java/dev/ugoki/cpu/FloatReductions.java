package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

/**
 * Sums, maxima and minima of contiguous F32 rows, on all threads. Long rows are cut into parts, and
 * the parts' results are combined in their order: the bits depend on the shape alone.
 */
final class FloatReductions {
    static final long ELEMENTS_OF_A_TASK = 1 << 16;

    private FloatReductions() {}

    /** Whether {@link #run} knows the reduction. */
    static boolean has(Prim.Reduce.Kind kind) {
        return switch (kind) {
            case SUM, MAX, MIN -> true;
            case PROD, ANY, ALL -> false;
        };
    }

    /** {@code to[r] = } the reduction of row r, of {@code length} elements, at {@code from}. */
    static void run(Prim.Reduce.Kind kind, long from, long rows, long length, long to) {
        long parts = (length + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK;
        if (parts <= 1) {
            wholeRows(kind, from, rows, length, to);
            return;
        }
        long partial = NativeMemory.allocate(8 * rows * parts);
        try {
            ThreadPool.shared()
                    .parallelFor(
                            Math.toIntExact(rows * parts),
                            task -> {
                                long part = task % parts * ELEMENTS_OF_A_TASK;
                                long start = from + 4 * (task / parts * length + part);
                                long some = Math.min(ELEMENTS_OF_A_TASK, length - part);
                                NativeMemory.setDouble(
                                        partial + 8L * task, reduce(kind, start, some));
                            });
            for (long row = 0; row < rows; row++) {
                double result = combined(kind, partial + 8 * row * parts, parts);
                NativeMemory.setFloat(to + 4 * row, (float) result);
            }
        } finally {
            NativeMemory.free(partial);
        }
    }

    private static void wholeRows(
            Prim.Reduce.Kind kind, long from, long rows, long length, long to) {
        long rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, length));
        int tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long first = task * rowsOfTask;
                            rows(kind, from, first, Math.min(rows, first + rowsOfTask), length, to);
                        });
    }

    /** {@code to[r] = } the reduction of row r, on this thread. */
    static void rows(Prim.Reduce.Kind kind, long from, long first, long end, long length, long to) {
        if (kind == Prim.Reduce.Kind.SUM && length <= ShortRows.MOST_COLUMNS) {
            ShortRows.sum(from + 4 * first * length, end - first, length, to + 4 * first);
            return;
        }
        for (long row = first; row < end; row++) {
            double result = reduce(kind, from + 4 * row * length, length);
            NativeMemory.setFloat(to + 4 * row, (float) result);
        }
    }

    static double reduce(Prim.Reduce.Kind kind, long from, long count) {
        return switch (kind) {
            case SUM -> RowReductions.BEST.sum(from, count);
            case MAX -> RowReductions.BEST.maximum(from, count);
            case MIN -> RowReductions.BEST.minimum(from, count);
            case PROD, ANY, ALL -> throw new IllegalStateException(kind + " has no kernel");
        };
    }

    static double combined(Prim.Reduce.Kind kind, long partial, long parts) {
        double result = NativeMemory.getDouble(partial);
        for (long i = 1; i < parts; i++) {
            double next = NativeMemory.getDouble(partial + 8 * i);
            result =
                    switch (kind) {
                        case MAX -> Math.max(result, next);
                        case MIN -> Math.min(result, next);
                        default -> result + next;
                    };
        }
        return result;
    }
}
