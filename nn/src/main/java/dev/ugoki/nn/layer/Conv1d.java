package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.Collections;

/**
 * Convolution (cross-correlation) over sequences: {@code [n, in, length] -> [n, out, length']}.
 *
 * <p>State: {@code weight [out, in / groups, kernel]}, {@code bias [out]}; first values as {@link
 * Init#fanIn}.
 */
public final class Conv1d extends Layer {
    private final long kernel;
    private final Convolution settings;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /** A layer with {@link Convolution#DEFAULT}. */
    public Conv1d(long in, long out, long kernel, Key key) {
        this(in, out, kernel, Convolution.DEFAULT, key);
    }

    /** A layer whose kernel covers {@code kernel} elements along each spatial dimension. */
    public Conv1d(long in, long out, long kernel, Convolution settings, Key key) {
        this.kernel = kernel;
        this.settings = settings;
        long perGroup = settings.perGroup("Conv1d", in);
        settings.perGroup("Conv1d", out);
        long fanIn = perGroup * kernel;
        weight = parameter("weight", Init.fanIn(key.fold(0), fanIn, out, perGroup, kernel));
        bias = settings.bias() ? parameter("bias", Init.fanIn(key.fold(1), fanIn, out)) : null;
    }

    @Override
    public Tensor apply(Tensor x) {
        Prim.Window window =
                new Prim.Window(
                        settings.stride(),
                        settings.padding(),
                        settings.padding(),
                        settings.dilation());
        Prim.Conv op = new Prim.Conv(Collections.nCopies(1, window), settings.groups());
        Tensor y = Engine.one(op, x, weight.tensor());
        return bias == null ? y : y.add(bias.tensor().reshape(-1, 1));
    }

    @Override
    protected String settings() {
        return settings.describe(kernel);
    }
}
