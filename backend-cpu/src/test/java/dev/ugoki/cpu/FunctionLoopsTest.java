package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.util.Arrays;
import java.util.Random;

/**
 * Errors are measured against F64 over a sample of all F32 bit patterns; over every pattern with
 * {@code -Dugoki.test.allFloats=true}.
 */
class FunctionLoopsTest {
    private static final long STEP = Boolean.getBoolean("ugoki.test.allFloats") ? 1 : 4099;
    private static final float UNTOUCHED = 12345.678f;
    private static final FunctionLoops VECTOR = new VectorFunctionLoops();
    private static final FunctionLoops SCALAR = new ScalarFunctionLoops();
    private static final float[] SPECIAL = {
        0f,
        -0f,
        1f,
        -1f,
        0.5f,
        -0.5f,
        1.5f,
        2.5f,
        -1.5f,
        0.49999997f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        65536f,
        -65536f,
        65536.01f,
        0x1p24f,
        -0x1.000002p24f,
        1e22f,
        0x1.921fb6p0f,
        0x1.921fb6p1f,
        0x1p23f,
        0x1.fffffep22f,
        0x1.fffffep23f
    };

    private static double exact(Prim.Unary.Kind kind, double x) {
        return switch (kind) {
            case SIN -> StrictMath.sin(x);
            case COS -> StrictMath.cos(x);
            case TAN -> StrictMath.tan(x);
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case TRUNC -> Math.copySign(Math.floor(Math.abs(x)), x);
            default -> throw new IllegalArgumentException(kind.name());
        };
    }

    private static double worstAllowed(Prim.Unary.Kind kind) {
        return switch (kind) {
            case SIN, COS -> 2;
            case TAN -> 0.51;
            default -> 0;
        };
    }

    /** How far a result is from the truth, in units in the last place of the rounded truth. */
    private static double error(float actual, double truth) {
        float rounded = (float) truth;
        if (Float.floatToIntBits(rounded) == Float.floatToIntBits(actual)) {
            return 0;
        }
        boolean comparable = Float.isFinite(rounded) && Float.isFinite(actual) && rounded != actual;
        return comparable ? Math.abs(actual - truth) / Math.ulp(rounded) : Double.POSITIVE_INFINITY;
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SIN", "COS", "TAN", "FLOOR", "CEIL", "ROUND", "TRUNC"},
            mode = Mode.INCLUDE)
    void functionsAreAsNearTheTruthAsTheySay(Prim.Unary.Kind kind) {
        double worst = 0;
        float at = 0;
        for (long i = -SPECIAL.length; i < 1L << 32; i += i < 0 ? 1 : STEP) {
            float x = i < 0 ? SPECIAL[(int) (i + SPECIAL.length)] : Float.intBitsToFloat((int) i);
            double error = error(ScalarFunctionLoops.apply(kind, x), exact(kind, x));
            if (error > worst) {
                worst = error;
                at = x;
            }
        }
        String found = worst + " ulp at " + at + " (" + Float.toHexString(at) + ")";
        assertTrue(worst <= worstAllowed(kind), found);
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SIN", "COS"},
            mode = Mode.INCLUDE)
    void theCommonRangeIsTriedDensely(Prim.Unary.Kind kind) {
        double worst = 0;
        for (float x = -40; x < 40; x += 0x1p-13f) {
            worst = Math.max(worst, error(ScalarFunctionLoops.apply(kind, x), exact(kind, x)));
        }
        double found = worst;
        assertTrue(worst <= worstAllowed(kind), () -> found + " ulp");
    }

    /** Any bits, and among them many of the usual size. */
    private static float[] inputs(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] =
                    switch (i / 64 % 4) {
                        case 0 -> Float.intBitsToFloat(random.nextInt());
                        case 1 -> random.nextInt(11) - 5;
                        case 2 -> (float) random.nextGaussian();
                        default -> (float) random.nextGaussian() * 50;
                    };
        }
        return values;
    }

    private static float[] run(FunctionLoops loops, Prim.Unary.Kind kind, float[] x, int count) {
        long memory = Floats.of(x);
        loops.run(kind, memory, memory, count);
        float[] result = Floats.read(memory, x.length);
        NativeMemory.free(memory);
        return result;
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SIN", "COS", "TAN", "FLOOR", "CEIL", "ROUND", "TRUNC"},
            mode = Mode.INCLUDE)
    void vectorsAndScalarsGiveTheSameBits(Prim.Unary.Kind kind) {
        float[] x = inputs(50_011, kind.ordinal());
        System.arraycopy(SPECIAL, 0, x, 1000, SPECIAL.length);
        int[] scalar = Floats.bits(run(SCALAR, kind, x, x.length));
        assertArrayEquals(scalar, Floats.bits(run(VECTOR, kind, x, x.length)));
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SIN", "COS", "TAN", "ROUND"},
            mode = Mode.INCLUDE)
    void nothingBeyondTheOutputIsWritten(Prim.Unary.Kind kind) {
        float expected = ScalarFunctionLoops.apply(kind, 0.75f);
        for (int count = 0; count < 70; count++) {
            float[] values = new float[count + 20];
            Arrays.fill(values, UNTOUCHED);
            Arrays.fill(values, 0, count, 0.75f);
            float[] result = run(VECTOR, kind, values, count);
            for (int i = 0; i < result.length; i++) {
                assertEquals(i < count ? expected : UNTOUCHED, result[i]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SIN", "COS", "TAN", "FLOOR", "CEIL", "ROUND", "TRUNC"},
            mode = Mode.INCLUDE)
    void warmLoopsMakeNoGarbage(Prim.Unary.Kind kind) {
        long x = Floats.of(Floats.normal(301, 9));
        long out = NativeMemory.allocate(4 * 301);
        assertEquals(0, Allocation.bytesPerCall(() -> VECTOR.run(kind, x, out, 301)));
        NativeMemory.free(x);
        NativeMemory.free(out);
    }

    private static void assertBits(float expected, float actual) {
        assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual));
    }

    @Test
    void powersFollowIeee() {
        float infinity = Float.POSITIVE_INFINITY;
        assertBits(1f, PreciseMath.pow(1, Float.NaN));
        assertBits(1f, PreciseMath.pow(Float.NaN, 0));
        assertBits(Float.NaN, PreciseMath.pow(Float.NaN, 1));
        assertBits(1f, PreciseMath.pow(-1, infinity));
        assertBits(1f, PreciseMath.pow(-1, -infinity));
        assertBits(0f, PreciseMath.pow(0.5f, infinity));
        assertBits(infinity, PreciseMath.pow(0.5f, -infinity));
        assertBits(0f, PreciseMath.pow(2, -infinity));
        assertBits(Float.NaN, PreciseMath.pow(-2, 0.5f));
        assertBits(-8f, PreciseMath.pow(-2, 3));
        assertBits(16f, PreciseMath.pow(-2, 4));
        assertBits(-0f, PreciseMath.pow(-0f, 3));
        assertBits(0f, PreciseMath.pow(-0f, 0.5f));
        assertBits(-infinity, PreciseMath.pow(-0f, -3));
        assertBits(infinity, PreciseMath.pow(-0f, -4));
        assertBits(infinity, PreciseMath.pow(-infinity, 2));
        assertBits(-infinity, PreciseMath.pow(-infinity, 3));
        assertBits(-0f, PreciseMath.pow(-infinity, -3));
        assertBits(1e10f * 1e10f, PreciseMath.pow(1e10f, 2));
        assertBits((float) Math.sqrt(3), PreciseMath.pow(3, 0.5f));
        assertBits(Float.MIN_VALUE, PreciseMath.pow(2, -149));
    }

    @Test
    void powersAreTheNearestNumbers() {
        Random random = new Random(1);
        double worst = 0;
        for (int i = 0; i < 200_000; i++) {
            float base = Math.abs(Float.intBitsToFloat(random.nextInt()));
            float exponent =
                    i % 2 == 0
                            ? (float) (random.nextGaussian() * 3)
                            : (float) (random.nextGaussian() * 100 / Math.log(base));
            double exact = StrictMath.pow(base, exponent);
            if (base != 1) {
                worst = Math.max(worst, error(PreciseMath.pow(base, exponent), exact));
            }
        }
        double found = worst;
        assertTrue(worst <= 0.501, () -> found + " ulp");
    }
}
