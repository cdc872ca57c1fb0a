package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.MaskValue;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.List;

/**
 * Primitives of single elements as loop nests, for backends that run them so: functions of F32,
 * integer functions of I32, comparisons and choices of both, conversions between F32, I32 and BOOL.
 * Backends that use these agree bit for bit.
 */
public final class PointwiseKernels {
    private PointwiseKernels() {}

    /**
     * The kernel of an operation on operands of these types, all full; null where there is none.
     */
    public static @Nullable Kernel of(Op op, TensorType... operands) {
        DType from = operands.length == 0 ? DType.F32 : operands[operands.length - 1].dtype();
        return switch (op) {
            case Prim.Fill fill -> constant(fill);
            case Prim.Unary unary when from == DType.F32 ->
                    has(unary.kind()) ? unary(unary.kind(), Layout.FULL) : null;
            case Prim.Binary binary when from == DType.F32 ->
                    has(binary.kind()) ? binary(binary.kind(), Layout.FULL, Layout.FULL) : null;
            case Prim.Unary unary -> full(unary, operands, from, from);
            case Prim.Binary binary -> full(binary, operands, from, from);
            case Prim.Compare compare -> full(compare, operands, from, DType.BOOL);
            case Prim.Select select -> full(select, operands, from, from);
            case Prim.Cast cast -> full(cast, operands, from, cast.dtype());
            default -> null;
        };
    }

    private static @Nullable Kernel full(Prim op, TensorType[] operands, DType from, DType to) {
        return hasOfWords(op, from, to)
                ? ofWords(op, from, to, Collections.nCopies(operands.length, Layout.FULL))
                : null;
    }

    private static @Nullable Kernel constant(Prim.Fill fill) {
        KernelBuilder kernel = new KernelBuilder();
        return switch (fill.dtype()) {
            case F32 -> kernel.output(kernel.constant(fill.value().floatValue())).build();
            case I32 -> kernel.output(kernel.intConstant(fill.value().intValue())).build();
            default -> null;
        };
    }

    /** Whether there is an expression of F32. */
    public static boolean has(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN, SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, TANH, ERF, SIGMOID -> true;
            case SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, FLOOR, CEIL, ROUND, TRUNC, NOT ->
                    false;
        };
    }

    /** A function of F32 that {@link #has has} one. */
    public static Kernel unary(Prim.Unary.Kind kind, Layout x) {
        KernelBuilder builder = new KernelBuilder();
        return builder.output(expression(kind, builder.input(x))).build();
    }

    private static FloatValue expression(Prim.Unary.Kind kind, FloatValue x) {
        return switch (kind) {
            case NEG -> x.negated();
            case ABS -> x.abs();
            case SIGN -> sign(x);
            case SQRT -> x.sqrt();
            case RSQRT -> x.kernel().constant(1).over(x.sqrt());
            case EXP -> ElementaryFunctions.exp(x);
            case EXPM1 -> ElementaryFunctions.expm1(x);
            case LOG -> ElementaryFunctions.log(x);
            case LOG1P -> ElementaryFunctions.log1p(x);
            case TANH -> ElementaryFunctions.tanh(x);
            case ERF -> ElementaryFunctions.erf(x);
            case SIGMOID -> ElementaryFunctions.sigmoid(x);
            default -> throw new IllegalStateException(kind + " has no expression");
        };
    }

    /** Zeros keep their sign; NaN has none, and gives 0. */
    private static FloatValue sign(FloatValue x) {
        FloatValue one = x.kernel().constant(1);
        FloatValue minusOne = x.kernel().constant(-1);
        FloatValue zero = x.isNaN().select(x.kernel().constant(0), x);
        return x.greaterThan(0).select(one, x.lessThan(0).select(minusOne, zero));
    }

    /** Whether there is an expression of F32. */
    public static boolean has(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD, SUB, MUL, DIV, MAX, MIN -> true;
            case REM, POW, ATAN2, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED ->
                    false;
        };
    }

    /** A function of two F32 that {@link #has has} one. */
    public static Kernel binary(Prim.Binary.Kind kind, Layout x, Layout y) {
        KernelBuilder builder = new KernelBuilder();
        FloatValue a = builder.input(x);
        FloatValue b = builder.input(y);
        FloatValue result =
                switch (kind) {
                    case ADD -> a.plus(b);
                    case SUB -> a.minus(b);
                    case MUL -> a.times(b);
                    case DIV -> a.over(b);
                    case MAX -> a.isNaN().select(a, a.greaterThan(b).select(a, b));
                    case MIN -> a.isNaN().select(a, a.lessThan(b).select(a, b));
                    default -> throw new IllegalStateException(kind + " has no expression");
                };
        return builder.output(result).build();
    }

    private static boolean isWord(DType dtype) {
        return dtype == DType.F32 || dtype == DType.I32;
    }

    /**
     * Whether there is a kernel of what mixes types or is not F32 alone.
     *
     * @param from the dtype of the last operand
     * @param to the dtype of the result
     */
    public static boolean hasOfWords(Prim op, DType from, DType to) {
        return switch (op) {
            case Prim.Compare _, Prim.Select _ -> isWord(from);
            case Prim.Cast _ ->
                    from != to
                            && (isWord(from) || from == DType.BOOL)
                            && (isWord(to) || to == DType.BOOL);
            case Prim.Unary unary ->
                    from == DType.I32
                            && switch (unary.kind()) {
                                case NEG, ABS, SIGN, NOT -> true;
                                default -> false;
                            };
            case Prim.Binary binary ->
                    from == DType.I32
                            && switch (binary.kind()) {
                                case ADD, SUB, MUL, MAX, MIN, AND, OR, XOR -> true;
                                case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> true;
                                case DIV, REM, POW, ATAN2 -> false;
                            };
            default -> false;
        };
    }

    /** A kernel that {@link #hasOfWords there is}, for operands that vary so. */
    public static Kernel ofWords(Prim op, DType from, DType to, List<Layout> layouts) {
        KernelBuilder kernel = new KernelBuilder();
        switch (op) {
            case Prim.Compare compare -> {
                if (from == DType.F32) {
                    FloatValue x = kernel.input(layouts.get(0));
                    kernel.output(comparison(compare.kind(), x, kernel.input(layouts.get(1))));
                } else {
                    IntValue x = kernel.intInput(layouts.get(0));
                    kernel.output(comparison(compare.kind(), x, kernel.intInput(layouts.get(1))));
                }
            }
            case Prim.Select _ -> {
                // The bits of F32 are those of some I32.
                MaskValue condition = kernel.maskInput(layouts.get(0));
                IntValue x = kernel.intInput(layouts.get(1));
                kernel.output(condition.select(x, kernel.intInput(layouts.get(2))));
            }
            case Prim.Cast _ -> cast(kernel, from, to, layouts.get(0));
            case Prim.Unary unary ->
                    kernel.output(function(unary.kind(), kernel.intInput(layouts.get(0))));
            case Prim.Binary binary -> {
                IntValue x = kernel.intInput(layouts.get(0));
                kernel.output(function(binary.kind(), x, kernel.intInput(layouts.get(1))));
            }
            default -> throw new IllegalStateException(op + " has no kernel");
        }
        return kernel.build();
    }

    private static MaskValue comparison(Prim.Compare.Kind kind, FloatValue x, FloatValue y) {
        return switch (kind) {
            case EQ -> x.equalTo(y);
            case NE -> x.notEqualTo(y);
            case LT -> x.lessThan(y);
            case LE -> x.atMost(y);
            case GT -> x.greaterThan(y);
            case GE -> x.atLeast(y);
        };
    }

    private static MaskValue comparison(Prim.Compare.Kind kind, IntValue x, IntValue y) {
        return switch (kind) {
            case EQ -> x.equalTo(y);
            case NE -> x.notEqualTo(y);
            case LT -> x.lessThan(y);
            case LE -> x.atMost(y);
            case GT -> x.greaterThan(y);
            case GE -> x.atLeast(y);
        };
    }

    private static void cast(KernelBuilder kernel, DType from, DType to, Layout layout) {
        switch (from) {
            case BOOL -> {
                MaskValue x = kernel.maskInput(layout);
                if (to == DType.F32) {
                    kernel.output(x.select(1f, kernel.constant(0f)));
                } else {
                    kernel.output(x.select(kernel.intConstant(1), kernel.intConstant(0)));
                }
            }
            case F32 -> {
                FloatValue x = kernel.input(layout);
                if (to == DType.BOOL) {
                    kernel.output(x.notEqualTo(kernel.constant(0f)));
                } else {
                    kernel.output(x.truncated());
                }
            }
            case I32 -> {
                IntValue x = kernel.intInput(layout);
                if (to == DType.BOOL) {
                    kernel.output(x.notEqualTo(kernel.intConstant(0)));
                } else {
                    kernel.output(x.toFloat());
                }
            }
            default -> throw new IllegalStateException("no kernel casts " + from);
        }
    }

    private static IntValue function(Prim.Unary.Kind kind, IntValue x) {
        KernelBuilder kernel = x.kernel();
        IntValue zero = kernel.intConstant(0);
        return switch (kind) {
            case NEG -> zero.minus(x);
            case ABS -> x.lessThan(zero).select(zero.minus(x), x);
            case SIGN ->
                    x.lessThan(zero)
                            .select(
                                    kernel.intConstant(-1),
                                    x.greaterThan(zero).select(kernel.intConstant(1), zero));
            case NOT -> x.xor(kernel.intConstant(-1));
            default -> throw new IllegalStateException(kind + " has no expression");
        };
    }

    private static IntValue function(Prim.Binary.Kind kind, IntValue x, IntValue y) {
        return switch (kind) {
            case ADD -> x.plus(y);
            case SUB -> x.minus(y);
            case MUL -> x.times(y);
            case MAX -> x.lessThan(y).select(y, x);
            case MIN -> y.lessThan(x).select(y, x);
            case AND -> x.and(y);
            case OR -> x.or(y);
            case XOR -> x.xor(y);
            case SHIFT_LEFT -> x.shiftLeft(y);
            case SHIFT_RIGHT -> x.shiftRight(y);
            case SHIFT_RIGHT_UNSIGNED -> x.shiftRightUnsigned(y);
            case DIV, REM, POW, ATAN2 ->
                    throw new IllegalStateException(kind + " has no expression");
        };
    }
}
