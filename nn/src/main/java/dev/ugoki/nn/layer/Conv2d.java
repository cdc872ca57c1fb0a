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
 * Convolution (cross-correlation) over images: {@code [n, in, height, width] -> [n, out, height',
 * width']}; see {@link Convolutions}.
 *
 * <p>State: {@code weight [out, in / groups, kernel, kernel]}, {@code bias [out]}; first values as
 * {@link Init#fanIn}.
 */
public final class Conv2d extends Layer {
    private final Convolutions.Settings settings;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /** A layer with a bias. */
    public Conv2d(long in, long out, long kernel, Convolutions.Settings settings, Key key) {
        this(in, out, kernel, settings, true, key);
    }

    /**
     * A layer whose kernel covers {@code kernel} elements along each spatial dimension.
     *
     * @throws IllegalArgumentException if channels cannot be divided into the groups
     */
    public Conv2d(
            long in,
            long out,
            long kernel,
            Convolutions.Settings settings,
            boolean hasBias,
            Key key) {
        this.settings = settings;
        long perGroup = Channels.perGroup("Conv2d", in, settings.groups());
        Channels.perGroup("Conv2d", out, settings.groups());
        long fanIn = perGroup * kernel * kernel;
        weight =
                parameter(
                        "weight",
                        () -> Init.fanIn(key.fold(0), fanIn, out, perGroup, kernel, kernel));
        bias = hasBias ? parameter("bias", () -> Init.fanIn(key.fold(1), fanIn, out)) : null;
    }

    /** A layer that starts with these values. */
    public Conv2d(Tensor weight, @Nullable Tensor bias, Convolutions.Settings settings) {
        this.settings = settings;
        this.weight = parameter("weight", weight);
        this.bias = bias == null ? null : parameter("bias", bias);
    }

    /**
     * A convolution of each channel by itself, with a bias; its {@code weight} is {@code [channels,
     * 1, kernel, kernel]}.
     */
    public static Conv2d depthwise(
            long channels, long kernel, Convolutions.Settings settings, Key key) {
        return new Conv2d(
                channels, channels, kernel, settings.withGroups(Math.toIntExact(channels)), key);
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }

    /** How the kernel moves. */
    public Convolutions.Settings convolutionSettings() {
        return settings;
    }

    @Override
    public Tensor apply(Tensor x) {
        return Precision.product(
                (in, kernel, added) -> Convolutions.conv2d(in, kernel, added, settings),
                x,
                weight.tensor(),
                bias == null ? null : bias.tensor());
    }

    @Override
    protected String settings() {
        return Channels.describe(settings);
    }
}
