package dev.ugoki.nn.policy;

import dev.ugoki.tensor.Tensor;

/**
 * A mixture of normal distributions with independent dimensions, as a network says it: what a
 * policy predicts that must choose among several ways.
 *
 * @param logits of the modes {@code [n, k]}
 * @param means {@code [n, k, d]}
 * @param deviations standard deviations {@code [n, k, d]}, above 0
 */
public record GaussianMixture(Tensor logits, Tensor means, Tensor deviations) {
    private static final double HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    /**
     * A mixture whose deviations are {@code softplus(scale) + least}.
     *
     * <p>Source: Mandlekar et al.: What matters in learning from offline human demonstrations for
     * robot manipulation (CoRL 2021).
     */
    public static GaussianMixture ofScales(
            Tensor logits, Tensor means, Tensor scale, double least) {
        return new GaussianMixture(logits, means, scale.softplus().add(least));
    }

    /** Log density of values {@code [n, d]}: {@code [n]}. */
    public Tensor logDensity(Tensor values) {
        Tensor standard = values.unsqueeze(1).sub(means).div(deviations);
        Tensor each = standard.square().mul(-0.5).sub(deviations.log()).sub(HALF_LOG_TWO_PI);
        return each.sum(false, -1).add(logits.logSoftmax(-1)).logSumExp(false, -1);
    }

    /** What training makes small: the mean of the negative log density, a scalar. */
    public Tensor negativeLogLikelihood(Tensor values) {
        return logDensity(values).mean().neg();
    }
}
