package dev.ugoki.tensor;

import dev.ugoki.tensor.op.MathFunction;

/**
 * Functions of each element that are wanted less often than the methods of {@link Tensor}. Operands
 * are broadcast and have one dtype.
 *
 * <p>Shapes: {@code [..] -> [..]}; of functions of two, {@code [..], [..] -> [..]}.
 *
 * <p>Source, where nothing else is named: SciPy's and NumPy's functions of the same names.
 */
public final class SpecialFunctions {
    private SpecialFunctions() {}

    /** {@code x * log(y)}, and 0 where x is 0; see {@link MathFunction.Xlogy}. */
    public static Tensor xlogy(Tensor x, Tensor y) {
        return x.combine(new MathFunction.Xlogy(), y);
    }

    /** {@code -x * log(x)}, and 0 at 0: what a probability adds to an entropy. */
    public static Tensor entropyTerm(Tensor x) {
        return xlogy(x, x).neg();
    }

    /** {@code sin(pi x) / (pi x)}, and 1 at 0; see {@link MathFunction.Sinc}. */
    public static Tensor sinc(Tensor x) {
        return Engine.one(new MathFunction.Sinc(), x);
    }

    /** {@code log(|Gamma(x)|)}; see {@link MathFunction.LogGamma}. */
    public static Tensor logGamma(Tensor x) {
        return Engine.one(new MathFunction.LogGamma(), x);
    }

    /** The derivative of {@link #logGamma}; see {@link MathFunction.Digamma}. */
    public static Tensor digamma(Tensor x) {
        return Engine.one(new MathFunction.Digamma(), x);
    }

    /** {@code log(Gamma(a) Gamma(b) / Gamma(a + b))} for positive a and b. */
    public static Tensor logBeta(Tensor a, Tensor b) {
        return logGamma(a).add(logGamma(b)).sub(logGamma(a.add(b)));
    }

    /** {@code log(p / (1 - p))}, the inverse of {@link Tensor#sigmoid}; infinite at 0 and 1. */
    public static Tensor logit(Tensor p) {
        return p.log().sub(p.neg().log1p());
    }

    /** 0 where x is negative, 1 where it is positive, {@code atZero} at 0, NaN for NaN. */
    public static Tensor heaviside(Tensor x, Tensor atZero) {
        Tensor at = x.detach();
        Tensor step = at.gt(0).cast(x.dtype());
        Tensor defined = at.isNan().select(at, step);
        return at.eq(0).select(atZero, defined);
    }

    /** Whether the sign bit is set (BOOL): for negative elements and -0; false for NaN. */
    public static Tensor signBit(Tensor x) {
        Tensor at = x.detach();
        if (!x.dtype().isFloating()) {
            return at.lt(0);
        }
        return at.lt(0).or(at.eq(0).and(at.reciprocal().lt(0)));
    }

    /** The magnitude of x with the sign of {@code sign}, that of zeros too. */
    public static Tensor copySign(Tensor x, Tensor sign) {
        Tensor same = signBit(x).eq(signBit(sign));
        return same.select(x, x.neg());
    }

    /** Degrees as radians. */
    public static Tensor radians(Tensor degrees) {
        return degrees.mul(Math.PI / 180);
    }

    /** Radians as degrees. */
    public static Tensor degrees(Tensor radians) {
        return radians.mul(180 / Math.PI);
    }
}
