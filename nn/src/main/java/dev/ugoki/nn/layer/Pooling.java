package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Tensor;

import java.util.function.UnaryOperator;

/**
 * A number for each window of an image, as a layer for sequences: {@code [n, channels, height,
 * width] -> [n, channels, height', width']}. It has no state. Elsewhere, {@link Resampling} does.
 */
public final class Pooling extends Layer {
    private final String settings;
    private final UnaryOperator<Tensor> pool;

    private Pooling(String settings, UnaryOperator<Tensor> pool) {
        this.settings = settings;
        this.pool = pool;
    }

    /** The largest elements. */
    public static Pooling max(Resampling.Windows windows) {
        return new Pooling("max, " + describe(windows), x -> Resampling.maxPool(x, windows));
    }

    /** The means; padding counts as zeros. */
    public static Pooling average(Resampling.Windows windows) {
        return new Pooling(
                "average, " + describe(windows), x -> Resampling.avgPool(x, windows, true));
    }

    /** The means of windows spread evenly, so that {@code height} by {@code width} are left. */
    public static Pooling adaptiveAverage(long height, long width) {
        return new Pooling(
                "average to " + height + "x" + width,
                x -> Resampling.adaptiveAvgPool(x, height, width));
    }

    private static String describe(Resampling.Windows windows) {
        return "kernel=%s, stride=%s, padding=%s"
                .formatted(windows.kernel(), windows.stride(), windows.padding());
    }

    @Override
    public Tensor apply(Tensor x) {
        return pool.apply(x);
    }

    @Override
    protected String settings() {
        return settings;
    }
}
