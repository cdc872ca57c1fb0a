package dev.ugoki.cpu.generated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.KernelInterpreter;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/** Accuracy against F64, over a million F32 of a range, and special values. */
class ElementaryFunctionsTest {
    private static float[] evaluate(UnaryOperator<FloatValue> function, float... x) {
        float[] memory = new float[2 * x.length];
        System.arraycopy(x, 0, memory, 0, x.length);
        new KernelInterpreter(SampleKernels.unary(function))
                .runFlat(
                        MemorySegment.ofArray(memory),
                        new long[] {0, 0, 4L * x.length, 0},
                        0,
                        x.length);
        float[] y = new float[x.length];
        System.arraycopy(memory, x.length, y, 0, x.length);
        return y;
    }

    /** The greatest error in units in the last place of the exact result. */
    private static double worst(
            UnaryOperator<FloatValue> function,
            DoubleUnaryOperator exact,
            float from,
            float to,
            String name) {
        int count = 1 << 20;
        float[] x = new float[count];
        long low = ordinal(from);
        long high = ordinal(to);
        for (int i = 0; i < count; i++) {
            x[i] = atOrdinal(low + (long) ((high - low) * (i / (count - 1.0))));
        }
        float[] y = evaluate(function, x);
        double worst = 0;
        float worstAt = 0;
        for (int i = 0; i < count; i++) {
            double expected = exact.applyAsDouble(x[i]);
            double error = Math.abs(y[i] - expected) / Math.ulp((float) expected);
            if (!(error <= worst)) {
                worst = error;
                worstAt = x[i];
            }
        }
        System.out.printf("%s: %.2f ulp at %s%n", name, worst, worstAt);
        return worst;
    }

    /** Consecutive numbers for consecutive floats. */
    private static long ordinal(float x) {
        int bits = Float.floatToRawIntBits(x);
        return bits >= 0 ? bits : -(long) (bits & Integer.MAX_VALUE);
    }

    private static float atOrdinal(long ordinal) {
        return ordinal >= 0
                ? Float.intBitsToFloat((int) ordinal)
                : -Float.intBitsToFloat((int) -ordinal);
    }

    private static void assertWithin(
            double limit,
            String name,
            UnaryOperator<FloatValue> function,
            DoubleUnaryOperator exact,
            float from,
            float to) {
        double worst = worst(function, exact, from, to, name);
        assertTrue(worst <= limit, name + " is off by " + worst + " ulp");
    }

    @Test
    void functionsAreAccurate() {
        assertWithin(1.5, "exp", ElementaryFunctions::exp, Math::exp, -103.9f, 88.7f);
        assertWithin(2, "expm1", ElementaryFunctions::expm1, Math::expm1, -100, 88.7f);
        assertWithin(1.5, "log", ElementaryFunctions::log, Math::log, 0x1p-149f, 3e38f);
        assertWithin(2.5, "log1p", ElementaryFunctions::log1p, Math::log1p, -0.9999f, 1e30f);
        assertWithin(3, "tanh", ElementaryFunctions::tanh, Math::tanh, -20, 20);
        assertWithin(
                3, "sigmoid", ElementaryFunctions::sigmoid, x -> 1 / (1 + Math.exp(-x)), -80, 80);
        assertWithin(
                3,
                "softplus",
                ElementaryFunctions::softplus,
                x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
                -80,
                80);
        assertWithin(3, "erf", ElementaryFunctions::erf, ElementaryFunctionsTest::erf, -6, 6);
        assertWithin(
                4,
                "mish",
                Activations::mish,
                x -> x * Math.tanh(Math.log1p(Math.exp(x))),
                -80,
                1e30f);
        assertWithin(
                4,
                "gelu",
                Activations::gelu,
                x -> x * (1 + erf(x * Math.sqrt(0.5))) / 2,
                -0.5f,
                100);
    }

    /** By its Taylor series, and by the continued fraction of erfc where that would cancel. */
    private static double erf(double x) {
        double a = Math.abs(x);
        if (a < 2.5) {
            double term = x;
            double sum = x;
            for (int n = 1; n < 80; n++) {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 2 / Math.sqrt(Math.PI) * sum;
        }
        double fraction = 0;
        for (int k = 120; k > 0; k--) {
            fraction = k / 2.0 / (a + fraction);
        }
        double erfc = Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction);
        return Math.signum(x) * (1 - erfc);
    }

    @Test
    void geluIsAccurateAbsolutelyInItsTail() {
        float[] x = new float[1000];
        for (int i = 0; i < x.length; i++) {
            x[i] = -20f * i / x.length;
        }
        float[] y = evaluate(Activations::gelu, x);
        for (int i = 0; i < x.length; i++) {
            assertEquals(x[i] * (1 + erf(x[i] * Math.sqrt(0.5))) / 2, y[i], 6e-8, "at " + x[i]);
        }
    }

    @Test
    void specialValuesAreRight() {
        float infinity = Float.POSITIVE_INFINITY;
        float nan = Float.NaN;
        float[] special = {nan, infinity, -infinity, 0f};
        assertSpecial(ElementaryFunctions::exp, special, nan, infinity, 0, 1);
        assertSpecial(ElementaryFunctions::expm1, special, nan, infinity, -1, 0);
        assertSpecial(ElementaryFunctions::log, special, nan, infinity, nan, -infinity);
        assertSpecial(ElementaryFunctions::log1p, special, nan, infinity, nan, 0);
        assertSpecial(ElementaryFunctions::tanh, special, nan, 1, -1, 0);
        assertSpecial(ElementaryFunctions::sigmoid, special, nan, 1, 0, 0.5f);
        assertSpecial(ElementaryFunctions::erf, special, nan, 1, -1, 0);
        assertSpecial(ElementaryFunctions::softplus, special, nan, infinity, 0, 0.6931472f);
        assertSpecial(Activations::relu, special, nan, infinity, 0, 0);
        assertSpecial(Activations::gelu, special, nan, infinity, nan, 0);
        assertSpecial(Activations::mish, special, nan, infinity, nan, 0);
        assertSpecial(
                ElementaryFunctions::log1p, new float[] {-1, -2, 1e-30f}, -infinity, nan, 1e-30f);
        assertSpecial(
                ElementaryFunctions::exp, new float[] {89, -104, 88.72f}, infinity, 0, 3.4e38f);
    }

    private static void assertSpecial(
            UnaryOperator<FloatValue> function, float[] x, float... expected) {
        float[] y = evaluate(function, x);
        for (int i = 0; i < x.length; i++) {
            float tolerance = Float.isFinite(expected[i]) ? Math.abs(expected[i]) * 3e-3f : 0;
            assertEquals(expected[i], y[i], tolerance, "at " + x[i]);
        }
    }
}
