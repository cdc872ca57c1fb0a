package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Convolutions (cross-correlations, as networks call them) over any number of spatial dimensions:
 * {@code y[n, o, p..] = bias[o] + sum over c, k.. of x[n, c, p * stride - padding + k * dilation..]
 * * weight[o, c, k..]}, {@code x} being 0 outside.
 *
 * <p>Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
 */
public final class Convolutions {
    private Convolutions() {}

    /**
     * How kernels move. Each array has one number for each spatial dimension, or just one for all.
     *
     * @param stride from one position to the next, at least 1
     * @param padding zeros before and after the signal, at least 0
     * @param dilation from one element of the kernel to the next, at least 1
     * @param groups that channels are divided into, each with kernels of its own
     */
    public record Settings(List<Long> stride, List<Long> padding, List<Long> dilation, int groups) {
        /** Stride 1, padding 0, dilation 1, one group. */
        public static final Settings DEFAULT =
                new Settings(List.of(1L), List.of(0L), List.of(1L), 1);

        public Settings {
            stride = List.copyOf(stride);
            padding = List.copyOf(padding);
            dilation = List.copyOf(dilation);
        }

        public Settings withStride(long... newStride) {
            return new Settings(list(newStride), padding, dilation, groups);
        }

        public Settings withPadding(long... newPadding) {
            return new Settings(stride, list(newPadding), dilation, groups);
        }

        public Settings withDilation(long... newDilation) {
            return new Settings(stride, padding, list(newDilation), groups);
        }

        public Settings withGroups(int newGroups) {
            return new Settings(stride, padding, dilation, newGroups);
        }

        private static List<Long> list(long... values) {
            return Arrays.stream(values).boxed().toList();
        }
    }

    /** {@code [n, c, l] * [o, c/groups, k] -> [n, o, l']}; the bias is {@code [o]}, or null. */
    public static Tensor conv1d(Tensor x, Tensor weight, @Nullable Tensor bias, Settings settings) {
        return conv("conv1d", 1, x, weight, bias, settings);
    }

    /** {@code [n, c, h, w] * [o, c/groups, kh, kw] -> [n, o, h', w']}; as {@link #conv1d}. */
    public static Tensor conv2d(Tensor x, Tensor weight, @Nullable Tensor bias, Settings settings) {
        return conv("conv2d", 2, x, weight, bias, settings);
    }

    /** {@code [n, c, d, h, w] * [o, c/groups, kd, kh, kw] -> [n, o, ..]}; as {@link #conv1d}. */
    public static Tensor conv3d(Tensor x, Tensor weight, @Nullable Tensor bias, Settings settings) {
        return conv("conv3d", 3, x, weight, bias, settings);
    }

    /**
     * The transpose of {@link #conv1d} in its input: {@code [n, c, l] * [c, o/groups, k] -> [n, o,
     * l']} with {@code l' = (l - 1) * stride - 2 * padding + dilation * (k - 1) + 1 +
     * outputPadding}. Output padding adds positions at the end, where a stride leaves open how long
     * the signal was; one number for each spatial dimension, or none for 0.
     */
    public static Tensor convTranspose1d(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Settings settings,
            long... outputPadding) {
        return transposed("convTranspose1d", 1, x, weight, bias, settings, outputPadding);
    }

    /** {@code [n, c, h, w] * [c, o/groups, kh, kw] -> [n, o, h', w']}; as for 1d. */
    public static Tensor convTranspose2d(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Settings settings,
            long... outputPadding) {
        return transposed("convTranspose2d", 2, x, weight, bias, settings, outputPadding);
    }

    /** {@code [n, c, d, h, w] * [c, o/groups, kd, kh, kw] -> [n, o, ..]}; as for 1d. */
    public static Tensor convTranspose3d(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Settings settings,
            long... outputPadding) {
        return transposed("convTranspose3d", 3, x, weight, bias, settings, outputPadding);
    }

    private static Tensor conv(
            String operation,
            int spatial,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Settings settings) {
        requireRank(operation, spatial, x, weight);
        List<Prim.Window> windows = new ArrayList<>(spatial);
        for (int i = 0; i < spatial; i++) {
            long padding = at(operation, "padding", settings.padding(), i, spatial, 0);
            windows.add(
                    new Prim.Window(
                            at(operation, "stride", settings.stride(), i, spatial, 1),
                            padding,
                            padding,
                            at(operation, "dilation", settings.dilation(), i, spatial, 1)));
        }
        Prim.Conv op = new Prim.Conv(windows, settings.groups());
        return biased(operation, Engine.one(op, x, weight), bias);
    }

    private static Tensor transposed(
            String operation,
            int spatial,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Settings settings,
            long[] outputPadding) {
        requireRank(operation, spatial, x, weight);
        List<Long> added = outputPadding.length == 0 ? List.of(0L) : Settings.list(outputPadding);
        List<Prim.Window> windows = new ArrayList<>(spatial);
        long[] extents = new long[spatial];
        long[][] beyond = new long[spatial + 2][2];
        for (int i = 0; i < spatial; i++) {
            long stride = at(operation, "stride", settings.stride(), i, spatial, 1);
            long dilation = at(operation, "dilation", settings.dilation(), i, spatial, 1);
            long before = at(operation, "padding", settings.padding(), i, spatial, 0);
            long more = at(operation, "outputPadding", added, i, spatial, 0);
            // Output padding uncovers what padding would have cut off; beyond that there is
            // nothing but zeros.
            long after = Math.max(0, before - more);
            beyond[i + 2][1] = Math.max(0, more - before);
            windows.add(new Prim.Window(stride, before, after, dilation));
            extents[i] =
                    (x.extent(i + 2) - 1) * stride
                            + dilation * (weight.extent(i + 2) - 1)
                            + 1
                            - before
                            - after;
            if (extents[i] < 1) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(operation)
                                + ": padding "
                                + before
                                + " leaves nothing of spatial dimension "
                                + i
                                + "; operands "
                                + x.type()
                                + ", "
                                + weight.type());
            }
        }
        Prim.ConvDataGrad op = new Prim.ConvDataGrad(windows, settings.groups(), Shape.of(extents));
        Tensor y = Engine.one(op, x, weight);
        boolean any = Arrays.stream(beyond).anyMatch(edge -> edge[1] > 0);
        return biased(operation, any ? y.pad(beyond, 0) : y, bias);
    }

    private static Tensor biased(String operation, Tensor y, @Nullable Tensor bias) {
        if (bias == null) {
            return y;
        }
        if (!bias.shape().equals(Shape.of(y.extent(1)))) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the bias must have shape ["
                            + y.extent(1)
                            + "], and is "
                            + bias.type());
        }
        long[] extents = new long[y.rank() - 1];
        Arrays.fill(extents, 1);
        extents[0] = y.extent(1);
        return y.add(bias.reshape(Shape.of(extents)));
    }

    private static void requireRank(String operation, int spatial, Tensor x, Tensor weight) {
        if (x.rank() != spatial + 2 || weight.rank() != spatial + 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": x and weight must have rank "
                            + (spatial + 2)
                            + ": "
                            + x.type()
                            + ", "
                            + weight.type()
                            + "; unsqueeze adds a batch dimension");
        }
    }

    private static long at(
            String operation, String name, List<Long> values, int dim, int spatial, long least) {
        if (values.size() != 1 && values.size() != spatial) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": "
                            + name
                            + " must be one number or "
                            + spatial
                            + ": "
                            + values);
        }
        long value = values.get(values.size() == 1 ? 0 : dim);
        if (value < least || value > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": "
                            + name
                            + " must be from "
                            + least
                            + " to "
                            + Integer.MAX_VALUE
                            + ": "
                            + value);
        }
        return value;
    }
}
