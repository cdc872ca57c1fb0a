package dev.ugoki.cpu;

/**
 * F32 products C = A B, or C + A B, where A has from 1 to {@link #MAX_ROWS} rows. Distances ({@code
 * aRow}, ...) are in bytes.
 */
sealed interface FewRows permits VectorFewRows, ScalarFewRows {
    /** The chains of one element where B is transposed, whatever the width of a vector. */
    int CHAINS = 16;

    /** The greatest number of rows. */
    int MAX_ROWS = 8;

    /**
     * B is stored as k rows of n; A may be stored either way. Elements are chains of fma over k.
     */
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

    /** B is stored as n rows of k, A as m rows of k. Elements are trees over {@link #CHAINS}. */
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

    /** The sum of the chains from {@code first} on: those 8 apart are added first, then 4, 2, 1. */
    static float tree(float[] sums, int first) {
        for (int distance = CHAINS / 2; distance >= 1; distance /= 2) {
            for (int i = first; i < first + distance; i++) {
                sums[i] += sums[i + distance];
            }
        }
        return sums[first];
    }
}
