package dev.ugoki.cpu;

import dev.ugoki.cpu.MatrixProduct.OrderOfB;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.List;

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
            case Prim.Conv conv -> forward(conv, in[0], in[1], out);
            case Prim.ConvDataGrad conv -> dataGradient(conv, in[0], in[1], out);
            case Prim.ConvFilterGrad conv -> filterGradient(conv, in[0], in[1], out);
            default -> null;
        };
    }

    private static @Nullable Prepared forward(Prim.Conv op, Slot x, Slot w, Slot y) {
        if (w.lasts() && isFast(op.windows(), x, y, w)) {
            Prepared kept = withKeptWeight(op, x, w, y);
            if (kept != null) {
                return kept;
            }
        }
        Prepared step =
                () ->
                        Convolution.forward(
                                op,
                                x.type(),
                                x.address(),
                                w.shape(),
                                w.address(),
                                y.shape(),
                                y.address());
        return isFast(op.windows(), x, y, w) ? step : null;
    }

    /** The step where there are few positions, and the weight is small; else null. */
    private static @Nullable Prepared withKeptWeight(Prim.Conv op, Slot x, Slot w, Slot y) {
        ConvolutionShape shape = new ConvolutionShape();
        shape.set(op.windows(), op.groups(), x.shape(), y.shape(), w.shape());
        if (shape.groups != 1 || !FewPositions.suitsForward(shape)) {
            return null;
        }
        int m = Math.toIntExact(FewPositions.positions(shape));
        int n = shape.outChannels;
        int k = shape.channels * shape.taps();
        OrderOfB order = MatrixProduct.bestOrderOfB(m, n, k);
        if (order == OrderOfB.AS_IT_IS) {
            return null;
        }
        MatrixProduct product = MatrixProduct.readyWithB(order, m, n, k, k);
        KeptWeight weight = new KeptWeight(order, w, m, n, k, k);
        FewPositions positions = new FewPositions();
        return new Prepared() {
            @Override
            public void run() {
                positions.forward(shape, x.address(), product, weight.address(), y.address());
            }

            @Override
            public long ownBytes() {
                return weight.bytes();
            }

            @Override
            public void close() {
                weight.release();
            }
        };
    }

    private static @Nullable Prepared dataGradient(Prim.ConvDataGrad op, Slot y, Slot w, Slot x) {
        Prepared step =
                () ->
                        Convolution.dataGradient(
                                op,
                                y.type(),
                                y.address(),
                                w.shape(),
                                w.address(),
                                x.shape(),
                                x.address());
        return isFast(op.windows(), x, y, w) ? step : null;
    }

    private static @Nullable Prepared filterGradient(
            Prim.ConvFilterGrad op, Slot x, Slot y, Slot w) {
        Prepared step =
                () ->
                        Convolution.filterGradient(
                                op,
                                x.shape(),
                                x.address(),
                                y.shape(),
                                y.address(),
                                w.shape(),
                                w.address());
        return isFast(op.windows(), x, y, w) ? step : null;
    }

    private static boolean isFast(List<Prim.Window> windows, Slot image, Slot result, Slot weight) {
        return Convolution.isFast(
                DType.F32, windows, image.shape(), result.shape(), weight.shape());
    }
}
