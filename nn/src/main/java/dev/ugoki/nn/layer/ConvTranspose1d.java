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
 * Transposed convolution over sequences, which makes them longer: {@code [n, in, length] -> [n,
 * out, length']}; see {@link Convolutions#convTranspose1d}.
 *
 * <p>State: {@code weight [in, out / groups, kernel]}, {@code bias [out]}; first values as {@link
 * Init#fanIn}, of {@code out / groups * kernel} numbers, as PyTorch's.
 */
public final class ConvTranspose1d extends Layer {
    private final Convolutions.Settings settings;
    private final long outputPadding;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /** A layer with a bias, without output padding. */
    public ConvTranspose1d(
            long in, long out, long kernel, Convolutions.Settings settings, Key key) {
        this(in, out, kernel, settings, 0, true, key);
    }

    /**
     * A layer whose kernel covers {@code kernel} elements.
     *
     * @param outputPadding how much longer the result is made at its end
     * @throws IllegalArgumentException if channels cannot be divided into the groups
     */
    public ConvTranspose1d(
            long in,
            long out,
            long kernel,
            Convolutions.Settings settings,
            long outputPadding,
            boolean hasBias,
            Key key) {
        this.settings = settings;
        this.outputPadding = outputPadding;
        Channels.perGroup("ConvTranspose1d", in, settings.groups());
        long perGroup = Channels.perGroup("ConvTranspose1d", out, settings.groups());
        long fanIn = perGroup * kernel;
        weight = parameter("weight", () -> Init.fanIn(key.fold(0), fanIn, in, perGroup, kernel));
        bias = hasBias ? parameter("bias", () -> Init.fanIn(key.fold(1), fanIn, out)) : null;
    }

    @Override
    public Tensor apply(Tensor x) {
        return Precision.product(
                (in, kernel, added) ->
                        Convolutions.convTranspose1d(in, kernel, added, settings, outputPadding),
                x,
                weight.tensor(),
                bias == null ? null : bias.tensor());
    }

    @Override
    protected String settings() {
        return Channels.describe(settings);
    }
}
