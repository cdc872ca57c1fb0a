package dev.ugoki.tensor.spi;

/**
 * The error function in double precision, to two units in the last place: by its power series near
 * 0, and as one less a continued fraction further out.
 *
 * <p>Source: Abramowitz, Stegun: Handbook of Mathematical Functions, 7.1.5 and 7.1.14.
 */
public final class ErrorFunction {
    private static final double FAR = 1;
    private static final double ONE_BEYOND = 6;
    private static final double ZERO_BEYOND = 28;
    private static final int SERIES_TERMS = 20;
    private static final double FRACTION_DEPTH = 250;
    private static final double ROOT_OF_PI = 1.7724538509055160273;

    private ErrorFunction() {}

    public static double erf(double x) {
        double distance = Math.abs(x);
        if (Double.isNaN(x) || x == 0) {
            return x;
        }
        if (distance < FAR) {
            return series(x);
        }
        return Math.copySign(distance < ONE_BEYOND ? 1 - complement(distance) : 1, x);
    }

    /** {@code 1 - erf(x)}, to a few units in the last place where it is small too. */
    public static double erfc(double x) {
        if (Double.isNaN(x) || x < FAR) {
            return 1 - erf(x);
        }
        return x < ZERO_BEYOND ? complement(x) : 0;
    }

    /** {@code 2 / sqrt(pi) * sum over n of (-1)^n x^(2n+1) / (n! (2n+1))}, the smallest first. */
    private static double series(double x) {
        double square = x * x;
        double[] powers = new double[SERIES_TERMS];
        powers[0] = 1;
        for (int n = 1; n < SERIES_TERMS; n++) {
            powers[n] = -powers[n - 1] * square / n;
        }
        double sum = 0;
        for (int n = SERIES_TERMS - 1; n >= 0; n--) {
            sum += powers[n] / (2 * n + 1);
        }
        return 2 / ROOT_OF_PI * x * sum;
    }

    /**
     * {@code exp(-x^2) / sqrt(pi) * 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))))} for
     * positive x.
     */
    private static double complement(double x) {
        double fraction = x;
        for (double n = FRACTION_DEPTH; n >= 1; n--) {
            fraction = x + n / 2 / fraction;
        }
        double square = x * x;
        double lost = Math.fma(x, x, -square);
        return StrictMath.exp(-square) * (1 - lost) / (ROOT_OF_PI * fraction);
    }
}
