package dev.ugoki.nn.optim;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;

import java.util.List;

/**
 * Stochastic gradient descent, with momentum where asked for; the formula is {@link
 * OptimizerStep.SgdStep}'s. Remembers {@code momentum_buffer}.
 *
 * @param weightDecay times the parameter is added to the gradient
 * @param nesterov whether the momentum is looked ahead
 */
public record Sgd(double learningRate, double momentum, double weightDecay, boolean nesterov)
        implements UpdateRule {
    public Sgd {
        UpdateRule.require("Sgd", "learningRate", learningRate, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("Sgd", "momentum", momentum, 0, Double.POSITIVE_INFINITY);
        UpdateRule.require("Sgd", "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
        if (nesterov && momentum == 0) {
            throw new IllegalArgumentException("Sgd: Nesterov's form needs a momentum above 0");
        }
    }

    /** Plain descent. */
    public static Sgd of(double learningRate) {
        return new Sgd(learningRate, 0, 0, false);
    }

    public Sgd withLearningRate(double value) {
        return new Sgd(value, momentum, weightDecay, nesterov);
    }

    public Sgd withMomentum(double value) {
        return new Sgd(learningRate, value, weightDecay, nesterov);
    }

    public Sgd withWeightDecay(double value) {
        return new Sgd(learningRate, momentum, value, nesterov);
    }

    public Sgd withNesterov(boolean value) {
        return new Sgd(learningRate, momentum, weightDecay, value);
    }

    @Override
    public List<String> stateNames() {
        return List.of("momentum_buffer");
    }

    @Override
    public Op operation() {
        return new OptimizerStep.SgdStep(nesterov);
    }

    @Override
    public double[] settings(double rate, long step) {
        return new double[] {rate, momentum, weightDecay};
    }
}
