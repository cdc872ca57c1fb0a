package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The functions of {@link ScalarMath}, where they are explained, for the lanes of a vector: the
 * same operations in the same order, so the same bits. And rounding to integers.
 *
 * <p>Methods are kept short, since C2 inlines only such, and a vector that is passed to a method
 * that is not inlined lands on the heap.
 */
final class VectorMath {
    // Vectors that are made once cost C2 less than broadcasts in the loops, which would bring it
    // nearer to what it is willing to inline into one method.
    private static final FloatVector ROUNDING = all(ScalarMath.ROUNDING);
    private static final FloatVector MINUS_HALF = all(-0.5f);
    private static final FloatVector ONE = all(1);
    private static final FloatVector MINUS_HALF_PI_2 = all(-ScalarMath.HALF_PI_2);
    private static final FloatVector MINUS_HALF_PI_1 = all(-ScalarMath.HALF_PI_1);
    private static final FloatVector MINUS_HALF_PI_3 = all(-ScalarMath.HALF_PI_3);
    private static final FloatVector S2 = all(ScalarMath.S2);
    private static final FloatVector S1 = all(ScalarMath.S1);
    private static final FloatVector S0 = all(ScalarMath.S0);
    private static final FloatVector C2 = all(ScalarMath.C2);
    private static final FloatVector C1 = all(ScalarMath.C1);
    private static final FloatVector C0 = all(ScalarMath.C0);
    private static final FloatVector TWO_OVER_PI = all(ScalarMath.TWO_OVER_PI);
    private static final FloatVector ZERO = all(0);
    private static final FloatVector TRIGONOMETRIC_MAX = all(ScalarMath.TRIGONOMETRIC_MAX);
    private static final FloatVector INTEGERS = all(ScalarMath.INTEGERS);

    private VectorMath() {}

    private static FloatVector all(float value) {
        return FloatVector.broadcast(Lanes.SPECIES, value);
    }

    private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
        IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }

    /** Whether every lane is in the range of {@link #sin} and {@link #cos}, or NaN. */
    static boolean isTrigonometric(FloatVector x) {
        return !x.abs().compare(VectorOperators.GT, TRIGONOMETRIC_MAX).anyTrue();
    }

    private static FloatVector remainder(FloatVector a, FloatVector n) {
        FloatVector r = n.fma(MINUS_HALF_PI_2, n.fma(MINUS_HALF_PI_1, a));
        return n.fma(MINUS_HALF_PI_3, r);
    }

    private static FloatVector sinPolynomial(FloatVector r, FloatVector z) {
        return r.mul(z).fma(S2.fma(z, S1).fma(z, S0), r);
    }

    private static FloatVector cosPolynomial(FloatVector z) {
        FloatVector q = C2.fma(z, C1).fma(z, C0);
        return z.mul(z).fma(q, MINUS_HALF.fma(z, ONE));
    }

    private static VectorMask<Float> isOdd(IntVector quadrant) {
        // The lowest bit becomes the smallest normal number: no mask has to change its type.
        IntVector lowest = quadrant.and(1).lanewise(VectorOperators.LSHL, 23);
        return lowest.reinterpretAsFloats().compare(VectorOperators.GT, ZERO);
    }

    private static IntVector signOf(IntVector quadrant) {
        return quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
    }

    /** For lanes that {@link #isTrigonometric}. */
    static FloatVector sin(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector shifted = a.fma(TWO_OVER_PI, ROUNDING);
        FloatVector r = remainder(a, shifted.sub(ROUNDING));
        IntVector quadrant = shifted.reinterpretAsInts();
        FloatVector z = r.mul(r);
        FloatVector y = sinPolynomial(r, z).blend(cosPolynomial(z), isOdd(quadrant));
        IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
        sign = sign.lanewise(VectorOperators.XOR, signOf(quadrant));
        return y.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    /** For lanes that {@link #isTrigonometric}. */
    static FloatVector cos(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector shifted = a.fma(TWO_OVER_PI, ROUNDING);
        FloatVector r = remainder(a, shifted.sub(ROUNDING));
        IntVector quadrant = shifted.reinterpretAsInts();
        FloatVector z = r.mul(r);
        FloatVector y = cosPolynomial(z).blend(sinPolynomial(r, z), isOdd(quadrant));
        IntVector sign = signOf(quadrant.add(1));
        return y.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    /** The nearest integer to x, halves to the even one. */
    static FloatVector round(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector whole = a.add(INTEGERS).sub(INTEGERS);
        return withSignOf(x, a.blend(whole, a.compare(VectorOperators.LT, INTEGERS)));
    }

    static FloatVector floor(FloatVector x) {
        FloatVector y = round(x);
        return withSignOf(x, y.blend(y.sub(ONE), y.compare(VectorOperators.GT, x)));
    }

    static FloatVector ceil(FloatVector x) {
        FloatVector y = round(x);
        return withSignOf(x, y.blend(y.add(ONE), y.compare(VectorOperators.LT, x)));
    }

    static FloatVector truncate(FloatVector x) {
        return withSignOf(x, floor(x.abs()));
    }
}
