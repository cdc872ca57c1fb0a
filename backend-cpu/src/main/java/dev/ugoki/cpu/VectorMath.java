package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The functions of {@link ScalarMath}, where they are explained, for the lanes of a vector: the
 * same operations in the same order, so the same bits.
 *
 * <p>Methods are kept short, since C2 inlines only such, and a vector that is passed to a method
 * that is not inlined lands on the heap.
 */
final class VectorMath {
    // Vectors that are made once cost C2 less than broadcasts in the loops, which would exceed what
    // it is willing to inline into one method.
    private static final FloatVector MINUS_LN2_LOW = all(-ScalarMath.LN2_LOW);
    private static final FloatVector MINUS_LN2_HIGH = all(-ScalarMath.LN2_HIGH);
    private static final FloatVector E4 = all(ScalarMath.E4);
    private static final FloatVector E3 = all(ScalarMath.E3);
    private static final FloatVector E2 = all(ScalarMath.E2);
    private static final FloatVector E1 = all(ScalarMath.E1);
    private static final FloatVector E0 = all(ScalarMath.E0);
    private static final FloatVector M5 = all(ScalarMath.M5);
    private static final FloatVector M4 = all(ScalarMath.M4);
    private static final FloatVector M3 = all(ScalarMath.M3);
    private static final FloatVector M2 = all(ScalarMath.M2);
    private static final FloatVector M1 = all(ScalarMath.M1);
    private static final FloatVector M0 = all(ScalarMath.M0);
    private static final FloatVector LOG2_E = all(ScalarMath.LOG2_E);
    private static final FloatVector ROUNDING = all(ScalarMath.ROUNDING);
    private static final FloatVector L8 = all(ScalarMath.L8);
    private static final FloatVector L7 = all(ScalarMath.L7);
    private static final FloatVector L6 = all(ScalarMath.L6);
    private static final FloatVector L5 = all(ScalarMath.L5);
    private static final FloatVector L4 = all(ScalarMath.L4);
    private static final FloatVector L3 = all(ScalarMath.L3);
    private static final FloatVector L2 = all(ScalarMath.L2);
    private static final FloatVector L1 = all(ScalarMath.L1);
    private static final FloatVector L0 = all(ScalarMath.L0);
    private static final FloatVector MINUS_HALF = all(-0.5f);
    private static final FloatVector LN2_HIGH = all(ScalarMath.LN2_HIGH);
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
    private static final FloatVector R6 = all(ScalarMath.R6);
    private static final FloatVector R5 = all(ScalarMath.R5);
    private static final FloatVector R4 = all(ScalarMath.R4);
    private static final FloatVector R3 = all(ScalarMath.R3);
    private static final FloatVector R2 = all(ScalarMath.R2);
    private static final FloatVector R1 = all(ScalarMath.R1);
    private static final FloatVector R0 = all(ScalarMath.R0);
    private static final FloatVector T6 = all(ScalarMath.T6);
    private static final FloatVector T5 = all(ScalarMath.T5);
    private static final FloatVector T4 = all(ScalarMath.T4);
    private static final FloatVector T3 = all(ScalarMath.T3);
    private static final FloatVector T2 = all(ScalarMath.T2);
    private static final FloatVector T1 = all(ScalarMath.T1);
    private static final FloatVector T0 = all(ScalarMath.T0);
    private static final FloatVector TINY = all(ScalarMath.TINY);
    private static final FloatVector MIN_NORMAL = all(ScalarMath.MIN_NORMAL);
    private static final FloatVector INFINITY = all(Float.POSITIVE_INFINITY);
    private static final FloatVector ZERO = all(0);
    private static final FloatVector TRIGONOMETRIC_MAX = all(ScalarMath.TRIGONOMETRIC_MAX);
    private static final FloatVector INTEGERS = all(ScalarMath.INTEGERS);
    private static final FloatVector NAN = all(Float.NaN);
    private static final FloatVector MINUS_INFINITY = all(Float.NEGATIVE_INFINITY);
    private static final FloatVector MINUS_ONE = all(-1);
    private static final FloatVector HALF = all(0.5f);
    private static final FloatVector TWO = all(2);
    private static final FloatVector LN2_LOW = all(ScalarMath.LN2_LOW);
    private static final FloatVector MINUS_TWO = all(-2);
    private static final FloatVector TWENTY_THREE = all(23);
    private static final FloatVector EXP_MAX = all(ScalarMath.EXP_MAX);
    private static final FloatVector EXP_MIN = all(ScalarMath.EXP_MIN);
    private static final FloatVector EXPM1_MIN = all(ScalarMath.EXPM1_MIN);
    private static final FloatVector ERF_MAX = all(ScalarMath.ERF_MAX);

    private VectorMath() {}

    private static FloatVector all(float value) {
        return FloatVector.broadcast(Lanes.SPECIES, value);
    }

    /** x, but at most {@code max}; NaN stays. */
    private static FloatVector atMost(FloatVector x, FloatVector max) {
        return x.blend(max, x.compare(VectorOperators.GT, max));
    }

    private static FloatVector atLeast(FloatVector x, FloatVector min) {
        return x.blend(min, x.compare(VectorOperators.LT, min));
    }

    private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
        IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }

    /** 2^n for n + 127 in the lowest bits. */
    private static FloatVector power(IntVector biased) {
        return biased.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }

    private static FloatVector timesTwoTo(FloatVector p, IntVector exponent) {
        IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
        return p.mul(power(half.add(127))).mul(power(exponent.sub(half).add(127)));
    }

    /** y - n ln 2. */
    private static FloatVector minusLogs(FloatVector n, FloatVector y) {
        return n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, y));
    }

    private static FloatVector expPolynomial(FloatVector r) {
        FloatVector q = E4.fma(r, E3).fma(r, E2).fma(r, E1).fma(r, E0);
        return q.fma(r.mul(r), r).add(ONE);
    }

    private static FloatVector expm1Polynomial(FloatVector r) {
        FloatVector q = M5.fma(r, M4).fma(r, M3).fma(r, M2);
        return q.fma(r, M1).fma(r, M0).fma(r.mul(r), r);
    }

    private static IntVector exponentOf(FloatVector shifted) {
        return shifted.reinterpretAsInts().sub(ScalarMath.ROUNDING_BITS);
    }

    static FloatVector exp(FloatVector x) {
        FloatVector y = atLeast(atMost(x, EXP_MAX), EXP_MIN);
        FloatVector shifted = y.fma(LOG2_E, ROUNDING);
        FloatVector r = minusLogs(shifted.sub(ROUNDING), y);
        return timesTwoTo(expPolynomial(r), exponentOf(shifted));
    }

    static FloatVector expm1(FloatVector x) {
        FloatVector y = atLeast(atMost(x, EXP_MAX), EXPM1_MIN);
        FloatVector shifted = y.fma(LOG2_E, ROUNDING);
        FloatVector p = expm1Polynomial(minusLogs(shifted.sub(ROUNDING), y));
        FloatVector half = power(exponentOf(shifted).add(126));
        FloatVector result = half.fma(p, half.sub(HALF)).mul(TWO);
        return result.blend(x, x.abs().compare(VectorOperators.LT, TINY));
    }

    private static FloatVector log1pPolynomial(FloatVector f) {
        FloatVector q = L8.fma(f, L7).fma(f, L6).fma(f, L5).fma(f, L4);
        return q.fma(f, L3).fma(f, L2).fma(f, L1).fma(f, L0);
    }

    private static FloatVector logOf(FloatVector e, FloatVector f) {
        FloatVector q = f.fma(log1pPolynomial(f), MINUS_HALF);
        FloatVector low = q.fma(f.mul(f), e.mul(LN2_LOW));
        return e.fma(LN2_HIGH, f.add(low));
    }

    private static IntVector logExponent(IntVector bits) {
        return bits.sub(ScalarMath.SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
    }

    private static FloatVector mantissaLessOne(IntVector bits, IntVector exponent) {
        return bits.sub(exponent.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(ONE);
    }

    private static FloatVector toFloat(IntVector exponent) {
        return exponent.add(ScalarMath.ROUNDING_BITS).reinterpretAsFloats().sub(ROUNDING);
    }

    static FloatVector log(FloatVector x) {
        VectorMask<Float> subnormal = x.compare(VectorOperators.LT, MIN_NORMAL);
        IntVector bits = x.blend(x.mul(INTEGERS), subnormal).reinterpretAsInts();
        IntVector exponent = logExponent(bits);
        FloatVector e = toFloat(exponent);
        FloatVector scaled = e.blend(e.sub(TWENTY_THREE), subnormal);
        FloatVector y = logOf(scaled, mantissaLessOne(bits, exponent));
        return logLimits(x, x, y);
    }

    /** The result for u = 0, below and above; y elsewhere. NaN and infinity come from x. */
    private static FloatVector logLimits(FloatVector x, FloatVector u, FloatVector y) {
        FloatVector finite = x.blend(y, x.compare(VectorOperators.LT, INFINITY));
        FloatVector real = finite.blend(NAN, u.compare(VectorOperators.LT, ZERO));
        return real.blend(MINUS_INFINITY, u.compare(VectorOperators.EQ, ZERO));
    }

    static FloatVector log1p(FloatVector x) {
        FloatVector u = x.add(ONE);
        IntVector bits = u.reinterpretAsInts();
        IntVector exponent = logExponent(bits);
        FloatVector log = logOf(toFloat(exponent), mantissaLessOne(bits, exponent));
        FloatVector y = logLimits(x, u, log.mul(x.div(u.sub(ONE))));
        return y.blend(x, u.compare(VectorOperators.EQ, ONE));
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

    static FloatVector tanh(FloatVector x) {
        FloatVector y = atLeast(x.abs().mul(MINUS_TWO), EXPM1_MIN);
        FloatVector shifted = y.fma(LOG2_E, ROUNDING);
        FloatVector p = expm1Polynomial(minusLogs(shifted.sub(ROUNDING), y));
        FloatVector scale = power(exponentOf(shifted).add(127));
        FloatVector t = scale.fma(p, scale.sub(ONE));
        return withSignOf(x, t.div(t.add(TWO)).abs());
    }

    static FloatVector sigmoid(FloatVector x) {
        FloatVector e = exp(x.abs().neg());
        FloatVector one = ONE;
        return one.blend(e, x.compare(VectorOperators.LT, ZERO)).div(e.add(ONE));
    }

    /** erf(x), where {@code near} is {@link #erfNearZero} of x. */
    static FloatVector erf(FloatVector x, FloatVector near) {
        FloatVector a = x.abs();
        FloatVector far = withSignOf(x, ONE.sub(erfc(atMost(a, ERF_MAX))));
        return far.blend(near, a.compare(VectorOperators.LT, ONE));
    }

    /** erf(x) for |x| up to 1. */
    static FloatVector erfNearZero(FloatVector x) {
        FloatVector z = x.mul(x);
        FloatVector q = R6.fma(z, R5).fma(z, R4).fma(z, R3);
        q = q.fma(z, R2).fma(z, R1).fma(z, R0);
        return x.fma(q, x);
    }

    private static FloatVector erfc(FloatVector a) {
        FloatVector y = T6.fma(a, T5).fma(a, T4).fma(a, T3);
        y = y.fma(a, T2).fma(a, T1).fma(a, T0);
        FloatVector shifted = y.fma(LOG2_E, ROUNDING);
        FloatVector p = expPolynomial(minusLogs(shifted.sub(ROUNDING), y));
        return p.mul(power(exponentOf(shifted).add(127)));
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

    /** -1, 1, or x itself where that is a zero or NaN. */
    static FloatVector sign(FloatVector x) {
        FloatVector y = x.blend(ONE, x.compare(VectorOperators.GT, ZERO));
        return y.blend(MINUS_ONE, x.compare(VectorOperators.LT, ZERO));
    }

    static FloatVector relu(FloatVector x) {
        return x.blend(ZERO, x.compare(VectorOperators.LE, ZERO));
    }
}
