package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

/**
 * Convolutions to few positions, and their gradients, in F32: bound by reading or writing the
 * weights once, so the weights stay as they are. The patches, which are small, are laid out as rows
 * {@code [positions, c * taps]}, and the result's as {@code [positions, o]}; the rest are products
 * of matrices with few rows.
 */
final class FewPositions {
    /** Positions of all images together. */
    private static final long MOST = 32;

    /** The same, where a general convolution need not pack weights: it fills vectors with them. */
    private static final long MOST_FORWARD = 12;

    /** So many channels of the result cost as much to pack weights of as a position to add. */
    private static final int PACKING = 4;

    private final Sampling sampling = new Sampling();
    private ConvolutionShape shape = new ConvolutionShape();
    private int positions;
    private int outVolume;
    private int inVolume;
    private int depth;

    /** The addresses of image, weights and result. */
    private long x;

    private long w;
    private long y;

    /** A product with weights in panels, whose address is {@link #w}; null for one as they lie. */
    private @Nullable MatrixProduct product;

    private final Use forward = this::forward;
    private final Use dataGradient = this::dataGradient;
    private final Use filterGradient = this::filterGradient;

    /** Whether the gradient in the weights is better computed here. */
    static boolean suitsFilterGradient(ConvolutionShape shape) {
        return positions(shape) <= MOST;
    }

    /**
     * Whether the gradient in the image is: else weights are packed by small blocks, which costs
     * about as much for each of them as adding a patch's element to the image does here.
     */
    static boolean suitsDataGradient(ConvolutionShape shape) {
        return positions(shape) <= Math.max(MOST, shape.outChannels / PACKING);
    }

    /** Whether the convolution itself is. */
    static boolean suitsForward(ConvolutionShape shape) {
        return positions(shape) <= MOST_FORWARD;
    }

    /** Positions of all images. */
    static long positions(ConvolutionShape shape) {
        return (long) shape.images * ConvolutionShape.volume(shape.out);
    }

    private void begin(ConvolutionShape convolution, long image, long weights, long result) {
        shape = convolution;
        x = image;
        w = weights;
        y = result;
        sampling.setForward(shape);
        outVolume = ConvolutionShape.volume(shape.out);
        inVolume = ConvolutionShape.volume(shape.in);
        positions = shape.images * outVolume;
        depth = shape.channels * shape.taps();
    }

    /** Runs {@code use} with memory for patches and results in rows, of one group. */
    private interface Use {
        void run(int group, long patches, long rows);
    }

    private void forEachGroup(Use use) {
        long patchBytes = 4L * positions * depth;
        long patches = NativeMemory.allocate(patchBytes + 4L * positions * shape.outChannels);
        try {
            for (int group = 0; group < shape.groups; group++) {
                use.run(group, patches, patches + patchBytes);
            }
        } finally {
            NativeMemory.free(patches);
        }
    }

    void forward(ConvolutionShape convolution, long image, long weights, long result) {
        begin(convolution, image, weights, result);
        forEachGroup(forward);
    }

    /**
     * The same, of one group, with weights that were brought to the order of a product of {@link
     * #positions} rows.
     */
    void forward(
            ConvolutionShape convolution,
            long image,
            MatrixProduct ready,
            long weights,
            long result) {
        product = ready;
        forward(convolution, image, weights, result);
        product = null;
    }

    private void forward(int group, long patches, long rows) {
        int m = shape.outChannels;
        gatherPatches(x, group, patches);
        MatrixProduct ready = product;
        if (ready != null) {
            ready.runAt(patches, w, 0, rows);
        } else {
            MatrixProduct.f32(
                    positions,
                    m,
                    depth,
                    patches,
                    depth,
                    false,
                    w + 4L * group * m * depth,
                    depth,
                    true,
                    rows,
                    m,
                    false);
        }
        for (int position = 0; position < positions; position++) {
            long target = y + 4 * result(group, position);
            for (int o = 0; o < m; o++) {
                float value = NativeMemory.getFloat(rows + 4L * (position * m + o));
                NativeMemory.setFloat(target + 4L * o * outVolume, value);
            }
        }
    }

    /** Adds to the image, which holds zeros. */
    void dataGradient(ConvolutionShape convolution, long result, long weights, long image) {
        begin(convolution, image, weights, result);
        forEachGroup(dataGradient);
    }

    private void dataGradient(int group, long patches, long rows) {
        int m = shape.outChannels;
        gatherRows(y, group, rows);
        MatrixProduct.f32(
                positions,
                depth,
                m,
                rows,
                m,
                false,
                w + 4L * group * m * depth,
                depth,
                false,
                patches,
                depth,
                false);
        addPatches(patches, group, x);
    }

    void filterGradient(ConvolutionShape convolution, long image, long result, long weights) {
        begin(convolution, image, weights, result);
        forEachGroup(filterGradient);
    }

    private void filterGradient(int group, long patches, long rows) {
        int m = shape.outChannels;
        gatherPatches(x, group, patches);
        gatherRows(y, group, rows);
        MatrixProduct.f32(
                m,
                depth,
                positions,
                rows,
                m,
                true,
                patches,
                depth,
                false,
                w + 4L * group * m * depth,
                depth,
                false);
    }

    /** The element of the result in a group's first channel at a position. */
    private long result(int group, int position) {
        long image = position / outVolume * (long) shape.groups + group;
        return image * shape.outChannels * outVolume + position % outVolume;
    }

    private void gatherRows(long y, int group, long rows) {
        int m = shape.outChannels;
        for (int position = 0; position < positions; position++) {
            long source = y + 4 * result(group, position);
            for (int o = 0; o < m; o++) {
                float value = NativeMemory.getFloat(source + 4L * o * outVolume);
                NativeMemory.setFloat(rows + 4L * (position * m + o), value);
            }
        }
    }

    private void gatherPatches(long x, int group, long patches) {
        int taps = shape.taps();
        for (int position = 0; position < positions; position++) {
            for (int tap = 0; tap < taps; tap++) {
                long element = element(group, position, tap);
                long target = patches + 4L * (position * depth + tap);
                for (int c = 0; c < shape.channels; c++) {
                    long source = x + 4 * (element + (long) c * inVolume);
                    float value = element < 0 ? 0 : NativeMemory.getFloat(source);
                    NativeMemory.setFloat(target + 4L * c * taps, value);
                }
            }
        }
    }

    private void addPatches(long patches, int group, long x) {
        int taps = shape.taps();
        for (int position = 0; position < positions; position++) {
            for (int tap = 0; tap < taps; tap++) {
                long element = element(group, position, tap);
                if (element < 0) {
                    continue;
                }
                long source = patches + 4L * (position * depth + tap);
                for (int c = 0; c < shape.channels; c++) {
                    long target = x + 4 * (element + (long) c * inVolume);
                    float part = NativeMemory.getFloat(source + 4L * c * taps);
                    NativeMemory.setFloat(target, NativeMemory.getFloat(target) + part);
                }
            }
        }
    }

    /** What a tap meets in a group's first channel; -1 outside of the image. */
    private long element(int group, int position, int tap) {
        int rest = position % outVolume;
        long element = 0;
        int across = 1;
        for (int d = ConvolutionShape.DIMS - 1; d >= 0; d--) {
            int at = rest % shape.out[d] * sampling.step[d] + sampling.offset(tap, d);
            if (at < 0 || at >= shape.in[d]) {
                return -1;
            }
            element += (long) at * across;
            across *= shape.in[d];
            rest /= shape.out[d];
        }
        long image = position / outVolume * (long) shape.groups + group;
        return image * shape.channels * inVolume + element;
    }
}
