package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Normalization;

/**
 * Scales the last dimension to a root mean square of 1, then by a learned weight; see {@link
 * Normalization.RmsNorm}.
 *
 * <p>State: {@code weight [width]}. It is the factor itself, ones at first, as in Llama; or, with
 * {@link #aroundOne}, what is added to 1, zeros at first, as in Gemma.
 *
 * <p>Source: Zhang, Sennrich: Root mean square layer normalization (NeurIPS 2019).
 */
public final class RmsNorm extends Layer {
    private final double epsilon;
    private final boolean aroundOne;
    private final Parameter weight;

    /** A layer for inputs {@code [.., width]}; epsilon is added to the mean of squares. */
    public RmsNorm(long width, double epsilon) {
        this(width, epsilon, false);
    }

    private RmsNorm(long width, double epsilon, boolean aroundOne) {
        this.epsilon = epsilon;
        this.aroundOne = aroundOne;
        weight = parameter("weight", () -> aroundOne ? Init.zeros(width) : Init.ones(width));
    }

    /** A layer that scales by {@code 1 + weight}. */
    public static RmsNorm aroundOne(long width, double epsilon) {
        return new RmsNorm(width, epsilon, true);
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor factor = aroundOne ? weight.tensor().add(1) : weight.tensor();
        return Normalizations.rmsNorm(x, factor, epsilon);
    }

    @Override
    protected String settings() {
        return "epsilon=" + epsilon + (aroundOne ? ", around one" : "");
    }
}
