package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.kernel.Output;

/**
 * The sum of contiguous rows, with the bits of {@link RowSums#total}: sums over blocks of rows,
 * sums over these, until one row is left. For use again and again; one thread at a time.
 */
final class RowTotals {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final GeneratedKernel SUM = FusedKernels.OfRows.SUM_OVER_ROWS;

    private final long[] table = new long[4];
    private final ThreadPool.Task task = this::runTask;
    private long rows;
    private long columns;
    private long perTask;

    RowTotals() {}

    private static long blocks(long rows) {
        return (rows + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
    }

    /** {@code target = } the sum of {@code rowCount} rows of {@code columnCount}. */
    void run(long from, long rowCount, long columnCount, long target) {
        if (rowCount == 1) {
            NativeMemory.copy(from, target, 4 * columnCount);
            return;
        }
        long first = blocks(rowCount);
        long second = blocks(first);
        long bytes = 4 * (first + second) * columnCount + NativeMemory.PADDING;
        long memory = NativeMemory.allocate(bytes);
        try {
            long source = from;
            long sums = memory;
            long other = memory + 4 * first * columnCount;
            long left = rowCount;
            while (left > 1) {
                level(source, left, columnCount, sums);
                left = blocks(left);
                source = sums;
                sums = other;
                other = source;
            }
            NativeMemory.copy(source, target, 4 * columnCount);
        } finally {
            NativeMemory.free(memory);
        }
    }

    private void level(long from, long rowCount, long columnCount, long to) {
        rows = rowCount;
        columns = columnCount;
        table[0] = from;
        table[1] = 4 * columnCount;
        table[2] = to;
        table[3] = 4 * columnCount;
        long blocks = blocks(rowCount);
        perTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, columns * Output.ROWS_PER_BLOCK));
        int tasks = Math.toIntExact((blocks + perTask - 1) / perTask);
        ThreadPool.shared().parallelFor(tasks, task);
    }

    private void runTask(int index) {
        long begin = index * perTask * Output.ROWS_PER_BLOCK;
        long end = Math.min(rows, begin + perTask * Output.ROWS_PER_BLOCK);
        SUM.runRows(table, begin, end, columns, Scratch.address(SUM.scratchBytes(columns)));
    }
}
