package dev.ugoki.tensor.kernel;

import static dev.ugoki.tensor.kernel.ElementaryFunctions.expUpTo60;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.reciprocal;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.sigmoid;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.tanh;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.timesSigmoid;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.timesSigmoidOfCubic;

import dev.ugoki.tensor.kernel.ElementaryFunctions.NormalTail;

/** Activation functions and their gradients: {@code y = f(x)}, {@code dx = dy f'(x)}. */
public final class Activations {
    private static final float SQRT_2_OVER_PI = 0.7978846f;
    private static final float GELU_CUBE = 0.044715f;
    private static final double SQRT_8_OVER_PI = 1.59576912160573071176;

    /** The first 16 bits of sqrt(8/pi). */
    private static final float GELU_LINEAR = 0x1.9884p0f;

    private static final float GELU_CUBIC = (float) (0.044715 * SQRT_8_OVER_PI);
    private static final float GELU_TANH_LIMIT = 10.87f;

    private Activations() {}

    /** x where it is positive, else 0; NaN stays. */
    public static FloatValue relu(FloatValue x) {
        return x.atMost(0f).select(0f, x);
    }

    /** dy where x is positive, else 0. */
    public static FloatValue reluGradient(FloatValue x, FloatValue dy) {
        return x.atMost(0f).select(0f, dy);
    }

    /** dy (1 - y)(1 + y) with y = tanh(x). */
    public static FloatValue tanhGradient(FloatValue y, FloatValue dy) {
        FloatValue one = y.kernel().constant(1f);
        return dy.times(one.minus(y).times(one.plus(y)));
    }

    /** dy y (1 - y) with y = sigmoid(x). */
    public static FloatValue sigmoidGradient(FloatValue y, FloatValue dy) {
        return dy.times(y.times(y.kernel().constant(1f).minus(y)));
    }

    /** x sigmoid(x), also called swish. */
    public static FloatValue silu(FloatValue x) {
        return timesSigmoid(x);
    }

    /** dy (s + x s (1-s)) with s = sigmoid(x). */
    public static FloatValue siluGradient(FloatValue x, FloatValue dy) {
        FloatValue s = sigmoid(x);
        FloatValue slope = x.times(s).timesPlus(x.kernel().constant(1f).minus(s), s);
        return dy.times(slope);
    }

    /** x Phi(x) (Hendrycks and Gimpel, 2016), the exact form. */
    public static FloatValue gelu(FloatValue x) {
        // x - x Phi(-x) loses nothing for positive x, and for negative x it would lose everything.
        // There x - x is 0, or NaN of infinity, and costs no multiplication.
        FloatValue above = x.lessThan(0f).select(x.minus(x), x);
        return NormalTail.of(x).momentFrom(above);
    }

    /** dy (Phi(x) + x phi(x)). */
    public static FloatValue geluGradient(FloatValue x, FloatValue dy) {
        NormalTail tail = NormalTail.of(x);
        FloatValue below = tail.probability();
        FloatValue cumulative = x.lessThan(0f).select(below, x.kernel().constant(1f).minus(below));
        return dy.times(x.timesPlus(tail.density(), cumulative));
    }

    /**
     * x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the approximation of {@link #gelu}, as x
     * sigmoid(sqrt(8/pi) (x + 0.044715 x^3)).
     */
    public static FloatValue geluTanh(FloatValue x) {
        return timesSigmoidOfCubic(
                x,
                GELU_LINEAR,
                (float) (SQRT_8_OVER_PI - GELU_LINEAR),
                GELU_CUBIC,
                (float) (0.044715 * SQRT_8_OVER_PI - GELU_CUBIC),
                GELU_TANH_LIMIT);
    }

    /** The gradient of {@link #geluTanh}. */
    public static FloatValue geluTanhGradient(FloatValue x, FloatValue dy) {
        FloatValue t = tanh(geluInner(x));
        FloatValue innerSlope =
                x.times(x).timesPlus(3 * GELU_CUBE * SQRT_2_OVER_PI, SQRT_2_OVER_PI);
        FloatValue tanhSlope = t.times(t.negated()).plus(1f);
        FloatValue half = x.times(0.5f);
        FloatValue slope = half.times(tanhSlope).timesPlus(innerSlope, t.timesPlus(0.5f, 0.5f));
        return dy.times(slope);
    }

    private static FloatValue geluInner(FloatValue x) {
        return x.times(x).times(x).timesPlus(GELU_CUBE, x).times(SQRT_2_OVER_PI);
    }

    /** Where mish is x to the last bit. */
    private static final float MISH_LINEAR = 20f;

    /** x tanh(softplus(x)) (Misra, 2019). With w = e^x, tanh(ln(1+w)) = (w^2+2w) / (w^2+2w+2). */
    public static FloatValue mish(FloatValue x) {
        FloatValue w = expUpTo60(x.limitedTo(MISH_LINEAR));
        FloatValue n = w.times(w.plus(2f));
        return x.times(n.times(reciprocal(n.plus(2f))));
    }

    /** dy (n + 4 x w (w+1) / d) / d with w = e^x, n = w^2+2w, d = n+2. */
    public static FloatValue mishGradient(FloatValue x, FloatValue dy) {
        FloatValue limited = x.limitedTo(MISH_LINEAR);
        FloatValue w = expUpTo60(limited);
        FloatValue n = w.times(w.plus(2f));
        FloatValue inverse = reciprocal(n.plus(2f));
        FloatValue curve = limited.times(4f).times(w).times(w.plus(1f)).times(inverse);
        return dy.times(curve.plus(n).times(inverse));
    }
}
