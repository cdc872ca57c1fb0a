package dev.ugoki.tensor.spi;

/**
 * The error function in double precision: by its series of positive terms near 0, and as one less a
 * continued fraction further out.
 *
 * <p>Source: Abramowitz, Stegun: Handbook of Mathematical Functions, 7.1.6 and 7.1.14.
 */
public final class ErrorFunction {
    private static final double FAR = 2;
    private static final double ONE_BEYOND = 6;
    private static final int FRACTION_DEPTH = 80;
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

    /** {@code 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1))}. */
    private static double series(double x) {
        double term = x;
        double sum = 0;
        for (int n = 1; sum != sum + term; n++) {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }
        return 2 / ROOT_OF_PI * expOfMinusSquare(x) * sum;
    }

    /**
     * {@code exp(-x^2) / sqrt(pi) * 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))))} for
     * positive x.
     */
    private static double complement(double x) {
        double fraction = x;
        for (int n = FRACTION_DEPTH; n >= 1; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return expOfMinusSquare(x) / (ROOT_OF_PI * fraction);
    }

    private static double expOfMinusSquare(double x) {
        double square = x * x;
        double lost = Math.fma(x, x, -square);
        return StrictMath.exp(-square) * (1 - lost);
    }
}
