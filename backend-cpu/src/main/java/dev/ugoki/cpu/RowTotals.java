package dev.ugoki.cpu;

import dev.ugoki.tensor.kernel.Output;

/**
 * The sum of contiguous rows: sums over blocks of rows, sums over these, until one row is left. For
 * use again and again; one thread at a time.
 */
final class RowTotals {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private final ThreadPool.Task task = this::runTask;
    private long source;
    private long target;
    private long rows;
    private long columns;
    private long perTask;

    RowTotals() {}

    private static long blocks(long rows) {
        return (rows + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
    }

    /** {@code target = } the sum of {@code rowCount} rows of {@code columnCount}. */
    void run(long from, long rowCount, long columnCount, long to) {
        if (rowCount == 1) {
            NativeMemory.copy(from, to, 4 * columnCount);
            return;
        }
        long first = blocks(rowCount);
        long second = blocks(first);
        long bytes = 4 * (first + second) * columnCount + NativeMemory.PADDING;
        long memory = NativeMemory.allocate(bytes);
        try {
            long level = from;
            long sums = memory;
            long other = memory + 4 * first * columnCount;
            long left = rowCount;
            while (left > 1) {
                level(level, left, columnCount, sums);
                left = blocks(left);
                level = sums;
                sums = other;
                other = level;
            }
            NativeMemory.copy(level, to, 4 * columnCount);
        } finally {
            NativeMemory.free(memory);
        }
    }

    private void level(long from, long rowCount, long columnCount, long to) {
        rows = rowCount;
        columns = columnCount;
        source = from;
        target = to;
        long blocks = blocks(rowCount);
        perTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, columns * Output.ROWS_PER_BLOCK));
        int tasks = Math.toIntExact((blocks + perTask - 1) / perTask);
        ThreadPool.shared().parallelFor(tasks, task);
    }

    private void runTask(int index) {
        long begin = index * perTask * Output.ROWS_PER_BLOCK;
        long end = Math.min(rows, begin + perTask * Output.ROWS_PER_BLOCK);
        ColumnSums.run(source, 4 * columns, begin, end, columns, target, 4 * columns);
    }
}
