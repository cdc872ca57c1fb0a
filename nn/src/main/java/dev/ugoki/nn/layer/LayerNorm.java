package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Normalization;

/**
 * Shifts and scales the last dimension to mean 0 and variance 1, then by a learned weight and bias;
 * see {@link Normalization.LayerNorm}.
 *
 * <p>State: {@code weight [width]}, ones at first, and {@code bias [width]}, zeros.
 */
public final class LayerNorm extends Layer {
    private final double epsilon;
    private final Parameter weight;
    private final Parameter bias;

    /** A layer for inputs {@code [.., width]}, with epsilon 1e-5. */
    public LayerNorm(long width) {
        this(width, 1e-5);
    }

    /** A layer for inputs {@code [.., width]}; epsilon is added to the variance. */
    public LayerNorm(long width, double epsilon) {
        this.epsilon = epsilon;
        weight = parameter("weight", () -> Init.ones(width));
        bias = parameter("bias", () -> Init.zeros(width));
    }

    @Override
    public Tensor apply(Tensor x) {
        return Normalizations.layerNorm(x, 1, weight.tensor(), bias.tensor(), epsilon);
    }

    @Override
    protected String settings() {
        return "epsilon=" + epsilon;
    }
}
