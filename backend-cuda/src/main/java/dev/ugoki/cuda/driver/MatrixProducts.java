package dev.ugoki.cuda.driver;

import dev.ugoki.tensor.DType;

/**
 * Matrix products for a library: {@code c = a b}, c contiguous and row-major {@code [batches, m,
 * n]}. Strides count elements; in each of a and b one of row and column stride is 1 (or its extent
 * is), and the other at least the extent behind it.
 *
 * @param bias the address of what is added to each row, n contiguous elements, before anything is
 *     rounded; 0 for nothing
 * @param last what is then applied to each element, still before it is rounded
 */
public record MatrixProducts(
        DType dtype,
        long batches,
        long m,
        long n,
        long k,
        long a,
        long aBatch,
        long aRow,
        long aColumn,
        long b,
        long bBatch,
        long bRow,
        long bColumn,
        long c,
        long bias,
        Last last) {
    /** What a product may end with. */
    public enum Last {
        /** Nothing. */
        NONE,
        /** max(x, 0). */
        RELU,
        /** The Gaussian error linear unit by tanh. */
        GELU_TANH
    }
}
