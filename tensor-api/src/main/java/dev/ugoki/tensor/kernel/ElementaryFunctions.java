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

    /** The same, with the exponent's bias less one in the low bits. */
    private static final float BIASED_ROUNDER = ROUNDER + 126f;

    /** Below this e^x is taken for 0; at it the power of two comes out as 0. */
    private static final float EXP_UNDERFLOW = -87.5f;

    private static final float EXP_OVERFLOW = 89f;

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

    /**
     * ln(Phi(-t)) for t between 0 and 6; beyond it falls steadily, so that its exponential goes to
     * 0 as it must.
     */
    private static final float[] LOG_NORMAL_TAIL = {
        -0.6931472f,
        -0.7978845f,
        -0.31831062f,
        -0.036330473f,
        0.004766147f,
        6.52157e-05f,
        -0.00024380254f,
        7.634328e-05f,
        -1.4421707e-05f,
        1.8336632e-06f,
        -1.5395983e-07f,
        7.7369e-09f,
        -1.763654e-10f
    };

    private ElementaryFunctions() {}

    /** c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule with fused multiply-adds. */
    static FloatValue polynomial(FloatValue x, float... coefficients) {
        FloatValue sum = x.kernel().constant(coefficients[coefficients.length - 1]);
        for (int power = coefficients.length - 2; power >= 0; power--) {
            sum = sum.timesPlus(x, coefficients[power]);
        }
        return sum;
    }

    /** x = n ln 2 + r with an integer n and |r| at most ln(2)/2. */
    private record Reduced(FloatValue r, FloatValue halfPower) {
        static Reduced of(FloatValue x) {
            FloatValue shifted = x.timesPlus(LOG2_E, BIASED_ROUNDER);
            FloatValue n = shifted.minus(BIASED_ROUNDER);
            FloatValue r = n.timesPlus(-LN_2_LOW, n.timesPlus(-LN_2_HIGH, x));
            // 2^(n-1) and not 2^n, which F32 does not hold for n = 128.
            return new Reduced(r, shifted.bits().shiftLeft(23).asFloat());
        }

        /** e^x for x between {@link #EXP_UNDERFLOW} and {@link #EXP_OVERFLOW}. */
        FloatValue exp() {
            FloatValue two = r.kernel().constant(2f);
            float[] doubled = EXP_TAIL.clone();
            for (int i = 0; i < doubled.length; i++) {
                doubled[i] *= 2;
            }
            return polynomial(r, doubled).timesPlus(r, two).timesPlus(r, two).times(halfPower);
        }
    }

    /** e^x; results below 1.7e-38 become 0. */
    public static FloatValue exp(FloatValue x) {
        return expUpTo(EXP_OVERFLOW, x);
    }

    /** e^x for x up to {@code limit}, e^limit above; results below 1.7e-38 become 0. */
    static FloatValue expUpTo(float limit, FloatValue x) {
        return expOfNegative(x.limitedTo(limit));
    }

    /** e^x, as {@link #exp}, where x is known to be at most {@link #EXP_OVERFLOW}. */
    static FloatValue expOfNegative(FloatValue x) {
        return Reduced.of(x.raisedTo(EXP_UNDERFLOW)).exp();
    }

    /** e^x - 1, also where x is small. */
    public static FloatValue expm1(FloatValue x) {
        return expm1Between(x.limitedTo(EXP_OVERFLOW).raisedTo(-18f));
    }

    /** e^x - 1 for x between {@link #EXP_UNDERFLOW} and {@link #EXP_OVERFLOW}. */
    private static FloatValue expm1Between(FloatValue x) {
        Reduced reduced = Reduced.of(x);
        FloatValue r = reduced.r();
        FloatValue tail = polynomial(r, EXP_TAIL).times(r).timesPlus(r, r);
        FloatValue half = reduced.halfPower();
        return half.timesPlus(tail, half.minus(0.5f)).times(2f);
    }

    /**
     * 1/d for d between 2^-60 and 2^60, to about one unit in the last place; NaN for NaN. Unlike a
     * division it does not hold up the multiplications around it.
     */
    static FloatValue reciprocal(FloatValue d) {
        KernelBuilder kernel = d.kernel();
        // Subtracting the bits negates the exponent and the mantissa roughly: within 12 percent.
        FloatValue guess = kernel.intConstant(0x7ef311c7).minus(d.bits()).asFloat();
        FloatValue negated = d.negated();
        for (int step = 0; step < 2; step++) {
            FloatValue error = negated.timesPlus(guess, 1f);
            // 1/d = guess / (1-error) = guess (1 + error + error^2 + ...)
            guess = guess.timesPlus(error.timesPlus(error, error), guess);
        }
        return guess;
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
        FloatValue n = adjusted.plus(Float.floatToRawIntBits(ROUNDER)).asFloat().minus(ROUNDER);
        FloatValue square = f.times(f);
        FloatValue tail = n.timesPlus(LN_2_LOW, polynomial(f, LOG_TAIL).times(f).times(square));
        FloatValue small = square.timesPlus(-0.5f, tail).plus(f);
        FloatValue finite = n.timesPlus(LN_2_HIGH, small);
        FloatValue positive = x.lessThan(Float.POSITIVE_INFINITY).select(finite, x);
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
        FloatValue growth = expm1Between(x.abs().times(2f).limitedTo(20f));
        return withSignOf(x, growth.times(reciprocal(growth.plus(2f))));
    }

    /** 1 / (1 + e^-x). */
    public static FloatValue sigmoid(FloatValue x) {
        FloatValue decay = expOfNegative(x.abs().negated());
        FloatValue numerator = x.lessThan(0f).select(decay, x.kernel().constant(1f));
        return numerator.times(reciprocal(decay.plus(1f)));
    }

    /** The error function. */
    public static FloatValue erf(FloatValue x) {
        FloatValue a = x.abs().limitedTo(ERFC_LIMIT);
        FloatValue logErfc = polynomial(a, LOG_ERFC).times(a);
        return withSignOf(x, expm1Between(logErfc).negated());
    }

    /** The cumulative distribution of the standard normal; 0 below about -12. */
    public static FloatValue normalCumulative(FloatValue x) {
        FloatValue tail = expOfNegative(polynomial(x.abs(), LOG_NORMAL_TAIL));
        return x.lessThan(0f).select(tail, x.kernel().constant(1f).minus(tail));
    }

    /** The greater of x and 0 plus ln(1 + e^-|x|): ln(1 + e^x). */
    public static FloatValue softplus(FloatValue x) {
        return log1p(expOfNegative(x.abs().negated())).plus(x.raisedTo(0f));
    }

    private static FloatValue withSignOf(FloatValue x, FloatValue magnitude) {
        return magnitude.bits().or(x.bits().and(Integer.MIN_VALUE)).asFloat();
    }
}
