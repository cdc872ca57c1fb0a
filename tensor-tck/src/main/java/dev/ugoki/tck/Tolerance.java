package dev.ugoki.tck;

import dev.ugoki.tensor.DType;

/**
 * How far a result may be from the reference's, which was rounded once.
 *
 * <p>The unit is the distance between neighbouring numbers (ulp) of the dtype at the expected
 * result, or for sums at the sum of the terms' magnitudes. F16 and BF16 are allowed at most {@code
 * narrow} of them, since kernels compute these wider. Integers and BOOL must be equal, as must NaN
 * and infinities.
 *
 * @param wide ulps of F64 and F32
 * @param narrow ulps of F16 and BF16
 * @param epsilons a distance besides, in ulps of 1: for functions with zeros that are no numbers
 * @param ofMagnitudes whether the ulp is that of the operation on the operands' magnitudes
 * @param signedZeros whether 0 and -0 differ
 */
public record Tolerance(
        double wide, double narrow, double epsilons, boolean ofMagnitudes, boolean signedZeros) {
    /** The same bits: for what only moves elements. */
    public static final Tolerance BITS = new Tolerance(0, 0, 0, false, true);

    /** The same number: for what IEEE 754 specifies exactly. */
    public static final Tolerance EXACT = new Tolerance(0, 0, 0, false, false);

    /** A few ulps: for functions that are approximated. */
    public static Tolerance ulps(double ulps) {
        return new Tolerance(ulps, 1, 0, false, false);
    }

    /**
     * For sums of so many terms, in ulps of the sum of their magnitudes: a few, and what adding
     * them in any order can lose.
     */
    public static Tolerance sums(long terms) {
        return new Tolerance(4 + terms / 2.0, 1, 0, true, false);
    }

    /** For sums of so many terms in eight or more lanes, or by halves, but not one by one. */
    public static Tolerance balancedSums(long terms) {
        return sums(terms / 8);
    }

    /** The same, and {@code more} ulps of 1 besides. */
    public Tolerance orEpsilons(double more) {
        return new Tolerance(wide, narrow, more, ofMagnitudes, signedZeros);
    }

    /** Whether {@code actual} is near enough. */
    boolean accepts(double actual, double expected, double magnitude, DType dtype) {
        if (actual == expected) {
            return !signedZeros || Double.compare(actual, expected) == 0;
        }
        if (Double.isNaN(expected) || Double.isInfinite(expected) || !dtype.isFloating()) {
            return Double.isNaN(expected) && Double.isNaN(actual);
        }
        return error(actual, expected, magnitude, dtype) <= 1;
    }

    /** The distance as a fraction of what is allowed; above 1 is too far. */
    double error(double actual, double expected, double magnitude, DType dtype) {
        boolean isWide = dtype == DType.F64 || dtype == DType.F32;
        double ulps = isWide ? wide : narrow;
        double at = Math.max(Math.abs(expected), ofMagnitudes ? magnitude : 0);
        double besides = isWide ? epsilons : Math.min(epsilons, narrow);
        double allowed = ulps * ulp(at, dtype) + besides * ulp(1, dtype);
        double distance = Math.abs(actual - expected);
        return distance == 0 ? 0 : distance / allowed;
    }

    /** The distance from {@code x} to the next larger number of a floating dtype. */
    static double ulp(double x, DType dtype) {
        return switch (dtype) {
            case F64 -> Math.ulp(x);
            case F32 -> ulp(x, 24, Float.MIN_EXPONENT);
            case F16 -> ulp(x, 11, -14);
            case BF16 -> ulp(x, 8, Float.MIN_EXPONENT);
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException("no ulp: " + dtype);
        };
    }

    private static double ulp(double x, int precision, int minExponent) {
        return Math.scalb(1.0, Math.max(Math.getExponent(x), minExponent) - (precision - 1));
    }
}
