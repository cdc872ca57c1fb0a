package dev.ugoki.tensor;

import java.util.Arrays;

/**
 * A matrix that has no inverse or no Cholesky factor. The message names the operation, which matrix
 * of the batch it was, and the pivot (counted from 0) at which elimination stopped.
 */
public final class LinearAlgebraException extends ArithmeticException {
    private static final long serialVersionUID = 1;

    LinearAlgebraException(String message) {
        super(message);
    }

    /**
     * A pivot is zero.
     *
     * @param batch the dimensions before the matrices
     * @param matrix the number of the matrix in row-major order
     * @param pivot the row of the eliminated matrix that was nothing but zeros
     */
    public static LinearAlgebraException singular(
            String operation, Shape batch, long matrix, long pivot) {
        return new LinearAlgebraException(
                operation
                        + ": "
                        + matrixOf(batch, matrix)
                        + " is singular: pivot "
                        + pivot
                        + " is 0");
    }

    /**
     * A pivot of a Cholesky factor is not positive; parameters are those of {@link #singular}.
     *
     * @param value the pivot
     */
    public static LinearAlgebraException notPositiveDefinite(
            String operation, Shape batch, long matrix, long pivot, double value) {
        return new LinearAlgebraException(
                operation
                        + ": "
                        + matrixOf(batch, matrix)
                        + " is not positive definite: pivot "
                        + pivot
                        + " is "
                        + value
                        + "; add a small multiple of the identity if it should be");
    }

    private static String matrixOf(Shape batch, long number) {
        if (batch.rank() == 0) {
            return "the matrix";
        }
        long[] index = new long[batch.rank()];
        long rest = number;
        for (int dim = index.length - 1; dim >= 0; dim--) {
            index[dim] = rest % batch.extent(dim);
            rest /= batch.extent(dim);
        }
        return "matrix " + Arrays.toString(index) + " of the batch " + batch;
    }
}
