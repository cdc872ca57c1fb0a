package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.List;

/**
 * The extents of a convolution of images {@code [n, groups * c, in..]} by weights {@code [groups *
 * o, c, kernel..]} to {@code [n, groups * o, out..]}, with three spatial dimensions: those that are
 * missing come first and have extent 1.
 */
final class ConvolutionShape {
    /** Spatial dimensions. */
    static final int DIMS = 3;

    /** Offsets in a block of any of the tensors are ints. */
    private static final long LARGEST_VOLUME = 1 << 28;

    int images;
    int groups;

    /** Channels of the image, and of the result, in each group. */
    int channels;

    int outChannels;
    final int[] in = new int[DIMS];
    final int[] out = new int[DIMS];
    final int[] kernel = new int[DIMS];
    final int[] stride = new int[DIMS];
    final int[] dilation = new int[DIMS];
    final int[] before = new int[DIMS];

    /** Whether there are at most three dimensions, and all offsets in them are small numbers. */
    static boolean fits(List<Prim.Window> windows, Shape image, Shape out, Shape weight) {
        if (windows.isEmpty() || windows.size() > DIMS) {
            return false;
        }
        double volume = 1;
        double kernel = 1;
        for (int d = 0; d < windows.size(); d++) {
            Prim.Window window = windows.get(d);
            double reach = (double) window.dilation() * weight.extent(d + 2);
            double span = (double) window.stride() * out.extent(d + 2) + reach;
            volume *= Math.max(image.extent(d + 2), span + Math.abs((double) window.before()));
            kernel *= weight.extent(d + 2);
        }
        return volume <= LARGEST_VOLUME && kernel * weight.extent(1) <= LARGEST_VOLUME;
    }

    void set(List<Prim.Window> windows, int groupCount, Shape image, Shape result, Shape weight) {
        images = Math.toIntExact(image.extent(0));
        groups = groupCount;
        channels = Math.toIntExact(weight.extent(1));
        outChannels = Math.toIntExact(weight.extent(0) / groupCount);
        int missing = DIMS - windows.size();
        for (int d = 0; d < DIMS; d++) {
            int given = d - missing + 2;
            in[d] = d < missing ? 1 : (int) image.extent(given);
            out[d] = d < missing ? 1 : (int) result.extent(given);
            kernel[d] = d < missing ? 1 : (int) weight.extent(given);
            stride[d] = d < missing ? 1 : (int) windows.get(given - 2).stride();
            dilation[d] = d < missing ? 1 : (int) windows.get(given - 2).dilation();
            before[d] = d < missing ? 0 : (int) windows.get(given - 2).before();
        }
        if (isPointwise()) {
            flatten(in);
            flatten(out);
        }
    }

    /** Whether each position of the result is made of the same position of the image alone. */
    private boolean isPointwise() {
        for (int d = 0; d < DIMS; d++) {
            if (kernel[d] != 1 || stride[d] != 1 || before[d] != 0 || in[d] != out[d]) {
                return false;
            }
        }
        return true;
    }

    private static void flatten(int[] extents) {
        extents[2] = volume(extents);
        extents[0] = 1;
        extents[1] = 1;
    }

    static int volume(int[] extents) {
        return extents[0] * extents[1] * extents[2];
    }

    int taps() {
        return volume(kernel);
    }
}
