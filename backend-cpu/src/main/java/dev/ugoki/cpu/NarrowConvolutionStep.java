package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/**
 * Convolutions of contiguous tensors of F16 and BF16, and their gradients in the image, ready to
 * run: images are read as they are, weights become F32 first.
 */
final class NarrowConvolutionStep implements Prepared {
    private static final long ELEMENTS_OF_A_TASK = 1 << 16;

    private final Prim op;
    private final Slot image;
    private final Slot weight;
    private final Slot result;
    private final long count;
    private final int tasks;
    private final ThreadPool.Task widening = this::widen;
    private long from;
    private long floats;

    private NarrowConvolutionStep(Prim op, Slot image, Slot weight, Slot result) {
        this.op = op;
        this.image = image;
        this.weight = weight;
        this.result = result;
        count = weight.elementCount();
        tasks = Math.toIntExact((count + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Prim op, Slot[] in, Slot out) {
        for (Slot operand : in) {
            if (!operand.isContiguous() || operand.elementCount() == 0) {
                return null;
            }
        }
        if (!WideResult.isNarrow(in[0].dtype()) || out.elementCount() == 0) {
            return null;
        }
        boolean fast =
                switch (op) {
                    case Prim.Conv conv ->
                            Convolution.isFast(
                                    in[0].dtype(),
                                    conv.windows(),
                                    in[0].shape(),
                                    out.shape(),
                                    in[1].shape());
                    case Prim.ConvDataGrad conv ->
                            Convolution.isFast(
                                    in[0].dtype(),
                                    conv.windows(),
                                    out.shape(),
                                    in[0].shape(),
                                    in[1].shape());
                    default -> false;
                };
        return fast ? new NarrowConvolutionStep(op, in[0], in[1], out) : null;
    }

    @Override
    public void run() {
        from = weight.address();
        floats = NativeMemory.allocate(4 * count + NativeMemory.PADDING);
        try {
            ThreadPool.shared().parallelFor(tasks, widening);
            if (op instanceof Prim.Conv conv) {
                Convolution.forward(
                        conv,
                        image.type(),
                        image.address(),
                        weight.shape(),
                        floats,
                        result.shape(),
                        result.address());
            } else if (op instanceof Prim.ConvDataGrad conv) {
                Convolution.dataGradient(
                        conv,
                        image.type(),
                        image.address(),
                        weight.shape(),
                        floats,
                        result.shape(),
                        result.address());
            }
        } finally {
            NativeMemory.free(floats);
        }
    }

    private void widen(int index) {
        long first = index * ELEMENTS_OF_A_TASK;
        Chunks.toFloats(
                weight.dtype(),
                from + 2 * first,
                Math.min(ELEMENTS_OF_A_TASK, count - first),
                floats + 4 * first);
    }
}
