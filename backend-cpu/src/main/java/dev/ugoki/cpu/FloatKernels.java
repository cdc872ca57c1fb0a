package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.Map;

/**
 * The generated kernels of F32 primitives, by operation and by how their operands vary.
 *
 * <p>Functions that have no expression here give null, and go through scalar loops.
 */
final class FloatKernels {
    private static final Layout[] LAYOUTS = Layout.values();
    private static final Map<Prim.Unary.Kind, @Nullable GeneratedKernel[]> UNARY =
            new EnumMap<>(Prim.Unary.Kind.class);
    private static final Map<Prim.Binary.Kind, @Nullable GeneratedKernel[]> BINARY =
            new EnumMap<>(Prim.Binary.Kind.class);

    static {
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            UNARY.put(kind, new GeneratedKernel[LAYOUTS.length]);
        }
        for (Prim.Binary.Kind kind : Prim.Binary.Kind.values()) {
            BINARY.put(kind, new GeneratedKernel[LAYOUTS.length * LAYOUTS.length]);
        }
    }

    private FloatKernels() {}

    static boolean has(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN, SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, TANH, ERF, SIGMOID -> true;
            case SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, FLOOR, CEIL, ROUND, TRUNC, NOT ->
                    false;
        };
    }

    static GeneratedKernel unary(Prim.Unary.Kind kind, Layout x) {
        @Nullable GeneratedKernel[] known = UNARY.get(kind);
        GeneratedKernel kernel = known == null ? null : known[x.ordinal()];
        if (kernel == null) {
            KernelBuilder builder = new KernelBuilder();
            builder.output(expression(kind, builder.input(x)));
            kernel = GeneratedKernels.get(builder.build());
            if (known != null) {
                known[x.ordinal()] = kernel;
            }
        }
        return kernel;
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

    static boolean has(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD, SUB, MUL, DIV, MAX, MIN -> true;
            case REM, POW, ATAN2, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED ->
                    false;
        };
    }

    static GeneratedKernel binary(Prim.Binary.Kind kind, Layout x, Layout y) {
        @Nullable GeneratedKernel[] known = BINARY.get(kind);
        int index = x.ordinal() * LAYOUTS.length + y.ordinal();
        GeneratedKernel kernel = known == null ? null : known[index];
        if (kernel == null) {
            KernelBuilder builder = new KernelBuilder();
            FloatValue a = builder.input(x);
            FloatValue b = builder.input(y);
            builder.output(
                    switch (kind) {
                        case ADD -> a.plus(b);
                        case SUB -> a.minus(b);
                        case MUL -> a.times(b);
                        case DIV -> a.over(b);
                        case MAX -> a.isNaN().select(a, a.greaterThan(b).select(a, b));
                        case MIN -> a.isNaN().select(a, a.lessThan(b).select(a, b));
                        default -> throw new IllegalStateException(kind + " has no expression");
                    });
            kernel = GeneratedKernels.get(builder.build());
            if (known != null) {
                known[index] = kernel;
            }
        }
        return kernel;
    }
}
