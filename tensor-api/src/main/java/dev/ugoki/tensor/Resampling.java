package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.GridSample;
import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Signals and images {@code [n, c, spatial..]} made smaller or larger. Any number of spatial
 * dimensions: {@code kernel}, {@code stride}, {@code padding} and {@code size} have one number for
 * each.
 *
 * <p>Source, where nothing else is named: PyTorch's operations of the same names.
 */
public final class Resampling {
    private static final long MOST_WINDOWS = 1 << 24;

    private Resampling() {}

    /**
     * How a window moves over a signal. One number for each spatial dimension.
     *
     * @param kernel the window's extents
     * @param stride from one window to the next, at least 1
     * @param padding before and after the signal, from 0 to half the kernel
     * @param dilation from one element of a window to the next, at least 1
     * @param ceil whether a last window may reach beyond the padding, as long as it begins within
     *     the signal or the padding before it; otherwise what does not fill a window is left out
     */
    public record Windows(
            List<Long> kernel,
            List<Long> stride,
            List<Long> padding,
            List<Long> dilation,
            boolean ceil) {
        public Windows {
            kernel = List.copyOf(kernel);
            stride = List.copyOf(stride);
            padding = List.copyOf(padding);
            dilation = List.copyOf(dilation);
        }

        /** Windows side by side, without padding. */
        public static Windows of(long... kernel) {
            List<Long> zeros = Collections.nCopies(kernel.length, 0L);
            List<Long> ones = Collections.nCopies(kernel.length, 1L);
            return new Windows(list(kernel), list(kernel), zeros, ones, false);
        }

        public Windows withStride(long... newStride) {
            return new Windows(kernel, list(newStride), padding, dilation, ceil);
        }

        public Windows withPadding(long... newPadding) {
            return new Windows(kernel, stride, list(newPadding), dilation, ceil);
        }

        public Windows withDilation(long... newDilation) {
            return new Windows(kernel, stride, padding, list(newDilation), ceil);
        }

        public Windows withCeil(boolean newCeil) {
            return new Windows(kernel, stride, padding, dilation, newCeil);
        }

        private static List<Long> list(long... values) {
            return Arrays.stream(values).boxed().toList();
        }

        private Shape kernelShape() {
            return Shape.of(kernel.stream().mapToLong(Long::longValue).toArray());
        }

        /** One for each spatial dimension of x, reaching beyond the padding where they may. */
        private List<Prim.Window> over(String operation, Tensor x) {
            int spatial = kernel.size();
            if (stride.size() != spatial
                    || padding.size() != spatial
                    || dilation.size() != spatial
                    || x.rank() != spatial + 2) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(operation)
                                + ": kernel, stride, padding and dilation must have one number for"
                                + " each spatial dimension of "
                                + x.type()
                                + ": "
                                + this);
            }
            List<Prim.Window> windows = new ArrayList<>(spatial);
            for (int i = 0; i < spatial; i++) {
                long more = ceil ? beyond(i, x.extent(i + 2)) : 0;
                long pad = padding.get(i);
                windows.add(new Prim.Window(stride.get(i), pad, pad + more, dilation.get(i)));
            }
            return windows;
        }

        private long beyond(int i, long extent) {
            long step = stride.get(i);
            long reach = dilation.get(i) * (kernel.get(i) - 1) + 1;
            long room = extent + 2 * padding.get(i) - reach;
            if (step < 1 || room < 0) {
                return 0;
            }
            long last = Math.ceilDiv(room, step);
            last = last * step >= extent + padding.get(i) ? last - 1 : last;
            return Math.max(0, last * step - room);
        }
    }

    /** The largest element of each window; as {@link #maxPoolWithIndices}. */
    public static Tensor maxPool(Tensor x, Windows windows) {
        return maxPoolWithIndices(x, windows).values();
    }

    /**
     * The largest element of each window and its index (I64) among the spatial positions,
     * row-major; padding is never chosen, and of equal elements the first is. See {@link
     * Pooling.MaxPool}.
     */
    public static Tensor.Sorted maxPoolWithIndices(Tensor x, Windows windows) {
        List<Prim.Window> over = windows.over("maxPool", x);
        Tensor[] both = Engine.apply(new Pooling.MaxPool(windows.kernelShape(), over), x);
        return new Tensor.Sorted(both[0], both[1]);
    }

    /**
     * The mean of each window; padding counts as zeros if {@code countPadding}, and not at all
     * otherwise. What a window has beyond the padding never counts.
     */
    public static Tensor avgPool(Tensor x, Windows windows, boolean countPadding) {
        List<Prim.Window> over = windows.over("avgPool", x);
        boolean beyond = over.stream().anyMatch(each -> each.after() > each.before());
        if (!countPadding || !beyond) {
            Pooling.AvgPool op = new Pooling.AvgPool(windows.kernelShape(), over, countPadding);
            return Engine.one(op, x);
        }
        // With padding as elements of the signal, what counts is no longer a question.
        long[][] edges = new long[x.rank()][2];
        List<Prim.Window> bare = new ArrayList<>(over.size());
        for (int i = 0; i < over.size(); i++) {
            Prim.Window window = over.get(i);
            edges[i + 2] = new long[] {window.before(), window.before()};
            long more = window.after() - window.before();
            bare.add(new Prim.Window(window.stride(), 0, more, window.dilation()));
        }
        return Engine.one(new Pooling.AvgPool(windows.kernelShape(), bare, false), x.pad(edges, 0));
    }

    /**
     * The largest element of each window; padding is never chosen. The gradient goes to the first
     * of equal elements. See {@link Pooling.MaxPool}.
     */
    public static Tensor maxPool(Tensor x, long[] kernel, long[] stride, long[] padding) {
        List<Prim.Window> windows = windows("maxPool", kernel, stride, padding);
        return Engine.apply(new Pooling.MaxPool(Shape.of(kernel), windows), x)[0];
    }

    /**
     * The mean of each window; padding counts as zeros if {@code countPadding}, and not at all
     * otherwise.
     */
    public static Tensor avgPool(
            Tensor x, long[] kernel, long[] stride, long[] padding, boolean countPadding) {
        List<Prim.Window> windows = windows("avgPool", kernel, stride, padding);
        return Engine.one(new Pooling.AvgPool(Shape.of(kernel), windows, countPadding), x);
    }

    /**
     * The means of windows spread evenly, so that the result has spatial dimensions {@code size};
     * see {@link Pooling.AdaptiveAvgPool}.
     */
    public static Tensor adaptiveAvgPool(Tensor x, long... size) {
        return Engine.one(new Pooling.AdaptiveAvgPool(Shape.of(size)), x);
    }

    /**
     * The largest elements of windows spread evenly, so that the result has spatial dimensions
     * {@code size}: along a dimension of extent e, window i of s runs from {@code floor(i * e / s)}
     * to before {@code ceil((i + 1) * e / s)}. The gradient goes to the first of equal elements.
     */
    public static Tensor adaptiveMaxPool(Tensor x, long... size) {
        if (x.rank() != size.length + 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("adaptiveMaxPool")
                            + ": x must have two dimensions more than the size, "
                            + Arrays.toString(size)
                            + ": "
                            + x.type());
        }
        Tensor y = x;
        // From the last dimension on, so that the first of equal elements is so in all.
        for (int dim = x.rank() - 1; dim >= 2; dim--) {
            y = largestOfEvenWindows(y, dim, size[dim - 2]);
        }
        return y;
    }

    private static Tensor largestOfEvenWindows(Tensor x, int dim, long size) {
        long extent = x.extent(dim);
        if (size < 0 || extent == 0 || size > MOST_WINDOWS || extent > MOST_WINDOWS) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("adaptiveMaxPool")
                            + ": cannot make "
                            + size
                            + " windows along "
                            + dim
                            + " of "
                            + x.type()
                            + "; at most "
                            + MOST_WINDOWS
                            + ", of a dimension that is not empty nor longer than that");
        }
        long widest = size == 0 ? 1 : Math.ceilDiv(extent, size) + 1;
        long[] places = new long[(int) (size * widest)];
        for (int i = 0; i < places.length; i++) {
            long window = i / widest;
            long start = window * extent / size;
            long end = Math.ceilDiv((window + 1) * extent, size);
            // A shorter window takes its last element again, which the first of equals outdoes.
            places[i] = Math.min(start + i % widest, end - 1);
        }
        Tensor index = x.device().call(() -> Tensor.of(places, places.length));
        long[] extents = Arrays.copyOf(x.shape().toArray(), x.rank() + 1);
        System.arraycopy(x.shape().toArray(), dim, extents, dim + 1, x.rank() - dim);
        extents[dim] = size;
        extents[dim + 1] = widest;
        Tensor windows = x.indexSelect(dim, index).reshape(Shape.of(extents));
        return windows.maxAlong(dim + 1, false).values();
    }

    /**
     * As {@link #interpolate}, with each spatial extent times its factor, rounded down; positions
     * follow from the extents.
     */
    public static Tensor interpolateBy(
            Tensor x, Interpolate.Mode mode, boolean alignCorners, double... factors) {
        long[] size = new long[factors.length];
        for (int i = 0; i < size.length; i++) {
            if (x.rank() != factors.length + 2 || !(factors[i] > 0)) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("interpolate")
                                + ": needs a positive factor for each spatial dimension of "
                                + x.type()
                                + ": "
                                + Arrays.toString(factors));
            }
            size[i] = (long) Math.floor(x.extent(i + 2) * factors[i]);
        }
        return interpolate(x, mode, alignCorners, size);
    }

    /**
     * Sampled anew, so that the result has spatial dimensions {@code size}; see {@link
     * Interpolate}. LINEAR over two spatial dimensions is bilinear, over three trilinear; for means
     * of areas see {@link #adaptiveAvgPool}.
     *
     * @param alignCorners whether the outer samples lie at the centers of the outer elements;
     *     LINEAR and CUBIC only
     */
    public static Tensor interpolate(
            Tensor x, Interpolate.Mode mode, boolean alignCorners, long... size) {
        return Engine.one(new Interpolate(Shape.of(size), mode, alignCorners), x);
    }

    /**
     * The elements of {@code x [n, c, spatial..]} at the places of {@code grid [n, out.., r]}, from
     * -1 to 1 across the image: {@code [n, c, out..]}; see {@link GridSample}. Gradients in both.
     */
    public static Tensor gridSample(
            Tensor x,
            Tensor grid,
            Interpolate.Mode mode,
            GridSample.Outside outside,
            boolean alignCorners) {
        return Engine.one(new GridSample(mode, outside, alignCorners), x, grid);
    }

    /**
     * Channels laid out as pixels: {@code [.., c * factor^2, h, w] -> [.., c, h * factor, w *
     * factor]}, where element {@code (c, h * factor + i, w * factor + j)} comes from channel {@code
     * (c * factor + i) * factor + j}.
     *
     * <p>Source: Shi et al., Real-time single image and video super-resolution using an efficient
     * sub-pixel convolutional neural network (CVPR 2016).
     */
    public static Tensor pixelShuffle(Tensor x, int factor) {
        requireImage("pixelShuffle", x, factor);
        long squared = (long) factor * factor;
        if (x.extent(-3) % squared != 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("pixelShuffle")
                            + ": the channels of "
                            + x.type()
                            + " do not divide by "
                            + squared
                            + ", the square of the factor");
        }
        long channels = x.extent(-3) / squared;
        long images = images(x);
        Tensor apart = x.reshape(images, channels, factor, factor, x.extent(-2), x.extent(-1));
        Shape to = image(x, channels, x.extent(-2) * factor, x.extent(-1) * factor);
        return apart.permute(0, 1, 4, 2, 5, 3).reshape(to);
    }

    /**
     * The inverse of {@link #pixelShuffle}: {@code [.., c, h * factor, w * factor] -> [.., c *
     * factor^2, h, w]}.
     */
    public static Tensor pixelUnshuffle(Tensor x, int factor) {
        requireImage("pixelUnshuffle", x, factor);
        if (x.extent(-2) % factor != 0 || x.extent(-1) % factor != 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("pixelUnshuffle")
                            + ": height and width of "
                            + x.type()
                            + " do not divide by the factor "
                            + factor);
        }
        long channels = x.extent(-3);
        long height = x.extent(-2) / factor;
        long width = x.extent(-1) / factor;
        Tensor apart = x.reshape(images(x), channels, height, factor, width, factor);
        Shape to = image(x, channels * factor * factor, height, width);
        return apart.permute(0, 1, 3, 5, 2, 4).reshape(to);
    }

    private static void requireImage(String operation, Tensor x, int factor) {
        if (x.rank() < 3 || factor < 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs [..,c,h,w] and a factor of at least 1: "
                            + x.type()
                            + ", "
                            + factor);
        }
    }

    private static long images(Tensor x) {
        long images = 1;
        for (int dim = 0; dim < x.rank() - 3; dim++) {
            images *= x.extent(dim);
        }
        return images;
    }

    private static Shape image(Tensor x, long channels, long height, long width) {
        long[] extents = x.shape().toArray();
        extents[x.rank() - 3] = channels;
        extents[x.rank() - 2] = height;
        extents[x.rank() - 1] = width;
        return Shape.of(extents);
    }

    private static List<Prim.Window> windows(
            String operation, long[] kernel, long[] stride, long[] padding) {
        if (stride.length != kernel.length || padding.length != kernel.length) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": kernel, stride and padding must have one number for each spatial"
                            + " dimension: "
                            + kernel.length
                            + ", "
                            + stride.length
                            + " and "
                            + padding.length);
        }
        List<Prim.Window> windows = new ArrayList<>(kernel.length);
        for (int i = 0; i < kernel.length; i++) {
            windows.add(new Prim.Window(stride[i], padding[i], padding[i], 1));
        }
        return windows;
    }
}
