package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.kernel.Output;

/**
 * Sums over blocks of rows of F32, columns side by side: what {@link
 * dev.ugoki.tensor.kernel.RowKernels#sumOverRows} says, with the same bits. Its generated code
 * keeps sums in memory, and goes through them once for each row; here they stay in registers for a
 * block.
 */
final class ColumnSums {
    private static final GeneratedKernel KERNEL = FusedKernels.OfRows.SUM_OVER_ROWS;
    private static final boolean VECTORS = VectorModule.isUsable();
    private static final ThreadLocal<long[]> TABLE = ThreadLocal.withInitial(() -> new long[4]);

    private ColumnSums() {}

    /**
     * Row {@code i} of the target becomes the sum of the rows of block {@code i}, in their order.
     *
     * @param distance bytes from one row to the next; likewise {@code targetDistance}
     * @param begin the first row, of the first block that is summed
     */
    static void run(
            long from,
            long distance,
            long begin,
            long end,
            long columns,
            long target,
            long targetDistance) {
        long whole = VECTORS ? columns - columns % Tile.LANES : 0;
        for (long row = begin; row < end && whole > 0; row += Output.ROWS_PER_BLOCK) {
            VectorColumnSums.run(
                    from + row * distance,
                    distance,
                    (int) Math.min(Output.ROWS_PER_BLOCK, end - row),
                    whole,
                    target + row / Output.ROWS_PER_BLOCK * targetDistance);
        }
        if (whole < columns) {
            long[] table = TABLE.get();
            table[0] = from + 4 * whole;
            table[1] = distance;
            table[2] = target + 4 * whole;
            table[3] = targetDistance;
            long rest = columns - whole;
            KERNEL.runRows(table, begin, end, rest, Scratch.tile(KERNEL.scratchBytes(rest)));
        }
    }
}
