package dev.ugoki.nn.layer;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;

import java.util.List;

/**
 * A layer normalization whose scale and shift a condition gives, with a gate for the branch behind
 * it (adaLN-zero): {@code x [n, .., width]} and {@code c [n, condition]}.
 *
 * <pre>
 * shift, scale, gate = linear(silu(c))
 * normed = layerNorm(x) * (1 + scale) + shift
 * </pre>
 *
 * <pre>{@code
 * var adapted = norm.apply(x, condition);
 * x = x.add(adapted.gate().mul(branch.apply(adapted.normed())));
 * }</pre>
 *
 * <p>State: {@code linear.weight [3 width, condition]}, {@code linear.bias}: zeros at first, so
 * that the branch is closed.
 *
 * <p>Source: Peebles, Xie: Scalable diffusion models with transformers (ICCV 2023).
 */
public final class AdaptiveLayerNorm extends Module {
    private final double epsilon;
    private final Linear linear;

    /** What a condition makes of an input. */
    public record Adapted(Tensor normed, Tensor gate) {}

    /** A layer for inputs {@code [n, .., width]}; epsilon is added to the variance. */
    public AdaptiveLayerNorm(long width, long condition, double epsilon) {
        this.epsilon = epsilon;
        linear = child("linear", AdaptiveNorms.zeroLinear(condition, 3 * width));
    }

    /**
     * x normalized and adapted, and the gate.
     *
     * @param condition {@code [n, condition]}, or one for each place of x
     */
    public Adapted apply(Tensor x, Tensor condition) {
        List<Tensor> parts = AdaptiveNorms.parts(linear.apply(condition.silu()), 3, x);
        Tensor normed = Normalizations.layerNorm(x, 1, null, null, epsilon);
        return new Adapted(normed.mul(parts.get(1).add(1)).add(parts.get(0)), parts.get(2));
    }

    @Override
    protected String settings() {
        return "epsilon=" + epsilon;
    }
}
