package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/** Convolutions of contiguous F32 tensors and their gradients, ready to run. */
final class ConvolutionStep {
    private ConvolutionStep() {}

    /** The step; null where there is none. */
    static @Nullable Prepared of(Prim op, Slot[] in, Slot out) {
        for (Slot operand : in) {
            if (operand.dtype() != DType.F32
                    || !operand.isContiguous()
                    || operand.elementCount() == 0) {
                return null;
            }
        }
        if (out.elementCount() == 0) {
            return null;
        }
        return switch (op) {
            case Prim.Conv conv ->
                    Convolution.isFast(
                                    DType.F32,
                                    conv.windows(),
                                    in[0].shape(),
                                    out.shape(),
                                    in[1].shape())
                            ? () ->
                                    Convolution.forward(
                                            conv,
                                            in[0].type(),
                                            in[0].address(),
                                            in[1].shape(),
                                            in[1].address(),
                                            out.shape(),
                                            out.address())
                            : null;
            case Prim.ConvDataGrad conv ->
                    Convolution.isFast(
                                    DType.F32,
                                    conv.windows(),
                                    out.shape(),
                                    in[0].shape(),
                                    in[1].shape())
                            ? () ->
                                    Convolution.dataGradient(
                                            conv,
                                            in[0].type(),
                                            in[0].address(),
                                            in[1].shape(),
                                            in[1].address(),
                                            out.shape(),
                                            out.address())
                            : null;
            case Prim.ConvFilterGrad conv ->
                    Convolution.isFast(
                                    DType.F32,
                                    conv.windows(),
                                    in[0].shape(),
                                    in[1].shape(),
                                    out.shape())
                            ? () ->
                                    Convolution.filterGradient(
                                            conv,
                                            in[0].shape(),
                                            in[0].address(),
                                            in[1].shape(),
                                            in[1].address(),
                                            out.shape(),
                                            out.address())
                            : null;
            default -> null;
        };
    }
}
