package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;

/**
 * A function of each element as a layer, for sequences; elsewhere the methods of {@link Tensor} do.
 * It has no state.
 */
public final class Activation extends Layer {
    private final dev.ugoki.tensor.op.Activation function;

    /** A layer of any activation. */
    public Activation(dev.ugoki.tensor.op.Activation function) {
        this.function = function;
    }

    /** {@code max(x, 0)}. */
    public static Activation relu() {
        return new Activation(new dev.ugoki.tensor.op.Activation.Relu());
    }

    /** {@code x * sigmoid(x)}. */
    public static Activation silu() {
        return new Activation(new dev.ugoki.tensor.op.Activation.Silu());
    }

    /** {@code x * Phi(x)}, exactly. */
    public static Activation gelu() {
        return new Activation(new dev.ugoki.tensor.op.Activation.Gelu());
    }

    /** {@code x * Phi(x)}, approximated by a hyperbolic tangent. */
    public static Activation geluTanh() {
        return new Activation(new dev.ugoki.tensor.op.Activation.GeluTanh());
    }

    /** {@code x * tanh(log(1 + exp(x)))}. */
    public static Activation mish() {
        return new Activation(new dev.ugoki.tensor.op.Activation.Mish());
    }

    @Override
    public Tensor apply(Tensor x) {
        return Engine.one(function, x);
    }

    @Override
    protected String settings() {
        return function.name();
    }
}
