package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/**
 * Convolutions as products of matrices that are laid out in memory: the patches under the kernel of
 * one image and group become the rows of a matrix, {@code [c/groups * kernel, positions]}. For what
 * {@link Convolution} has no faster way: F64, and extents or numbers of dimensions beyond its.
 *
 * <p>F32 and F64 in their own arithmetic, F16 and BF16 in F32, rounded once.
 */
final class PatchProducts {
    private final DType compute;
    private final int bytes;
    private final int groups;
    private final int images;
    private final int channels;
    private final int outChannels;
    private final int positions;
    private final int patch;
    private final int imageSize;
    private final Patches patches;

    /**
     * @param image the shape {@code [n, c, spatial..]}
     * @param out the shape {@code [n, o, spatial'..]}
     * @param weight the shape {@code [o, c/groups, kernel..]}
     */
    private PatchProducts(
            DType dtype,
            List<Prim.Window> windows,
            int groups,
            Shape image,
            Shape out,
            Shape weight) {
        this.compute = dtype == DType.F64 ? DType.F64 : DType.F32;
        this.bytes = compute.byteSize();
        this.groups = groups;
        this.images = Math.toIntExact(image.extent(0));
        this.channels = Math.toIntExact(image.extent(1) / groups);
        this.outChannels = Math.toIntExact(out.extent(1) / groups);
        this.patches = new Patches(windows, image, out, weight);
        this.positions = patches.positions();
        this.patch = channels * patches.taps();
        this.imageSize = patches.imageSize();
    }

    static void forward(Prim.Conv op, Stored x, Stored weight, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        PatchProducts conv =
                new PatchProducts(
                        x.dtype(),
                        op.windows(),
                        op.groups(),
                        x.shape(),
                        result.shape(),
                        weight.shape());
        try (Reordered input = conv.operand(x);
                Reordered filter = conv.operand(weight);
                WideResult target = WideResult.of(result)) {
            conv.forEachImage(
                    (image, columns) ->
                            conv.forwardOne(input, filter, target.address(), image, columns));
            target.store();
        }
    }

    private void forwardOne(Reordered x, Reordered w, long y, int image, long columns) {
        for (int g = 0; g < groups; g++) {
            long plane = (long) image * groups + g;
            patches.gather(
                    x.address() + plane * channels * imageSize * bytes, channels, bytes, columns);
            product(
                    outChannels,
                    positions,
                    patch,
                    w.address() + (long) g * outChannels * patch * bytes,
                    patch,
                    false,
                    columns,
                    positions,
                    false,
                    y + plane * outChannels * positions * bytes,
                    positions,
                    false);
        }
    }

    static void dataGradient(Prim.ConvDataGrad op, Stored y, Stored weight, Stored result) {
        Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
        if (y.elementCount() == 0 || result.elementCount() == 0) {
            return;
        }
        PatchProducts conv =
                new PatchProducts(
                        y.dtype(),
                        op.windows(),
                        op.groups(),
                        result.shape(),
                        y.shape(),
                        weight.shape());
        try (Reordered output = conv.operand(y);
                Reordered filter = conv.operand(weight);
                WideResult target = WideResult.of(result)) {
            conv.forEachImage(
                    (image, columns) ->
                            conv.dataOne(output, filter, target.address(), image, columns));
            target.store();
        }
    }

    private void dataOne(Reordered y, Reordered w, long x, int image, long columns) {
        for (int g = 0; g < groups; g++) {
            long plane = (long) image * groups + g;
            product(
                    patch,
                    positions,
                    outChannels,
                    w.address() + (long) g * outChannels * patch * bytes,
                    patch,
                    true,
                    y.address() + plane * outChannels * positions * bytes,
                    positions,
                    false,
                    columns,
                    positions,
                    false);
            patches.addBack(columns, channels, bytes, x + plane * channels * imageSize * bytes);
        }
    }

    static void filterGradient(Prim.ConvFilterGrad op, Stored x, Stored y, Stored result) {
        Fill.with(result.dtype(), 0.0, result.elementCount(), result.address());
        if (y.elementCount() == 0 || result.elementCount() == 0 || x.elementCount() == 0) {
            return;
        }
        PatchProducts conv =
                new PatchProducts(
                        x.dtype(), op.windows(), op.groups(), x.shape(), y.shape(), result.shape());
        try (Reordered input = conv.operand(x);
                Reordered output = conv.operand(y);
                WideResult target = WideResult.of(result)) {
            conv.filterAll(input, output, target.address());
            target.store();
        }
    }

    /**
     * Images one after the other, since their shares are added up; each product uses all threads.
     */
    private void filterAll(Reordered x, Reordered y, long w) {
        long columns = newColumns();
        try {
            for (int image = 0; image < images; image++) {
                for (int g = 0; g < groups; g++) {
                    long plane = (long) image * groups + g;
                    patches.gather(
                            x.address() + plane * channels * imageSize * bytes,
                            channels,
                            bytes,
                            columns);
                    product(
                            outChannels,
                            patch,
                            positions,
                            y.address() + plane * outChannels * positions * bytes,
                            positions,
                            false,
                            columns,
                            positions,
                            true,
                            w + (long) g * outChannels * patch * bytes,
                            patch,
                            image > 0);
                }
            }
        } finally {
            NativeMemory.free(columns);
        }
    }

    private interface ImageTask {
        void run(int image, long columns);
    }

    private void forEachImage(ImageTask task) {
        ThreadPool.shared()
                .parallelFor(
                        images,
                        image -> {
                            long columns = newColumns();
                            try {
                                task.run(image, columns);
                            } finally {
                                NativeMemory.free(columns);
                            }
                        });
    }

    private long newColumns() {
        return NativeMemory.allocate((long) patch * positions * bytes + NativeMemory.PADDING);
    }

    private Reordered operand(Stored x) {
        return compute == DType.F64 ? Reordered.contiguous(x) : Reordered.floats(x);
    }

    private void product(
            int m,
            int n,
            int k,
            long a,
            int aDistance,
            boolean aTransposed,
            long b,
            int bDistance,
            boolean bTransposed,
            long c,
            int cDistance,
            boolean accumulate) {
        Products.product(
                compute,
                m,
                n,
                k,
                a,
                aDistance,
                aTransposed,
                b,
                bDistance,
                bTransposed,
                c,
                cDistance,
                accumulate);
    }
}
