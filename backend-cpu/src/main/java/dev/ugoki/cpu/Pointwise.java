package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.PointwiseKernels;

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
            case Activation _, Activation.Gradient _, ElementaryGradient _ -> {
                Composite composite = (Composite) op;
                boolean floats =
                        Arrays.stream(operands).allMatch(type -> type.dtype() == DType.F32);
                yield floats && FusedKernels.has(composite, operands)
                        ? FusedKernels.flat(composite).kernel()
                        : null;
            }
            default -> PointwiseKernels.of(op, operands);
        };
    }
}
