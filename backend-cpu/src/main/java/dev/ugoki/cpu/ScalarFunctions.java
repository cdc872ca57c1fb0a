package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.ErrorFunction;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * The elementwise functions of F64, of the narrow floating types and of integers. {@link
 * StrictMath} has the same bits interpreted and compiled, on every machine; {@link Math} has not.
 */
final class ScalarFunctions {
    private ScalarFunctions() {}

    static DoubleUnaryOperator of(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG -> x -> -x;
            case ABS -> Math::abs;
            case SIGN -> x -> x > 0 ? 1 : x < 0 ? -1 : 0;
            case SQRT -> Math::sqrt;
            case RSQRT -> x -> 1 / Math.sqrt(x);
            case EXP -> StrictMath::exp;
            case EXPM1 -> StrictMath::expm1;
            case LOG -> StrictMath::log;
            case LOG1P -> StrictMath::log1p;
            case SIN -> StrictTrigonometry::sin;
            case COS -> StrictTrigonometry::cos;
            case TAN -> StrictMath::tan;
            case ASIN -> StrictMath::asin;
            case ACOS -> StrictMath::acos;
            case ATAN -> StrictMath::atan;
            case SINH -> StrictMath::sinh;
            case COSH -> StrictMath::cosh;
            case TANH -> StrictMath::tanh;
            case ERF -> ErrorFunction::erf;
            case SIGMOID -> ScalarFunctions::sigmoid;
            case FLOOR -> Math::floor;
            case CEIL -> Math::ceil;
            case ROUND -> Math::rint;
            case TRUNC -> x -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case NOT -> throw undefined(kind);
        };
    }

    /** Keeps its relative precision where {@code exp(-x)} would overflow. */
    private static double sigmoid(double x) {
        if (x >= 0) {
            return 1 / (1 + StrictMath.exp(-x));
        }
        double exp = StrictMath.exp(x);
        return exp / (1 + exp);
    }

    static DoubleBinaryOperator of(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD -> Double::sum;
            case SUB -> (x, y) -> x - y;
            case MUL -> (x, y) -> x * y;
            case DIV -> (x, y) -> x / y;
            case REM -> (x, y) -> x % y;
            case POW -> ScalarFunctions::power;
            case MAX -> Math::max;
            case MIN -> Math::min;
            case ATAN2 -> StrictMath::atan2;
            case AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED ->
                    throw undefined(kind);
        };
    }

    /** As IEEE 754 has it; Java's differs where the base is 1, or -1 with an infinite exponent. */
    private static double power(double x, double y) {
        return x == 1 || x == -1 && Double.isInfinite(y) ? 1 : StrictMath.pow(x, y);
    }

    /** For integers, whose results wrap when they are stored, and BOOL. */
    static LongUnaryOperator ofIntegers(Prim.Unary.Kind kind, DType dtype) {
        return switch (kind) {
            case NEG -> x -> -x;
            case ABS -> Math::abs;
            case SIGN -> Long::signum;
            case NOT -> dtype == DType.BOOL ? x -> 1 - x : x -> ~x;
            default -> throw undefined(kind);
        };
    }

    /** For integers, whose results wrap when they are stored, and BOOL. */
    static LongBinaryOperator ofIntegers(Prim.Binary.Kind kind, DType dtype) {
        int bits = 8 * dtype.byteSize();
        long distance = bits - 1;
        long mask = -1L >>> Long.SIZE - bits;
        return switch (kind) {
            case ADD -> Long::sum;
            case SUB -> (x, y) -> x - y;
            case MUL -> (x, y) -> x * y;
            case DIV -> (x, y) -> y == 0 ? 0 : x / y;
            case REM -> (x, y) -> y == 0 ? 0 : x % y;
            case MAX -> Math::max;
            case MIN -> Math::min;
            case AND -> (x, y) -> x & y;
            case OR -> (x, y) -> x | y;
            case XOR -> (x, y) -> x ^ y;
            case SHIFT_LEFT -> (x, y) -> x << (y & distance);
            case SHIFT_RIGHT -> (x, y) -> x >> (y & distance);
            case SHIFT_RIGHT_UNSIGNED -> (x, y) -> (x & mask) >>> (y & distance);
            case POW, ATAN2 -> throw undefined(kind);
        };
    }

    private static IllegalStateException undefined(Enum<?> kind) {
        return new IllegalStateException(kind + " has passed the type rules for a wrong dtype");
    }
}
