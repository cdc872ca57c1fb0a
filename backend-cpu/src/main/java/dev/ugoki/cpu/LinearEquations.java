package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Factorizations of batches of matrices and what is solved by them. Each matrix is copied into rows
 * of doubles, F32 as well, so that a result in F32 is rounded once; {@link Elimination} does the
 * arithmetic. The matrices of a batch are shared out over the threads.
 */
final class LinearEquations {
    private static final double TERMS_OF_A_TASK = 1 << 16;

    /** Enough for any number of threads to be busy until the end. */
    private static final long MOST_TASKS = 1 << 12;

    private LinearEquations() {}

    static void cholesky(Stored a, Stored result) {
        int n = extent(a, -1);
        try (Reordered given = Reordered.contiguous(a)) {
            forEachMatrix(
                    batch(a),
                    n,
                    n,
                    matrix -> {
                        long at = matrix * n * n;
                        double[][] upper = new double[n][n];
                        boolean hasNaN = false;
                        for (int i = 0; i < n; i++) {
                            for (int j = 0; j <= i; j++) {
                                double value = get(a.dtype(), given, at + (long) i * n + j);
                                upper[j][i] = value;
                                hasNaN |= Double.isNaN(value);
                            }
                        }
                        if (hasNaN) {
                            fillWithNaN(upper, 0);
                        } else {
                            int pivot = Elimination.cholesky(upper);
                            if (pivot >= 0) {
                                return LinearAlgebraException.notPositiveDefinite(
                                        "cholesky", batch(a), matrix, pivot, upper[pivot][pivot]);
                            }
                        }
                        for (int i = 0; i < n; i++) {
                            for (int j = 0; j < n; j++) {
                                double value = j <= i ? upper[j][i] : 0;
                                set(result, at + (long) i * n + j, value);
                            }
                        }
                        return null;
                    });
        }
    }

    static void solve(Stored a, Stored b, Stored result) {
        int n = extent(a, -1);
        int columns = extent(b, -1);
        try (Reordered matrices = Reordered.contiguous(a);
                Reordered sides = Reordered.contiguous(b)) {
            forEachMatrix(
                    batch(a),
                    n,
                    n + columns,
                    matrix -> {
                        double[][] rows = new double[n][n + columns];
                        read(a.dtype(), matrices, matrix, rows, 0, n, false);
                        read(a.dtype(), sides, matrix, rows, n, columns, false);
                        if (holdsNaN(rows, n)) {
                            fillWithNaN(rows, n);
                        } else {
                            Elimination.eliminate(rows, n);
                            int pivot = Elimination.firstZeroPivot(rows, n);
                            if (pivot >= 0) {
                                return LinearAlgebraException.singular(
                                        "solve", batch(a), matrix, pivot);
                            }
                            Elimination.substitute(rows, n);
                        }
                        write(rows, n, columns, false, result, matrix);
                        return null;
                    });
        }
    }

    /** A lower triangle becomes an upper one where rows and columns are taken from the end. */
    static void triangularSolve(Prim.TriangularSolve op, Stored a, Stored b, Stored result) {
        int n = extent(a, -1);
        int columns = extent(b, -1);
        boolean backwards = !op.upper();
        try (Reordered matrices = Reordered.contiguous(a);
                Reordered sides = Reordered.contiguous(b)) {
            forEachMatrix(
                    batch(a),
                    n,
                    n + columns,
                    matrix -> {
                        double[][] rows = new double[n][n + columns];
                        read(a.dtype(), matrices, matrix, rows, 0, n, backwards);
                        read(a.dtype(), sides, matrix, rows, n, columns, backwards);
                        keepUpper(rows, op.unitDiagonal());
                        if (holdsNaN(rows, n)) {
                            fillWithNaN(rows, n);
                        } else {
                            int pivot = firstZero(rows, backwards);
                            if (pivot >= 0) {
                                return LinearAlgebraException.singular(
                                        op.name(), batch(a), matrix, pivot);
                            }
                            Elimination.substitute(rows, n);
                        }
                        write(rows, n, columns, backwards, result, matrix);
                        return null;
                    });
        }
    }

    private static void keepUpper(double[][] rows, boolean unitDiagonal) {
        for (int i = 0; i < rows.length; i++) {
            Arrays.fill(rows[i], 0, i, 0);
            if (unitDiagonal) {
                rows[i][i] = 1;
            }
        }
    }

    /** The first zero of the diagonal, in the order of the operand's rows, or -1. */
    private static int firstZero(double[][] rows, boolean backwards) {
        for (int i = 0; i < rows.length; i++) {
            int row = backwards ? rows.length - 1 - i : i;
            if (rows[row][row] == 0) {
                return i;
            }
        }
        return -1;
    }

    static void determinant(Prim.Determinant.Kind kind, Stored a, Stored result) {
        int n = extent(a, -1);
        try (Reordered given = Reordered.contiguous(a)) {
            forEachMatrix(
                    batch(a),
                    n,
                    n,
                    matrix -> {
                        double[][] rows = new double[n][n];
                        read(a.dtype(), given, matrix, rows, 0, n, false);
                        double value =
                                holdsNaN(rows, n)
                                        ? Double.NaN
                                        : determinant(kind, Elimination.eliminate(rows, n), rows);
                        set(result, matrix, value);
                        return null;
                    });
        }
    }

    private static double determinant(
            Prim.Determinant.Kind kind, int signOfOrder, double[][] rows) {
        if (Elimination.firstZeroPivot(rows, rows.length) >= 0) {
            // Said first, since infinity times 0 is NaN.
            return kind == Prim.Determinant.Kind.LOG_MAGNITUDE ? Double.NEGATIVE_INFINITY : 0;
        }
        double product = signOfOrder;
        double logarithm = 0;
        for (int i = 0; i < rows.length; i++) {
            double pivot = rows[i][i];
            switch (kind) {
                case VALUE -> product *= pivot;
                case SIGN -> product *= Math.signum(pivot);
                case LOG_MAGNITUDE -> logarithm += StrictMath.log(Math.abs(pivot));
            }
        }
        return kind == Prim.Determinant.Kind.LOG_MAGNITUDE ? logarithm : product;
    }

    // ---- batches ----

    /** What is done for one matrix of a batch; null, or why it cannot be. */
    @FunctionalInterface
    private interface MatrixStep {
        @Nullable LinearAlgebraException at(long matrix);
    }

    /**
     * Runs {@code step} for every matrix. If some fail, throws what the first in row-major order
     * answered, whichever thread met it when.
     */
    private static void forEachMatrix(Shape batch, long n, long width, MatrixStep step) {
        long count = batch.elementCount();
        double terms = Math.max(1.0, (double) n * n * width);
        long perTask =
                Math.max((long) (TERMS_OF_A_TASK / terms), (count + MOST_TASKS - 1) / MOST_TASKS);
        long matricesOfTask = Math.max(1, perTask);
        int tasks = Math.toIntExact((count + matricesOfTask - 1) / matricesOfTask);
        @Nullable LinearAlgebraException[] failures = new LinearAlgebraException[tasks];
        if (tasks == 1) {
            // Not as a task, so that elimination itself can use the threads.
            failures[0] = some(0, count, step);
        } else {
            ThreadPool.shared()
                    .parallelFor(
                            tasks,
                            task -> {
                                long first = task * matricesOfTask;
                                long end = Math.min(count, first + matricesOfTask);
                                failures[task] = some(first, end, step);
                            });
        }
        for (LinearAlgebraException failure : failures) {
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static @Nullable LinearAlgebraException some(long first, long end, MatrixStep step) {
        for (long matrix = first; matrix < end; matrix++) {
            LinearAlgebraException failure = step.at(matrix);
            if (failure != null) {
                return failure;
            }
        }
        return null;
    }

    private static Shape batch(Stored a) {
        long[] extents = a.shape().toArray();
        return Shape.of(Arrays.copyOf(extents, extents.length - 2));
    }

    // ---- rows ----

    private static int extent(Stored x, int dim) {
        return Math.toIntExact(x.shape().extent(dim));
    }

    /** Puts a matrix into the rows from column {@code at} on; {@code backwards} turns it round. */
    private static void read(
            DType dtype,
            Reordered from,
            long matrix,
            double[][] rows,
            int at,
            int columns,
            boolean backwards) {
        int n = rows.length;
        for (int i = 0; i < n; i++) {
            double[] row = rows[backwards ? n - 1 - i : i];
            long start = (matrix * n + i) * columns;
            for (int j = 0; j < columns; j++) {
                int column = backwards && at == 0 ? columns - 1 - j : j;
                row[at + column] = get(dtype, from, start + j);
            }
        }
    }

    private static void write(
            double[][] rows, int at, int columns, boolean backwards, Stored to, long matrix) {
        int n = rows.length;
        for (int i = 0; i < n; i++) {
            double[] row = rows[backwards ? n - 1 - i : i];
            for (int j = 0; j < columns; j++) {
                set(to, (matrix * n + i) * columns + j, row[at + j]);
            }
        }
    }

    private static double get(DType dtype, Reordered from, long number) {
        return dtype == DType.F64
                ? NativeMemory.getDouble(from.address() + number * Double.BYTES)
                : NativeMemory.getFloat(from.address() + number * Float.BYTES);
    }

    private static void set(Stored to, long number, double value) {
        if (to.dtype() == DType.F64) {
            NativeMemory.setDouble(to.address() + number * Double.BYTES, value);
        } else {
            NativeMemory.setFloat(to.address() + number * Float.BYTES, (float) value);
        }
    }

    private static boolean holdsNaN(double[][] rows, int columns) {
        for (double[] row : rows) {
            for (int j = 0; j < columns; j++) {
                if (Double.isNaN(row[j])) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void fillWithNaN(double[][] rows, int from) {
        for (double[] row : rows) {
            Arrays.fill(row, from, row.length, Double.NaN);
        }
    }
}
