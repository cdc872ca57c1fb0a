package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.KernelBuilder;

/**
 * The quantile function of the normal distribution, by which random words become normal numbers:
 * one word each, with the same bits on every backend that computes it as written here. Nothing but
 * operations that IEEE 754 defines exactly is used: addition, multiplication, division, square
 * root, fused multiply-add, conversions and bits.
 *
 * <p>A word's sign is the number's; the other 31 bits give the probability {@code q = (m + 0.5) /
 * 2^32} beyond it, in (0, 0.5). With {@code x = 1 - 2q} (formed of the complement of m, so that
 * numbers near 0 are as exact as others) and {@code w = -log(1 - x^2) = -log(4q(1 - q))} the
 * quotient of quantile and x is a smooth function of w, and far out of its root, so two polynomials
 * suffice. The approach is that of Giles: Approximating the erfinv function (GPU Computing Gems,
 * 2011); the polynomials are our own least-squares fits at Chebyshev nodes. Relative error of F32:
 * below 5e-7. The largest F32 number is 6.34.
 *
 * <p>F64 takes two words and the rational functions of Wichura: Algorithm AS 241 (Applied
 * Statistics 37, 1988), with relative error below 1e-14, and {@link StrictMath#log}, which is
 * defined to the bit.
 */
public final class NormalQuantile {
    /** In w - 3, for w below {@link #FAR}; the highest power first. */
    private static final float[] CENTRAL = {
        -8.333087195e-09f,
        -6.078238286e-09f,
        6.462012601e-07f,
        -2.667205392e-06f,
        -1.805462527e-05f,
        2.764505815e-04f,
        -1.182349687e-03f,
        -8.115588119e-03f,
        3.417168592e-01f,
        2.296035236e+00f
    };

    /** In sqrt(w) - 3.5, for w from {@link #FAR}; the highest power first. */
    private static final float[] TAIL = {
        4.681416664e-05f,
        -2.822952395e-04f,
        6.734358301e-04f,
        -1.008242487e-03f,
        1.520222849e-03f,
        -2.900208487e-03f,
        4.638079856e-03f,
        1.424632971e+00f,
        4.717089037e+00f
    };

    /** Of {@code (log(1 + f) - f + f^2 / 2) / f^3}; the highest power first. */
    private static final float[] LOG = {
        6.860491103e-02f,
        -1.142091866e-01f,
        1.169944002e-01f,
        -1.243501984e-01f,
        1.424863236e-01f,
        -1.666737390e-01f,
        2.000071664e-01f,
        -2.500000192e-01f,
        3.333333120e-01f
    };

    private static final float FAR = 6;
    private static final int ROOT_HALF_BITS = 0x3F3504F3;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    private NormalQuantile() {}

    /** The normal number of a random word. */
    public static float ofWord(int word) {
        float q = Math.fma((float) (word & Integer.MAX_VALUE), 0x1p-32f, 0x1p-33f);
        float x = Math.fma((float) (~word & Integer.MAX_VALUE), 0x1p-31f, 0x1p-32f);
        float w = -log(4f * q * (1f - q));
        float quotient =
                w < FAR
                        ? polynomial(CENTRAL, w - 3f)
                        : polynomial(TAIL, (float) Math.sqrt(w) - 3.5f);
        float magnitude = quotient * x;
        return word < 0 ? -magnitude : magnitude;
    }

    /** The same inside a kernel, bit for bit. */
    public static FloatValue ofWord(IntValue word) {
        KernelBuilder kernel = word.kernel();
        FloatValue one = kernel.constant(1f);
        FloatValue q = word.and(Integer.MAX_VALUE).toFloat().timesPlus(0x1p-32f, 0x1p-33f);
        IntValue other = word.xor(kernel.intConstant(-1)).and(Integer.MAX_VALUE);
        FloatValue x = other.toFloat().timesPlus(0x1p-31f, 0x1p-32f);
        FloatValue w = log(q.times(4f).times(one.minus(q))).negated();
        FloatValue central = polynomial(CENTRAL, w.minus(3f));
        FloatValue tail = polynomial(TAIL, w.sqrt().minus(3.5f));
        FloatValue magnitude = w.lessThan(FAR).select(central, tail).times(x);
        return word.lessThan(kernel.intConstant(0)).select(magnitude.negated(), magnitude);
    }

    private static FloatValue log(FloatValue value) {
        IntValue bits = value.bits();
        IntValue exponent = bits.minus(ROOT_HALF_BITS).shiftRight(23);
        FloatValue f = bits.minus(exponent.shiftLeft(23)).asFloat().minus(1f);
        FloatValue square = f.times(f);
        FloatValue tail = f.times(square).times(polynomial(LOG, f));
        FloatValue small = square.timesPlus(-0.5f, tail);
        FloatValue whole = exponent.toFloat();
        return whole.timesPlus(LN2_HIGH, f.plus(whole.timesPlus(LN2_LOW, small)));
    }

    private static FloatValue polynomial(float[] coefficients, FloatValue at) {
        FloatValue sum = at.kernel().constant(coefficients[0]);
        for (int i = 1; i < coefficients.length; i++) {
            sum = sum.timesPlus(at, coefficients[i]);
        }
        return sum;
    }

    /** The natural logarithm of a positive normal number up to 1. */
    private static float log(float value) {
        int bits = Float.floatToRawIntBits(value);
        int exponent = (bits - ROOT_HALF_BITS) >> 23;
        float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1f;
        float square = f * f;
        float small = Math.fma(-0.5f, square, f * square * polynomial(LOG, f));
        float whole = exponent;
        return Math.fma(whole, LN2_HIGH, f + Math.fma(whole, LN2_LOW, small));
    }

    private static float polynomial(float[] coefficients, float at) {
        float sum = coefficients[0];
        for (int i = 1; i < coefficients.length; i++) {
            sum = Math.fma(sum, at, coefficients[i]);
        }
        return sum;
    }

    /** The normal number, in F64, of two random words, the first of which weighs more. */
    public static double ofWords(int high, int low) {
        long m = ((long) (high & Integer.MAX_VALUE) << 32 | low & 0xFFFFFFFFL) >>> 11;
        double q = Math.fma((double) m, 0x1p-53, 0x1p-54);
        double centered = 0.5 - q;
        double magnitude;
        if (centered <= 0.425) {
            double r = Math.fma(-centered, centered, 0.180625);
            magnitude = centered * polynomial(A, r) / polynomial(B, r);
        } else {
            double r = Math.sqrt(-StrictMath.log(q));
            magnitude =
                    r <= 5
                            ? polynomial(C, r - 1.6) / polynomial(D, r - 1.6)
                            : polynomial(E, r - 5) / polynomial(F, r - 5);
        }
        return high < 0 ? -magnitude : magnitude;
    }

    /**
     * The quantile's magnitude out of primitives: the same formulas, but the backend's own
     * logarithm and rounding.
     *
     * @param q probabilities beyond, in (0, 0.5], F32 or F64
     * @param x {@code 1 - 2q}, which the caller may know more exactly
     */
    static Tensor decomposed(Tensor q, Tensor x) {
        return q.dtype() == DType.F64 ? decomposedWide(q, x) : decomposedNarrow(q, x);
    }

    /**
     * The normal numbers below which others lie with the given probabilities.
     *
     * @param p F64, from 0, where the result is minus infinity, to 1
     */
    public static Tensor ofProbabilities(Tensor p) {
        Tensor upper = p.gt(0.5);
        Tensor q = upper.select(p.neg().add(1), p);
        Tensor none = q.eq(0);
        Tensor regular = q.maskedFill(none, 0.5);
        Tensor beyond = decomposedWide(regular, regular.mul(-2).add(1));
        Tensor magnitude = beyond.maskedFill(none, Double.POSITIVE_INFINITY);
        return upper.select(magnitude, magnitude.neg());
    }

    private static Tensor decomposedNarrow(Tensor q, Tensor x) {
        Tensor w = q.mul(4).mul(q.neg().add(1)).log().neg();
        Tensor central = polynomial(CENTRAL, w.minimum(FAR).sub(3));
        Tensor tail = polynomial(TAIL, w.maximum(FAR).sqrt().sub(3.5));
        return w.lt(FAR).select(central, tail).mul(x);
    }

    private static Tensor decomposedWide(Tensor q, Tensor x) {
        Tensor centered = x.mul(0.5);
        Tensor near = centered.square().neg().add(0.180625);
        Tensor central = centered.mul(polynomial(A, near)).div(polynomial(B, near));
        Tensor r = q.log().neg().sqrt();
        Tensor tail = polynomial(C, r.sub(1.6)).div(polynomial(D, r.sub(1.6)));
        Tensor far = polynomial(E, r.sub(5)).div(polynomial(F, r.sub(5)));
        return centered.le(0.425).select(central, r.le(5).select(tail, far));
    }

    private static Tensor polynomial(float[] coefficients, Tensor at) {
        Tensor sum = at.scalarLike(coefficients[0]);
        for (int i = 1; i < coefficients.length; i++) {
            sum = sum.mul(at).add(coefficients[i]);
        }
        return sum;
    }

    private static Tensor polynomial(double[] coefficients, Tensor at) {
        Tensor sum = at.scalarLike(coefficients[0]);
        for (int i = 1; i < coefficients.length; i++) {
            sum = sum.mul(at).add(coefficients[i]);
        }
        return sum;
    }

    private static double polynomial(double[] coefficients, double at) {
        double sum = coefficients[0];
        for (int i = 1; i < coefficients.length; i++) {
            sum = Math.fma(sum, at, coefficients[i]);
        }
        return sum;
    }

    // The tables of AS 241, routine PPND16; the highest power first.

    private static final double[] A = {
        2.5090809287301226727e+3,
        3.3430575583588128105e+4,
        6.7265770927008700853e+4,
        4.5921953931549871457e+4,
        1.3731693765509461125e+4,
        1.9715909503065514427e+3,
        1.3314166789178437745e+2,
        3.3871328727963666080e+0
    };
    private static final double[] B = {
        5.2264952788528545610e+3,
        2.8729085735721942674e+4,
        3.9307895800092710610e+4,
        2.1213794301586595867e+4,
        5.3941960214247511077e+3,
        6.8718700749205790830e+2,
        4.2313330701600911252e+1,
        1
    };
    private static final double[] C = {
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e+0,
        3.64784832476320460504e+0,
        5.76949722146069140550e+0,
        4.63033784615654529590e+0,
        1.42343711074968357734e+0
    };
    private static final double[] D = {
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e+0,
        2.05319162663775882187e+0,
        1
    };
    private static final double[] E = {
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e+0,
        5.46378491116411436990e+0,
        6.65790464350110377720e+0
    };
    private static final double[] F = {
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1
    };
}
