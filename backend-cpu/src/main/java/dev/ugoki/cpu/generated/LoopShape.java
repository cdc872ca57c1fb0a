package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Reduction;

/** What generated code may take for granted of the loop that it runs. */
enum LoopShape {
    /** One long row of contiguous elements; it may write up to the next multiple of 64 bytes. */
    FLAT,
    /** The number of columns is a multiple of sixteen. */
    WHOLE_VECTORS,
    /** The number of columns is no multiple of sixteen; the last ones are stored under a mask. */
    WITH_TAIL;

    static LoopShape ofColumns(long columns) {
        return columns % Reduction.LANES == 0 ? WHOLE_VECTORS : WITH_TAIL;
    }
}
