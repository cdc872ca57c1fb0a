package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

/**
 * Where taps meet an image: along each of three dimensions the tap with offset {@code o} meets, at
 * position {@code q}, the element {@code q * step + o}, or a zero where that is outside.
 *
 * <p>A convolution samples the image at its own stride. Its gradient in the image samples the
 * result's gradient with a step of one, for each phase of the stride with the taps that fall on it.
 */
final class Sampling {
    private static final int DIMS = ConvolutionShape.DIMS;

    /** Positions. */
    final int[] grid = new int[DIMS];

    final int[] step = new int[DIMS];

    /** Extents of the image. */
    final int[] image = new int[DIMS];

    /** The least and greatest offset. */
    final int[] low = new int[DIMS];

    final int[] high = new int[DIMS];

    /** Of the taps in row-major order: offsets, three for each, and their places in the kernel. */
    private int[] offsets = new int[0];

    private int[] places = new int[0];
    private int taps;
    private boolean allTaps;

    /** The convolution itself. */
    void setForward(ConvolutionShape shape) {
        begin(shape, shape.in);
        for (int d = 0; d < DIMS; d++) {
            grid[d] = shape.out[d];
            step[d] = shape.stride[d];
        }
        addTaps(shape, null);
    }

    /**
     * One phase of the gradient in the image: its elements {@code q * stride + phase}.
     *
     * @return whether there are elements in this phase
     */
    boolean setPhase(ConvolutionShape shape, int[] phase) {
        begin(shape, shape.out);
        for (int d = 0; d < DIMS; d++) {
            grid[d] = Math.max(0, (shape.in[d] - phase[d] + shape.stride[d] - 1) / shape.stride[d]);
            step[d] = 1;
        }
        addTaps(shape, phase);
        return ConvolutionShape.volume(grid) > 0;
    }

    private void begin(ConvolutionShape shape, int[] extents) {
        taps = 0;
        int most = shape.taps();
        if (places.length < most) {
            places = new int[most];
            offsets = new int[DIMS * most];
        }
        for (int d = 0; d < DIMS; d++) {
            image[d] = extents[d];
            low[d] = Integer.MAX_VALUE;
            high[d] = Integer.MIN_VALUE;
        }
    }

    private void addTaps(ConvolutionShape shape, int @Nullable [] phase) {
        int place = 0;
        for (int k0 = 0; k0 < shape.kernel[0]; k0++) {
            for (int k1 = 0; k1 < shape.kernel[1]; k1++) {
                for (int k2 = 0; k2 < shape.kernel[2]; k2++, place++) {
                    if (phase == null) {
                        add(
                                place,
                                forward(shape, 0, k0),
                                forward(shape, 1, k1),
                                forward(shape, 2, k2));
                    } else if (falls(shape, 0, k0, phase)
                            && falls(shape, 1, k1, phase)
                            && falls(shape, 2, k2, phase)) {
                        add(
                                place,
                                back(shape, 0, k0, phase),
                                back(shape, 1, k1, phase),
                                back(shape, 2, k2, phase));
                    }
                }
            }
        }
        allTaps = taps == place;
    }

    private static int forward(ConvolutionShape shape, int d, int k) {
        return k * shape.dilation[d] - shape.before[d];
    }

    /** Whether tap {@code k} takes elements of this phase to positions of the result. */
    private static boolean falls(ConvolutionShape shape, int d, int k, int[] phase) {
        return Math.floorMod(phase[d] - forward(shape, d, k), shape.stride[d]) == 0;
    }

    private static int back(ConvolutionShape shape, int d, int k, int[] phase) {
        return Math.floorDiv(phase[d] - forward(shape, d, k), shape.stride[d]);
    }

    private void add(int place, int o0, int o1, int o2) {
        places[taps] = place;
        offsets[DIMS * taps] = o0;
        offsets[DIMS * taps + 1] = o1;
        offsets[DIMS * taps + 2] = o2;
        taps++;
        for (int d = 0; d < DIMS; d++) {
            int offset = offsets[DIMS * (taps - 1) + d];
            low[d] = Math.min(low[d], offset);
            high[d] = Math.max(high[d], offset);
        }
    }

    int taps() {
        return taps;
    }

    /** Whether these are all taps of the kernel, each in its place. */
    boolean hasAllTaps() {
        return allTaps;
    }

    /** The place of a tap in the kernel. */
    int place(int tap) {
        return places[tap];
    }

    int offset(int tap, int dim) {
        return offsets[DIMS * tap + dim];
    }

    /** How far apart the first and last elements are that so many positions meet, and one. */
    int span(int dim, int positions) {
        return (positions - 1) * step[dim] + high[dim] - low[dim] + 1;
    }

    /** Whether no tap ever meets an element outside of the image. */
    boolean staysInside() {
        for (int d = 0; d < DIMS; d++) {
            if (low[d] < 0 || (grid[d] - 1) * step[d] + high[d] >= image[d]) {
                return false;
            }
        }
        return true;
    }
}
