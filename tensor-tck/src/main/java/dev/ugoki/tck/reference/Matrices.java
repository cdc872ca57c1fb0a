package dev.ugoki.tck.reference;

import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.function.BiPredicate;

/** Factorizations of matrices and what is solved by them, one matrix of a batch after the other. */
final class Matrices {
    private Matrices() {}

    /** {@code l[i, j] = (a[i, j] - sum over k < j of l[i, k] l[j, k]) / l[j, j]}. */
    static void cholesky(Elements a, Elements result) {
        int n = rows(a);
        Shape batch = batch(a);
        for (long matrix = 0; matrix < batch.elementCount(); matrix++) {
            double[][] given = read(a, matrix);
            double[][] l = new double[n][n];
            if (holdsNaN(given, (i, j) -> j <= i)) {
                for (int i = 0; i < n; i++) {
                    Arrays.fill(l[i], 0, i + 1, Double.NaN);
                }
            } else {
                factor(given, l, batch, matrix);
            }
            write(l, result, matrix);
        }
    }

    private static void factor(double[][] a, double[][] l, Shape batch, long matrix) {
        for (int j = 0; j < a.length; j++) {
            double pivot = remainder(a[j][j], l[j], l[j], j);
            if (pivot <= 0) {
                throw LinearAlgebraException.notPositiveDefinite(
                        "cholesky", batch, matrix, j, pivot);
            }
            l[j][j] = Math.sqrt(pivot);
            for (int i = j + 1; i < a.length; i++) {
                l[i][j] = remainder(a[i][j], l[i], l[j], j) / l[j][j];
            }
        }
    }

    /** {@code from - sum over k < count of x[k] y[k]}. */
    private static double remainder(double from, double[] x, double[] y, int count) {
        Sums sum = new Sums(1);
        sum.add(0, from);
        for (int k = 0; k < count; k++) {
            sum.add(0, -(x[k] * y[k]));
        }
        return sum.get(0);
    }

    /** Row after row, from that with one unknown on. */
    static void triangularSolve(Prim.TriangularSolve op, Elements a, Elements b, Elements result) {
        int n = rows(a);
        Shape batch = batch(a);
        for (long matrix = 0; matrix < batch.elementCount(); matrix++) {
            double[][] triangle = read(a, matrix);
            double[][] x = read(b, matrix);
            boolean hasNaN =
                    holdsNaN(
                            triangle,
                            (i, j) -> i == j ? !op.unitDiagonal() : op.upper() == (j > i));
            for (int i = 0; i < n; i++) {
                if (op.unitDiagonal()) {
                    triangle[i][i] = 1;
                } else if (triangle[i][i] == 0 && !hasNaN) {
                    throw LinearAlgebraException.singular(op.name(), batch, matrix, i);
                }
            }
            if (hasNaN) {
                fillWithNaN(x);
            } else {
                substitute(op.upper(), triangle, x);
            }
            write(x, result, matrix);
        }
    }

    private static void substitute(boolean upper, double[][] a, double[][] x) {
        int n = a.length;
        for (int step = 0; step < n; step++) {
            int i = upper ? n - 1 - step : step;
            int first = upper ? i + 1 : 0;
            int end = upper ? n : i;
            for (int column = 0; column < x[i].length; column++) {
                Sums sum = new Sums(1);
                sum.add(0, x[i][column]);
                for (int k = first; k < end; k++) {
                    sum.add(0, -(a[i][k] * x[k][column]));
                }
                x[i][column] = sum.get(0) / a[i][i];
            }
        }
    }

    static void solve(Elements a, Elements b, Elements result) {
        Shape batch = batch(a);
        for (long matrix = 0; matrix < batch.elementCount(); matrix++) {
            double[][] given = read(a, matrix);
            double[][] x = read(b, matrix);
            if (holdsNaN(given, (_, _) -> true)) {
                fillWithNaN(x);
            } else {
                Factors factors = Factors.of(given);
                int pivot = factors.firstZeroPivot();
                if (pivot >= 0) {
                    throw LinearAlgebraException.singular("solve", batch, matrix, pivot);
                }
                x = factors.permuted(x);
                factors.substituteLower(x);
                substitute(true, factors.lu, x);
            }
            write(x, result, matrix);
        }
    }

    static void determinant(Prim.Determinant.Kind kind, Elements a, Elements result) {
        long count = batch(a).elementCount();
        for (long matrix = 0; matrix < count; matrix++) {
            double[][] given = read(a, matrix);
            result.setDouble(
                    result.position(matrix),
                    holdsNaN(given, (_, _) -> true)
                            ? Double.NaN
                            : determinant(kind, Factors.of(given)));
        }
    }

    private static double determinant(Prim.Determinant.Kind kind, Factors factors) {
        if (factors.firstZeroPivot() >= 0) {
            return kind == Prim.Determinant.Kind.LOG_MAGNITUDE ? Double.NEGATIVE_INFINITY : 0;
        }
        double value = factors.sign;
        double sign = factors.sign;
        Sums logarithm = new Sums(1);
        for (int i = 0; i < factors.lu.length; i++) {
            double pivot = factors.lu[i][i];
            value *= pivot;
            sign *= Math.signum(pivot);
            logarithm.add(0, StrictMath.log(Math.abs(pivot)));
        }
        return switch (kind) {
            case VALUE -> value;
            case SIGN -> sign;
            case LOG_MAGNITUDE -> logarithm.get(0);
        };
    }

    /** {@code P A = L U}: L below the diagonal, its diagonal ones, U at and above it. */
    private static final class Factors {
        final double[][] lu;
        final int[] order;
        double sign = 1;

        private Factors(int n) {
            lu = new double[n][n];
            order = new int[n];
            Arrays.setAll(order, i -> i);
        }

        /**
         * Column after column. Where all that is left of a column is 0, a pivot stays 0 and so do
         * the elements of L below it.
         */
        static Factors of(double[][] a) {
            int n = a.length;
            Factors factors = new Factors(n);
            double[][] lu = factors.lu;
            for (int i = 0; i < n; i++) {
                lu[i] = a[i].clone();
            }
            for (int j = 0; j < n; j++) {
                double[] column = new double[n];
                for (int i = 0; i < n; i++) {
                    column[i] = remainder(lu[i][j], lu[i], column, Math.min(i, j));
                    lu[i][j] = column[i];
                }
                factors.exchange(j, factors.largest(j));
                for (int i = j + 1; i < n && lu[j][j] != 0; i++) {
                    lu[i][j] /= lu[j][j];
                }
            }
            return factors;
        }

        /** Or -1. */
        int firstZeroPivot() {
            for (int i = 0; i < lu.length; i++) {
                if (lu[i][i] == 0) {
                    return i;
                }
            }
            return -1;
        }

        private int largest(int column) {
            int largest = column;
            for (int i = column + 1; i < lu.length; i++) {
                if (Math.abs(lu[i][column]) > Math.abs(lu[largest][column])) {
                    largest = i;
                }
            }
            return largest;
        }

        private void exchange(int i, int j) {
            if (i != j) {
                double[] row = lu[i];
                lu[i] = lu[j];
                lu[j] = row;
                int place = order[i];
                order[i] = order[j];
                order[j] = place;
                sign = -sign;
            }
        }

        double[][] permuted(double[][] x) {
            double[][] permuted = new double[x.length][];
            Arrays.setAll(permuted, i -> x[order[i]]);
            return permuted;
        }

        void substituteLower(double[][] x) {
            double[][] unit = new double[lu.length][];
            for (int i = 0; i < lu.length; i++) {
                unit[i] = lu[i].clone();
                unit[i][i] = 1;
            }
            substitute(false, unit, x);
        }
    }

    private static int rows(Elements a) {
        return Math.toIntExact(a.extent(a.shape().rank() - 2));
    }

    private static Shape batch(Elements a) {
        long[] extents = a.shape().toArray();
        return Shape.of(Arrays.copyOf(extents, extents.length - 2));
    }

    private static double[][] read(Elements from, long matrix) {
        int rows = rows(from);
        int columns = Math.toIntExact(from.extent(from.shape().rank() - 1));
        double[][] read = new double[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                long number = (matrix * rows + i) * columns + j;
                read[i][j] = from.getDouble(from.position(number));
            }
        }
        return read;
    }

    private static void write(double[][] values, Elements to, long matrix) {
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values[i].length; j++) {
                long number = (matrix * values.length + i) * values[i].length + j;
                to.setDouble(to.position(number), values[i][j]);
            }
        }
    }

    private static boolean holdsNaN(double[][] a, BiPredicate<Integer, Integer> isRead) {
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[i].length; j++) {
                if (Double.isNaN(a[i][j]) && isRead.test(i, j)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void fillWithNaN(double[][] x) {
        for (double[] row : x) {
            Arrays.fill(row, Double.NaN);
        }
    }
}
