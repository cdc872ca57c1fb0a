package dev.ugoki.cpu;

/** How F32 matrices are transposed in memory. All implementations move the same bits. */
sealed interface Transposition permits VectorTransposition, ScalarTransposition {
    /** That of this machine. */
    Transposition BEST =
            VectorModule.isUsable() ? new VectorTransposition() : new ScalarTransposition();

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
