package dev.ugoki.nn.optim;

import dev.ugoki.tensor.op.Op;

import java.util.List;

/**
 * RMSprop: gradients divided by the root of the running mean of their squares, with momentum where
 * asked for. Remembers {@code square_avg} and {@code momentum_buffer}.
 *
 * <p>Source: Tieleman, Hinton: lecture 6.5 (Coursera, 2012), in PyTorch's form.
 *
 * @param alpha how much of the mean of squares stays at each step
 * @param epsilon is added to the root
 * @param weightDecay times the parameter is added to the gradient
 */
public record RmsProp(
        double learningRate, double alpha, double epsilon, double weightDecay, double momentum)
        implements UpdateRule {
    public RmsProp {
        UpdateRule.require("RmsProp", "learningRate", learningRate, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("RmsProp", "alpha", alpha, 0, 1);
        UpdateRule.require("RmsProp", "epsilon", epsilon, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("RmsProp", "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("RmsProp", "momentum", momentum, 0, Double.POSITIVE_INFINITY);
    }

    /** With alpha 0.99, epsilon 1e-8, without weight decay or momentum. */
    public static RmsProp of(double learningRate) {
        return new RmsProp(learningRate, 0.99, 1e-8, 0, 0);
    }

    public RmsProp withLearningRate(double value) {
        return new RmsProp(value, alpha, epsilon, weightDecay, momentum);
    }

    public RmsProp withAlpha(double value) {
        return new RmsProp(learningRate, value, epsilon, weightDecay, momentum);
    }

    public RmsProp withEpsilon(double value) {
        return new RmsProp(learningRate, alpha, value, weightDecay, momentum);
    }

    public RmsProp withWeightDecay(double value) {
        return new RmsProp(learningRate, alpha, epsilon, value, momentum);
    }

    public RmsProp withMomentum(double value) {
        return new RmsProp(learningRate, alpha, epsilon, weightDecay, value);
    }

    @Override
    public List<String> stateNames() {
        return List.of("square_avg", "momentum_buffer");
    }

    @Override
    public Op operation() {
        return new RmsPropStep();
    }

    @Override
    public double[] settings(double rate, long step) {
        return new double[] {rate, alpha, epsilon, weightDecay, momentum};
    }
}
