package dev.ugoki.cpu;

/**
 * F32 functions that are computed in F64 and rounded once, so that nearly every result is the
 * nearest. Only operations that IEEE 754 specifies are used, as in {@link ScalarMath}.
 */
final class PreciseMath {
    private static final double LN2 = 0x1.62e42fefa39efp-1;
    private static final double TWO_OVER_LN2 = 0x1.71547652b82fep1;
    private static final double SQRT2 = 0x1.6a09e667f3bcdp0;

    private static final double TWO_OVER_PI = 0x1.45f306dc9c883p-1;
    private static final double HALF_PI_HIGH = 0x1.921fb54442d18p0;
    private static final double HALF_PI_LOW = 0x1.1a62633145c07p-54;

    /** Up to here a remainder by pi / 2 in two parts is good enough for F32. */
    private static final float TAN_MAX = 0x1p24f;

    private PreciseMath() {}

    /**
     * IEEE 754's pow, which differs from Java's: 1 to any power, and -1 to an infinite one, are 1.
     * The exponent 2 gives {@code base * base}.
     */
    static float pow(float base, float exponent) {
        if (exponent == 2) {
            return base * base;
        }
        if (exponent == 0 || base == 1) {
            return 1;
        }
        if (base != base || exponent != exponent) {
            return Float.NaN;
        }
        float size = Math.abs(base);
        if (Float.isInfinite(exponent)) {
            return size == 1 ? 1 : size > 1 == exponent > 0 ? Float.POSITIVE_INFINITY : 0;
        }
        boolean whole = exponent == Math.rint(exponent);
        if (base < 0 && !whole && size < Float.POSITIVE_INFINITY) {
            return Float.NaN;
        }
        // Every F32 number from 2^24 on is even.
        boolean odd = whole && Math.abs(exponent) < 0x1p24f && ((int) exponent & 1) != 0;
        float result = powOfPositive(size, exponent);
        return odd ? Math.copySign(result, base) : result;
    }

    private static float powOfPositive(float base, float exponent) {
        if (base == 0 || base == Float.POSITIVE_INFINITY) {
            return base == 0 == exponent > 0 ? 0 : Float.POSITIVE_INFINITY;
        }
        double power = exponent * log2(base);
        if (power > 130) {
            return Float.POSITIVE_INFINITY;
        }
        return power < -152 ? 0 : (float) exp2(power);
    }

    /** log2 of 2^e m: e + 2 / ln 2 atanh(s) with s = (m - 1) / (m + 1), as a power series. */
    private static double log2(double x) {
        int exponent = Math.getExponent(x);
        double m = x * Double.longBitsToDouble((1023L - exponent) << 52);
        if (m > SQRT2) {
            m *= 0.5;
            exponent++;
        }
        double s = (m - 1) / (m + 1);
        double z = s * s;
        double sum = Math.fma(z, 1.0 / 19, 1.0 / 17);
        sum = Math.fma(sum, z, 1.0 / 15);
        sum = Math.fma(sum, z, 1.0 / 13);
        sum = Math.fma(sum, z, 1.0 / 11);
        sum = Math.fma(sum, z, 1.0 / 9);
        sum = Math.fma(sum, z, 1.0 / 7);
        sum = Math.fma(sum, z, 1.0 / 5);
        sum = Math.fma(sum, z, 1.0 / 3);
        sum = Math.fma(sum, z, 1.0);
        return Math.fma(TWO_OVER_LN2 * s, sum, exponent);
    }

    /** 2^x for |x| up to 1000: a power of two times the power series of exp. */
    private static double exp2(double x) {
        double n = Math.rint(x);
        double r = (x - n) * LN2;
        double sum = Math.fma(r, 1.0 / 479001600, 1.0 / 39916800);
        sum = Math.fma(sum, r, 1.0 / 3628800);
        sum = Math.fma(sum, r, 1.0 / 362880);
        sum = Math.fma(sum, r, 1.0 / 40320);
        sum = Math.fma(sum, r, 1.0 / 5040);
        sum = Math.fma(sum, r, 1.0 / 720);
        sum = Math.fma(sum, r, 1.0 / 120);
        sum = Math.fma(sum, r, 1.0 / 24);
        sum = Math.fma(sum, r, 1.0 / 6);
        sum = Math.fma(sum, r, 0.5);
        sum = Math.fma(sum, r, 1.0);
        sum = Math.fma(sum, r, 1.0);
        return sum * Double.longBitsToDouble((long) (n + 1023) << 52);
    }

    /** sin(r) / cos(r), or -cos(r) / sin(r), with |x| = n pi / 2 + r and n even or odd. */
    static float tan(float x) {
        if (!(Math.abs(x) <= TAN_MAX)) {
            return (float) StrictMath.tan(x);
        }
        double a = Math.abs(x);
        double n = Math.rint(a * TWO_OVER_PI);
        double r = Math.fma(n, -HALF_PI_LOW, Math.fma(n, -HALF_PI_HIGH, a));
        double z = r * r;
        double s = Math.fma(z, -1.0 / 1307674368000.0, 1.0 / 6227020800.0);
        s = Math.fma(s, z, -1.0 / 39916800);
        s = Math.fma(s, z, 1.0 / 362880);
        s = Math.fma(s, z, -1.0 / 5040);
        s = Math.fma(s, z, 1.0 / 120);
        s = Math.fma(s, z, -1.0 / 6);
        s = Math.fma(s, z, 1.0) * r;
        double c = Math.fma(z, -1.0 / 87178291200.0, 1.0 / 479001600);
        c = Math.fma(c, z, -1.0 / 3628800);
        c = Math.fma(c, z, 1.0 / 40320);
        c = Math.fma(c, z, -1.0 / 720);
        c = Math.fma(c, z, 1.0 / 24);
        c = Math.fma(c, z, -0.5);
        c = Math.fma(c, z, 1.0);
        float tan = (float) (((long) n & 1) == 0 ? s / c : -c / s);
        return Math.copySign(1, x) < 0 ? -tan : tan;
    }
}
