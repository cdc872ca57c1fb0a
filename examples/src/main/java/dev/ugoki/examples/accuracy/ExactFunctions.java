package dev.ugoki.examples.accuracy;

/**
 * Functions of F32 numbers in F64, to within some 10^-14 of the result, also where it is small:
 * what errors are measured against. Java's own are in {@link StrictMath}.
 */
final class ExactFunctions {
    private static final double ROOT_TWO_PI = 2.50662827463100050242;
    private static final double TWO_OVER_ROOT_PI = 1.12837916709551257390;
    private static final double ROOT_EIGHT_OVER_PI = 1.59576912160573071176;

    /** From here on erf differs from 1 by less than F64 can tell. */
    private static final double ERF_IS_ONE = 6;

    /** Up to here the normal tail is one half less a series, further out a continued fraction. */
    private static final double NORMAL_SERIES = 2.5;

    private static final int FRACTION_DEPTH = 100;

    private ExactFunctions() {}

    /** {@code x + x^3 s/3 + x^5 s^2/(3 5) + ...}: its terms have one sign, so nothing cancels. */
    private static double oddSeries(double x, double s) {
        double term = x;
        double sum = 0;
        for (int n = 1; sum + term != sum; n++) {
            sum += term;
            term *= s * x * x / (2 * n + 1);
        }
        return sum;
    }

    /** Abramowitz and Stegun, 7.1.6. */
    static double erf(double x) {
        if (Double.isNaN(x) || x == 0) {
            return x;
        }
        return Math.abs(x) >= ERF_IS_ONE
                ? Math.signum(x)
                : TWO_OVER_ROOT_PI * StrictMath.exp(-x * x) * oddSeries(x, 2);
    }

    /** The probability that a normal number exceeds t, for t from 0 up; A. and S. 26.2.11, 14. */
    private static double normalTail(double t) {
        double density = StrictMath.exp(-t * t / 2) / ROOT_TWO_PI;
        if (t < NORMAL_SERIES) {
            return 0.5 - density * oddSeries(t, 1);
        }
        double fraction = t;
        for (int n = FRACTION_DEPTH; n >= 1; n--) {
            fraction = t + n / fraction;
        }
        return density / fraction;
    }

    static double gelu(double x) {
        return x < 0 ? x * normalTail(-x) : x * (1 - normalTail(x));
    }

    static double sigmoid(double x) {
        double decay = StrictMath.exp(-Math.abs(x));
        return (x < 0 ? decay : 1) / (1 + decay);
    }

    static double silu(double x) {
        return x * sigmoid(x);
    }

    static double geluTanh(double x) {
        return x * sigmoid(ROOT_EIGHT_OVER_PI * (x + 0.044715 * x * x * x));
    }

    static double softplus(double x) {
        return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    }

    static double rsqrt(double x) {
        return 1 / Math.sqrt(x);
    }

    /** IEEE 754's: 1 to any power is 1. */
    static double pow(double x, double exponent) {
        return x == 1 ? 1 : StrictMath.pow(x, exponent);
    }
}
