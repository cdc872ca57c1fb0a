package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Transposed convolution over sequences, which makes them longer: {@code [n, in, length] -> [n,
 * out, length']} with {@code length' = (length - 1) * stride - 2 * padding + dilation * (kernel - 1)
 * + outputPadding + 1}.
 *
 * <p>State: {@code weight [in, out / groups, kernel]}, {@code bias [out]}; first values as {@link
 * Init#fanIn}, of {@code out / groups * kernel} numbers, as PyTorch's.
 */
public final class ConvTranspose1d extends Layer {
    private final long kernel;
    private final Convolution settings;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /**
     * A layer whose kernel covers {@code kernel} elements.
     *
     * @throws IllegalArgumentException if the output padding is neither below the stride nor below
     *     the dilation
     */
    public ConvTranspose1d(long in, long out, long kernel, Convolution settings, Key key) {
        if (settings.outputPadding() >= Math.max(settings.stride(), settings.dilation())) {
            throw new IllegalArgumentException(
                    "ConvTranspose1d: the output padding must be below stride or dilation; "
                            + settings);
        }
        this.kernel = kernel;
        this.settings = settings;
        settings.perGroup("ConvTranspose1d", in);
        long perGroup = settings.perGroup("ConvTranspose1d", out);
        long fanIn = perGroup * kernel;
        weight = parameter("weight", Init.fanIn(key.fold(0), fanIn, in, perGroup, kernel));
        bias = settings.bias() ? parameter("bias", Init.fanIn(key.fold(1), fanIn, out)) : null;
    }

    @Override
    public Tensor apply(Tensor x) {
        long reach = settings.dilation() * (kernel - 1);
        long length =
                (x.extent(-1) - 1) * settings.stride()
                        - 2 * settings.padding()
                        + reach
                        + settings.outputPadding()
                        + 1;
        Prim.Window window =
                new Prim.Window(
                        settings.stride(),
                        settings.padding(),
                        settings.padding(),
                        settings.dilation());
        Prim.ConvDataGrad op =
                new Prim.ConvDataGrad(List.of(window), settings.groups(), Shape.of(length));
        Tensor y = Engine.one(op, x, weight.tensor());
        return bias == null ? y : y.add(bias.tensor().reshape(-1, 1));
    }

    @Override
    protected String settings() {
        return settings.describe(kernel);
    }
}
