package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Scores turned into probabilities, and what is measured on them. The largest score is subtracted
 * before anything is exponentiated; F16 and BF16 are computed in F32.
 */
public sealed interface Likelihood extends Composite {

    /**
     * {@code exp(x) / sum(exp(x))} along {@code dim}; NaN where all {@code x} are -infinity.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: Bridle: Training stochastic model recognition algorithms as networks (NeurIPS
     * 1989).
     */
    record Softmax(int dim) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            return sameType(this, dim, in);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            if (operands[0].shape().elementCount() == 0) {
                return operands;
            }
            Tensor x = Operands.wide(operands[0]);
            Tensor exps = x.sub(x.max(true, dim)).exp();
            return new Tensor[] {exps.div(exps.sum(true, dim)).cast(operands[0].dtype())};
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            return cotangents[0] == null
                    ? null
                    : new Tensor[] {
                        Engine.one(new SoftmaxGradient(dim), forward[0], cotangents[0])
                    };
        }
    }

    /**
     * The gradient of {@link Softmax}: {@code y * (g - sum(g * y))} along {@code dim}, of its
     * result {@code y} and the cotangent {@code g} of that.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     *
     * <p>Source: the derivative, by hand.
     */
    record SoftmaxGradient(int dim) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            return withCotangent(this, dim, in);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor y = Operands.wide(operands[0]);
            Tensor g = Operands.wide(operands[1]);
            Tensor mean = g.mul(y).sum(true, dim);
            return new Tensor[] {y.mul(g.sub(mean)).cast(operands[0].dtype())};
        }
    }

    /**
     * {@code x - log(sum(exp(x)))} along {@code dim}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: the logarithm of {@link Softmax}.
     */
    record LogSoftmax(int dim) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            return sameType(this, dim, in);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            if (operands[0].shape().elementCount() == 0) {
                return operands;
            }
            Tensor y = logProbabilities(Operands.wide(operands[0]), dim);
            return new Tensor[] {y.cast(operands[0].dtype())};
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            return cotangents[0] == null
                    ? null
                    : new Tensor[] {
                        Engine.one(new LogSoftmaxGradient(dim), forward[0], cotangents[0])
                    };
        }
    }

    /**
     * The gradient of {@link LogSoftmax}: {@code g - exp(y) * sum(g)} along {@code dim}, of its
     * result {@code y} and the cotangent {@code g} of that.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     *
     * <p>Source: the derivative, by hand.
     */
    record LogSoftmaxGradient(int dim) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            return withCotangent(this, dim, in);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor y = Operands.wide(operands[0]);
            Tensor g = Operands.wide(operands[1]);
            Tensor gradient = g.sub(y.exp().mul(g.sum(true, dim)));
            return new Tensor[] {gradient.cast(operands[0].dtype())};
        }
    }

    /**
     * {@code log(sum(exp(x)))} along {@code axes}, which disappear; -infinity where all {@code x}
     * are, or where there are none, with gradient 0.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}.
     *
     * <p>Source: Blanchard, Higham, Higham: Accurately computing the log-sum-exp and softmax
     * functions (2021).
     */
    record LogSumExp(Axes axes) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 1, 1);
            Operands.floating(this, in, 1);
            return new TensorType[] {
                TypeRules.inferOne(new Prim.Reduce(Prim.Reduce.Kind.SUM, axes), in[0])
            };
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            TensorType type = Operands.check(this, operands)[0];
            if (axes.count() == 0) {
                return operands;
            }
            Tensor x = Operands.wide(operands[0]);
            if (x.shape().elementCount() == 0) {
                Tensor zeros = x.sum(false, axes.toArray());
                return new Tensor[] {zeros.log().cast(type.dtype())};
            }
            Tensor largest = x.max(true, axes.toArray());
            // Infinity minus infinity would be NaN.
            Tensor shift = finiteOrZero(largest);
            Tensor sum = x.sub(shift).exp().sum(true, axes.toArray());
            return new Tensor[] {sum.log().add(shift).reshape(type.shape()).cast(type.dtype())};
        }

        /** {@code g * exp(x - y)}. */
        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            if (cotangents[0] == null) {
                return null;
            }
            Tensor x = Operands.wide(operands[0]);
            var kept = Operands.keeping(x.shape(), axes.toArray());
            Tensor y = finiteOrZero(Operands.wide(forward[0]).reshape(kept));
            Tensor g = Operands.wide(cotangents[0]).reshape(kept);
            return new Tensor[] {g.mul(x.sub(y).exp()).cast(operands[0].dtype())};
        }

        private static Tensor finiteOrZero(Tensor x) {
            return x.maskedFill(x.abs().eq(Double.POSITIVE_INFINITY), 0);
        }
    }

    /**
     * The cross-entropy between class scores and classes, one number for each target, with the
     * classes along dimension 1 of the scores (or 0, where they have one dimension): {@code -(1 -
     * s) * log p[target] - s * mean(log p)}, {@code s} being the label smoothing, and 0 where the
     * target is {@code ignoredTarget}.
     *
     * <p>The operands are scores {@code [n, classes, ..]} and targets (I64 or I32) {@code [n, ..]}.
     * The results have the targets' shape: the losses, and for each target the largest score and
     * the logarithm of {@code sum(exp(x - largest))}. So {@code log p} is {@code x - largest -
     * logarithm}, and no tensor of the scores' size is written.
     *
     * <p>Source of label smoothing: Szegedy et al.: Rethinking the inception architecture (2016).
     */
    record CrossEntropy(double labelSmoothing, long ignoredTarget) implements Likelihood {
        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 2, 2);
            Operands.floating(this, in, 1);
            TensorType row = targets(this, in, labelSmoothing);
            return new TensorType[] {row, row, row};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Tensor target = operands[1];
            int dim = classes(x.rank());
            boolean empty = x.shape().elementCount() == 0;
            Tensor largest = empty ? x.sum(true, dim) : x.max(true, dim);
            Tensor shifted = x.sub(largest);
            Tensor logarithm = empty ? largest : shifted.exp().sum(true, dim).log();
            Tensor ignored = target.eq(ignoredTarget);
            Tensor place = target.maskedFill(ignored, 0).unsqueeze(dim);
            Tensor loss = shifted.gather(dim, place).sub(logarithm).mul(labelSmoothing - 1);
            if (labelSmoothing > 0) {
                Tensor mean = shifted.mean(true, dim).sub(logarithm);
                loss = loss.sub(mean.mul(labelSmoothing));
            }
            return new Tensor[] {
                loss.squeeze(dim).maskedFill(ignored, 0).cast(operands[0].dtype()),
                largest.squeeze(dim).cast(operands[0].dtype()),
                logarithm.squeeze(dim).cast(operands[0].dtype())
            };
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            if (cotangents[0] == null || cotangents[1] != null || cotangents[2] != null) {
                return null;
            }
            CrossEntropyGradient gradient = new CrossEntropyGradient(labelSmoothing, ignoredTarget);
            return new @Nullable Tensor[] {
                Engine.one(
                        gradient, operands[0], operands[1], forward[1], forward[2], cotangents[0]),
                null
            };
        }
    }

    /**
     * The gradient of {@link CrossEntropy} in the scores: {@code g * (p - (1 - s) * [class =
     * target] - s / classes)}, and 0 where the target is ignored.
     *
     * <p>The operands are the scores, the targets, {@code CrossEntropy}'s second and third result,
     * and the cotangent g of its first; the result is of the scores' type.
     *
     * <p>Shapes: {@code [.., classes], [..], [..], [..], [..] -> [.., classes]}.
     *
     * <p>Source: the derivative, by hand.
     */
    record CrossEntropyGradient(double labelSmoothing, long ignoredTarget) implements Likelihood {
        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 5, 5);
            Operands.floating(this, in, 1);
            TensorType row = targets(this, in, labelSmoothing);
            List<String> names = List.of("the largest score", "the logarithm", "the cotangent");
            for (int i = 0; i < names.size(); i++) {
                if (!in[2 + i].equals(row)) {
                    throw TypeRules.wrong(this, in, names.get(i) + " must be " + row);
                }
            }
            return new TensorType[] {in[0]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Tensor target = operands[1];
            int dim = classes(x.rank());
            Tensor largest = Operands.wide(operands[2]).unsqueeze(dim);
            Tensor logarithm = Operands.wide(operands[3]).unsqueeze(dim);
            Tensor ignored = target.eq(ignoredTarget);
            Tensor g = Operands.wide(operands[4]).maskedFill(ignored, 0).unsqueeze(dim);
            Tensor place = target.maskedFill(ignored, 0).unsqueeze(dim);
            Tensor p = x.sub(largest).sub(logarithm).exp();
            Tensor smooth = g.mul(p.sub(labelSmoothing / x.extent(dim)));
            Tensor gradient = smooth.scatterAdd(dim, place, g.mul(labelSmoothing - 1));
            return new Tensor[] {gradient.cast(operands[0].dtype())};
        }
    }

    /** The dimension of the classes in scores of this rank. */
    private static int classes(int rank) {
        return rank == 1 ? 0 : 1;
    }

    /** What is computed for each target, where the first two operands are scores and targets. */
    private static TensorType targets(Op op, TensorType[] in, double labelSmoothing) {
        Operands.index(op, in, 1, "the targets");
        Operands.rankAtLeast(op, in, 0, 1, "scores [n, classes, ..] or [classes]");
        int dim = classes(in[0].shape().rank());
        TensorType row =
                TypeRules.inferOne(new Prim.Reduce(Prim.Reduce.Kind.MAX, Axes.of(dim)), in[0]);
        Operands.shape(op, in, 1, "the targets", row.shape());
        if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
            throw TypeRules.wrong(op, in, "label smoothing must be from 0 to 1: " + labelSmoothing);
        }
        return row;
    }

    private static TensorType[] withCotangent(Op op, int dim, TensorType[] in) {
        Operands.count(op, in, 2, 2);
        Operands.floating(op, in, 2);
        TypeRules.dim(op, dim, in);
        Operands.shape(op, in, 1, "the cotangent", in[0].shape());
        return new TensorType[] {in[0]};
    }

    private static TensorType[] sameType(Op op, int dim, TensorType[] in) {
        Operands.count(op, in, 1, 1);
        Operands.floating(op, in, 1);
        TypeRules.dim(op, dim, in);
        return new TensorType[] {in[0]};
    }

    private static Tensor logProbabilities(Tensor x, int dim) {
        Tensor shifted = x.sub(x.max(true, dim));
        return shifted.sub(shifted.exp().sum(true, dim).log());
    }
}
