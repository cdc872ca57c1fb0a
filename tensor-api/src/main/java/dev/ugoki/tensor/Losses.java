package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Likelihood;

/**
 * How far predictions are from targets.
 *
 * <p>Predictions and targets have one dtype and one shape, where nothing else is said: a loss never
 * broadcasts, since a forgotten dimension would train on nonsense. Both have gradients.
 */
public final class Losses {
    /** The target that {@link #crossEntropy(Tensor, Tensor)} leaves out, as in PyTorch. */
    public static final long IGNORED_TARGET = -100;

    private Losses() {}

    /** {@code (x - y)^2}. */
    public static Tensor mse(Tensor prediction, Tensor target, Reduction reduction) {
        requireSameType("mse", prediction, target);
        return reduction.apply(prediction.sub(target).square());
    }

    /** {@code |x - y|}; the gradient is 0 where they are equal. */
    public static Tensor l1(Tensor prediction, Tensor target, Reduction reduction) {
        requireSameType("l1", prediction, target);
        return reduction.apply(prediction.sub(target).abs());
    }

    /**
     * {@code d < beta ? d^2 / (2 beta) : d - beta / 2} with {@code d = |x - y|}; {@link #l1} where
     * beta is 0.
     *
     * <p>Source: Girshick: Fast R-CNN (ICCV 2015).
     */
    public static Tensor smoothL1(
            Tensor prediction, Tensor target, double beta, Reduction reduction) {
        requireSameType("smoothL1", prediction, target);
        requireNotNegative("smoothL1", "beta", beta);
        if (beta == 0) {
            return l1(prediction, target, reduction);
        }
        Tensor distance = prediction.sub(target).abs();
        Tensor near = distance.square().mul(0.5 / beta);
        return reduction.apply(distance.lt(beta).select(near, distance.sub(0.5 * beta)));
    }

    /**
     * {@code d <= delta ? d^2 / 2 : delta * (d - delta / 2)} with {@code d = |x - y|}.
     *
     * <p>Source: Huber: Robust estimation of a location parameter (1964).
     */
    public static Tensor huber(
            Tensor prediction, Tensor target, double delta, Reduction reduction) {
        requireSameType("huber", prediction, target);
        requireNotNegative("huber", "delta", delta);
        Tensor distance = prediction.sub(target).abs();
        Tensor near = distance.square().mul(0.5);
        Tensor far = distance.sub(0.5 * delta).mul(delta);
        return reduction.apply(distance.le(delta).select(near, far));
    }

    /**
     * The cross-entropy of probabilities {@code y} and {@code sigmoid(x)}: {@code -y
     * log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x))}, computed as {@code (1 - y) x + softplus(-x)}.
     */
    public static Tensor bceWithLogits(Tensor logits, Tensor target, Reduction reduction) {
        requireSameType("bceWithLogits", logits, target);
        Tensor wrong = target.neg().add(1).mul(logits);
        return reduction.apply(wrong.add(logits.neg().softplus()));
    }

    /** As the method below, the mean, without label smoothing. */
    public static Tensor crossEntropy(Tensor logits, Tensor target) {
        return crossEntropy(logits, target, 0, IGNORED_TARGET, Reduction.MEAN);
    }

    /**
     * {@code -log(softmax(x)[target])}, see {@link Likelihood.CrossEntropy}.
     *
     * @param logits {@code [n, classes, ..]}, or {@code [classes]}
     * @param target classes (I64 or I32), {@code [n, ..]}, or a scalar
     * @param labelSmoothing the share, from 0 to 1, that goes to all classes evenly
     * @param ignoredTarget a target that gives no loss; MEAN divides by the number of the others
     */
    public static Tensor crossEntropy(
            Tensor logits,
            Tensor target,
            double labelSmoothing,
            long ignoredTarget,
            Reduction reduction) {
        Likelihood.CrossEntropy op = new Likelihood.CrossEntropy(labelSmoothing, ignoredTarget);
        Tensor losses = Engine.apply(op, logits, target)[0];
        if (reduction != Reduction.MEAN) {
            return reduction.apply(losses);
        }
        Tensor counted = target.ne(ignoredTarget).cast(losses.dtype());
        return losses.sum().div(counted.sum());
    }

    /**
     * The Kullback-Leibler divergence {@code y * (log(y) - x)}, 0 where {@code y} is 0.
     *
     * @param logPrediction logarithms x of probabilities, as from {@link Tensor#logSoftmax}
     * @param target probabilities y
     */
    public static Tensor klDiv(Tensor logPrediction, Tensor target, Reduction reduction) {
        requireSameType("klDiv", logPrediction, target);
        Tensor impossible = target.le(0);
        Tensor logTarget = target.maskedFill(impossible, 1).log();
        return reduction.apply(target.mul(logTarget.sub(logPrediction)).maskedFill(impossible, 0));
    }

    private static void requireSameType(String operation, Tensor prediction, Tensor target) {
        if (!prediction.dtype().isFloating() || !prediction.type().equals(target.type())) {
            throw new IllegalArgumentException(
                    operation
                            + ": prediction "
                            + prediction.type()
                            + " and target "
                            + target.type()
                            + " must have one floating dtype and one shape; cast, reshape or expand"
                            + " one of them");
        }
    }

    private static void requireNotNegative(String operation, String name, double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException(
                    operation + ": " + name + " must not be negative: " + value);
        }
    }
}
