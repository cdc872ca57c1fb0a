package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;

/**
 * Accuracy against F64. A sample of all F32 bit patterns is tried; every pattern with {@code
 * -Dugoki.test.allFloats=true}.
 */
class ScalarMathTest {
    private static final long STEP = Boolean.getBoolean("ugoki.test.allFloats") ? 1 : 8191;
    private static final float[] SPECIAL = {
        0f,
        -0f,
        1f,
        -1f,
        0.5f,
        -0.5f,
        2f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        88.72283f,
        88.72284f,
        -87.33654f,
        -103.97208f,
        -103.97209f,
        65536f,
        -65536f,
        65536.01f,
        1e22f,
        0x1.921fb6p0f,
        0x1.921fb6p1f,
        0x1p23f,
        0x1.fffffep23f,
        0x1.fffffep22f,
        1.5f,
        2.5f,
        -1.5f,
        0.49999997f
    };

    private static double worstAllowed(UnaryFunction function) {
        return switch (function) {
            case EXP, LOG, SIN, COS, RSQRT -> 2;
            case EXPM1, LOG1P, TANH, SIGMOID, ERF -> 4;
            case TAN, ASIN, ACOS, ATAN, SINH, COSH -> 1;
            default -> 0.5;
        };
    }

    private static double exact(UnaryFunction function, double x) {
        DoubleUnaryOperator operator =
                switch (function) {
                    case NEGATE -> v -> -v;
                    case ABS -> Math::abs;
                    case SIGN -> Math::signum;
                    case SQUARE -> v -> v * v;
                    case RECIPROCAL -> v -> 1 / v;
                    case SQRT -> Math::sqrt;
                    case RSQRT -> v -> 1 / Math.sqrt(v);
                    case RELU -> v -> v <= 0 ? 0 : v;
                    case FLOOR -> Math::floor;
                    case CEIL -> Math::ceil;
                    case ROUND -> Math::rint;
                    case TRUNCATE -> v -> v < 0 ? Math.ceil(v) : Math.floor(v);
                    case EXP -> StrictMath::exp;
                    case EXPM1 -> StrictMath::expm1;
                    case LOG -> StrictMath::log;
                    case LOG1P -> StrictMath::log1p;
                    case SIN -> StrictMath::sin;
                    case COS -> StrictMath::cos;
                    case TANH -> StrictMath::tanh;
                    case SIGMOID -> ScalarMathTest::sigmoid;
                    case ERF -> ScalarMathTest::erf;
                    case TAN -> StrictMath::tan;
                    case ASIN -> StrictMath::asin;
                    case ACOS -> StrictMath::acos;
                    case ATAN -> StrictMath::atan;
                    case SINH -> StrictMath::sinh;
                    case COSH -> StrictMath::cosh;
                };
        return operator.applyAsDouble(x);
    }

    private static double sigmoid(double x) {
        double e = StrictMath.exp(-Math.abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /** Its power series, and for larger arguments the continued fraction of 1 - erf. */
    private static double erf(double x) {
        double a = Math.min(Math.abs(x), 10);
        double value = Double.NaN;
        if (a < 3) {
            double term = a;
            double sum = a;
            for (int i = 1; Math.abs(term) > 1e-20 * sum; i++) {
                term *= -a * a / i;
                sum += term / (2 * i + 1);
            }
            value = 2 / Math.sqrt(Math.PI) * sum;
        } else if (a >= 3) {
            double fraction = 0;
            for (int i = 60; i >= 1; i--) {
                fraction = i / 2.0 / (a + fraction);
            }
            value = 1 - StrictMath.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction);
        }
        return Math.copySign(value, x);
    }

    /** How far a result is from the truth, in units in the last place of the rounded truth. */
    private static double error(float actual, double truth) {
        float rounded = (float) truth;
        if (Float.isNaN(rounded) || Float.isNaN(actual)) {
            return Float.isNaN(rounded) == Float.isNaN(actual) ? 0 : Double.POSITIVE_INFINITY;
        }
        if (rounded == actual) {
            boolean sameSign = Math.copySign(1, rounded) == Math.copySign(1, actual);
            return sameSign ? 0 : Double.POSITIVE_INFINITY;
        }
        if (Float.isInfinite(rounded) || Float.isInfinite(actual)) {
            double other = Float.isInfinite(rounded) ? actual : truth;
            return Math.abs(0x1p128 - Math.abs(other)) / 0x1p104;
        }
        return Math.abs(actual - truth) / Math.ulp(rounded);
    }

    @ParameterizedTest
    @EnumSource
    void functionsAreAsNearTheTruthAsTheySay(UnaryFunction function) {
        double worst = 0;
        float at = 0;
        for (float x : SPECIAL) {
            double error = error(ScalarMath.apply(function, x), exact(function, x));
            if (error > worst) {
                worst = error;
                at = x;
            }
        }
        for (long bits = 0; bits < 1L << 32; bits += STEP) {
            float x = Float.intBitsToFloat((int) bits);
            double error = error(ScalarMath.apply(function, x), exact(function, x));
            if (error > worst) {
                worst = error;
                at = x;
            }
        }
        if (STEP == 1) {
            System.out.println(function + ": " + worst + " ulp at " + at);
        }
        String where = worst + " ulp at " + at + " (" + Float.toHexString(at) + ")";
        assertTrue(worst <= worstAllowed(function), where);
    }

    @ParameterizedTest
    @EnumSource(
            names = {"EXP", "LOG", "SIN", "COS", "TANH", "SIGMOID", "ERF"},
            mode = Mode.INCLUDE)
    void theCommonRangeIsTriedDensely(UnaryFunction function) {
        double worst = 0;
        for (float x = -20; x < 20; x += 0x1p-14f) {
            worst = Math.max(worst, error(ScalarMath.apply(function, x), exact(function, x)));
        }
        double found = worst;
        assertTrue(worst <= worstAllowed(function), () -> found + " ulp");
    }

    @Test
    void oddFunctionsKeepTheSignOfZero() {
        UnaryFunction[] odd = {
            UnaryFunction.EXPM1, UnaryFunction.LOG1P, UnaryFunction.SIN, UnaryFunction.TANH,
            UnaryFunction.ERF, UnaryFunction.TAN, UnaryFunction.SINH, UnaryFunction.SQRT,
            UnaryFunction.ROUND, UnaryFunction.FLOOR, UnaryFunction.CEIL, UnaryFunction.TRUNCATE
        };
        for (UnaryFunction function : odd) {
            assertBits(-0f, ScalarMath.apply(function, -0f));
            assertBits(0f, ScalarMath.apply(function, 0f));
        }
    }

    private static void assertBits(float expected, float actual) {
        assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual));
    }

    @Test
    void powersFollowIeee() {
        float infinity = Float.POSITIVE_INFINITY;
        assertBits(1f, PreciseMath.pow(1, Float.NaN));
        assertBits(1f, PreciseMath.pow(Float.NaN, 0));
        assertBits(1f, PreciseMath.pow(-1, infinity));
        assertBits(1f, PreciseMath.pow(-1, -infinity));
        assertBits(Float.NaN, PreciseMath.pow(-2, 0.5f));
        assertBits(-8f, PreciseMath.pow(-2, 3));
        assertBits(-infinity, PreciseMath.pow(-0f, -3));
        assertBits(0f, PreciseMath.pow(2, -infinity));
        assertBits(infinity, PreciseMath.pow(-infinity, 2));
        assertBits(1e10f * 1e10f, PreciseMath.pow(1e10f, 2));
        assertBits((float) StrictMath.sqrt(3), PreciseMath.pow(3, 0.5f));
    }

    @Test
    void powersAreTheNearestNumbersOrTheirNeighbours() {
        Random random = new Random(1);
        double worst = 0;
        for (int i = 0; i < 200_000; i++) {
            float base = Math.abs(Float.intBitsToFloat(random.nextInt()));
            float exponent =
                    i % 2 == 0
                            ? (float) (random.nextGaussian() * 3)
                            : (float) (random.nextGaussian() * 100 / Math.log(base));
            double exact = StrictMath.pow(base, exponent);
            if (base != 1 && !Double.isNaN(exact)) {
                worst = Math.max(worst, error(PreciseMath.pow(base, exponent), exact));
            }
        }
        double found = worst;
        assertTrue(worst <= 0.501, () -> found + " ulp");
    }

    @Test
    void maximumAndMinimumKnowNanAndTheSignOfZero() {
        assertBits(0f, ScalarMath.apply(BinaryFunction.MAXIMUM, -0f, 0f));
        assertBits(-0f, ScalarMath.apply(BinaryFunction.MINIMUM, 0f, -0f));
        assertBits(Float.NaN, ScalarMath.apply(BinaryFunction.MAXIMUM, Float.NaN, 1));
        assertBits(Float.NaN, ScalarMath.apply(BinaryFunction.MINIMUM, 1, Float.NaN));
    }
}
