package dev.ugoki.tck.reference;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.ErrorFunction;

/** Operations whose results depend on one element of each operand, and those without operands. */
final class Elementwise {
    private Elementwise() {}

    static void fill(Prim.Fill op, Elements result) {
        for (long i = 0; i < result.count(); i++) {
            result.setNumber(result.position(i), op.value());
        }
    }

    static void iota(Prim.Iota op, Elements result) {
        Indices.forEach(
                result.shape(), index -> result.setNumber(result.position(index), index[op.dim()]));
    }

    static void randomBits(Prim.RandomBits op, Elements key, Elements result) {
        int[] words = words(key);
        for (long i = 0; i < result.count(); i++) {
            result.setLong(result.position(i), word(words, op.firstBlock(), i));
        }
    }

    /** Of each word one number, or of each two one in F64; {@link NormalQuantile} defines them. */
    static void randomNormal(Elements key, Elements result) {
        int[] words = words(key);
        for (long i = 0; i < result.count(); i++) {
            double value =
                    result.dtype() == DType.F64
                            ? NormalQuantile.ofWords(
                                    word(words, 0, 2 * i), word(words, 0, 2 * i + 1))
                            : NormalQuantile.ofWord(word(words, 0, i));
            result.setDouble(result.position(i), value);
        }
    }

    private static int[] words(Elements key) {
        int[] words = new int[4];
        for (int i = 0; i < words.length; i++) {
            words[i] = (int) key.getLong(key.position((long) i));
        }
        return words;
    }

    private static int word(int[] key, long firstBlock, long number) {
        return Philox.block(key, firstBlock + number / 4)[(int) (number % 4)];
    }

    static void unary(Prim.Unary op, Elements operand, Elements result) {
        boolean floating = operand.dtype().isFloating();
        for (long i = 0; i < result.count(); i++) {
            long from = operand.position(i);
            long to = result.position(i);
            if (floating) {
                result.setDouble(to, unary(op.kind(), operand.getDouble(from)));
            } else {
                result.setLong(to, unary(op.kind(), operand.getLong(from), operand.dtype()));
            }
        }
    }

    private static double unary(Prim.Unary.Kind kind, double x) {
        return switch (kind) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> x > 0 ? 1 : x < 0 ? -1 : 0;
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case EXP -> StrictMath.exp(x);
            case EXPM1 -> StrictMath.expm1(x);
            case LOG -> StrictMath.log(x);
            case LOG1P -> StrictMath.log1p(x);
            case SIN -> StrictMath.sin(x);
            case COS -> StrictMath.cos(x);
            case TAN -> StrictMath.tan(x);
            case ASIN -> StrictMath.asin(x);
            case ACOS -> StrictMath.acos(x);
            case ATAN -> StrictMath.atan(x);
            case SINH -> StrictMath.sinh(x);
            case COSH -> StrictMath.cosh(x);
            case TANH -> StrictMath.tanh(x);
            case ERF -> ErrorFunction.erf(x);
            case SIGMOID -> sigmoid(x);
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case TRUNC -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case NOT -> throw undefined(kind, "floating");
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

    private static long unary(Prim.Unary.Kind kind, long x, DType dtype) {
        return switch (kind) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Long.signum(x);
            case NOT -> dtype == DType.BOOL ? 1 - x : ~x;
            case SQRT,
                    RSQRT,
                    EXP,
                    EXPM1,
                    LOG,
                    LOG1P,
                    SIN,
                    COS,
                    TAN,
                    ASIN,
                    ACOS,
                    ATAN,
                    SINH,
                    COSH,
                    TANH,
                    ERF,
                    SIGMOID,
                    FLOOR,
                    CEIL,
                    ROUND,
                    TRUNC ->
                    throw undefined(kind, "integer");
        };
    }

    static void binary(Prim.Binary op, Elements lhs, Elements rhs, Elements result) {
        boolean floating = lhs.dtype().isFloating();
        for (long i = 0; i < result.count(); i++) {
            long left = lhs.position(i);
            long right = rhs.position(i);
            long to = result.position(i);
            if (floating) {
                result.setDouble(to, binary(op.kind(), lhs.getDouble(left), rhs.getDouble(right)));
            } else {
                long x = lhs.getLong(left);
                result.setLong(to, binary(op.kind(), x, rhs.getLong(right), lhs.dtype()));
            }
        }
    }

    private static double binary(Prim.Binary.Kind kind, double x, double y) {
        return switch (kind) {
            case ADD -> x + y;
            case SUB -> x - y;
            case MUL -> x * y;
            case DIV -> x / y;
            case REM -> x % y;
            case POW -> power(x, y);
            case MAX -> Math.max(x, y);
            case MIN -> Math.min(x, y);
            case ATAN2 -> StrictMath.atan2(x, y);
            case AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED ->
                    throw undefined(kind, "floating");
        };
    }

    /** As IEEE 754 has it; Java's differs where the base is 1, or -1 with an infinite exponent. */
    private static double power(double x, double y) {
        return x == 1 || x == -1 && Double.isInfinite(y) ? 1 : StrictMath.pow(x, y);
    }

    private static long binary(Prim.Binary.Kind kind, long x, long y, DType dtype) {
        int bits = 8 * dtype.byteSize();
        int distance = (int) (y & bits - 1);
        return switch (kind) {
            case ADD -> x + y;
            case SUB -> x - y;
            case MUL -> x * y;
            case DIV -> y == 0 ? 0 : x / y;
            case REM -> y == 0 ? 0 : x % y;
            case MAX -> Math.max(x, y);
            case MIN -> Math.min(x, y);
            case AND -> x & y;
            case OR -> x | y;
            case XOR -> x ^ y;
            case SHIFT_LEFT -> x << distance;
            case SHIFT_RIGHT -> x >> distance;
            case SHIFT_RIGHT_UNSIGNED -> (x & -1L >>> Long.SIZE - bits) >>> distance;
            case POW, ATAN2 -> throw undefined(kind, "integer");
        };
    }

    static void compare(Prim.Compare op, Elements lhs, Elements rhs, Elements result) {
        boolean floating = lhs.dtype().isFloating();
        for (long i = 0; i < result.count(); i++) {
            long left = lhs.position(i);
            long right = rhs.position(i);
            boolean holds =
                    floating
                            ? compare(op.kind(), lhs.getDouble(left), rhs.getDouble(right))
                            : compare(op.kind(), lhs.getLong(left), rhs.getLong(right));
            result.setBoolean(result.position(i), holds);
        }
    }

    private static boolean compare(Prim.Compare.Kind kind, double x, double y) {
        return switch (kind) {
            case EQ -> x == y;
            case NE -> x != y;
            case LT -> x < y;
            case LE -> x <= y;
            case GT -> x > y;
            case GE -> x >= y;
        };
    }

    private static boolean compare(Prim.Compare.Kind kind, long x, long y) {
        return switch (kind) {
            case EQ -> x == y;
            case NE -> x != y;
            case LT -> x < y;
            case LE -> x <= y;
            case GT -> x > y;
            case GE -> x >= y;
        };
    }

    static void select(Elements condition, Elements a, Elements b, Elements result) {
        for (long i = 0; i < result.count(); i++) {
            Elements from = condition.getBoolean(condition.position(i)) ? a : b;
            result.copy(result.position(i), from, from.position(i));
        }
    }

    static void cast(Elements operand, Elements result) {
        for (long i = 0; i < result.count(); i++) {
            long from = operand.position(i);
            long to = result.position(i);
            if (operand.dtype() == result.dtype()) {
                result.copy(to, operand, from);
            } else if (!result.dtype().isFloating()) {
                result.setLong(to, toLong(operand, from, result.dtype()));
            } else if (operand.dtype() == DType.I64 && result.dtype() != DType.F64) {
                result.setDouble(to, NarrowFloats.roundedToOdd(operand.getLong(from)));
            } else {
                result.setDouble(to, operand.getDouble(from));
            }
        }
    }

    private static long toLong(Elements operand, long from, DType to) {
        if (!operand.dtype().isFloating()) {
            return operand.getLong(from);
        }
        double x = operand.getDouble(from);
        return switch (to) {
            case I64 -> (long) x;
            case I32 -> (int) x;
            case I8 -> Math.clamp((long) x, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case U8 -> Math.clamp((long) x, 0, 255);
            case BOOL -> x != 0 ? 1 : 0;
            case F64, F32, F16, BF16 -> throw new IllegalArgumentException("no integer: " + to);
        };
    }

    private static IllegalArgumentException undefined(Enum<?> kind, String family) {
        return new IllegalArgumentException(kind + " is not defined for " + family + " elements");
    }
}
