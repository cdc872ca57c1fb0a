package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Likelihood;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * How far predictions are from targets.
 *
 * <p>Predictions and targets have one dtype and one shape, where nothing else is said: a loss never
 * broadcasts, since a forgotten dimension would train on nonsense. Both have gradients. F16 and
 * BF16 are computed in F32, and the loss is rounded once.
 *
 * <p>Shapes: {@code [..], [..] -> []}, or {@code [..]} without a reduction.
 *
 * <p>Source, where nothing else is named: PyTorch's losses of the same names.
 */
public final class Losses {
    /** The target that {@link #crossEntropy(Tensor, Tensor)} leaves out, as in PyTorch. */
    public static final long IGNORED_TARGET = -100;

    /** As in PyTorch: what the logarithm of a probability of 0 counts as in {@link #bce}. */
    private static final double LEAST_LOG = -100;

    private Losses() {}

    /** {@code (x - y)^2}. */
    public static Tensor mse(Tensor prediction, Tensor target, Reduction reduction) {
        requireSameType("mse", prediction, target);
        Tensor losses = difference(prediction, target).square();
        return reduction.apply(losses).cast(prediction.dtype());
    }

    /** {@code |x - y|}; the gradient is 0 where they are equal. */
    public static Tensor l1(Tensor prediction, Tensor target, Reduction reduction) {
        requireSameType("l1", prediction, target);
        Tensor losses = difference(prediction, target).abs();
        return reduction.apply(losses).cast(prediction.dtype());
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
        Tensor distance = difference(prediction, target).abs();
        Tensor near = distance.square().mul(0.5 / beta);
        Tensor losses = distance.lt(beta).select(near, distance.sub(0.5 * beta));
        return reduction.apply(losses).cast(prediction.dtype());
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
        Tensor distance = difference(prediction, target).abs();
        Tensor near = distance.square().mul(0.5);
        Tensor far = distance.sub(0.5 * delta).mul(delta);
        return reduction.apply(distance.le(delta).select(near, far)).cast(prediction.dtype());
    }

    /**
     * The cross-entropy of probabilities {@code y} and {@code sigmoid(x)}: {@code -y
     * log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x))}, computed as {@code (1 - y) x + softplus(-x)}.
     */
    public static Tensor bceWithLogits(Tensor logits, Tensor target, Reduction reduction) {
        requireSameType("bceWithLogits", logits, target);
        Tensor x = logits.wide();
        Tensor wrong = target.wide().neg().add(1).mul(x);
        return reduction.apply(wrong.add(x.neg().softplus())).cast(logits.dtype());
    }

    /**
     * As {@link #bceWithLogits(Tensor, Tensor, Reduction)}, with the losses of positive targets
     * weighted: {@code (1 - y) x + (1 + (w - 1) y) softplus(-x)}.
     *
     * @param positiveWeight w, of the logits' dtype, broadcast to their shape
     */
    public static Tensor bceWithLogits(
            Tensor logits, Tensor target, Tensor positiveWeight, Reduction reduction) {
        requireSameType("bceWithLogits", logits, target);
        requireBroadcast("bceWithLogits", "positiveWeight", positiveWeight, logits);
        Tensor weight = positiveWeight.sub(1).mul(target).add(1);
        Tensor wrong = target.neg().add(1).mul(logits);
        return reduction.apply(wrong.add(weight.mul(logits.neg().softplus())));
    }

    /**
     * The cross-entropy of probabilities {@code y} and {@code p}: {@code -y log(p) - (1 - y) log(1
     * - p)}, each logarithm no less than -100, where its gradient is 0. Where the probabilities
     * come of a sigmoid, {@link #bceWithLogits} is exact and keeps its gradient.
     *
     * @param probability p, from 0 to 1
     */
    public static Tensor bce(Tensor probability, Tensor target, Reduction reduction) {
        requireSameType("bce", probability, target);
        Tensor positive = target.mul(boundedLog(probability));
        Tensor negative = target.neg().add(1).mul(boundedLog(probability.neg().add(1)));
        return reduction.apply(positive.add(negative).neg());
    }

    private static Tensor boundedLog(Tensor x) {
        Tensor none = x.le(0);
        return x.maskedFill(none, 1).log().maximum(LEAST_LOG).maskedFill(none, LEAST_LOG);
    }

    /**
     * The cross-entropy of {@link #bceWithLogits}, weighted by how wrong a prediction is: {@code (1
     * - q)^gamma} with q the probability given to what is true, and by {@code alpha} for positive
     * targets, {@code 1 - alpha} for negative ones.
     *
     * <p>Source: Lin et al.: Focal loss for dense object detection (ICCV 2017); 0.25 and 2 there.
     *
     * @param alpha from 0 to 1, or negative for no weights of classes
     * @param gamma not negative
     */
    public static Tensor focalWithLogits(
            Tensor logits, Tensor target, double alpha, double gamma, Reduction reduction) {
        requireSameType("focal", logits, target);
        requireNotNegative("focal", "gamma", gamma);
        Tensor absent = target.neg().add(1);
        Tensor losses = bceWithLogits(logits, target, Reduction.NONE);
        Tensor missed = logits.neg().sigmoid().mul(target).add(logits.sigmoid().mul(absent));
        Tensor focused = gamma == 0 ? losses : losses.mul(missed.pow(gamma));
        if (alpha < 0) {
            return reduction.apply(focused);
        }
        Tensor weight = target.mul(alpha).add(absent.mul(1 - alpha));
        return reduction.apply(focused.mul(weight));
    }

    /**
     * {@code 1 - (2 sum(p y) + smoothing) / (sum(p) + sum(y) + smoothing)} over all but the first
     * dimension: one loss for each of a batch.
     *
     * <p>Source: Milletari, Navab, Ahmadi: V-Net (3DV 2016), with sums in place of squares.
     *
     * @param probability p {@code [n, ..]}
     * @param smoothing keeps empty masks from dividing 0 by 0; 1 is usual
     */
    public static Tensor dice(
            Tensor probability, Tensor target, double smoothing, Reduction reduction) {
        requireSameType("dice", probability, target);
        if (probability.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("dice") + ": needs [n, ..], not " + probability.type());
        }
        Tensor p = probability.reshape(rows(probability));
        Tensor y = target.reshape(rows(target));
        Tensor common = p.mul(y).sum(false, 1).mul(2).add(smoothing);
        Tensor all = p.sum(false, 1).add(y.sum(false, 1)).add(smoothing);
        return reduction.apply(common.div(all).neg().add(1));
    }

    private static Shape rows(Tensor x) {
        long count = x.extent(0);
        return Shape.of(count, count == 0 ? 0 : x.shape().elementCount() / count);
    }

    /**
     * {@code (log(v) + (x - y)^2 / v) / 2}, and {@code log(2 pi) / 2} besides if {@code full}: how
     * unlikely y is where x is the mean and v the variance of a normal distribution.
     *
     * @param mean x
     * @param variance v, of x's type; taken as at least {@code epsilon}, with a gradient all the
     *     same
     * @param epsilon 1e-6 is usual
     */
    public static Tensor gaussianNll(
            Tensor mean,
            Tensor target,
            Tensor variance,
            boolean full,
            double epsilon,
            Reduction reduction) {
        requireSameType("gaussianNll", mean, target);
        requireSameType("gaussianNll", mean, variance);
        Tensor given = variance.detach();
        Tensor bounded = variance.add(given.maximum(epsilon).sub(given));
        Tensor losses = bounded.log().add(mean.sub(target).square().div(bounded)).mul(0.5);
        return reduction.apply(full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses);
    }

    /**
     * {@code 1 - cos(a, b)} for pairs that belong together, {@code max(0, cos(a, b) - margin)} for
     * others.
     *
     * @param a {@code [.., width]}
     * @param together BOOL {@code [..]}
     * @param margin from -1 to 1; 0 is usual
     */
    public static Tensor cosineEmbedding(
            Tensor a, Tensor b, Tensor together, double margin, Reduction reduction) {
        requireSameType("cosineEmbedding", a, b);
        Tensor cosine = a.cosineSimilarity(b, -1, 1e-6);
        if (!together.type().equals(new TensorType(DType.BOOL, cosine.shape()))) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("cosineEmbedding")
                            + ": what belongs together must be BOOL"
                            + cosine.shape()
                            + ", and is "
                            + together.type());
        }
        Tensor apart = cosine.sub(margin).relu();
        return reduction.apply(together.select(cosine.neg().add(1), apart));
    }

    /**
     * {@code max(0, |a - p| - |a - n| + margin)} with Euclidean distances along the last dimension,
     * {@code 1e-6} being added to each difference, so that equal vectors have a gradient.
     *
     * <p>Source: Balntas et al.: Learning local feature descriptors with triplets (BMVC 2016).
     *
     * @param anchor a {@code [.., width]}, and so are the others
     */
    public static Tensor tripletMargin(
            Tensor anchor, Tensor positive, Tensor negative, double margin, Reduction reduction) {
        requireSameType("tripletMargin", anchor, positive);
        requireSameType("tripletMargin", anchor, negative);
        Tensor near = distance(anchor, positive);
        Tensor far = distance(anchor, negative);
        return reduction.apply(near.sub(far).add(margin).relu());
    }

    private static Tensor distance(Tensor a, Tensor b) {
        return a.sub(b).add(1e-6).square().sum(false, -1).sqrt();
    }

    /** {@code max(0, margin - y (a - b))}: y is 1 where a should be larger, -1 where b should. */
    public static Tensor marginRanking(
            Tensor a, Tensor b, Tensor target, double margin, Reduction reduction) {
        requireSameType("marginRanking", a, b);
        requireSameType("marginRanking", a, target);
        return reduction.apply(target.mul(b.sub(a)).add(margin).relu());
    }

    /**
     * How hard it is to find for each row of one side its partner, the same row of the other, and
     * back: the mean of both cross-entropies of {@code scale * cos(left_i, right_j)}.
     *
     * <p>Source: Radford et al.: Learning transferable visual models from natural language
     * supervision (CLIP, ICML 2021).
     *
     * @param left {@code [n, width]}, as is {@code right}
     * @param scale the inverse temperature, a scalar; CLIP learns its logarithm
     * @return a scalar
     */
    public static Tensor contrastive(Tensor left, Tensor right, Tensor scale) {
        Tensor scores = similarities("contrastive", left, right).mul(scale);
        Tensor own = left.device().call(() -> Tensor.arange(DType.I64, left.extent(0)));
        Tensor there = crossEntropy(scores, own);
        return there.add(crossEntropy(scores.transpose(0, 1), own)).mul(0.5);
    }

    /**
     * As {@link #contrastive}, but each pair for itself: {@code -log(sigmoid(z (scale * cos +
     * bias)))} with z 1 for partners and -1 for others, summed, and divided by n.
     *
     * <p>Source: Zhai et al.: Sigmoid loss for language image pre-training (SigLIP, ICCV 2023).
     *
     * @param bias a scalar
     */
    public static Tensor sigmoidContrastive(Tensor left, Tensor right, Tensor scale, Tensor bias) {
        Tensor scores = similarities("sigmoidContrastive", left, right).mul(scale).add(bias);
        long n = left.extent(0);
        Tensor places = left.device().call(() -> Tensor.arange(DType.I64, n));
        Tensor partners = places.unsqueeze(1).eq(places);
        return partners.select(scores, scores.neg()).logSigmoid().sum().div(n).neg();
    }

    private static Tensor similarities(String operation, Tensor left, Tensor right) {
        requireSameType(operation, left, right);
        if (left.rank() != 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation) + ": both sides must be [n, width]: " + left.type());
        }
        Tensor a = Normalizations.unitLength(left, -1, 1e-12);
        Tensor b = Normalizations.unitLength(right, -1, 1e-12);
        return a.matmul(b.transpose(0, 1));
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
        Tensor losses = Engine.apply(op, logits.wide(), target)[0];
        if (reduction != Reduction.MEAN) {
            return reduction.apply(losses).cast(logits.dtype());
        }
        Tensor counted = target.ne(ignoredTarget).cast(losses.dtype());
        return losses.sum().div(counted.sum()).cast(logits.dtype());
    }

    /**
     * As {@link #crossEntropy(Tensor, Tensor, double, long, Reduction)}, with a weight for each
     * class; MEAN divides by the sum of the targets' weights.
     *
     * @param weights of the logits' dtype, {@code [classes]}
     */
    public static Tensor crossEntropy(
            Tensor logits,
            Tensor target,
            Tensor weights,
            double labelSmoothing,
            long ignoredTarget,
            Reduction reduction) {
        requireShare("crossEntropy", labelSmoothing);
        int dim = classes("crossEntropy", logits);
        Tensor logs = logits.logSoftmax(dim);
        Tensor[] both = weighted("crossEntropy", logs, target, weights, ignoredTarget);
        Tensor losses = both[0];
        if (labelSmoothing > 0) {
            Tensor all = logs.mul(overClasses(weights, logs)).sum(false, dim).neg();
            Tensor even = all.maskedFill(target.eq(ignoredTarget), 0).div(logits.extent(dim));
            losses = losses.mul(1 - labelSmoothing).add(even.mul(labelSmoothing));
        }
        return reduction == Reduction.MEAN
                ? losses.sum().div(both[1].sum())
                : reduction.apply(losses);
    }

    /**
     * The cross-entropy between class scores and probabilities of classes, {@code -sum(w y
     * log(softmax(x)))} over the classes; MEAN divides by the number of such sums.
     *
     * @param logits x {@code [n, classes, ..]}, or {@code [classes]}
     * @param target y, probabilities of the logits' type
     * @param weights w, one for each class, or null for 1
     * @param labelSmoothing the share, from 0 to 1, that goes to all classes evenly
     */
    public static Tensor crossEntropyOfProbabilities(
            Tensor logits,
            Tensor target,
            @Nullable Tensor weights,
            double labelSmoothing,
            Reduction reduction) {
        requireSameType("crossEntropy", logits, target);
        requireShare("crossEntropy", labelSmoothing);
        int dim = classes("crossEntropy", logits);
        Tensor y = target;
        if (labelSmoothing > 0) {
            y = y.mul(1 - labelSmoothing).add(labelSmoothing / logits.extent(dim));
        }
        if (weights != null) {
            requireWeights("crossEntropy", weights, logits, dim);
            y = y.mul(overClasses(weights, logits));
        }
        return reduction.apply(y.mul(logits.logSoftmax(dim)).sum(false, dim).neg());
    }

    /**
     * {@code -w[target] x[target]}: {@link #crossEntropy} of scores that are logarithms of
     * probabilities already; MEAN divides by the sum of the targets' weights.
     *
     * @param logProbabilities x {@code [n, classes, ..]}, or {@code [classes]}
     * @param target classes (I64 or I32), {@code [n, ..]}, or a scalar
     * @param weights w, one for each class, or null for 1
     * @param ignoredTarget a target that gives no loss
     */
    public static Tensor nll(
            Tensor logProbabilities,
            Tensor target,
            @Nullable Tensor weights,
            long ignoredTarget,
            Reduction reduction) {
        Tensor w = weights;
        if (w == null) {
            int dim = classes("nll", logProbabilities);
            w = logProbabilities.scalarLike(1).expand(logProbabilities.extent(dim));
        }
        Tensor[] both = weighted("nll", logProbabilities, target, w, ignoredTarget);
        return reduction == Reduction.MEAN
                ? both[0].sum().div(both[1].sum())
                : reduction.apply(both[0]);
    }

    /** The weighted losses, and the weights of the targets. */
    private static Tensor[] weighted(
            String operation, Tensor logs, Tensor target, Tensor weights, long ignoredTarget) {
        int dim = classes(operation, logs);
        requireWeights(operation, weights, logs, dim);
        long[] extents = new long[logs.rank() - 1];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = logs.extent(i < dim ? i : i + 1);
        }
        Shape expected = Shape.of(extents);
        if (!target.shape().equals(expected)
                || target.dtype() != DType.I64 && target.dtype() != DType.I32) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the targets of "
                            + logs.type()
                            + " must be I64"
                            + expected
                            + " or I32, and are "
                            + target.type());
        }
        Tensor ignored = target.eq(ignoredTarget);
        Tensor place = target.maskedFill(ignored, 0).unsqueeze(dim);
        Tensor each = overClasses(weights, logs).expand(logs.shape()).gather(dim, place);
        Tensor weight = each.squeeze(dim).maskedFill(ignored, 0);
        Tensor log = logs.gather(dim, place).squeeze(dim).maskedFill(ignored, 0);
        return new Tensor[] {log.mul(weight).neg(), weight};
    }

    private static int classes(String operation, Tensor scores) {
        if (scores.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs [n, classes, ..] or [classes], not "
                            + scores.type());
        }
        return scores.rank() == 1 ? 0 : 1;
    }

    /** Weights of classes, shaped to be broadcast against scores. */
    private static Tensor overClasses(Tensor weights, Tensor scores) {
        long[] extents = new long[Math.max(1, scores.rank() - 1)];
        Arrays.fill(extents, 1);
        extents[0] = weights.extent(0);
        return weights.reshape(Shape.of(extents));
    }

    /**
     * The Kullback-Leibler divergence {@code y * (log(y) - x)}, 0 where {@code y} is 0.
     *
     * @param logPrediction logarithms x of probabilities, as from {@link Tensor#logSoftmax}
     * @param target probabilities y
     */
    public static Tensor klDiv(Tensor logPrediction, Tensor target, Reduction reduction) {
        requireSameType("klDiv", logPrediction, target);
        Tensor y = target.wide();
        Tensor impossible = y.le(0);
        Tensor logTarget = y.maskedFill(impossible, 1).log();
        Tensor losses = y.mul(logTarget.sub(logPrediction.wide())).maskedFill(impossible, 0);
        return reduction.apply(losses).cast(target.dtype());
    }

    private static Tensor difference(Tensor prediction, Tensor target) {
        return prediction.wide().sub(target.wide());
    }

    private static void requireWeights(String operation, Tensor weights, Tensor scores, int dim) {
        Shape expected = Shape.of(scores.extent(dim));
        if (!weights.type().equals(new TensorType(scores.dtype(), expected))) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the classes' weights must be "
                            + new TensorType(scores.dtype(), expected)
                            + ", and are "
                            + weights.type());
        }
    }

    private static void requireShare(String operation, double labelSmoothing) {
        if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": label smoothing must be from 0 to 1: "
                            + labelSmoothing);
        }
    }

    private static void requireBroadcast(String operation, String name, Tensor given, Tensor like) {
        if (given.dtype() != like.dtype()
                || !Tensor.broadcast(operation, given.shape(), like.shape()).equals(like.shape())) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": "
                            + name
                            + " "
                            + given.type()
                            + " cannot be broadcast to "
                            + like.type());
        }
    }

    private static void requireSameType(String operation, Tensor prediction, Tensor target) {
        if (!prediction.dtype().isFloating() || !prediction.type().equals(target.type())) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
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
                    ErrorPrefix.of(operation) + ": " + name + " must not be negative: " + value);
        }
    }
}
