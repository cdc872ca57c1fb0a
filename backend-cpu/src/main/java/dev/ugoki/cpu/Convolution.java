package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/**
 * Convolutions and their gradients, in the NCHW layout: which kernel computes them.
 *
 * <p>F32, and F16 and BF16 by way of it, rounded once, by {@link Correlation} and {@link
 * FilterGradient}; some of F32 with many channels by {@link Winograd}, of few positions by {@link
 * FewPositions}, of small images by {@link SmallImages}; F64, and what has more than three spatial
 * dimensions, by {@link PatchProducts}.
 */
final class Convolution {
    private static final ThreadLocal<Convolution> OF_THREAD =
            ThreadLocal.withInitial(Convolution::new);

    private final ConvolutionShape shape = new ConvolutionShape();
    private final Correlation correlation = new Correlation();
    private final FilterGradient filterGradient = new FilterGradient();
    private final FewPositions fewPositions = new FewPositions();
    private final SmallImages smallImages = new SmallImages();
    private final Winograd winograd = new Winograd();
    private final WinogradFilterGradient winogradFilterGradient = new WinogradFilterGradient();

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
        try (Reordered input = Reordered.contiguous(x);
                Reordered filter = Reordered.floats(weight)) {
            forward(
                    op,
                    x.type(),
                    input.address(),
                    weight.shape(),
                    filter.address(),
                    result.shape(),
                    result.address());
        }
    }

    /** Contiguous operands that are not empty, for which {@link #isFast}; the weight is F32. */
    static void forward(
            Prim.Conv op, TensorType image, long x, Shape weight, long w, Shape result, long y) {
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), image.shape(), result, weight);
        if (image.dtype() == DType.F32 && FewPositions.suitsForward(own.shape)) {
            own.fewPositions.forward(own.shape, x, w, y);
        } else if (image.dtype() == DType.F32 && Winograd.suits(own.shape)) {
            own.winograd.forward(own.shape, x, w, y);
        } else if (image.dtype() == DType.F32 && SmallImages.suits(own.shape)) {
            own.smallImages.forward(own.shape, x, w, y);
        } else {
            own.correlation.forward(own.shape, image.dtype(), x, w, y);
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
        if (y.elementCount() == 0 || weight.elementCount() == 0) {
            Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
            return;
        }
        try (Reordered output = Reordered.contiguous(y);
                Reordered filter = Reordered.floats(weight)) {
            dataGradient(
                    op,
                    y.type(),
                    output.address(),
                    weight.shape(),
                    filter.address(),
                    image,
                    result.address());
        }
    }

    /** Contiguous operands that are not empty, for which {@link #isFast}; the weight is F32. */
    static void dataGradient(
            Prim.ConvDataGrad op,
            TensorType output,
            long y,
            Shape weight,
            long w,
            Shape image,
            long x) {
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), image, output.shape(), weight);
        boolean few = output.dtype() == DType.F32 && FewPositions.suitsDataGradient(own.shape);
        if (few || own.leavesElementsOut()) {
            NativeMemory.clear(x, image.elementCount() * output.dtype().byteSize());
        }
        if (few) {
            own.fewPositions.dataGradient(own.shape, y, w, x);
        } else if (output.dtype() == DType.F32 && Winograd.suits(own.shape)) {
            own.winograd.dataGradient(own.shape, y, w, x);
        } else {
            own.correlation.dataGradient(own.shape, output.dtype(), y, w, x);
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
        try (Reordered input = Reordered.floats(x);
                Reordered output = Reordered.floats(y);
                WideResult target = WideResult.of(result)) {
            filterGradient(
                    op,
                    x.shape(),
                    input.address(),
                    y.shape(),
                    output.address(),
                    result.shape(),
                    target.address());
            target.store();
        }
    }

    /** Contiguous F32 operands that are not empty, for which {@link #isFast}. */
    static void filterGradient(
            Prim.ConvFilterGrad op,
            Shape image,
            long x,
            Shape output,
            long y,
            Shape weight,
            long w) {
        Convolution own = OF_THREAD.get();
        own.shape.set(op.windows(), op.groups(), image, output, weight);
        if (FewPositions.suitsFilterGradient(own.shape)) {
            own.fewPositions.filterGradient(own.shape, x, y, w);
        } else if (Winograd.suits(own.shape)) {
            own.winogradFilterGradient.run(own.shape, x, y, w);
        } else {
            own.filterGradient.run(own.shape, x, y, w);
        }
    }

    static boolean isFast(
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
