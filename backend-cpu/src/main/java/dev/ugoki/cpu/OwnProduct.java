package dev.ugoki.cpu;

/**
 * F32 products C = A B, or C + A B, in Java: for machines without OpenBLAS.
 *
 * <p>Every element of C is a sum over blocks of {@link #DEPTH} along k; each block's part is one
 * chain of fma. All implementations give the same bits.
 */
sealed interface OwnProduct permits VectorProduct, ScalarProduct {
    /** How many products one chain holds at most. */
    int DEPTH = 256;

    /**
     * One tile, on this thread. Distances are in bytes: between elements one row apart, and one
     * column apart.
     */
    void tile(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long bColumn,
            long c,
            long cRow,
            boolean accumulate);
}
