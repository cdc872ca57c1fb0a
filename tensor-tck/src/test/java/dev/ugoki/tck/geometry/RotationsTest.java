package dev.ugoki.tck.geometry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.LinearAlgebra;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.geometry.Poses;
import dev.ugoki.tensor.geometry.Quaternions;
import dev.ugoki.tensor.geometry.RotationMatrices;
import dev.ugoki.tensor.geometry.RotationVectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Rotations against SciPy's {@code spatial.transform.Rotation}, closed forms and each other. */
@ExtendWith(OnReference.class)
final class RotationsTest {
    private static final int MANY = 500;
    private static final double[] R = {0.3, -0.5, 0.7};
    private static final double[] S = {-1.2, 0.4, 2.0};
    private static final double[] QUATERNION_OF_R = {
        0.14486605517938708, -0.2414434252989785, 0.3380207954185699, 0.8980316477169703
    };
    private static final double[] MATRIX_OF_R = {
        0.6548940284889878,
        -0.6770606568888025,
        -0.3357121957015681,
        0.5371528306005544,
        0.7295115358427202,
        -0.4234144017982946,
        0.5315831525051155,
        0.0969628071257155,
        0.8414377968733187
    };

    private static Tensor vector(double... values) {
        return Tensor.of(values, values.length);
    }

    private static Tensor quaternion(double... rotationVector) {
        return Quaternions.fromRotationVector(vector(rotationVector));
    }

    private static Tensor normal(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] values = new double[Math.toIntExact(Shape.of(shape).elementCount())];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian();
        }
        return Tensor.of(values, shape);
    }

    /** Uniform over all rotations. */
    private static Tensor randomQuaternions(DType dtype) {
        Tensor q = Quaternions.canonical(Quaternions.normalize(normal(5, MANY, 4)));
        return dtype == DType.F64 ? q : Quaternions.normalize(q.cast(dtype));
    }

    private static void near(double[] expected, Tensor actual) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-14);
    }

    private static double largestDifference(Tensor a, Tensor b) {
        return a.sub(b).abs().max(false).item();
    }

    private static void checkGradients(UnaryOperator<Tensor> function, Tensor x) {
        GradientCheck.check(in -> new Tensor[] {function.apply(in[0])}, x);
        GradientCheck.checkSecond(in -> new Tensor[] {function.apply(in[0])}, x);
    }

    private static void checkGradients(BinaryOperator<Tensor> function, Tensor x, Tensor y) {
        GradientCheck.check(in -> new Tensor[] {function.apply(in[0], in[1])}, x, y);
        GradientCheck.checkSecond(in -> new Tensor[] {function.apply(in[0], in[1])}, x, y);
    }

    /** First and second derivatives are finite numbers, in F64 and F32. */
    private static void staysFinite(UnaryOperator<Tensor> function, double... at) {
        for (DType dtype : List.of(DType.F64, DType.F32)) {
            Tensor x = Autograd.variable(vector(at).cast(dtype));
            Tensor y = function.apply(x);
            Tensor weights = normal(9, y.shape().elementCount()).cast(dtype);
            Tensor sum = y.reshape(-1).mul(weights).sum();
            Tensor first = Autograd.gradientsToDifferentiate(sum, List.of(x)).get(0);
            Tensor second = Autograd.gradients(first.square().sum(), List.of(x)).get(0);
            for (Tensor each : List.of(y, first, second)) {
                for (double value : each.toDoubleArray()) {
                    assertTrue(Double.isFinite(value), () -> each.toString());
                }
            }
        }
    }

    // ---- values ----

    @Test
    void conversionsMatchSciPy() {
        near(QUATERNION_OF_R, quaternion(R));
        near(MATRIX_OF_R, RotationMatrices.fromRotationVector(vector(R)));
        near(MATRIX_OF_R, RotationMatrices.fromQuaternion(vector(QUATERNION_OF_R)));
        near(QUATERNION_OF_R, Quaternions.fromMatrix(Tensor.of(MATRIX_OF_R, 3, 3)));
        near(R, RotationVectors.fromMatrix(Tensor.of(MATRIX_OF_R, 3, 3)));
        near(R, RotationVectors.fromQuaternion(vector(QUATERNION_OF_R).mul(-3)));
        near(
                new double[] {-1.7193054104937453, -0.6292353327736088, 2.089554805259385},
                RotationVectors.compose(vector(R), vector(S)));
        near(
                new double[] {
                    -0.6086747392445349,
                    -0.22276417544072968,
                    0.7397517732833587,
                    0.18071662311457581
                },
                Quaternions.compose(quaternion(R), quaternion(S)));
        near(
                new double[] {-1.7063638723933212, 0.7259326968911111, 3.2498221573765025},
                RotationVectors.rotate(vector(R), vector(1, 2, 3)));
        assertEquals(
                2.0987701311408107,
                Quaternions.angleBetween(quaternion(R), quaternion(S)).item(),
                1e-14);
        near(
                new double[] {
                    -0.02208992670641395,
                    -0.15040652902476515,
                    0.5101260582913995,
                    0.8465585129315679
                },
                Quaternions.slerp(quaternion(R), quaternion(S), 0.25));
    }

    @Test
    void aQuarterTurnAboutZTakesXToY() {
        double half = Math.sqrt(0.5);
        Tensor q = quaternion(0, 0, Math.PI / 2);
        near(new double[] {0, 0, half, half}, q);
        near(new double[] {half, 0, 0, half}, Quaternions.toWxyz(q));
        near(q.toDoubleArray(), Quaternions.fromWxyz(Quaternions.toWxyz(q)));
        near(new double[] {0, 1, 0}, Quaternions.rotate(q, vector(1, 0, 0)));
        Tensor matrix = RotationMatrices.fromQuaternion(q);
        near(new double[] {0, -1, 0, 1, 0, 0, 0, 0, 1}, matrix);
        near(new double[] {0, -1, 0, 1, 0, 0}, RotationMatrices.to6d(matrix));
        near(new double[] {0, 1, 0}, RotationMatrices.rotate(matrix, vector(1, 0, 0)));
        assertEquals(
                Math.PI / 2,
                Quaternions.angleBetween(Quaternions.identity(DType.F64), q).item(),
                1e-15);
    }

    @Test
    void rowsOfSixNumbersAreMadeARotation() {
        // The first row normalized; the second less its part along the first, normalized.
        Tensor rows = vector(0, 0, 2, 3, 0, 7);
        near(new double[] {0, 0, 1, 1, 0, 0, 0, 1, 0}, RotationMatrices.from6d(rows));
        near(
                RotationMatrices.from6d(rows).toDoubleArray(),
                RotationMatrices.fromQuaternion(Quaternions.from6d(rows)));
    }

    @Test
    void conversionsGoRound() {
        for (DType dtype : List.of(DType.F64, DType.F32)) {
            double tolerance = dtype == DType.F64 ? 1e-12 : 1e-6;
            Tensor q = randomQuaternions(dtype);
            Tensor matrix = RotationMatrices.fromQuaternion(q);
            Tensor v = RotationVectors.fromQuaternion(q);
            Tensor six = RotationMatrices.to6d(matrix);
            assertTrue(largestDifference(q, Quaternions.fromMatrix(matrix)) < tolerance);
            assertTrue(largestDifference(q, Quaternions.fromRotationVector(v)) < tolerance);
            assertTrue(largestDifference(q, Quaternions.from6d(six)) < tolerance);
            assertTrue(largestDifference(matrix, RotationMatrices.from6d(six)) < tolerance);
            assertTrue(
                    largestDifference(matrix, RotationMatrices.fromRotationVector(v)) < tolerance);
            // Near pi the vector is to the quaternion's error as 2 to 1.
            assertTrue(largestDifference(v, RotationVectors.fromMatrix(matrix)) < 3 * tolerance);
            assertTrue(largestDifference(v, RotationVectors.from6d(six)) < 3 * tolerance);
            assertEquals(dtype, v.dtype());
        }
    }

    @Test
    void smallAnglesKeepTheirDigits() {
        for (double angle : new double[] {1e-300, 1e-150, 1e-20, 1e-8, 1e-3, 0.0999, 0.1, 0.1001}) {
            Tensor v = vector(angle * 0.6, 0, -angle * 0.8);
            double[] back =
                    RotationVectors.fromQuaternion(Quaternions.fromRotationVector(v))
                            .toDoubleArray();
            assertEquals(angle * 0.6, back[0], angle * 1e-15);
            assertEquals(-angle * 0.8, back[2], angle * 1e-15);
            assertEquals(
                    Math.sin(angle / 2) * 0.6,
                    quaternion(v.toDoubleArray()).toDoubleArray()[0],
                    angle * 2e-16);
        }
    }

    @Test
    void rotationsByPiAreFound() {
        for (double[] axis : new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0, 0.8}}) {
            Tensor v = vector(axis).mul(Math.PI);
            Tensor back = RotationVectors.fromMatrix(RotationMatrices.fromRotationVector(v));
            // Either of the two opposite vectors.
            double same = largestDifference(v, back);
            assertEquals(0, Math.min(same, largestDifference(v.neg(), back)), 1e-14);
        }
    }

    @Test
    void compositionMatchesMatricesAndInversesUndo() {
        Tensor p = randomQuaternions(DType.F64);
        Tensor q = p.flip(0);
        Tensor r = RotationMatrices.fromQuaternion(p);
        Tensor s = RotationMatrices.fromQuaternion(q);
        Tensor composed = RotationMatrices.fromQuaternion(Quaternions.compose(p, q));
        assertTrue(largestDifference(RotationMatrices.compose(r, s), composed) < 1e-14);
        Tensor points = normal(3, MANY, 3);
        assertTrue(
                largestDifference(RotationMatrices.rotate(r, points), Quaternions.rotate(p, points))
                        < 1e-14);
        Tensor undone = Quaternions.compose(Quaternions.inverse(p), p);
        assertTrue(largestDifference(Quaternions.identity(DType.F64), undone) < 1e-14);
        Tensor identity = LinearAlgebra.eye(DType.F64, 3);
        assertTrue(largestDifference(identity, r.matmul(RotationMatrices.inverse(r))) < 1e-14);
        assertTrue(
                largestDifference(
                                RotationMatrices.angleBetween(r, s), Quaternions.angleBetween(p, q))
                        < 1e-13);
    }

    @Test
    void slerpGoesAtConstantSpeedTheShorterWay() {
        Tensor p = randomQuaternions(DType.F64);
        Tensor q = p.flip(0).neg();
        Tensor angle = Quaternions.angleBetween(p, q);
        Tensor t = Tensor.arange(DType.F64, MANY).div(MANY - 1);
        Tensor between = Quaternions.slerp(p, q, t);
        assertTrue(largestDifference(angle.mul(t), Quaternions.angleBetween(p, between)) < 1e-13);
        assertTrue(largestDifference(between.square().sum(false, -1), t.sub(t).add(1)) < 1e-14);
        Tensor end = Quaternions.slerp(p, q, 1);
        assertTrue(largestDifference(Quaternions.canonical(q), Quaternions.canonical(end)) < 1e-13);
        assertEquals(0, largestDifference(p, Quaternions.slerp(p, p, 0.3)), 1e-15);
    }

    @Test
    void posesTakePointsFromFrameToFrame() {
        Tensor ab = Poses.of(RotationMatrices.fromRotationVector(vector(R)), vector(1, 2, 3));
        Tensor bc = Poses.of(RotationMatrices.fromRotationVector(vector(S)), vector(-1, 0, 5));
        Tensor point = vector(0.5, -0.25, 2);
        near(
                Poses.apply(ab, Poses.apply(bc, point)).toDoubleArray(),
                Poses.apply(Poses.compose(ab, bc), point));
        near(point.toDoubleArray(), Poses.apply(Poses.inverse(ab), Poses.apply(ab, point)));
        near(LinearAlgebra.eye(DType.F64, 4).toDoubleArray(), ab.matmul(Poses.inverse(ab)));
        near(new double[] {1, 2, 3}, Poses.translation(ab));
        near(MATRIX_OF_R, Poses.rotation(ab));
        assertEquals(
                Shape.of(2, 5, 4, 4),
                Poses.of(Poses.rotation(ab).expand(5, 3, 3), normal(1, 2, 1, 3)).shape());
    }

    @Test
    void wrongShapesAreNamed() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> RotationMatrices.fromQuaternion(Tensor.zeros(DType.F32, 2, 3)));
        assertEquals(
                "fromQuaternion: needs a floating tensor [.., 4], and is given F32[2,3]",
                e.getMessage());
    }

    // ---- gradients ----

    @Test
    void gradientsAreThoseOfCentralDifferences() {
        Tensor v = Tensor.stack(0, vector(R), vector(S));
        Tensor q = Quaternions.fromRotationVector(v);
        Tensor six = normal(11, 2, 6);
        checkGradients(Quaternions::fromRotationVector, v);
        checkGradients(RotationVectors::fromQuaternion, q);
        checkGradients(RotationMatrices::fromQuaternion, q);
        checkGradients(Quaternions::fromMatrix, RotationMatrices.fromQuaternion(q));
        checkGradients(RotationMatrices::from6d, six);
        checkGradients(Quaternions::compose, q, q.flip(0));
        checkGradients(Quaternions::rotate, q, vector(1, 2, 3));
        checkGradients(Quaternions::angleBetween, q, q.flip(0));
        checkGradients((a, b) -> Quaternions.slerp(a, b, 0.3), q, q.flip(0));
        checkGradients(t -> Quaternions.slerp(q, q.flip(0), t), vector(0.2, 0.6));
        checkGradients(Poses::of, RotationMatrices.fromQuaternion(q), v);
    }

    /** On both sides of where series take over, and at the centre. */
    @Test
    void gradientsAreRightNearTheIdentity() {
        for (double angle : new double[] {0, 1e-3, 0.06, 0.0632, 0.0633, 0.0999, 0.1001}) {
            Tensor v = vector(angle * 0.6, 0, -angle * 0.8);
            checkGradients(Quaternions::fromRotationVector, v);
            checkGradients(
                    RotationVectors::fromQuaternion, Quaternions.fromRotationVector(v).detach());
        }
    }

    @Test
    void gradientsStayFiniteAtTheSingularPoints() {
        double[] none = {0, 0, 0};
        double[][] halfTurns = {{Math.PI, 0, 0}, {0, Math.PI, 0}, {0, 0, -Math.PI}};
        double[][] all = {none, halfTurns[0], halfTurns[1], halfTurns[2], {0, 2 * Math.PI, 0}};
        for (double[] v : all) {
            double[] q = quaternion(v).toDoubleArray();
            staysFinite(Quaternions::fromRotationVector, v);
            staysFinite(RotationMatrices::fromRotationVector, v);
            staysFinite(RotationVectors::fromQuaternion, q);
            staysFinite(x -> RotationVectors.compose(x, x.neg()), v);
            staysFinite(x -> Quaternions.fromMatrix(RotationMatrices.fromQuaternion(x)), q);
            staysFinite(x -> RotationVectors.fromMatrix(RotationMatrices.fromQuaternion(x)), q);
            staysFinite(x -> Quaternions.angleBetween(x, x), q);
            staysFinite(x -> Quaternions.angleBetween(x, x.detach()), q);
            staysFinite(x -> Quaternions.slerp(x, x, 0.3), q);
            staysFinite(x -> Quaternions.slerp(x.detach(), x, 0.3), q);
            staysFinite(x -> Quaternions.slerp(x, x.neg().detach(), 0.3), q);
        }
        for (double[] axis : new double[][] {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}) {
            staysFinite(RotationVectors::fromQuaternion, axis);
            staysFinite(x -> Quaternions.slerp(x.roll(1, -1).detach(), x, 0.3), axis);
            staysFinite(x -> Quaternions.angleBetween(x.roll(1, -1).detach(), x), axis);
        }
    }

    @Test
    void sixNumbersThatAreNoRotationHaveFiniteGradients() {
        for (double[] rows :
                new double[][] {new double[6], {1, 2, 3, 2, 4, 6}, {0, 0, 0, 1, 2, 3}}) {
            Tensor x = Autograd.variable(vector(rows));
            Tensor weights = normal(9, 9);
            Tensor y = RotationMatrices.from6d(x).reshape(-1).mul(weights).sum();
            for (double value : Autograd.gradients(y, List.of(x)).get(0).toDoubleArray()) {
                assertTrue(Double.isFinite(value));
            }
        }
    }
}
