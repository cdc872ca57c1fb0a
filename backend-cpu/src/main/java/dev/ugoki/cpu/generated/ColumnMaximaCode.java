package dev.ugoki.cpu.generated;

/** The greatest elements of columns in F32: what a generated class implements. */
@FunctionalInterface
public interface ColumnMaximaCode {
    /**
     * {@code maxima[j] = max over i of x[i, j]}, NaN passed over, minus infinity where there is no
     * number.
     *
     * @param rows of x
     * @param rowBytes from one row of x to the next
     * @param vectors in each row
     */
    void run(int rows, long x, long rowBytes, int vectors, long maxima);
}
