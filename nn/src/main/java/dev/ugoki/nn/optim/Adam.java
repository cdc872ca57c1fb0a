package dev.ugoki.nn.optim;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;

import java.util.List;

/**
 * Adam, with weight decay as a penalty on squares; the formula is {@link OptimizerStep.AdamStep}'s.
 * Remembers {@code exp_avg} and {@code exp_avg_sq}.
 *
 * @param beta1 how much of the mean of the gradients stays at each step
 * @param beta2 how much of the mean of their squares stays
 * @param epsilon is added to the root of the mean of squares
 * @param weightDecay times the parameter is added to the gradient
 */
public record Adam(
        double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements UpdateRule {
    public Adam {
        UpdateRule.require("Adam", "learningRate", learningRate, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("Adam", "beta1", beta1, 0, 1);
        UpdateRule.require("Adam", "beta2", beta2, 0, 1);
        UpdateRule.require("Adam", "epsilon", epsilon, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("Adam", "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
    }

    /** With betas 0.9 and 0.999, epsilon 1e-8 and weight decay 0. */
    public static Adam of(double learningRate) {
        return new Adam(learningRate, 0.9, 0.999, 1e-8, 0);
    }

    public Adam withLearningRate(double value) {
        return new Adam(value, beta1, beta2, epsilon, weightDecay);
    }

    public Adam withBetas(double first, double second) {
        return new Adam(learningRate, first, second, epsilon, weightDecay);
    }

    public Adam withEpsilon(double value) {
        return new Adam(learningRate, beta1, beta2, value, weightDecay);
    }

    public Adam withWeightDecay(double value) {
        return new Adam(learningRate, beta1, beta2, epsilon, value);
    }

    @Override
    public List<String> stateNames() {
        return List.of("exp_avg", "exp_avg_sq");
    }

    @Override
    public Op operation() {
        return new OptimizerStep.AdamStep();
    }

    @Override
    public double[] settings(double rate, long step) {
        double correction1 = 1 - Math.pow(beta1, step);
        double correction2 = 1 - Math.pow(beta2, step);
        return new double[] {rate, beta1, beta2, epsilon, weightDecay, correction1, correction2};
    }
}
