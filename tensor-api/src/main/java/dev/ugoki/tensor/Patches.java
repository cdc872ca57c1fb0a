package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.Arrays;

/**
 * Windows cut out of signals and images, and put back: im2col and col2im. Any number of spatial
 * dimensions; each setting has one number for each of them.
 */
public final class Patches {
    private Patches() {}

    /**
     * How a window moves.
     *
     * @param kernel elements of a window
     * @param stride from one window to the next, at least 1
     * @param padding zeros before and after the signal, at least 0
     * @param dilation from one element of a window to the next, at least 1
     */
    public record Windows(Shape kernel, Shape stride, Shape padding, Shape dilation) {
        public Windows {
            int rank = kernel.rank();
            if (rank == 0
                    || stride.rank() != rank
                    || padding.rank() != rank
                    || dilation.rank() != rank) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("windows")
                                + ": kernel, stride, padding and dilation must have one number for"
                                + " each spatial dimension: "
                                + kernel
                                + ", "
                                + stride
                                + ", "
                                + padding
                                + ", "
                                + dilation);
            }
            requireWithin("kernel", kernel, 1);
            requireWithin("stride", stride, 1);
            requireWithin("padding", padding, 0);
            requireWithin("dilation", dilation, 1);
        }

        private static void requireWithin(String name, Shape values, long least) {
            for (int i = 0; i < values.rank(); i++) {
                if (values.extent(i) < least || values.extent(i) > Integer.MAX_VALUE) {
                    throw new IllegalArgumentException(
                            ErrorPrefix.of("windows")
                                    + ": "
                                    + name
                                    + " must be from "
                                    + least
                                    + " to "
                                    + Integer.MAX_VALUE
                                    + ": "
                                    + values);
                }
            }
        }

        /** Windows of {@code kernel} elements at stride 1, without padding and dilation. */
        public static Windows of(long... kernel) {
            long[] ones = new long[kernel.length];
            Arrays.fill(ones, 1);
            Shape one = Shape.of(ones);
            return new Windows(Shape.of(kernel), one, Shape.of(new long[kernel.length]), one);
        }

        /** The same with one number for each spatial dimension. */
        public Windows withStride(long... newStride) {
            return new Windows(kernel, Shape.of(newStride), padding, dilation);
        }

        /** The same with one number for each spatial dimension. */
        public Windows withPadding(long... newPadding) {
            return new Windows(kernel, stride, Shape.of(newPadding), dilation);
        }

        /** The same with one number for each spatial dimension. */
        public Windows withDilation(long... newDilation) {
            return new Windows(kernel, stride, padding, Shape.of(newDilation));
        }

        private long count(String operation, int dim, long extent) {
            long room =
                    extent
                            + 2 * padding.extent(dim)
                            - dilation.extent(dim) * (kernel.extent(dim) - 1)
                            - 1;
            if (room < 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(operation)
                                + ": no window of "
                                + this
                                + " fits into spatial dimension "
                                + dim
                                + " of extent "
                                + extent);
            }
            return room / stride.extent(dim) + 1;
        }

        /** Where element k of window i lies, at {@code k * count + i}. */
        private Tensor places(Tensor like, int dim, long count) {
            return Indexing.sums(
                    like, kernel.extent(dim), dilation.extent(dim), count, stride.extent(dim));
        }
    }

    /**
     * The windows of {@code x [n, c, spatial..]} as columns: {@code [n, c * kernel.., windows]},
     * where element {@code (c, k..)} of window w is {@code x[n, c, w * stride - padding + k *
     * dilation ..]}, 0 outside. Its gradient is {@link #fold}.
     *
     * <p>Source: PyTorch's {@code torch.nn.functional.unfold}.
     */
    public static Tensor unfold(Tensor x, Windows windows) {
        int rank = windows.kernel().rank();
        if (x.rank() != rank + 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("unfold")
                            + ": x must have rank "
                            + (rank + 2)
                            + " for a kernel "
                            + windows.kernel()
                            + ": "
                            + x.type()
                            + "; unsqueeze adds a batch dimension");
        }
        Tensor y = padded(x, windows);
        long[] counts = new long[rank];
        for (int i = 0; i < rank; i++) {
            counts[i] = windows.count("unfold", i, x.extent(i + 2));
            y = y.indexSelect(i + 2, windows.places(x, i, counts[i]));
        }
        Tensor apart = y.reshape(apart(x.extent(0), x.extent(1), windows, counts));
        return apart.permute(kernelsFirst(rank))
                .reshape(
                        x.extent(0),
                        x.extent(1) * windows.kernel().elementCount(),
                        Shape.of(counts).elementCount());
    }

    /**
     * Columns {@code [n, c * kernel.., windows]} added up where windows of a signal {@code [n, c,
     * size..]} overlap: the transpose of {@link #unfold}, and its gradient.
     *
     * <p>Source: PyTorch's {@code torch.nn.functional.fold}.
     */
    public static Tensor fold(Tensor columns, Windows windows, long... size) {
        int rank = windows.kernel().rank();
        if (size.length != rank || columns.rank() != 3) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("fold")
                            + ": needs columns [n,c*kernel..,windows] and a size of "
                            + rank
                            + " extents: "
                            + columns.type()
                            + ", "
                            + Arrays.toString(size));
        }
        long[] counts = new long[rank];
        for (int i = 0; i < rank; i++) {
            counts[i] = windows.count("fold", i, size[i]);
        }
        long elements = windows.kernel().elementCount();
        if (columns.extent(1) % elements != 0
                || columns.extent(2) != Shape.of(counts).elementCount()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("fold")
                            + ": a size of "
                            + Arrays.toString(size)
                            + " has "
                            + Arrays.toString(counts)
                            + " windows of "
                            + elements
                            + " elements in each channel; columns are "
                            + columns.type());
        }
        long n = columns.extent(0);
        long channels = columns.extent(1) / elements;
        Tensor y = columns.reshape(apartKernelsFirst(n, channels, windows, counts));
        y = y.permute(inverse(kernelsFirst(rank))).reshape(joined(n, channels, windows, counts));
        for (int i = rank - 1; i >= 0; i--) {
            y = added(y, i, size[i] + 2 * windows.padding().extent(i), windows, counts[i]);
        }
        for (int i = 0; i < rank; i++) {
            long before = windows.padding().extent(i);
            y = before == 0 ? y : y.slice(i + 2, before, before + size[i]);
        }
        return y;
    }

    /** Elements along spatial dimension {@code i} added to {@code extent} places. */
    private static Tensor added(Tensor y, int i, long extent, Windows windows, long count) {
        Shape shape = Indexing.withExtent(y.shape(), i + 2, extent);
        Tensor places = windows.places(y, i, count);
        return Indexing.indexAdd(y.scalarLike(0).expand(shape), i + 2, places, y);
    }

    private static Tensor padded(Tensor x, Windows windows) {
        long[][] edges = new long[x.rank()][2];
        boolean any = false;
        for (int i = 0; i < windows.padding().rank(); i++) {
            Arrays.fill(edges[i + 2], windows.padding().extent(i));
            any |= windows.padding().extent(i) > 0;
        }
        return any ? x.pad(edges, 0) : x;
    }

    /** {@code [n, c, k0, count0, k1, count1, ..]}. */
    private static Shape apart(long n, long c, Windows windows, long[] counts) {
        long[] extents = new long[2 + 2 * counts.length];
        extents[0] = n;
        extents[1] = c;
        for (int i = 0; i < counts.length; i++) {
            extents[2 + 2 * i] = windows.kernel().extent(i);
            extents[3 + 2 * i] = counts[i];
        }
        return Shape.of(extents);
    }

    /** {@code [n, c, k0, k1, .., count0, count1, ..]}. */
    private static Shape apartKernelsFirst(long n, long c, Windows windows, long[] counts) {
        long[] apart = apart(n, c, windows, counts).toArray();
        int[] order = kernelsFirst(counts.length);
        return Shape.of(Arrays.stream(order).mapToLong(dim -> apart[dim]).toArray());
    }

    /** {@code [n, c, k0 * count0, ..]}. */
    private static Shape joined(long n, long c, Windows windows, long[] counts) {
        long[] extents = new long[2 + counts.length];
        extents[0] = n;
        extents[1] = c;
        for (int i = 0; i < counts.length; i++) {
            extents[2 + i] = windows.kernel().extent(i) * counts[i];
        }
        return Shape.of(extents);
    }

    private static int[] kernelsFirst(int rank) {
        int[] order = new int[2 + 2 * rank];
        order[1] = 1;
        for (int i = 0; i < rank; i++) {
            order[2 + i] = 2 + 2 * i;
            order[2 + rank + i] = 3 + 2 * i;
        }
        return order;
    }

    private static int[] inverse(int[] order) {
        int[] inverse = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            inverse[order[i]] = i;
        }
        return inverse;
    }
}
