package dev.ugoki.cpu;

/**
 * How F32 matrices of any number of rows are transposed in memory, writing nothing beside the
 * target: other threads may write there. All implementations move the same bits.
 */
sealed interface ExactTransposition permits VectorExactTransposition, ScalarExactTransposition {
    /** That of this machine. */
    ExactTransposition BEST =
            VectorModule.isUsable()
                    ? new VectorExactTransposition()
                    : new ScalarExactTransposition();

    /** Bytes of memory that {@link #run} needs beside the matrices. */
    int BUFFER = 4 * 16 * 16;

    /**
     * The element in row {@code i} and column {@code p} goes to {@code target + p * targetColumn +
     * 4 * i}.
     *
     * @param sourceRow bytes between rows; elements of a row are adjacent
     * @param targetColumn at least {@code 4 * rows}
     * @param buffer the address of {@link #BUFFER} bytes
     */
    void run(
            int rows,
            int columns,
            long source,
            long sourceRow,
            long target,
            long targetColumn,
            long buffer);
}
