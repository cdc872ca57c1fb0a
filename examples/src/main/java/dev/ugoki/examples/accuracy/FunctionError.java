package dev.ugoki.examples.accuracy;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.stream.IntStream;

/**
 * The greatest error of a function over F32's bit patterns.
 *
 * @param ulps in units in the last place of the exact result rounded to F32
 * @param at the argument where it was found
 * @param wrong how many results were NaN, or a zero of a sign, where they must not be, or the other
 *     way round
 * @param wrongAt one of their arguments
 * @param arguments how many were tried
 */
record FunctionError(double ulps, float at, long wrong, float wrongAt, long arguments) {
    private static final FunctionError NONE = new FunctionError(0, Float.NaN, 0, Float.NaN, 0);
    private static final long PATTERNS = 1L << 32;
    private static final int CHUNK = 1 << 18;

    /** What one number more than the greatest would be. */
    private static final double BEYOND = 0x1p128;

    /** Tried besides every {@code stride}th bit pattern. */
    private static final float[] SPECIAL = {
        0f,
        -0f,
        1f,
        -1f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        1e22f,
        0x1.921fb6p0f,
        0x1.921fb6p1f,
        65536f,
        -65536.01f
    };

    /** Whether no result is wrong and no error greater than {@code goal}. */
    boolean meets(double goal) {
        return wrong == 0 && ulps <= goal;
    }

    /** Measures over every {@code stride}th bit pattern, on the current device. */
    static FunctionError measure(MeasuredFunction function, int stride) {
        FunctionError worst = of(function, SPECIAL);
        long count = (PATTERNS + stride - 1) / stride;
        for (long first = 0; first < count; first += CHUNK) {
            float[] x = new float[Math.toIntExact(Math.min(CHUNK, count - first))];
            for (int i = 0; i < x.length; i++) {
                x[i] = Float.intBitsToFloat((int) ((first + i) * stride));
            }
            worst = worst.or(of(function, x));
        }
        return worst;
    }

    private static FunctionError of(MeasuredFunction function, float[] x) {
        float[] y;
        try (TensorScope _ = TensorScope.open()) {
            y = function.computed().apply(Tensor.of(x, x.length)).toFloatArray();
        }
        return IntStream.range(0, 64)
                .parallel()
                .mapToObj(
                        part ->
                                of(
                                        function,
                                        x,
                                        y,
                                        part * x.length / 64,
                                        (part + 1) * x.length / 64))
                .reduce(NONE, FunctionError::or);
    }

    private static FunctionError of(
            MeasuredFunction function, float[] x, float[] y, int begin, int end) {
        double worst = 0;
        float at = Float.NaN;
        long wrong = 0;
        float wrongAt = Float.NaN;
        for (int i = begin; i < end; i++) {
            double exact = function.exact().applyAsDouble(x[i]);
            if (isWrongKind((float) exact, y[i])) {
                wrong++;
                wrongAt = x[i];
            } else {
                double error = ulps(exact, y[i]);
                if (error > worst) {
                    worst = error;
                    at = x[i];
                }
            }
        }
        return new FunctionError(worst, at, wrong, wrongAt, end - begin);
    }

    /** A NaN or the sign of a zero that is not the exact result's. */
    private static boolean isWrongKind(float exact, float computed) {
        return Float.isNaN(exact) != Float.isNaN(computed)
                || exact == 0
                        && computed == 0
                        && Math.copySign(1, exact) != Math.copySign(1, computed);
    }

    private static double ulps(double exact, float computed) {
        float rounded = (float) exact;
        if (Float.isNaN(rounded)) {
            return 0;
        }
        if (Float.isInfinite(rounded)) {
            return rounded == computed ? 0 : (BEYOND - Math.abs((double) computed)) / 0x1p104;
        }
        double value = Float.isInfinite(computed) ? Math.copySign(BEYOND, computed) : computed;
        return Math.abs(value - exact) / Math.ulp(rounded);
    }

    private FunctionError or(FunctionError other) {
        boolean mine = ulps >= other.ulps;
        return new FunctionError(
                mine ? ulps : other.ulps,
                mine ? at : other.at,
                wrong + other.wrong,
                wrong > 0 ? wrongAt : other.wrongAt,
                arguments + other.arguments);
    }
}
