package dev.ugoki.cpu;

/**
 * F32 products C = A B, or C + A B, where A has from 1 to {@link #MAX_ROWS} rows. Distances ({@code
 * aRow}, ...) are in bytes.
 */
sealed interface FewRows permits VectorFewRows {
    /** The greatest number of rows. */
    int MAX_ROWS = 8;

    /** B is stored as k rows of n; A may be stored either way. */
    void plain(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate);

    /** B is stored as n rows of k, A as m rows of k. */
    void transposed(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate);
}
