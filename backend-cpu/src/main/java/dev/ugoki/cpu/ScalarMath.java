package dev.ugoki.cpu;

/**
 * Sine and cosine in F32, one number at a time: the definition of their bits. Errors are at most
 * 1.6 units in the last place, for all arguments.
 *
 * <p>{@link VectorMath} computes the same in the same order. Only operations are used whose results
 * IEEE 754 prescribes to the bit, so that the interpreter, the compilers and every width of vector
 * agree. The polynomials are minimax fits for the ranges that stand beside them, their coefficients
 * rounded one after the other.
 */
final class ScalarMath {
    /** Adding it rounds a small number to an integer, which the lowest bits then hold. */
    static final float ROUNDING = 0x1.8p23f;

    /** From here on every F32 number is an integer. */
    static final float INTEGERS = 0x1p23f;

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

    private ScalarMath() {}

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
}
