package dev.ugoki.nn.optim;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;

import java.util.List;

/**
 * Adam with decoupled weight decay, as PyTorch computes it; the formula is {@link
 * OptimizerStep.AdamWStep}'s. Remembers {@code exp_avg} and {@code exp_avg_sq}.
 *
 * @param beta1 how much of the mean of the gradients stays at each step
 * @param beta2 how much of the mean of their squares stays
 * @param epsilon is added to the root of the mean of squares
 * @param weightDecay times the learning rate is the part of the parameter that is taken away
 */
public record AdamW(
        double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements UpdateRule {
    public AdamW {
        UpdateRule.require("AdamW", "learningRate", learningRate, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("AdamW", "beta1", beta1, 0, 1);
        UpdateRule.require("AdamW", "beta2", beta2, 0, 1);
        UpdateRule.require("AdamW", "epsilon", epsilon, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("AdamW", "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
    }

    /** With betas 0.9 and 0.999, epsilon 1e-8 and weight decay 0.01. */
    public static AdamW of(double learningRate) {
        return new AdamW(learningRate, 0.9, 0.999, 1e-8, 0.01);
    }

    public AdamW withLearningRate(double value) {
        return new AdamW(value, beta1, beta2, epsilon, weightDecay);
    }

    public AdamW withBetas(double first, double second) {
        return new AdamW(learningRate, first, second, epsilon, weightDecay);
    }

    public AdamW withEpsilon(double value) {
        return new AdamW(learningRate, beta1, beta2, value, weightDecay);
    }

    public AdamW withWeightDecay(double value) {
        return new AdamW(learningRate, beta1, beta2, epsilon, value);
    }

    @Override
    public List<String> stateNames() {
        return List.of("exp_avg", "exp_avg_sq");
    }

    @Override
    public Op operation() {
        return new OptimizerStep.AdamWStep();
    }

    @Override
    public double[] settings(double rate, long step) {
        double correction1 = 1 - Math.pow(beta1, step);
        double correction2 = 1 - Math.pow(beta2, step);
        return new double[] {rate, beta1, beta2, epsilon, weightDecay, correction1, correction2};
    }
}
