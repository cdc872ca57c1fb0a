package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.MaskValue;
import dev.ugoki.tensor.op.Prim;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The generated kernels of what mixes types or is not F32 alone: integer functions of I32,
 * comparisons and choices of F32 and I32, conversions between F32, I32 and BOOL.
 */
final class WordKernels {
    private record Key(Prim op, DType from, DType to, List<Layout> layouts) {}

    private static final Map<Key, GeneratedKernel> KERNELS = new ConcurrentHashMap<>();

    private WordKernels() {}

    private static boolean isWord(DType dtype) {
        return dtype == DType.F32 || dtype == DType.I32;
    }

    /**
     * Whether there is a kernel.
     *
     * @param from the dtype of the last operand
     * @param to the dtype of the result
     */
    static boolean has(Prim op, DType from, DType to) {
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

    /** The kernel for operands that vary so. */
    static GeneratedKernel of(Prim op, DType from, DType to, Layout... layouts) {
        Key key = new Key(op, from, to, List.of(layouts));
        GeneratedKernel known = KERNELS.get(key);
        return known != null ? known : KERNELS.computeIfAbsent(key, WordKernels::build);
    }

    private static GeneratedKernel build(Key key) {
        KernelBuilder kernel = new KernelBuilder();
        List<Layout> layouts = key.layouts();
        switch (key.op()) {
            case Prim.Compare compare -> {
                if (key.from() == DType.F32) {
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
            case Prim.Cast _ -> cast(kernel, key.from(), key.to(), layouts.get(0));
            case Prim.Unary unary ->
                    kernel.output(function(unary.kind(), kernel.intInput(layouts.get(0))));
            case Prim.Binary binary -> {
                IntValue x = kernel.intInput(layouts.get(0));
                kernel.output(function(binary.kind(), x, kernel.intInput(layouts.get(1))));
            }
            default -> throw new IllegalStateException(key.op() + " has no kernel");
        }
        return GeneratedKernels.get(kernel.build());
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
