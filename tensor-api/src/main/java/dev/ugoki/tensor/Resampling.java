package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;

/**
 * Signals and images {@code [n, c, spatial..]} made smaller or larger. Any number of spatial
 * dimensions: {@code kernel}, {@code stride}, {@code padding} and {@code size} have one number for
 * each.
 */
public final class Resampling {
    private Resampling() {}

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
     * Sampled anew, so that the result has spatial dimensions {@code size}; see {@link
     * Interpolate}. LINEAR over two spatial dimensions is bilinear, over three trilinear.
     *
     * @param alignCorners whether the outer samples lie at the centers of the outer elements;
     *     LINEAR only
     */
    public static Tensor interpolate(
            Tensor x, Interpolate.Mode mode, boolean alignCorners, long... size) {
        return Engine.one(new Interpolate(Shape.of(size), mode, alignCorners), x);
    }

    private static List<Prim.Window> windows(
            String operation, long[] kernel, long[] stride, long[] padding) {
        if (stride.length != kernel.length || padding.length != kernel.length) {
            throw new IllegalArgumentException(
                    operation
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
