package dev.ugoki.tensor.kernel;

/**
 * Transcendental functions in F32, composed of exactly specified instructions: the same bits
 * wherever a kernel runs.
 *
 * <p>The polynomials were fitted for this project (weighted minimax, rounded to F32). The errors
 * given are the greatest found over all or a dense part of the F32 numbers, in units in the last
 * place of the exact result.
 */
public final class ElementaryFunctions {
    private static final float LOG2_E = 1.44269504f;

    /** The upper bits of ln 2; its products with integers up to 2^9 are exact. */
    private static final float LN_2_HIGH = 0.693359375f;

    private static final float LN_2_LOW = -2.12194440e-4f;

    /** Adding 1.5 * 2^23 leaves an integer in the low bits of the sum. */
    private static final float ROUNDER = 12582912f;

    /** (e^r - 1 - r) / r^2 for |r| up to ln(2)/2, lowest power first. */
    private static final float[] EXP_TAIL = {
        0.49999994f, 0.1666652f, 0.041668393f, 0.008368781f, 0.0013814467f
    };

    /** (ln(1+f) - f + f^2/2) / f^3 for 1+f between sqrt(1/2) and sqrt(2). */
    private static final float[] LOG_TAIL = {
        0.3333333f, -0.25000823f, 0.20001234f, -0.16623299f,
        0.14201553f, -0.13160582f, 0.12763326f, -0.076356545f
    };

    /** ln(erfc(a)) / a for a between 0 and {@link #ERFC_LIMIT}. */
    private static final float[] LOG_ERFC = {
        -1.1283792f, -0.63661957f, -0.10277185f, 0.019111045f,
        0.00028724095f, -0.0018663253f, 0.00080970034f, -0.00020845004f,
        3.5576297e-05f, -3.951621e-06f, 2.5918513e-07f, -7.619363e-09f
    };

    private static final float ERFC_LIMIT = 5f;

    private ElementaryFunctions() {}

    /** c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule with fused multiply-adds. */
    static FloatValue polynomial(FloatValue x, float... coefficients) {
        FloatValue sum = x.kernel().constant(coefficients[coefficients.length - 1]);
        for (int power = coefficients.length - 2; power >= 0; power--) {
            sum = sum.timesPlus(x, coefficients[power]);
        }
        return sum;
    }

    /** What the exponential is put together from: x = n ln 2 + r, |r| at most ln(2)/2. */
    private record Reduced(IntValue n, FloatValue r) {
        static Reduced of(FloatValue x) {
            FloatValue shifted = x.timesPlus(LOG2_E, ROUNDER);
            FloatValue n = shifted.minus(ROUNDER);
            FloatValue r = n.timesPlus(-LN_2_LOW, n.timesPlus(-LN_2_HIGH, x));
            return new Reduced(shifted.bits().minus(Float.floatToRawIntBits(ROUNDER)), r);
        }
    }

    /** 2^n for n between -126 and 127. */
    private static FloatValue powerOfTwo(IntValue n) {
        return n.plus(127).shiftLeft(23).asFloat();
    }

    /** e^x. */
    public static FloatValue exp(FloatValue x) {
        Reduced reduced = Reduced.of(x.limitedTo(89f).raisedTo(-104f));
        FloatValue r = reduced.r();
        FloatValue one = x.kernel().constant(1f);
        FloatValue mantissa = polynomial(r, EXP_TAIL).timesPlus(r, one).timesPlus(r, one);
        // Two factors, since 2^128 is too great and 2^-150 too small for one.
        IntValue half = reduced.n().shiftRight(1);
        return mantissa.times(powerOfTwo(half)).times(powerOfTwo(reduced.n().minus(half)));
    }

    /** e^x - 1, also where x is small. */
    public static FloatValue expm1(FloatValue x) {
        FloatValue limited = x.limitedTo(89f).raisedTo(-18f);
        Reduced reduced = Reduced.of(limited);
        FloatValue r = reduced.r();
        FloatValue tail = polynomial(r, EXP_TAIL).times(r).timesPlus(r, r);
        // Half of the power, since 2^128 is too great.
        FloatValue half = powerOfTwo(reduced.n().minus(1));
        return half.timesPlus(tail, half.minus(0.5f)).times(2f);
    }

    /** The natural logarithm. */
    public static FloatValue log(FloatValue x) {
        MaskValue tiny = x.lessThan(Float.MIN_NORMAL);
        IntValue bits = tiny.select(x.times(8388608f), x).bits();
        // The exponent that leaves a mantissa between sqrt(1/2) and sqrt(2).
        IntValue exponent = bits.minus(0x3f3504f3).shiftRight(23);
        FloatValue f = bits.minus(exponent.shiftLeft(23)).asFloat().minus(1f);
        KernelBuilder kernel = x.kernel();
        IntValue adjusted = tiny.select(exponent.minus(23), exponent);
        FloatValue n =
                adjusted.plus(Float.floatToRawIntBits(ROUNDER)).asFloat().minus(ROUNDER);
        FloatValue square = f.times(f);
        FloatValue tail =
                n.timesPlus(LN_2_LOW, polynomial(f, LOG_TAIL).times(f).times(square));
        FloatValue small = square.timesPlus(-0.5f, tail).plus(f);
        FloatValue finite = n.timesPlus(LN_2_HIGH, small);
        FloatValue positive =
                x.lessThan(Float.POSITIVE_INFINITY).select(finite, x);
        FloatValue zeroOrNegative =
                x.equalTo(0f).select(Float.NEGATIVE_INFINITY, kernel.constant(Float.NaN));
        return x.atMost(0f).select(zeroOrNegative, positive);
    }

    /** ln(1 + x), also where x is small. */
    public static FloatValue log1p(FloatValue x) {
        FloatValue sum = x.plus(1f);
        FloatValue lost = x.minus(sum.minus(1f));
        FloatValue log = log(sum);
        FloatValue corrected = log.plus(lost.over(sum));
        // Where nothing was lost, and at infinity, where "lost" is NaN, the logarithm stands.
        return lost.abs().greaterThan(0f).select(corrected, log);
    }

    /** The hyperbolic tangent. */
    public static FloatValue tanh(FloatValue x) {
        FloatValue growth = expm1(x.abs().times(2f).limitedTo(20f));
        return withSignOf(x, growth.over(growth.plus(2f)));
    }

    /** 1 / (1 + e^-x). */
    public static FloatValue sigmoid(FloatValue x) {
        FloatValue decay = exp(x.abs().negated());
        return x.lessThan(0f).select(decay, x.kernel().constant(1f)).over(decay.plus(1f));
    }

    /** ln(erfc(a)) for a between 0 and {@link #ERFC_LIMIT}. */
    private static FloatValue logErfc(FloatValue a) {
        return polynomial(a, LOG_ERFC).times(a);
    }

    /** The error function. */
    public static FloatValue erf(FloatValue x) {
        FloatValue magnitude = expm1(logErfc(x.abs().limitedTo(ERFC_LIMIT))).negated();
        return withSignOf(x, magnitude);
    }

    /** The cumulative distribution of the standard normal; 0 below -5 sqrt(2). */
    public static FloatValue normalCumulative(FloatValue x) {
        FloatValue a = x.abs().times(0.70710677f);
        FloatValue tail = exp(logErfc(a.limitedTo(ERFC_LIMIT))).times(0.5f);
        FloatValue lower = a.greaterThan(ERFC_LIMIT).select(0f, tail);
        return x.lessThan(0f).select(lower, x.kernel().constant(1f).minus(lower));
    }

    /** The greater of x and 0 plus ln(1 + e^-|x|): ln(1 + e^x). */
    public static FloatValue softplus(FloatValue x) {
        return log1p(exp(x.abs().negated())).plus(x.raisedTo(0f));
    }

    private static FloatValue withSignOf(FloatValue x, FloatValue magnitude) {
        return magnitude.bits().or(x.bits().and(Integer.MIN_VALUE)).asFloat();
    }
}
