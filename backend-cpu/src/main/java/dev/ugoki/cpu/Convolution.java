package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/**
 * Convolutions and their gradients, in the NCHW layout: which kernel computes them.
 *
 * <p>F32, and F16 and BF16 by way of it, rounded once, by {@link Correlation} and {@link
 * FilterGradient}; F64, and what has more than three spatial dimensions, by {@link PatchProducts}.
 */
final class Convolution {
    private static final ThreadLocal<Convolution> OF_THREAD =
            ThreadLocal.withInitial(Convolution::new);

    private final ConvolutionShape shape = new ConvolutionShape();
    private final Correlation correlation = new Correlation();
    private final FilterGradient filterGradient = new FilterGradient();
    private final FewPositions fewPositions = new FewPositions();

    private Convolution() {}

    static void forward(Prim.Conv op, Stored x, Stored weight, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        Shape image = x.shape();
        if (!isFast(x.dtype(), op.windows(), image, result.shape(), weight.shape())) {
            PatchProducts.forward(op, x, weight, result);
            return;
        }
        if (weight.elementCount() == 0) {
            Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
            return;
        }
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), image, result.shape(), weight.shape());
        try (Reordered input = Reordered.contiguous(x);
                Reordered filter = Reordered.floats(weight)) {
            if (x.dtype() == DType.F32 && FewPositions.suitsForward(own.shape)) {
                own.fewPositions.forward(
                        own.shape, input.address(), filter.address(), result.address());
                return;
            }
            own.correlation.forward(
                    own.shape, x.dtype(), input.address(), filter.address(), result.address());
        }
    }

    static void dataGradient(Prim.ConvDataGrad op, Stored y, Stored weight, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        Shape image = result.shape();
        if (!isFast(y.dtype(), op.windows(), image, y.shape(), weight.shape())) {
            PatchProducts.dataGradient(op, y, weight, result);
            return;
        }
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), image, y.shape(), weight.shape());
        boolean few = y.dtype() == DType.F32 && FewPositions.suits(own.shape);
        boolean isEmpty = y.elementCount() == 0 || weight.elementCount() == 0;
        if (few || isEmpty || own.leavesElementsOut()) {
            Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
        }
        if (isEmpty) {
            return;
        }
        try (Reordered output = Reordered.contiguous(y);
                Reordered filter = Reordered.floats(weight)) {
            if (few) {
                own.fewPositions.dataGradient(
                        own.shape, output.address(), filter.address(), result.address());
                return;
            }
            own.correlation.dataGradient(
                    own.shape, y.dtype(), output.address(), filter.address(), result.address());
        }
    }

    static void filterGradient(Prim.ConvFilterGrad op, Stored x, Stored y, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (x.elementCount() == 0 || y.elementCount() == 0) {
            Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
            return;
        }
        if (!isFast(x.dtype(), op.windows(), x.shape(), y.shape(), result.shape())) {
            PatchProducts.filterGradient(op, x, y, result);
            return;
        }
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), x.shape(), y.shape(), result.shape());
        try (Reordered input = Reordered.floats(x);
                Reordered output = Reordered.floats(y);
                WideResult target = WideResult.of(result)) {
            if (FewPositions.suits(own.shape)) {
                own.fewPositions.filterGradient(
                        own.shape, input.address(), output.address(), target.address());
            } else {
                own.filterGradient.run(
                        own.shape, input.address(), output.address(), target.address());
            }
            target.store();
        }
    }

    private static boolean isFast(
            DType dtype, List<Prim.Window> windows, Shape image, Shape out, Shape weight) {
        return dtype != DType.F64 && ConvolutionShape.fits(windows, image, out, weight);
    }

    /** Whether there are elements of the image that no position of the result is made of. */
    private boolean leavesElementsOut() {
        for (int d = 0; d < ConvolutionShape.DIMS; d++) {
            // Taps fall on all phases of a stride if neighbours, and there are enough.
            if (shape.stride[d] > 1
                    && (shape.dilation[d] > 1 || shape.kernel[d] < shape.stride[d])) {
                return true;
            }
        }
        return false;
    }
}
