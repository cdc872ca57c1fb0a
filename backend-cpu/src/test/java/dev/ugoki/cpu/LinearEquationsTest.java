package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Elimination in blocks and on threads; what it means is tested by the kit. */
class LinearEquationsTest {
    private final int threads = ThreadPool.shared().threads();

    @AfterEach
    void restoreThreads() {
        ThreadPool.shared().setThreads(threads);
    }

    /** Of the results of solving and factoring random matrices of {@code n} rows. */
    static int hash(int n, int columns) {
        double[][] rows = normal(n, n + columns);
        int hash = Elimination.eliminate(rows, n);
        Elimination.substitute(rows, n);
        double[][] definite = definite(n);
        Elimination.cholesky(definite);
        return 31 * (31 * hash + Arrays.deepHashCode(rows)) + Arrays.deepHashCode(definite);
    }

    private static double[][] normal(int rows, int columns) {
        SplittableRandom random = new SplittableRandom(31L * rows + columns);
        double[][] matrix = new double[rows][columns];
        for (double[] row : matrix) {
            Arrays.setAll(row, _ -> random.nextGaussian());
        }
        return matrix;
    }

    /** {@code A A^T + identity}. */
    private static double[][] definite(int n) {
        double[][] a = normal(n, n);
        double[][] product = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                product[i][j] = i == j ? 1 : 0;
                for (int k = 0; k < n; k++) {
                    product[i][j] += a[i][k] * a[j][k];
                }
            }
        }
        return product;
    }

    private static double[][] copy(double[][] matrix) {
        return Arrays.stream(matrix).map(double[]::clone).toArray(double[][]::new);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32, 33, 64, 100, 201})
    void solutionsFulfilTheEquations(int n) {
        int columns = 3;
        double[][] given = normal(n, n + columns);
        double[][] solved = copy(given);

        Elimination.eliminate(solved, n);
        Elimination.substitute(solved, n);

        for (int i = 0; i < n; i++) {
            for (int column = n; column < n + columns; column++) {
                double sum = 0;
                double magnitude = 1;
                for (int k = 0; k < n; k++) {
                    sum += given[i][k] * solved[k][column];
                    magnitude += Math.abs(given[i][k] * solved[k][column]);
                }
                assertEquals(given[i][column], sum, 1e-13 * magnitude);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32, 33, 64, 100, 201})
    void factorsMultiplyToTheMatrix(int n) {
        double[][] given = definite(n);
        double[][] upper = copy(given);

        assertEquals(-1, Elimination.cholesky(upper));

        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                double sum = 0;
                for (int k = 0; k <= i; k++) {
                    sum += upper[k][i] * upper[k][j];
                }
                assertEquals(given[i][j], sum, 1e-14 * n * given[i][i]);
            }
        }
    }

    @Test
    void thePivotThatIsNotPositiveIsFoundInEveryBlock() {
        for (int pivot : new int[] {0, 31, 32, 63, 64, 99}) {
            double[][] a = definite(100);
            a[pivot][pivot] = -1;
            assertEquals(pivot, Elimination.cholesky(a));
        }
    }

    @Test
    void aColumnOfZerosIsPassedOver() {
        double[][] a = normal(70, 70);
        for (double[] row : a) {
            row[40] = 0;
        }
        Elimination.eliminate(a, 70);
        assertEquals(40, Elimination.firstZeroPivot(a, 70));
        for (double[] row : a) {
            for (double each : row) {
                assertFalse(Double.isNaN(each));
            }
        }
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        ThreadPool.shared().setThreads(1);
        int one = hash(230, 5);
        ThreadPool.shared().setThreads(3);
        assertEquals(one, hash(230, 5));
        assertNotEquals(one, hash(229, 5));
    }
}
