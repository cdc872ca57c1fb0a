package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * The functions of single elements that generated kernels compute, for plans to join: the kernels
 * that {@link Elementwise} and {@link FusedKernels} run eagerly, with every operand full.
 */
final class Pointwise {
    private Pointwise() {}

    /** The kernel of an operation on operands of these types; null where there is none. */
    static @Nullable Kernel of(Op op, TensorType... operands) {
        return switch (op) {
            case Prim.Fill fill -> constant(fill);
            case Prim.Unary unary ->
                    operands[0].dtype() == DType.F32
                            ? FloatKernels.has(unary.kind())
                                    ? FloatKernels.unary(unary.kind(), Layout.FULL).kernel()
                                    : null
                            : word(unary, operands, operands[0].dtype());
            case Prim.Binary binary ->
                    operands[0].dtype() == DType.F32
                            ? FloatKernels.has(binary.kind())
                                    ? FloatKernels.binary(binary.kind(), Layout.FULL, Layout.FULL)
                                            .kernel()
                                    : null
                            : word(binary, operands, operands[0].dtype());
            case Prim.Compare compare -> word(compare, operands, DType.BOOL);
            case Prim.Select select -> word(select, operands, operands[1].dtype());
            case Prim.Cast cast -> word(cast, operands, cast.dtype());
            case Activation _, Activation.Gradient _, ElementaryGradient _ -> {
                Composite composite = (Composite) op;
                boolean floats =
                        Arrays.stream(operands).allMatch(type -> type.dtype() == DType.F32);
                yield floats && FusedKernels.has(composite, operands)
                        ? FusedKernels.flat(composite).kernel()
                        : null;
            }
            default -> null;
        };
    }

    private static @Nullable Kernel word(Prim op, TensorType[] operands, DType to) {
        DType from = operands[operands.length - 1].dtype();
        if (!WordKernels.has(op, from, to)) {
            return null;
        }
        Layout[] layouts = new Layout[operands.length];
        Arrays.fill(layouts, Layout.FULL);
        return WordKernels.of(op, from, to, layouts).kernel();
    }

    private static @Nullable Kernel constant(Prim.Fill fill) {
        KernelBuilder kernel = new KernelBuilder();
        return switch (fill.dtype()) {
            case F32 -> kernel.output(kernel.constant(fill.value().floatValue())).build();
            case I32 -> kernel.output(kernel.intConstant(fill.value().intValue())).build();
            default -> null;
        };
    }
}
