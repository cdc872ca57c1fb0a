package dev.ugoki.nn.transformer;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;

/**
 * {@code down(activation(gate(x)) * up(x))} of each token: SwiGLU with SiLU, GeGLU with GELU.
 *
 * <p>State as the public weights': {@code gate_proj}, {@code up_proj}, {@code down_proj}, without
 * biases.
 *
 * <p>Source: Shazeer: GLU variants improve transformer (2020).
 */
public final class GatedMlp extends Layer {
    private final Activation activation;
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    /** A layer for tokens of {@code width}. */
    public GatedMlp(int width, int hidden, Activation activation, Key key) {
        this.activation = activation;
        gate = child("gate_proj", new Linear(width, hidden, false, key.fold(0)));
        up = child("up_proj", new Linear(width, hidden, false, key.fold(1)));
        down = child("down_proj", new Linear(hidden, width, false, key.fold(2)));
    }

    /** SwiGLU. */
    public static GatedMlp swiGlu(int width, int hidden, Key key) {
        return new GatedMlp(width, hidden, new Activation.Silu(), key);
    }

    @Override
    public Tensor apply(Tensor x) {
        return down.apply(Engine.one(activation, gate.apply(x)).mul(up.apply(x)));
    }

    @Override
    protected String settings() {
        return activation.name();
    }
}
