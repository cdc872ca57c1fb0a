package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.kernel.Output;

/**
 * Sums over rows in blocks, as generated kernels leave them, brought to one row: block by block, so
 * that the order of the additions depends on the shape alone and the error stays that of a short
 * sum.
 */
final class RowSums implements AutoCloseable {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private final long blocks;
    private final long columns;
    private final long address;

    /** Room for the sums over {@code rows} rows. */
    RowSums(long rows, long columns) {
        this.blocks = blocks(rows);
        this.columns = columns;
        this.address = NativeMemory.allocate(4 * blocks * columns + NativeMemory.PADDING);
    }

    private static long blocks(long rows) {
        return (rows + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
    }

    /** Where a kernel puts the blocks' sums, one row of columns after the other. */
    long address() {
        return address;
    }

    /** Runs a kernel with such outputs over rows and columns. */
    static void run(GeneratedKernel kernel, long[] table, long rows, long columns) {
        long blocks = blocks(rows);
        long perTask =
                Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, columns * Output.ROWS_PER_BLOCK));
        int tasks = Math.toIntExact((blocks + perTask - 1) / perTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long begin = task * perTask * Output.ROWS_PER_BLOCK;
                            long end = Math.min(rows, begin + perTask * Output.ROWS_PER_BLOCK);
                            kernel.runRows(
                                    table,
                                    begin,
                                    end,
                                    columns,
                                    Scratch.address(kernel.scratchBytes(columns)));
                        });
    }

    /** Adds the blocks up and writes one row to {@code target}. */
    void finish(long target) {
        total(address, blocks, columns, target);
    }

    /** {@code target = } the sum of {@code rows} contiguous rows. */
    static void total(long from, long rows, long columns, long target) {
        new RowTotals().run(from, rows, columns, target);
    }

    @Override
    public void close() {
        NativeMemory.free(address);
    }
}
