package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * {@code y = x W^T + b}: {@code [.., in] -> [.., out]}.
 *
 * <p>State: {@code weight [out, in]}, {@code bias [out]}; first values as {@link Init#fanIn}.
 */
public final class Linear extends Layer {
    private final Parameter weight;
    private final @Nullable Parameter bias;

    /** A layer with a bias. */
    public Linear(long in, long out, Key key) {
        this(in, out, true, key);
    }

    /** A layer with or without a bias. */
    public Linear(long in, long out, boolean hasBias, Key key) {
        this(
                Init.fanIn(key.fold(0), in, out, in),
                hasBias ? Init.fanIn(key.fold(1), in, out) : null);
    }

    /** A layer that starts with these values. */
    public Linear(Tensor weight, @Nullable Tensor bias) {
        this.weight = parameter("weight", weight);
        this.bias = bias == null ? null : parameter("bias", bias);
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }

    @Override
    public Tensor apply(Tensor x) {
        return x.linear(weight.tensor(), bias == null ? null : bias.tensor());
    }
}
