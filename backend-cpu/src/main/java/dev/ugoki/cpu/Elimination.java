package dev.ugoki.cpu;

/**
 * Gaussian elimination on rows of doubles, in blocks of {@value #BLOCK} columns.
 *
 * <p>All of it is one step, {@link #subtract}: multiples of some rows taken from another. It runs
 * over arrays at one index, so that the JIT makes vectors of it, and does each element's arithmetic
 * in one order, so that vectors, threads and the interpreter give the same bits. Rows are arrays of
 * their own, since rows of one array at two places could overlap, and the JIT would stay scalar.
 */
final class Elimination {
    private static final int BLOCK = 32;
    private static final int TERMS_OF_A_TASK = 1 << 17;

    private Elimination() {}

    /**
     * Makes the first {@code n} columns of {@code n} rows upper triangular, by elimination with
     * partial pivoting; what follows in the rows is taken along. Rows change places; below the
     * diagonal remain the multipliers. A column with nothing left in it is passed over.
     *
     * @return the sign of the rows' permutation
     */
    static int eliminate(double[][] rows, int n) {
        int sign = 1;
        int width = n == 0 ? 0 : rows[0].length;
        for (int first = 0; first < n; first += BLOCK) {
            int begin = first;
            int end = Math.min(first + BLOCK, n);
            for (int k = first; k < end; k++) {
                sign *= bringUpLargest(rows, k, n);
                eliminateColumn(rows, k, end, n);
            }
            for (int i = first + 1; i < end; i++) {
                subtract(rows[i], end, width, rows[i], first, rows, first, i);
            }
            forRows(
                    end,
                    n,
                    (width - end) * BLOCK,
                    i -> subtract(rows[i], end, width, rows[i], begin, rows, begin, end));
        }
        return sign;
    }

    private static int bringUpLargest(double[][] rows, int k, int n) {
        int largest = k;
        for (int i = k + 1; i < n; i++) {
            if (Math.abs(rows[i][k]) > Math.abs(rows[largest][k])) {
                largest = i;
            }
        }
        double[] row = rows[k];
        rows[k] = rows[largest];
        rows[largest] = row;
        return largest == k ? 1 : -1;
    }

    /** Takes row k from those below, within the columns of its block. */
    private static void eliminateColumn(double[][] rows, int k, int end, int n) {
        double[] pivotRow = rows[k];
        double pivot = pivotRow[k];
        if (pivot == 0) {
            return;
        }
        for (int i = k + 1; i < n; i++) {
            double[] row = rows[i];
            double multiple = row[k] / pivot;
            row[k] = multiple;
            for (int j = k + 1; j < end; j++) {
                row[j] -= multiple * pivotRow[j];
            }
        }
    }

    /** The first column of {@code n} whose pivot is 0, or -1. */
    static int firstZeroPivot(double[][] rows, int n) {
        for (int i = 0; i < n; i++) {
            if (rows[i][i] == 0) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Solves the upper triangular system in the first {@code n} columns for what follows in the
     * rows, in place.
     */
    static void substitute(double[][] rows, int n) {
        int width = n == 0 ? 0 : rows[0].length;
        for (int end = n; end > 0; end -= Math.min(BLOCK, end)) {
            int last = end;
            int first = Math.max(0, end - BLOCK);
            for (int i = end - 1; i >= first; i--) {
                double[] row = rows[i];
                subtract(row, n, width, row, i + 1, rows, i + 1, end);
                double pivot = row[i];
                for (int j = n; j < width; j++) {
                    row[j] /= pivot;
                }
            }
            forRows(
                    0,
                    first,
                    (width - n) * BLOCK,
                    i -> subtract(rows[i], n, width, rows[i], first, rows, first, last));
        }
    }

    /**
     * The upper triangular factor U with {@code U^T U = A} in place of the upper triangle of A.
     *
     * @return the first pivot that is not positive, left where it was found, or -1
     */
    static int cholesky(double[][] rows) {
        int n = rows.length;
        for (int first = 0; first < n; first += BLOCK) {
            int begin = first;
            int end = Math.min(first + BLOCK, n);
            for (int k = first; k < end; k++) {
                double[] row = rows[k];
                if (row[k] <= 0) {
                    return k;
                }
                double root = Math.sqrt(row[k]);
                for (int j = k; j < n; j++) {
                    row[j] /= root;
                }
                row[k] = root;
                for (int i = k + 1; i < end; i++) {
                    subtract(rows[i], i, n, row, i, rows, k, k + 1);
                }
            }
            forRows(end, n, (n - end) * BLOCK, i -> subtractBlock(rows, i, begin, end));
        }
        return -1;
    }

    /** Takes rows {@code first} to {@code end - 1} from row i, each times its element i. */
    private static void subtractBlock(double[][] rows, int i, int first, int end) {
        double[] multiples = new double[end - first];
        for (int k = first; k < end; k++) {
            multiples[k - first] = rows[k][i];
        }
        subtract(rows[i], i, rows.length, multiples, 0, rows, first, end);
    }

    /**
     * {@code x[j] -= sum over k from first to end - 1 of multiples[at + k - first] * rows[k][j]}
     * for j from {@code from} to {@code to - 1}.
     */
    private static void subtract(
            double[] x,
            int from,
            int to,
            double[] multiples,
            int at,
            double[][] rows,
            int first,
            int end) {
        int k = first;
        for (; k + 4 <= end; k += 4) {
            int m = at + k - first;
            double m0 = multiples[m];
            double m1 = multiples[m + 1];
            double m2 = multiples[m + 2];
            double m3 = multiples[m + 3];
            subtractFour(
                    x, from, to, m0, rows[k], m1, rows[k + 1], m2, rows[k + 2], m3, rows[k + 3]);
        }
        for (; k < end; k++) {
            subtractOne(x, from, to, multiples[at + k - first], rows[k]);
        }
    }

    private static void subtractFour(
            double[] x,
            int from,
            int to,
            double m0,
            double[] r0,
            double m1,
            double[] r1,
            double m2,
            double[] r2,
            double m3,
            double[] r3) {
        for (int j = from; j < to; j++) {
            x[j] -= (m0 * r0[j] + m1 * r1[j]) + (m2 * r2[j] + m3 * r3[j]);
        }
    }

    private static void subtractOne(double[] x, int from, int to, double m, double[] r) {
        for (int j = from; j < to; j++) {
            x[j] -= m * r[j];
        }
    }

    /** What is done to one row. */
    @FunctionalInterface
    private interface RowStep {
        void at(int row);
    }

    /** Rows {@code first} to {@code end - 1}, over the threads if there is much to do. */
    private static void forRows(int first, int end, int termsOfARow, RowStep step) {
        int rows = end - first;
        int rowsOfTask = Math.max(1, TERMS_OF_A_TASK / Math.max(1, termsOfARow));
        if (rows <= rowsOfTask) {
            for (int i = first; i < end; i++) {
                step.at(i);
            }
            return;
        }
        ThreadPool.shared()
                .parallelFor(
                        (rows + rowsOfTask - 1) / rowsOfTask,
                        task -> {
                            int begin = first + task * rowsOfTask;
                            int stop = Math.min(end, begin + rowsOfTask);
                            for (int i = begin; i < stop; i++) {
                                step.at(i);
                            }
                        });
    }
}
