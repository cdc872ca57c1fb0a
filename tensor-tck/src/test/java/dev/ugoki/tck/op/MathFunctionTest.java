package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.SpecialFunctions;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.List;

/** Functions against numbers of mpmath (40 digits) and NumPy 1.24, and their edges. */
@ExtendWith(OnReference.class)
class MathFunctionTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    private static void near(double relative, Tensor actual, double... expected) {
        double[] values = actual.toDoubleArray();
        assertEquals(expected.length, values.length);
        for (int i = 0; i < expected.length; i++) {
            boolean near = Math.abs(values[i] - expected[i]) <= relative * Math.abs(expected[i]);
            if (!near) {
                assertEquals(expected[i], values[i], "element " + i);
            }
        }
    }

    private static double[] gradient(Tensor result, Tensor... of) {
        return Autograd.gradients(result.sum(), List.of(of)).stream()
                .flatMapToDouble(each -> Arrays.stream(each.toDoubleArray()))
                .toArray();
    }

    @Test
    void theComplementOfErfKeepsItsPrecisionFarOut() {
        near(
                3e-15,
                of(-1, 0.25, 0.5, 1, 3, 8, 20, 26).erfc(),
                1.8427007929497148693,
                0.72367360983176306701,
                0.47950012218695346232,
                0.15729920705028513066,
                0.000022090496998585441373,
                1.122429717298292708e-29,
                5.3958656116079009289e-176,
                5.6631924088561428465e-296);
        near(0, of(INFINITY, -INFINITY).erfc(), 0, 2);
        near(6e-8, Tensor.of(new float[] {3, 8}, 2).erfc(), 2.2090496998e-5, 1.1224297173e-29);
    }

    @Test
    void logarithmsOfTheGammaFunctionAreRightOnBothSidesOfZero() {
        Tensor x = of(1e-10, 0.5, 1.5, 3.25, 7.9, 12, 1e5, -0.5, -3.7);
        near(
                3e-14,
                SpecialFunctions.logGamma(x),
                23.025850929882735274,
                0.57236494292470008707,
                -0.12078223763524522235,
                0.93580193110872535826,
                8.3242658680088089235,
                17.502307845873885839,
                1051287.7089736568949,
                1.2655121234846453965,
                -1.3797399049658246462);
        near(0, SpecialFunctions.logGamma(of(0, -2, INFINITY)), INFINITY, INFINITY, INFINITY);
    }

    @Test
    void digammaIsTheDerivativeOfTheLogarithmOfGamma() {
        Tensor x = of(1e-4, 0.5, 1, 3.25, 7.9, 12, 1e5, -0.5, -3.7);
        double[] expected = {
            -10000.577051183514335,
            -1.9635100260214234794,
            -0.57721566490153286061,
            1.0169909110681790364,
            2.0022384875635709878,
            2.4426616799758120167,
            11.512920464961895087,
            0.036489973978576520559,
            -0.84507685887041671807
        };
        near(1e-13, SpecialFunctions.digamma(x), expected);
        Tensor variable = Autograd.variable(x);
        assertArrayEquals(expected, gradient(SpecialFunctions.logGamma(variable), variable), 1e-11);
        assertTrue(Double.isNaN(SpecialFunctions.digamma(of(-2)).item()));
        near(0, SpecialFunctions.digamma(of(0)), -INFINITY);
    }

    @Test
    void betaIsMadeOfGammas() {
        // B(2, 3) = 1/12.
        near(1e-13, SpecialFunctions.logBeta(of(2), of(3)), -Math.log(12));
    }

    @Test
    void inverseHyperbolicFunctionsNeitherCancelNorOverflow() {
        near(
                4e-16,
                of(-3, 1e-9, 0.5, 1e200).asinh(),
                -1.8184464592320668235,
                9.9999999999999999983e-10,
                0.4812118250596034475,
                461.21016577936908211);
        near(4e-16, of(1.5, 1e200, 1).acosh(), 0.962423650119206895, 461.21016577936908211, 0);
        near(
                4e-16,
                of(1e-9, 0.5, -0.999, 1).atanh(),
                1.0000000000000000003e-9,
                0.5493061443340548457,
                -3.8002011672502000318,
                INFINITY);
        assertTrue(Double.isNaN(of(0.5).acosh().item()) && Double.isNaN(of(-1e200).acosh().item()));
    }

    @Test
    void logarithmsToBasesAreExactForTheirPowers() {
        near(0, of(1, 8, 0.125, Double.MIN_VALUE, 0x1p1023).log2(), 0, 3, -3, -1074, 1023);
        near(0, of(1, 1000, 1e22, 1e-3).log10(), 0, 3, 22, -3);
        near(0, Tensor.of(new float[] {8, 0x1p-149f}, 2).log2(), 3, -149);
        near(0, of(0, INFINITY).log2(), -INFINITY, INFINITY);
        near(0, of(3, -2, -1074).exp2(), 8, 0.25, Double.MIN_VALUE);
    }

    @Test
    void sincGoesThroughOne() {
        near(
                1e-15,
                SpecialFunctions.sinc(of(0.1, 0.5, -1.25, 3.5, 0)),
                0.98363164308346596735,
                0.63661977236758134308,
                -0.18006326323142121391,
                -0.090945681766797334725,
                1);
    }

    @Test
    void hypotNeitherOverflowsNorHasAnInfiniteGradientAtTheOrigin() {
        near(
                1e-15,
                of(3, 1e200, 3e-200).hypot(of(4, 1e200, 4e-200)),
                5,
                1.4142135623730951e200,
                5e-200);
        near(0, of(INFINITY, -INFINITY).hypot(of(Double.NaN, 1)), INFINITY, INFINITY);
        Tensor a = Autograd.variable(of(0, 3, INFINITY));
        Tensor b = Autograd.variable(of(0, 4, 1));
        assertArrayEquals(new double[] {0, 0.6, 0, 0, 0.8, 0}, gradient(a.hypot(b), a, b), 1e-15);
    }

    @Test
    void addedLogarithmsStandInfinities() {
        Tensor a = Autograd.variable(of(-INFINITY, -INFINITY, 1000, INFINITY, 0));
        Tensor b = Autograd.variable(of(-INFINITY, 2, 1000, 1, 0));
        Tensor sum = a.logAddExp(b);
        near(0, sum, -INFINITY, 2, 1000 + Math.log(2), INFINITY, Math.log(2));
        double[] expected = {1, 0, 0.5, 1, 0.5, 0, 1, 0.5, 0, 0.5};
        assertArrayEquals(expected, gradient(sum, a, b), 1e-15);
    }

    @Test
    void nothingTimesALogarithmIsNothing() {
        Tensor x = Autograd.variable(of(0, 0, 0, 2, 0));
        Tensor y = Autograd.variable(of(0, -1, INFINITY, 3, 5));
        Tensor product = SpecialFunctions.xlogy(x, y);
        near(1e-15, product, 0, 0, 0, 2 * Math.log(3), 0);
        double[] expected = {0, 0, 0, Math.log(3), Math.log(5), 0, 0, 0, 2.0 / 3, 0};
        assertArrayEquals(expected, gradient(product, x, y), 1e-15);
        assertTrue(Double.isNaN(SpecialFunctions.xlogy(of(0), of(Double.NaN)).item()));
    }

    @Test
    void divisionRoundsDownAndItsRestTakesTheDivisorsSign() {
        Tensor a = Tensor.of(new long[] {7, -7, 7, -7, 5}, 5);
        Tensor b = Tensor.of(new long[] {2, 2, -2, -2, 0}, 5);
        assertArrayEquals(new long[] {3, -4, -4, 3, 0}, a.floorDiv(b).toLongArray());
        assertArrayEquals(new long[] {1, 1, -1, -1, 0}, a.floorMod(b).toLongArray());
        Tensor x = of(7.5, -7.5, 1, -1, 1);
        Tensor y = of(2, 2, 0.1, INFINITY, 0);
        near(0, x.floorDiv(y), 3, -4, 9, -1, INFINITY);
        near(0, of(7.5, -7.5, 7.5, -7.5).floorMod(of(2, 2, -2, -2)), 1.5, 0.5, -0.5, -1.5);
        GradientCheck.check(in -> new Tensor[] {in[0].floorMod(in[1])}, of(7.5, -7.5), of(2, -3));
    }

    @Test
    void interpolationMeetsBothEnds() {
        Tensor a = of(0.1, 1e16, -3);
        Tensor b = of(0.3, 1, 5);
        near(0, a.lerp(b, 0), 0.1, 1e16, -3);
        near(0, a.lerp(b, 1), 0.3, 1, 5);
        near(1e-15, a.lerp(b, of(0.5, 0.5, 0.75)), 0.2, 5e15, 3);
        GradientCheck.check(
                in -> new Tensor[] {in[0].lerp(in[1], in[2])}, of(1, 2), of(3, -1), of(0.3, 0.8));
    }

    @Test
    void boundsForEachElementTakeTheGradientBeyondThem() {
        Tensor x = Autograd.variable(of(-2, 0.5, 3, Double.NaN));
        Tensor least = Autograd.variable(of(-1, 0.5, 0, 0));
        Tensor most = Autograd.variable(of(1, 1, 2, 1));
        Tensor clamped = x.clamp(least, most);
        near(0, clamped, -1, 0.5, 2, Double.NaN);
        double[] expected = {0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0};
        assertArrayEquals(expected, gradient(clamped, x, least, most));
    }

    @Test
    void numbersThatAreNoneAreFoundAndReplaced() {
        Tensor x = of(1, Double.NaN, INFINITY, -INFINITY);
        near(0, x.isNan().cast(DType.F64), 0, 1, 0, 0);
        near(0, x.isInfinite().cast(DType.F64), 0, 0, 1, 1);
        near(0, x.isFinite().cast(DType.F64), 1, 0, 0, 0);
        near(0, x.nanToNum(0, 9, -8), 1, 0, 9, -8);
        Tensor whole = Tensor.of(new int[] {1, 2}, 2);
        assertTrue(whole.isFinite().all(false).item() == 1);
        assertTrue(whole.isInfinite().any(false).item() == 0);
    }

    @Test
    void closenessCountsRelativeToTheOther() {
        Tensor x = of(100, INFINITY, Double.NaN, 0);
        Tensor y = of(101, INFINITY, Double.NaN, 1e-9);
        near(0, x.isClose(y, 0.01, 1e-8).cast(DType.F64), 1, 1, 0, 1);
        assertFalse(x.allClose(y, 0.01, 1e-8));
        assertFalse(of(1).allClose(of(INFINITY), 0.1, 0.1));
        assertTrue(of(1, 2).allClose(of(1, 2 + 1e-9), 1e-6, 0));
    }

    @Test
    void signsStepsAndAngles() {
        Tensor x = of(-2, -0.0, 0, 3, Double.NaN);
        near(0, SpecialFunctions.signBit(x).cast(DType.F64), 1, 1, 0, 0, 0);
        near(0, SpecialFunctions.copySign(of(3, -4, 0), of(-0.0, 1, -1)), -3, 4, -0.0);
        near(0, SpecialFunctions.heaviside(x, of(0.5)), 0, 0.5, 0.5, 1, Double.NaN);
        near(1e-15, SpecialFunctions.radians(of(180)), Math.PI);
        near(1e-15, SpecialFunctions.degrees(of(Math.PI)), 180);
        near(0, of(-2.75, 2.5).frac(), -0.75, 0.5);
        near(1e-15, SpecialFunctions.logit(of(0.25)), -Math.log(3));
        near(0, SpecialFunctions.entropyTerm(of(0, 1)), 0, 0);
    }

    @Test
    void numbersAtEvenDistancesEndWhereTheyAreTold() {
        near(0, Tensor.linspace(DType.F64, -1, 2, 7), -1, -0.5, 0, 0.5, 1, 1.5, 2);
        double[] tenths = Tensor.linspace(DType.F64, 0, 0.3, 4).toDoubleArray();
        assertEquals(0.3, tenths[3]);
        near(0, Tensor.linspace(DType.F32, 5, 9, 1), 5);
        near(0, Tensor.arange(DType.I64, 1, 8, 3), 1, 4, 7);
        near(0, Tensor.arange(DType.F64, 1, -0.5, -0.5), 1, 0.5, 0);
        assertEquals(0, Tensor.arange(DType.F64, 1, 0, 1).extent(0));
    }

    @Test
    void likenessesAndMasks() {
        Tensor x = of(1, 2, 3).reshape(3, 1);
        assertEquals(x.type(), x.fullLike(7).type());
        near(0, x.fullLike(7), 7, 7, 7);
        near(0, x.zerosLike().add(x.onesLike()), 1, 1, 1);
        near(0, Tensor.tri(2, 3, 1).cast(DType.F64), 1, 1, 0, 1, 1, 1);
    }
}
