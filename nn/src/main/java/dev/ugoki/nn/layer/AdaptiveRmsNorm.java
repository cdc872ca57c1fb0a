package dev.ugoki.nn.layer;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;

import java.util.List;

/**
 * A root-mean-square normalization whose scale and shift a condition gives, with a gate for the
 * branch behind it (adaRMS): {@code x [n, .., width]} and {@code c [n, condition]}.
 *
 * <pre>
 * scale, shift, gate = dense(c)
 * normed = rmsNorm(x) * (1 + scale) + shift
 * </pre>
 *
 * <p>State: {@code dense.weight [3 width, condition]}, {@code dense.bias}: zeros at first.
 *
 * <p>Source: Physical Intelligence: pi0.5 (2025), in openpi's form.
 */
public final class AdaptiveRmsNorm extends Module {
    private final double epsilon;
    private final Linear dense;

    /** A layer for inputs {@code [n, .., width]}; epsilon is added to the mean of squares. */
    public AdaptiveRmsNorm(long width, long condition, double epsilon) {
        this.epsilon = epsilon;
        dense = child("dense", AdaptiveNorms.zeroLinear(condition, 3 * width));
    }

    /**
     * x normalized and adapted, and the gate.
     *
     * @param condition {@code [n, condition]}, or one for each place of x
     */
    public AdaptiveLayerNorm.Adapted apply(Tensor x, Tensor condition) {
        List<Tensor> parts = AdaptiveNorms.parts(dense.apply(condition), 3, x);
        Tensor normed = Normalizations.rmsNorm(x, null, epsilon);
        return new AdaptiveLayerNorm.Adapted(
                normed.mul(parts.get(0).add(1)).add(parts.get(1)), parts.get(2));
    }

    @Override
    protected String settings() {
        return "epsilon=" + epsilon;
    }
}
