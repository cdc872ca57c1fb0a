package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.LinearAlgebra;
import dev.ugoki.tensor.LinearAlgebra.MatrixNorm;
import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/** Expected values are NumPy's ({@code numpy.linalg}, F64), or worked out by hand. */
@ExtendWith(OnReference.class)
final class LinearAlgebraTest {
    private static final double INF = Double.POSITIVE_INFINITY;

    private static Tensor positiveDefinite() {
        return Tensor.of(new double[] {4, 1, -2, 1, 3, 0.5, -2, 0.5, 5}, 3, 3);
    }

    /** With a zero in the first place, so that rows must be exchanged. */
    private static Tensor general() {
        return Tensor.of(new double[] {0, 2, 1, 1, -1, 3, 2, 4, -2}, 3, 3);
    }

    private static Tensor random(long seed, long... shape) {
        int count = Math.toIntExact(Shape.of(shape).elementCount());
        return Tensor.of(new SplittableRandom(seed).doubles(count, -2, 2).toArray(), shape);
    }

    private static void near(double[] expected, Tensor actual) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-14);
    }

    /** First and second gradients. */
    private static void checkGradients(UnaryOperator<Tensor> function, Tensor x) {
        GradientCheck.check(in -> new Tensor[] {function.apply(in[0])}, x);
        GradientCheck.checkSecond(in -> new Tensor[] {function.apply(in[0])}, x);
    }

    private static double[] gradient(UnaryOperator<Tensor> function, Tensor x) {
        Tensor variable = Autograd.variable(x);
        return Autograd.gradients(function.apply(variable).sum(), List.of(variable))
                .get(0)
                .toDoubleArray();
    }

    private static String error(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }

    // ---- factorizations and equations ----

    @Test
    void choleskyGivesTheLowerFactor() {
        near(
                new double[] {
                    2, 0, 0, 0.5, 1.6583123951777, 0, -1, 0.6030226891555273, 1.9069251784911847
                },
                LinearAlgebra.cholesky(positiveDefinite()));
    }

    @Test
    void theGradientOfCholeskyIsSymmetric() {
        Tensor weights = random(1, 3, 3);
        double[] g = gradient(a -> LinearAlgebra.cholesky(a).mul(weights), positiveDefinite());

        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < i; j++) {
                assertEquals(g[3 * i + j], g[3 * j + i], 1e-15);
            }
        }
        checkGradients(LinearAlgebra::cholesky, positiveDefinite());
    }

    @Test
    void solveFindsMatricesVectorsAndBatches() {
        Tensor b = Tensor.of(new double[] {1, 2, 3, -1, 0, 4}, 3, 2);
        double[] expected = {7 / 11.0, 0, 1 / 11.0, 1, 9 / 11.0, 0};
        near(expected, LinearAlgebra.solve(general(), b));
        near(
                new double[] {7 / 11.0, 1 / 11.0, 9 / 11.0},
                LinearAlgebra.solve(general(), Tensor.of(new double[] {1, 3, 0}, 3)));
        Tensor many = LinearAlgebra.solve(general().expand(2, 3, 3), b.expand(4, 1, 3, 2));
        assertEquals(Shape.of(4, 2, 3, 2), many.shape());
        near(expected, many.slice(0, 3, 4).slice(1, 1, 2));
    }

    @Test
    void solveInF32IsRoundedOnce() {
        Tensor a = random(3, 20, 20);
        Tensor b = random(4, 20, 2);
        double[] wide = LinearAlgebra.solve(a.cast(DType.F32).cast(DType.F64), b).toDoubleArray();
        float[] narrow = LinearAlgebra.solve(a.cast(DType.F32), b.cast(DType.F32)).toFloatArray();
        for (int i = 0; i < wide.length; i++) {
            assertEquals(wide[i], narrow[i], 1e-4 * (1 + Math.abs(wide[i])));
        }
    }

    @Test
    void aTriangleIsSolvedWithoutLookingAtTheOther() {
        Tensor lower = Tensor.of(new double[] {2, Double.NaN, 6, 4}, 2, 2);
        Tensor b = Tensor.of(new double[] {4, 20}, 2);
        near(new double[] {2, 2}, LinearAlgebra.triangularSolve(lower, b, false, false));
        near(new double[] {4, -4}, LinearAlgebra.triangularSolve(lower, b, false, true));
        Tensor upper = lower.transpose(0, 1);
        near(new double[] {-13, 5}, LinearAlgebra.triangularSolve(upper, b, true, false));
    }

    @Test
    void inverseAndPowersMatchNumPy() {
        Tensor inverse = LinearAlgebra.inverse(general());
        near(
                new double[] {
                    -5 / 11.0, 4 / 11.0, 7 / 22.0, 4 / 11.0, -1 / 11.0, 1 / 22.0, 3 / 11.0,
                    2 / 11.0, -1 / 11.0
                },
                inverse);
        near(
                new double[] {10, 22, 2, -1, -37, 66, 28, 80, -60},
                LinearAlgebra.matrixPower(general(), 3));
        near(
                LinearAlgebra.eye(DType.F64, 3).toDoubleArray(),
                LinearAlgebra.matrixPower(general(), 2)
                        .matmul(LinearAlgebra.matrixPower(general(), -2)));
        near(
                LinearAlgebra.eye(DType.F64, 3).expand(2, 3, 3).toDoubleArray(),
                LinearAlgebra.matrixPower(general().expand(2, 3, 3), 0));
        checkGradients(LinearAlgebra::inverse, general());
        checkGradients(a -> LinearAlgebra.matrixPower(a, 3), general());
    }

    @Test
    void determinantsOfEverySizeAgreeWithElimination() {
        assertEquals(22, LinearAlgebra.determinant(general()).item(), 1e-14);
        for (int n = 1; n <= 5; n++) {
            Tensor a = random(n, 2, n, n);
            double[] values = LinearAlgebra.determinant(a).toDoubleArray();
            double[] signs = LinearAlgebra.determinantSign(a).toDoubleArray();
            double[] logs = LinearAlgebra.logAbsDeterminant(a).toDoubleArray();
            for (int i = 0; i < 2; i++) {
                assertEquals(signs[i] * Math.exp(logs[i]), values[i], 1e-12);
            }
            checkGradients(LinearAlgebra::determinant, a);
        }
        assertEquals(1, LinearAlgebra.determinant(Tensor.zeros(DType.F64, 0, 0)).item());
    }

    @Test
    void smallDeterminantsHaveGradientsWhereTheyAreZero() {
        Tensor singular = Tensor.of(new double[] {1, 2, 2, 4}, 2, 2);
        assertArrayEquals(
                new double[] {4, -2, -2, 1}, gradient(LinearAlgebra::determinant, singular));
        Tensor zero = Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3);
        checkGradients(LinearAlgebra::determinant, zero);
    }

    @Test
    void theLogarithmOfADeterminantDoesNotOverflow() {
        Tensor large = LinearAlgebra.eye(DType.F32, 20).mul(1e10f);
        assertEquals(200 * Math.log(10), LinearAlgebra.logAbsDeterminant(large).item(), 1e-4);
    }

    @Test
    void whatHasNoSolutionThrowsWithItsPlace() {
        Tensor singular = Tensor.of(new double[] {1, 2, 2, 4}, 2, 2);
        assertEquals(
                "inverse: in solve: the matrix is singular: pivot 1 is 0",
                assertThrows(LinearAlgebraException.class, () -> LinearAlgebra.inverse(singular))
                        .getMessage());
        assertTrue(
                assertThrows(
                                LinearAlgebraException.class,
                                () -> LinearAlgebra.cholesky(singular.neg().expand(3, 2, 2)))
                        .getMessage()
                        .startsWith(
                                "cholesky: matrix [0] of the batch [3] is not positive definite:"
                                        + " pivot 0 is -1.0"));
        assertEquals(0, LinearAlgebra.determinant(singular.expand(3, 2, 2)).sum().item());
    }

    @Test
    void aNaNIsNoErrorEvenWhereThereIsAZeroColumn() {
        Tensor a = Tensor.of(new double[] {0, Double.NaN, 0, 1}, 2, 2);
        for (Tensor result :
                List.of(
                        LinearAlgebra.inverse(a),
                        LinearAlgebra.triangularSolve(a, a, true, false),
                        LinearAlgebra.logAbsDeterminant(a))) {
            for (double value : result.toDoubleArray()) {
                assertTrue(Double.isNaN(value));
            }
        }
        double[] factor = LinearAlgebra.cholesky(a.neg()).toDoubleArray();
        assertTrue(Double.isNaN(factor[0]) && factor[1] == 0 && Double.isNaN(factor[3]));
    }

    @Test
    void wrongOperandsAreNamed() {
        Tensor a = Tensor.zeros(DType.F32, 2, 3);
        assertEquals(
                "inverse: needs square matrices [.., n, n], and is F32[2,3]",
                error(() -> LinearAlgebra.inverse(a)));
        assertTrue(error(() -> LinearAlgebra.cholesky(a)).contains("square"));
        assertTrue(error(() -> LinearAlgebra.solve(a, a)).contains("square matrices"));
        Tensor square = Tensor.zeros(DType.F32, 2, 2);
        assertEquals(
                "solve: the right-hand side has 3 rows, not 2; operands F32[2,2], F32[3,1]",
                error(() -> LinearAlgebra.solve(square, Tensor.zeros(DType.F32, 3))));
        assertTrue(
                error(() -> LinearAlgebra.solve(square, square.cast(DType.F64)))
                        .contains("dtypes differ"));
        assertTrue(
                error(() -> LinearAlgebra.inverse(square.cast(DType.F16)))
                        .contains("defined for F32 and F64"));
        assertTrue(error(() -> LinearAlgebra.norm(square.cast(DType.I64), false)).contains("I64"));
        assertTrue(error(() -> LinearAlgebra.cross(a, square, -1)).contains("extent 3"));
        assertTrue(error(() -> LinearAlgebra.trace(Tensor.zeros(DType.F32, 2))).contains("rows"));
    }

    // ---- norms ----

    @Test
    void normsMatchNumPy() {
        Tensor x = Tensor.of(new double[] {3, -4, 0, 1, 2, -2}, 2, 3);
        double[][] expected = {
            {0, 2, 3},
            {1, 7, 5},
            {2, 5, 3},
            {3, 4.497941445275415, 2.571281590658235},
            {0.5, 13.928203230275509, 14.656854249492378},
            {-1, 0, 0.5},
            {INF, 4, 2},
            {-INF, 0, 1},
        };
        for (double[] each : expected) {
            Tensor norm = LinearAlgebra.norm(x, each[0], true, -1);
            assertEquals(Shape.of(2, 1), norm.shape());
            assertArrayEquals(new double[] {each[1], each[2]}, norm.toDoubleArray(), 1e-13);
        }
        assertEquals(Math.sqrt(34), LinearAlgebra.norm(x, false).item(), 1e-15);
        near(new double[] {Math.sqrt(34)}, LinearAlgebra.matrixNorm(x, MatrixNorm.FROBENIUS));
        near(new double[] {6}, LinearAlgebra.matrixNorm(x, MatrixNorm.ONE));
        near(new double[] {7}, LinearAlgebra.matrixNorm(x, MatrixNorm.INFINITY));
    }

    @Test
    void normsHaveGradients() {
        Tensor x = Tensor.of(new double[] {0.5, -1.5, 0.25, 2, -0.75, 1.25}, 2, 3);
        for (double p : new double[] {2, 3, 1.5, 0.5, -1}) {
            checkGradients(in -> LinearAlgebra.norm(in, p, false, 0), x);
        }
        for (double p : new double[] {1, INF, -INF}) {
            GradientCheck.check(in -> new Tensor[] {LinearAlgebra.norm(in[0], p, false, 1)}, x);
        }
        checkGradients(in -> LinearAlgebra.normalize(in, 2, -1, 1e-12), x);
        checkGradients(in -> LinearAlgebra.norm(in.mul(0x1p500), false, 1).mul(0x1p-500), x);
    }

    @Test
    void gradientsAtZeroVectorsAreZero() {
        for (double p : new double[] {0.5, 1, 1.5, 2, 3, INF, -INF, -1}) {
            assertArrayEquals(
                    new double[3],
                    gradient(x -> LinearAlgebra.norm(x, p, false), Tensor.zeros(DType.F64, 3)),
                    "p = " + p);
        }
        for (double each :
                gradient(
                        x -> LinearAlgebra.normalize(x, 2, 0, 1e-12), Tensor.zeros(DType.F32, 3))) {
            assertTrue(Double.isFinite(each));
        }
        Tensor points = Tensor.of(new double[] {1, 2, 1, 2}, 2, 2);
        assertArrayEquals(new double[4], gradient(x -> LinearAlgebra.cdist(x, x), points));
    }

    @Test
    void normsNeitherOverflowNorVanish() {
        for (float scale : new float[] {1e30f, 1e-30f}) {
            Tensor x = Tensor.of(new float[] {3 * scale, 4 * scale}, 2);
            for (double p : new double[] {2, 3}) {
                double expected = scale * Math.pow(Math.pow(3, p) + Math.pow(4, p), 1 / p);
                assertEquals(expected, LinearAlgebra.norm(x, p, false).item(), expected * 3e-7);
            }
            double[] g = gradient(in -> LinearAlgebra.norm(in, false), x);
            assertArrayEquals(new double[] {0.6, 0.8}, g, 1e-6);
        }
        assertEquals(
                500, LinearAlgebra.norm(Tensor.full(DType.F16, Shape.of(4), 250), false).item());
        Tensor wild = Tensor.of(new double[] {1, -INF, 2, Double.NaN}, 2, 2);
        assertArrayEquals(
                new double[] {INF, Double.NaN}, LinearAlgebra.norm(wild, false, 1).toDoubleArray());
        assertArrayEquals(
                new double[2],
                LinearAlgebra.norm(Tensor.zeros(DType.F64, 2, 0), false, 1).toDoubleArray());
    }

    @Test
    void normalizeDividesByTheNormOrEpsilon() {
        Tensor x = Tensor.of(new double[] {3, 4, 0, 0, 1e-3, 0}, 3, 2);
        near(new double[] {0.6, 0.8, 0, 0, 0.1, 0}, LinearAlgebra.normalize(x, 2, 1, 1e-2));
    }

    @Test
    void distancesMatchSciPy() {
        Tensor a = Tensor.of(new double[] {0, 0, 3, 4}, 2, 2);
        Tensor b = Tensor.of(new double[] {0, 0, 1, 1, 3, 0}, 3, 2);
        near(new double[] {0, Math.sqrt(2), 3, 5, Math.sqrt(13), 4}, LinearAlgebra.cdist(a, b));
        near(new double[] {0, Math.sqrt(13)}, LinearAlgebra.pairwiseDistance(a, b.slice(0, 0, 2)));
        GradientCheck.check(
                in -> new Tensor[] {LinearAlgebra.cdist(in[0], in[1])},
                random(7, 2, 3, 2),
                random(8, 4, 2));
    }

    // ---- products and diagonals ----

    @Test
    void productsOfVectors() {
        Tensor a = Tensor.of(new double[] {1, 2, 3}, 3);
        Tensor b = Tensor.of(new double[] {-2, 5, 4}, 3);
        near(new double[] {20}, LinearAlgebra.dot(a, b));
        near(new double[] {-7, -10, 9}, LinearAlgebra.cross(a, b, 0));
        near(new double[] {-7, -10, 9}, LinearAlgebra.cross(a, b, -1));
        near(new double[] {-2, 5, 4, -4, 10, 8, -6, 15, 12}, LinearAlgebra.outer(a, b));
        assertEquals(Shape.of(2, 3, 3), LinearAlgebra.outer(a.expand(2, 3), b).shape());
        Tensor columns = Tensor.stack(1, a, b);
        near(
                new double[] {7, 0, 10, 0, -9, 0},
                LinearAlgebra.cross(columns, b.unsqueeze(1), 0).neg());
        GradientCheck.check(
                in -> new Tensor[] {LinearAlgebra.cross(in[0], in[1], -1)},
                random(1, 2, 3),
                random(2, 3));
    }

    @Test
    void kronMatchesNumPy() {
        Tensor a = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
        Tensor b = Tensor.of(new double[] {0, 5, 6, 7}, 2, 2);
        near(
                new double[] {0, 5, 0, 10, 6, 7, 12, 14, 0, 15, 0, 20, 18, 21, 24, 28},
                LinearAlgebra.kron(a, b));
    }

    @Test
    void diagonalsAreTakenAndMade() {
        Tensor a = Tensor.arange(DType.F64, 12).reshape(3, 4);
        near(new double[] {0, 5, 10}, LinearAlgebra.diagonal(a));
        near(new double[] {1, 6, 11}, LinearAlgebra.diagonal(a, 1));
        near(new double[] {3}, LinearAlgebra.diagonal(a, 3));
        near(new double[] {4, 9}, LinearAlgebra.diagonal(a, -1));
        for (long beyond : new long[] {4, -3, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertEquals(Shape.of(0), LinearAlgebra.diagonal(a, beyond).shape());
        }
        near(new double[] {15}, LinearAlgebra.trace(a));
        Tensor x = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
        near(new double[] {1, 0, 0, 2, 3, 0, 0, 4}, LinearAlgebra.diagonalMatrix(x));
        for (long offset = -2; offset <= 2; offset++) {
            Tensor made = LinearAlgebra.diagonalMatrix(x, offset);
            assertEquals(Shape.of(2, 2 + Math.abs(offset), 2 + Math.abs(offset)), made.shape());
            near(new double[] {1, 2, 3, 4}, LinearAlgebra.diagonal(made, offset));
            assertEquals(10, made.sum().item());
        }
        near(new double[] {0, 1, 0, 0}, LinearAlgebra.diagonalMatrix(Tensor.ones(DType.F64, 1), 1));
        assertEquals(
                Shape.of(3, 0, 0),
                LinearAlgebra.diagonalMatrix(Tensor.zeros(DType.F32, 3, 0)).shape());
        checkGradients(in -> LinearAlgebra.diagonal(in, 1).square(), random(3, 2, 3, 3));
        checkGradients(in -> LinearAlgebra.diagonalMatrix(in, -1).square(), random(3, 2, 3));
        near(new double[] {1, 0, 0, 0, 1, 0}, LinearAlgebra.eye(DType.F64, 2, 3));
        assertEquals(DType.BOOL, LinearAlgebra.eye(DType.BOOL, 2).dtype());
    }
}
