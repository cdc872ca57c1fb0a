package dev.ugoki.cpu;

/**
 * The F32 functions, one number at a time: the definition of their bits.
 *
 * <p>{@link VectorMath} computes the same in the same order. Only operations are used whose results
 * IEEE 754 prescribes to the bit (+ - * /, fma, sqrt, comparisons, integer operations), so that the
 * interpreter, the compilers and every width of vector agree. The polynomials are minimax fits,
 * made with exact arithmetic for the ranges that stand beside them, their coefficients rounded one
 * after the other.
 *
 * <p>The sign and payload of a NaN that comes out are not determined.
 */
final class ScalarMath {
    /** Adding it rounds a small number to an integer, which the lowest bits then hold. */
    static final float ROUNDING = 0x1.8p23f;

    static final int ROUNDING_BITS = 0x4b400000;

    /** From here on every F32 number is an integer. */
    static final float INTEGERS = 0x1p23f;

    static final float LOG2_E = 0x1.715476p0f;

    /** ln 2 in two parts; the first has few bits, so that an exponent times it is exact. */
    static final float LN2_HIGH = 0x1.62e4p-1f;

    static final float LN2_LOW = 0x1.7f7d1cp-20f;

    /** Beyond these, exp is infinite and zero. */
    static final float EXP_MAX = 89f;

    static final float EXP_MIN = -105f;

    /** exp(r) = 1 + r + r^2 (E0 + E1 r + ...) for |r| up to ln(2) / 2. */
    static final float E0 = 0x1.fffffcp-2f;

    static final float E1 = 0x1.555492p-3f;
    static final float E2 = 0x1.5558bep-5f;
    static final float E3 = 0x1.1239ep-7f;
    static final float E4 = 0x1.6a3fb2p-10f;

    /** The same, with a small relative error of exp(r) - 1. */
    static final float M0 = 0.5f;

    static final float M1 = 0x1.555554p-3f;
    static final float M2 = 0x1.5554f8p-5f;
    static final float M3 = 0x1.1112d4p-7f;
    static final float M4 = 0x1.6d3a9ep-10f;
    static final float M5 = 0x1.9e7d3ep-13f;

    /** Below, exp(x) - 1 rounds to -1. */
    static final float EXPM1_MIN = -18f;

    /** Below, in magnitude, expm1(x) and x are the same. */
    static final float TINY = 0x1p-26f;

    /** The bits of sqrt(1/2), from which mantissas run to sqrt(2). */
    static final int SQRT_HALF_BITS = 0x3f3504f3;

    static final float MIN_NORMAL = 0x1p-126f;

    /** log(1 + f) = f - f^2 / 2 + f^3 (L0 + L1 f + ...) for 1 + f from sqrt(1/2) to sqrt(2). */
    static final float L0 = 0x1.555546p-2f;

    static final float L1 = -0x1.fffff8p-3f;
    static final float L2 = 0x1.99a524p-3f;
    static final float L3 = -0x1.555fbep-3f;
    static final float L4 = 0x1.233318p-3f;
    static final float L5 = -0x1.fbbf32p-4f;
    static final float L6 = 0x1.e6d1bp-4f;
    static final float L7 = -0x1.e0211cp-4f;
    static final float L8 = 0x1.16a77p-4f;

    static final float TWO_OVER_PI = 0x1.45f306p-1f;

    /** pi / 2 in three parts, after Cody and Waite. */
    static final float HALF_PI_1 = 0x1.921fb6p0f;

    static final float HALF_PI_2 = -0x1.777a5cp-25f;
    static final float HALF_PI_3 = -0x1.ee59dap-50f;

    /** Up to here the three parts suffice; beyond, sin and cos are computed in F64. */
    static final float TRIGONOMETRIC_MAX = 65536f;

    /** sin(r) = r + r^3 (S0 + S1 r^2 + ...) for |r| up to pi / 4. */
    static final float S0 = -0x1.555544p-3f;

    static final float S1 = 0x1.1106c6p-7f;
    static final float S2 = -0x1.991c26p-13f;

    /** cos(r) = 1 - r^2 / 2 + r^4 (C0 + C1 r^2 + ...) for |r| up to pi / 4. */
    static final float C0 = 0x1.55554ap-5f;

    static final float C1 = -0x1.6c0c24p-10f;
    static final float C2 = 0x1.99e61cp-16f;

    /** erf(x) = x + x (R0 + R1 x^2 + ...) for |x| up to 1. */
    static final float R0 = 0x1.06eba8p-3f;

    static final float R1 = -0x1.81273ep-2f;
    static final float R2 = 0x1.ce2ce6p-4f;
    static final float R3 = -0x1.b7f71ap-6f;
    static final float R4 = 0x1.53f224p-8f;
    static final float R5 = -0x1.a3515ep-11f;
    static final float R6 = 0x1.4771fcp-14f;

    /** log(1 - erf(x)) = T0 + T1 x + ... for x from 1 to ERF_MAX, from where erf(x) rounds to 1. */
    static final float T0 = -0x1.6623d8p-12f;

    static final float T1 = -0x1.2088e8p0f;
    static final float T2 = -0x1.46baf8p-1f;
    static final float T3 = -0x1.a652d8p-4f;
    static final float T4 = 0x1.65ca88p-6f;
    static final float T5 = -0x1.8258e4p-9f;
    static final float T6 = 0x1.86d9ep-13f;

    static final float ERF_MAX = 3.95f;

    private ScalarMath() {}

    /** The function's value. */
    static float apply(UnaryFunction function, float x) {
        return switch (function) {
            case NEGATE -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case SQUARE -> x * x;
            case RECIPROCAL -> 1 / x;
            case SQRT -> sqrt(x);
            case RSQRT -> 1 / sqrt(x);
            case RELU -> x <= 0 ? 0 : x;
            case FLOOR -> (float) Math.floor(x);
            case CEIL -> (float) Math.ceil(x);
            case ROUND -> (float) Math.rint(x);
            case TRUNCATE -> Math.copySign((float) Math.floor(Math.abs(x)), x);
            case EXP -> exp(x);
            case EXPM1 -> expm1(x);
            case LOG -> log(x);
            case LOG1P -> log1p(x);
            case SIN -> sin(x);
            case COS -> cos(x);
            case TANH -> tanh(x);
            case SIGMOID -> sigmoid(x);
            case ERF -> erf(x);
            case TAN -> PreciseMath.tan(x);
            case ASIN -> (float) StrictMath.asin(x);
            case ACOS -> (float) StrictMath.acos(x);
            case ATAN -> (float) StrictMath.atan(x);
            case SINH -> (float) StrictMath.sinh(x);
            case COSH -> (float) StrictMath.cosh(x);
        };
    }

    /** The function's value. */
    static float apply(BinaryFunction function, float a, float b) {
        return switch (function) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case POWER -> PreciseMath.pow(a, b);
            case ATAN2 -> (float) StrictMath.atan2(a, b);
        };
    }

    private static float sqrt(float x) {
        return (float)
                Math.sqrt(x); // the root of an F32 in F64, rounded to F32, is rightly rounded
    }

    /**
     * {@code x = n ln 2 + r}; {@code exp(x) = 2^n exp(r)}, where 2^n is multiplied in two steps,
     * since neither the largest nor the smallest results have a factor 2^n that is a normal number.
     */
    static float exp(float x) {
        float y = x > EXP_MAX ? EXP_MAX : x;
        y = y < EXP_MIN ? EXP_MIN : y;
        float shifted = Math.fma(y, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, y));
        float q = Math.fma(Math.fma(Math.fma(Math.fma(E4, r, E3), r, E2), r, E1), r, E0);
        float p = Math.fma(q, r * r, r) + 1;
        int exponent = Float.floatToRawIntBits(shifted) - ROUNDING_BITS;
        int half = exponent >> 1;
        float first = p * Float.intBitsToFloat((half + 127) << 23);
        return first * Float.intBitsToFloat((exponent - half + 127) << 23);
    }

    /** exp(r) - 1 for a remainder r. */
    private static float expm1Polynomial(float r) {
        float q = Math.fma(Math.fma(M5, r, M4), r, M3);
        q = Math.fma(Math.fma(Math.fma(q, r, M2), r, M1), r, M0);
        return Math.fma(q, r * r, r);
    }

    /** exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1); half of it is computed, then doubled. */
    static float expm1(float x) {
        float y = x > EXP_MAX ? EXP_MAX : x;
        y = y < EXPM1_MIN ? EXPM1_MIN : y;
        float shifted = Math.fma(y, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, y));
        float p = expm1Polynomial(r);
        int exponent = Float.floatToRawIntBits(shifted) - ROUNDING_BITS;
        float half = Float.intBitsToFloat((exponent + 126) << 23);
        float result = Math.fma(half, p, half - 0.5f) * 2;
        return Math.abs(x) < TINY ? x : result;
    }

    /** {@code x = 2^e (1 + f)}; {@code log(x) = e ln 2 + log(1 + f)}. */
    static float log(float x) {
        boolean subnormal = x < MIN_NORMAL;
        int bits = Float.floatToRawIntBits(subnormal ? x * INTEGERS : x);
        int exponent = (bits - SQRT_HALF_BITS) >> 23;
        float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1;
        float e = Float.intBitsToFloat(exponent + ROUNDING_BITS) - ROUNDING;
        e = subnormal ? e - 23 : e;
        float result = logOf(e, f);
        result = x < Float.POSITIVE_INFINITY ? result : x;
        result = x < 0 ? Float.NaN : result;
        return x == 0 ? Float.NEGATIVE_INFINITY : result;
    }

    /** e ln 2 + log(1 + f). */
    private static float logOf(float e, float f) {
        float q = Math.fma(Math.fma(Math.fma(Math.fma(L8, f, L7), f, L6), f, L5), f, L4);
        q = Math.fma(Math.fma(Math.fma(Math.fma(q, f, L3), f, L2), f, L1), f, L0);
        float low = Math.fma(Math.fma(f, q, -0.5f), f * f, e * LN2_LOW);
        return Math.fma(e, LN2_HIGH, f + low);
    }

    /** {@code log(u) x / (u - 1)} with u = 1 + x rounded: its errors cancel, after Kahan. */
    static float log1p(float x) {
        float u = 1 + x;
        int bits = Float.floatToRawIntBits(u);
        int exponent = (bits - SQRT_HALF_BITS) >> 23;
        float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1;
        float e = Float.intBitsToFloat(exponent + ROUNDING_BITS) - ROUNDING;
        float result = logOf(e, f) * (x / (u - 1));
        result = x < Float.POSITIVE_INFINITY ? result : x;
        result = u < 0 ? Float.NaN : result;
        result = u == 0 ? Float.NEGATIVE_INFINITY : result;
        return u == 1 ? x : result;
    }

    /** {@code |x| = n pi / 2 + r}; n modulo 4 says which of sin(r), cos(r) it is, and its sign. */
    static float sin(float x) {
        float a = Math.abs(x);
        if (a > TRIGONOMETRIC_MAX) {
            return (float) StrictMath.sin(x);
        }
        float shifted = Math.fma(a, TWO_OVER_PI, ROUNDING);
        float r = remainder(a, shifted - ROUNDING);
        int quadrant = Float.floatToRawIntBits(shifted);
        float y = (quadrant & 1) != 0 ? cosPolynomial(r) : sinPolynomial(r);
        int sign = (quadrant & 2) << 30 ^ Float.floatToRawIntBits(x) & Integer.MIN_VALUE;
        return Float.intBitsToFloat(Float.floatToRawIntBits(y) ^ sign);
    }

    /** As {@link #sin}. */
    static float cos(float x) {
        float a = Math.abs(x);
        if (a > TRIGONOMETRIC_MAX) {
            return (float) StrictMath.cos(x);
        }
        float shifted = Math.fma(a, TWO_OVER_PI, ROUNDING);
        float r = remainder(a, shifted - ROUNDING);
        int quadrant = Float.floatToRawIntBits(shifted);
        float y = (quadrant & 1) != 0 ? sinPolynomial(r) : cosPolynomial(r);
        int sign = (quadrant + 1 & 2) << 30;
        return Float.intBitsToFloat(Float.floatToRawIntBits(y) ^ sign);
    }

    private static float remainder(float a, float n) {
        float r = Math.fma(n, -HALF_PI_2, Math.fma(n, -HALF_PI_1, a));
        return Math.fma(n, -HALF_PI_3, r);
    }

    private static float sinPolynomial(float r) {
        float z = r * r;
        return Math.fma(r * z, Math.fma(Math.fma(S2, z, S1), z, S0), r);
    }

    private static float cosPolynomial(float r) {
        float z = r * r;
        float q = Math.fma(Math.fma(C2, z, C1), z, C0);
        return Math.fma(z * z, q, Math.fma(-0.5f, z, 1));
    }

    /** {@code -t / (t + 2)} with {@code t = exp(-2 |x|) - 1}, and the sign of x. */
    static float tanh(float x) {
        float y = -2 * Math.abs(x);
        y = y < EXPM1_MIN ? EXPM1_MIN : y;
        float shifted = Math.fma(y, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, y));
        float p = expm1Polynomial(r);
        int exponent = Float.floatToRawIntBits(shifted) - ROUNDING_BITS;
        float scale = Float.intBitsToFloat((exponent + 127) << 23);
        float t = Math.fma(scale, p, scale - 1);
        float result = t / (t + 2);
        int sign = Float.floatToRawIntBits(x) & Integer.MIN_VALUE;
        return Float.intBitsToFloat(Float.floatToRawIntBits(result) & Integer.MAX_VALUE | sign);
    }

    /** {@code 1 / (1 + exp(-x))}, for negative x as {@code exp(x) / (1 + exp(x))}. */
    static float sigmoid(float x) {
        float e = exp(-Math.abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /** Near zero a polynomial in x^2; farther out 1 - exp of one, and the sign of x. */
    static float erf(float x) {
        float z = x * x;
        float q = Math.fma(Math.fma(Math.fma(R6, z, R5), z, R4), z, R3);
        q = Math.fma(Math.fma(Math.fma(q, z, R2), z, R1), z, R0);
        float near = Math.fma(x, q, x);
        float a = Math.abs(x);
        float far = 1 - erfc(a > ERF_MAX ? ERF_MAX : a);
        int sign = Float.floatToRawIntBits(x) & Integer.MIN_VALUE;
        far = Float.intBitsToFloat(Float.floatToRawIntBits(far) | sign);
        return a < 1 ? near : far;
    }

    private static float erfc(float a) {
        float y = Math.fma(Math.fma(Math.fma(T6, a, T5), a, T4), a, T3);
        y = Math.fma(Math.fma(Math.fma(y, a, T2), a, T1), a, T0);
        float shifted = Math.fma(y, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, y));
        float q = Math.fma(Math.fma(Math.fma(Math.fma(E4, r, E3), r, E2), r, E1), r, E0);
        float p = Math.fma(q, r * r, r) + 1;
        int exponent = Float.floatToRawIntBits(shifted) - ROUNDING_BITS;
        return p * Float.intBitsToFloat((exponent + 127) << 23);
    }
}
