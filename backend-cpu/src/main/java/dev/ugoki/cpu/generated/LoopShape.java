package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Reduction;

/** What generated code may take for granted of the loop that it runs. */
enum LoopShape {
    /** One long row of contiguous elements; it may write up to the next multiple of 64 bytes. */
    FLAT,
    /** The number of columns is a multiple of sixteen. */
    WHOLE_VECTORS,
    /**
     * The same, of so few columns that two rows are computed side by side, where that pays: the
     * processor then has work while it waits for the results of one, and a call for a single row
     * loses little.
     */
    PAIRS,
    /** The number of columns is no multiple of sixteen; the last ones are stored under a mask. */
    WITH_TAIL;

    private static final long MOST_COLUMNS_OF_PAIRS = 2048;

    static LoopShape ofColumns(long columns) {
        if (columns % Reduction.LANES != 0) {
            return WITH_TAIL;
        }
        return columns <= MOST_COLUMNS_OF_PAIRS ? PAIRS : WHOLE_VECTORS;
    }
}
