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

    /** The same for multiples of 2^-9. */
    private static final float COARSE_ROUNDER = 24576f;

    /** The exponent's bias in F32. */
    private static final int BIAS = 127;

    /** Below this e^x is less than half the smallest number: it rounds to 0. */
    private static final float EXP_UNDERFLOW = -104f;

    private static final float EXP_OVERFLOW = 89f;

    /**
     * Where e^x is at most 2^97, it is computed as e^x 2^30 times 2^-30, so that all factors are
     * normal and only the last multiplication rounds to a subnormal number.
     */
    private static final int LIFT = 30;

    private static final float LOWERED = 0x1p-30f;

    /** Here the lifted power of two is 0. */
    private static final float SIGMOID_UNDERFLOW = 108.8f;

    /** (e^r - 1 - r) / r^2 for |r| up to ln(2)/2, lowest power first. */
    private static final float[] EXP_TAIL = {
        0.49999994f, 0.1666652f, 0.041668393f, 0.008368781f, 0.0013814467f
    };

    /** The same in terms of -2 r. */
    private static final float[] EXP_TAIL_OF_SQUARE = {
        0.49999994f / 4, -0.1666652f / 8, 0.041668393f / 16, -0.008368781f / 32, 0.0013814467f / 64
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

    private static final float ONE_OVER_SQRT_2_PI = 0.3989423f;

    /** Beyond it Phi(-t), and t times it, round to 0. */
    private static final float NORMAL_TAIL_LIMIT = 14.4f;

    /**
     * With u = 1 / (1 + SLOPE t), Phi(-t) e^(t^2/2) / u as a polynomial in u t - MIDDLE. Powers of
     * u or of u t itself would cancel at one end of the range.
     */
    private static final float NORMAL_TAIL_SLOPE = 0.265f;

    private static final float NORMAL_TAIL_MIDDLE = 1.625f;

    private static final float[] NORMAL_TAIL = {
        0.22259283f,
        -0.09809069f,
        0.031658124f,
        -0.00696226f,
        0.00079318293f,
        4.6485922e-05f,
        -2.6749849e-05f,
        3.500976e-07f,
        7.476712e-07f
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

    private static float[] scaled(float[] coefficients, float factor) {
        float[] products = coefficients.clone();
        for (int i = 0; i < products.length; i++) {
            products[i] *= factor;
        }
        return products;
    }

    /**
     * x = n ln 2 + r with an integer n and |r| at most ln(2)/2.
     *
     * @param biased n plus the exponent's bias and {@code lift} in the lowest bits
     */
    private record Reduced(FloatValue r, IntValue biased) {
        static Reduced of(FloatValue x, int lift) {
            FloatValue shifted = x.timesPlus(LOG2_E, ROUNDER + BIAS + lift);
            FloatValue n = shifted.minus(ROUNDER + BIAS + lift);
            FloatValue r = n.timesPlus(-LN_2_HIGH, x);
            return new Reduced(n.timesPlus(-LN_2_LOW, r), shifted.bits());
        }

        /** The product of x and y, of which r takes in every bit. */
        static Reduced ofProduct(FloatValue x, FloatValue y, int lift) {
            FloatValue shifted = x.times(LOG2_E).timesPlus(y, ROUNDER + BIAS + lift);
            FloatValue n = shifted.minus(ROUNDER + BIAS + lift);
            FloatValue r = x.timesPlus(y, n.times(-LN_2_HIGH));
            return new Reduced(n.timesPlus(-LN_2_LOW, r), shifted.bits());
        }

        /** 2^(n + lift), where F32 has it. */
        FloatValue power() {
            return biased.shiftLeft(23).asFloat();
        }

        /** e^r times a power of two. */
        FloatValue expOfRest(float factor) {
            return polynomial(r, scaled(EXP_TAIL, factor))
                    .timesPlus(r, factor)
                    .timesPlus(r, factor);
        }
    }

    /** e^x. */
    public static FloatValue exp(FloatValue x) {
        FloatValue limited = x.limitedTo(EXP_OVERFLOW).raisedTo(EXP_UNDERFLOW);
        Reduced reduced = Reduced.of(limited, BIAS);
        // F32 has 2^n for normal n only, but always the two halves of it.
        IntValue half = reduced.biased().shiftRight(1);
        FloatValue upper = half.shiftLeft(23).asFloat();
        FloatValue lower = reduced.biased().minus(half).shiftLeft(23).asFloat();
        return reduced.expOfRest(1f).times(upper).times(lower);
    }

    /** e^x, as {@link #exp}, where x is known to be at most 60. */
    static FloatValue expUpTo60(FloatValue x) {
        Reduced reduced = Reduced.of(x.raisedTo(EXP_UNDERFLOW), LIFT);
        return reduced.expOfRest(LOWERED).times(reduced.power());
    }

    /** A number near x that has few digits: a multiple of 2^-9, unless x is large. */
    static FloatValue coarse(FloatValue x) {
        return x.plus(COARSE_ROUNDER).minus(COARSE_ROUNDER);
    }

    /**
     * e^(x-y) for y from {@link #coarse}, where x - y is known to be at most 60: as {@link #exp}
     * would be if F32 held the difference exactly.
     */
    static FloatValue expOfDifference(FloatValue x, FloatValue y) {
        FloatValue difference = x.minus(y);
        FloatValue shifted = difference.timesPlus(LOG2_E, ROUNDER + BIAS + LIFT);
        FloatValue n = shifted.minus(ROUNDER + BIAS + LIFT);
        // Both y and n times the upper part of ln 2 are multiples of 2^-9, so nothing is lost.
        FloatValue r = n.timesPlus(-LN_2_LOW, x.minus(n.timesPlus(LN_2_HIGH, y)));
        Reduced reduced = new Reduced(r, shifted.bits());
        FloatValue power = reduced.expOfRest(LOWERED).times(reduced.power());
        return difference.lessThan(EXP_UNDERFLOW).select(0f, power);
    }

    /** e^x - 1, also where x is small. */
    public static FloatValue expm1(FloatValue x) {
        return withSignOf(x, expm1Between(x.limitedTo(EXP_OVERFLOW).raisedTo(-18f)));
    }

    /** e^x - 1 for x between -87 and {@link #EXP_OVERFLOW}. */
    private static FloatValue expm1Between(FloatValue x) {
        // 2^(n-1) and not 2^n, which F32 does not hold for n = 128.
        Reduced reduced = Reduced.of(x, -1);
        FloatValue r = reduced.r();
        FloatValue tail = polynomial(r, EXP_TAIL).times(r).timesPlus(r, r);
        FloatValue half = reduced.power();
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
        return withSignOf(x, lost.abs().greaterThan(0f).select(corrected, log));
    }

    /** The hyperbolic tangent. */
    public static FloatValue tanh(FloatValue x) {
        FloatValue growth = expm1Between(x.abs().times(2f).limitedTo(20f));
        return withSignOf(x, growth.times(reciprocal(growth.plus(2f))));
    }

    /** 1 / (1 + e^-x). */
    public static FloatValue sigmoid(FloatValue x) {
        FloatValue decay = expUpTo60(x.abs().negated());
        FloatValue numerator = x.lessThan(0f).select(decay, x.kernel().constant(1f));
        return numerator.times(reciprocal(decay.plus(1f)));
    }

    /** x / (1 + e^-x). */
    static FloatValue timesSigmoid(FloatValue x) {
        FloatValue exponent = x.abs().limitedTo(SIGMOID_UNDERFLOW).negated();
        return timesSigmoid(x, Reduced.of(exponent, LIFT));
    }

    /**
     * x / (1 + e^-w) with {@code w = x (c + d x^2)}, where c and d are positive and given in two
     * parts each; {@code limit} is that |x| from which on the result for -|x| is 0.
     *
     * <p>An error in w is one of the result relative to it, so w is computed to twice F32's digits:
     * c's first part must leave its lowest bits 0.
     */
    static FloatValue timesSigmoidOfCubic(
            FloatValue x, float c, float lowC, float d, float lowD, float limit) {
        FloatValue size = x.abs().limitedTo(limit);
        FloatValue square = size.times(size);
        FloatValue lowSquare = size.timesPlus(size, square.negated());
        FloatValue slope = square.timesPlus(d, c);
        FloatValue lost = square.timesPlus(d, x.kernel().constant(c).minus(slope));
        FloatValue lowSlope = lowSquare.timesPlus(d, square.timesPlus(lowD, lost.plus(lowC)));
        FloatValue negated = size.negated();
        Reduced reduced = Reduced.ofProduct(negated, slope, LIFT);
        FloatValue rest = negated.timesPlus(lowSlope, reduced.r());
        return timesSigmoid(x, new Reduced(rest, reduced.biased()));
    }

    /** x / (1 + e^-|w|) for positive x, x e^-|w| / (1 + e^-|w|) for others. */
    private static FloatValue timesSigmoid(FloatValue x, Reduced minusSizeOfW) {
        FloatValue lifted = minusSizeOfW.expOfRest(1f).times(minusSizeOfW.power());
        FloatValue inverse = reciprocal(lifted.timesPlus(LOWERED, 1f));
        MaskValue negative = x.lessThan(0f);
        FloatValue numerator = negative.select(lifted, x.kernel().constant(1f));
        return x.times(numerator).times(negative.select(inverse.times(LOWERED), inverse));
    }

    /** The error function. */
    public static FloatValue erf(FloatValue x) {
        FloatValue a = x.abs().limitedTo(ERFC_LIMIT);
        FloatValue logErfc = polynomial(a, LOG_ERFC).times(a);
        return withSignOf(x, expm1Between(logErfc).abs());
    }

    /**
     * Phi(-t), the upper tail of the standard normal, for t = |x|, as a product whose factors are
     * normal numbers also where it is not.
     *
     * @param size t, limited to where the tail is not 0
     * @param lifted e^(-t^2/2) 2^30
     * @param ratio Phi(-t) / lifted
     */
    record NormalTail(FloatValue size, FloatValue lifted, FloatValue ratio) {
        static NormalTail of(FloatValue x) {
            FloatValue t = x.abs().limitedTo(NORMAL_TAIL_LIMIT);
            // -t^2/2 = n ln 2 + r, computed as t^2 = -2 n ln 2 + square: r is half of -square.
            FloatValue shifted = t.times(-0.5f * LOG2_E).timesPlus(t, ROUNDER + LIFT);
            FloatValue n = shifted.minus(ROUNDER + LIFT);
            FloatValue high = t.timesPlus(t, n.times(2 * LN_2_HIGH));
            FloatValue square = n.timesPlus(2 * LN_2_LOW, high);
            FloatValue expOfRest =
                    polynomial(square, EXP_TAIL_OF_SQUARE)
                            .timesPlus(square, -0.5f)
                            .timesPlus(square, 1f);
            // All is normal, so n + 30 can be added to the exponent: multiplications are scarce.
            FloatValue lifted = expOfRest.bits().plus(shifted.bits().shiftLeft(23)).asFloat();
            // A division here is off the way of the multiplications, of which there are many.
            FloatValue u = x.kernel().constant(1f).over(t.timesPlus(NORMAL_TAIL_SLOPE, 1f));
            FloatValue place = t.timesPlus(u, -NORMAL_TAIL_MIDDLE);
            FloatValue ratio = polynomial(place, scaled(NORMAL_TAIL, LOWERED)).times(u);
            return new NormalTail(t, lifted, ratio);
        }

        /** The density at t. */
        FloatValue density() {
            return lifted.times(ONE_OVER_SQRT_2_PI * LOWERED);
        }

        /** Phi(-t). */
        FloatValue probability() {
            return ratio.times(lifted);
        }

        /** y - t Phi(-t), rounded once. */
        FloatValue momentFrom(FloatValue y) {
            return size.negated().times(lifted).timesPlus(ratio, y);
        }
    }

    /** The greater of x and 0 plus ln(1 + e^-|x|): ln(1 + e^x). */
    public static FloatValue softplus(FloatValue x) {
        return log1p(expUpTo60(x.abs().negated())).plus(x.raisedTo(0f));
    }

    /** The sign that x has, given to a value that is positive or has it already. */
    private static FloatValue withSignOf(FloatValue x, FloatValue magnitude) {
        return magnitude.bits().or(x.bits().and(Integer.MIN_VALUE)).asFloat();
    }
}
