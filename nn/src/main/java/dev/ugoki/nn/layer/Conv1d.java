package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Convolution (cross-correlation) over sequences: {@code [n, in, length] -> [n, out, length']}; see
 * {@link Convolutions}.
 *
 * <p>State: {@code weight [out, in / groups, kernel]}, {@code bias [out]}; first values as {@link
 * Init#fanIn}.
 */
public final class Conv1d extends Layer {
    private final Convolutions.Settings settings;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /** A layer with a bias. */
    public Conv1d(long in, long out, long kernel, Convolutions.Settings settings, Key key) {
        this(in, out, kernel, settings, true, key);
    }

    /**
     * A layer whose kernel covers {@code kernel} elements along each spatial dimension.
     *
     * @throws IllegalArgumentException if channels cannot be divided into the groups
     */
    public Conv1d(
            long in,
            long out,
            long kernel,
            Convolutions.Settings settings,
            boolean hasBias,
            Key key) {
        this.settings = settings;
        long perGroup = Channels.perGroup("Conv1d", in, settings.groups());
        Channels.perGroup("Conv1d", out, settings.groups());
        long fanIn = perGroup * kernel;
        weight = parameter("weight", () -> Init.fanIn(key.fold(0), fanIn, out, perGroup, kernel));
        bias = hasBias ? parameter("bias", () -> Init.fanIn(key.fold(1), fanIn, out)) : null;
    }

    @Override
    public Tensor apply(Tensor x) {
        return Precision.product(
                (in, kernel, added) -> Convolutions.conv1d(in, kernel, added, settings),
                x,
                weight.tensor(),
                bias == null ? null : bias.tensor());
    }

    @Override
    protected String settings() {
        return Channels.describe(settings);
    }
}
