package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

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

        /** {@code y * (g - sum(g * y))}. */
        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            if (cotangents[0] == null) {
                return null;
            }
            Tensor y = Operands.wide(forward[0]);
            Tensor g = Operands.wide(cotangents[0]);
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

        /** {@code g - exp(y) * sum(g)}. */
        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            if (cotangents[0] == null) {
                return null;
            }
            Tensor g = Operands.wide(cotangents[0]);
            Tensor y = Operands.wide(forward[0]);
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
     * The results are the losses, of the targets' shape, and {@code log p}, of the scores' shape in
     * the dtype of the computation.
     *
     * <p>Source of label smoothing: Szegedy et al.: Rethinking the inception architecture (2016).
     */
    record CrossEntropy(double labelSmoothing, long ignoredTarget) implements Likelihood {
        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 2, 2);
            Operands.floating(this, in, 1);
            Operands.index(this, in, 1, "the targets");
            Operands.rankAtLeast(this, in, 0, 1, "scores [n, classes, ..] or [classes]");
            int dim = classes(in[0].shape().rank());
            TensorType row =
                    TypeRules.inferOne(new Prim.Reduce(Prim.Reduce.Kind.MAX, Axes.of(dim)), in[0]);
            Operands.shape(this, in, 1, "the targets", row.shape());
            if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
                throw TypeRules.wrong(
                        this, in, "label smoothing must be from 0 to 1: " + labelSmoothing);
            }
            return new TensorType[] {row, in[0].withDType(Operands.wide(in[0].dtype()))};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Tensor target = operands[1];
            int dim = classes(x.rank());
            Tensor logs = x.shape().elementCount() == 0 ? x : logProbabilities(x, dim);
            Tensor ignored = target.eq(ignoredTarget);
            Tensor place = target.maskedFill(ignored, 0).unsqueeze(dim);
            Tensor loss = logs.gather(dim, place).squeeze(dim).mul(labelSmoothing - 1);
            if (labelSmoothing > 0) {
                loss = loss.sub(logs.mean(false, dim).mul(labelSmoothing));
            }
            return new Tensor[] {loss.maskedFill(ignored, 0).cast(operands[0].dtype()), logs};
        }

        /** {@code g * (p - (1 - s) * [class = target] - s / classes)}, 0 where ignored. */
        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            if (cotangents[0] == null || cotangents[1] != null) {
                return null;
            }
            Tensor target = operands[1];
            Tensor logs = forward[1];
            int dim = classes(logs.rank());
            Tensor ignored = target.eq(ignoredTarget);
            Tensor g = Operands.wide(cotangents[0]).maskedFill(ignored, 0).unsqueeze(dim);
            Tensor place = target.maskedFill(ignored, 0).unsqueeze(dim);
            Tensor smooth = g.mul(logs.exp().sub(labelSmoothing / logs.extent(dim)));
            Tensor gradient = smooth.scatterAdd(dim, place, g.mul(labelSmoothing - 1));
            return new @Nullable Tensor[] {gradient.cast(operands[0].dtype()), null};
        }

        private static int classes(int rank) {
            return rank == 1 ? 0 : 1;
        }
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
