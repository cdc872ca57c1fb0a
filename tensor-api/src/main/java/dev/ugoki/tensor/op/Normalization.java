package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Elements shifted and scaled to mean 0 and variance 1 within their group, then by a learned weight
 * and bias. Variances are those of the whole population (divided by n), computed from the
 * deviations, so that a large mean costs no precision. F16 and BF16 are computed in F32, and the
 * statistics that are results are F32 too.
 *
 * <p>The gradients are operations of their own, so that a backend can fuse them as well. Where a
 * statistic has a cotangent, the decomposition is differentiated instead.
 */
public sealed interface Normalization extends Composite {

    /**
     * Over the last {@code dims} dimensions. Operands: x, and optionally a weight, and optionally a
     * bias, of these dimensions' shape. Results: y, and (with the other dimensions, and extent 1 in
     * these) the means and the inverse standard deviations {@code 1 / sqrt(variance + epsilon)}.
     *
     * <p>Formula: {@code (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias}.
     *
     * <p>Shapes: {@code [.., e], [e], [e] -> [.., e], [.., 1], [.., 1]}.
     *
     * <p>Source: Ba, Kiros, Hinton: Layer normalization (2016).
     */
    record LayerNorm(int dims, double epsilon) implements Normalization {
        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            affineOverLast(this, dims, in, 3);
            TensorType statistics = statistics(in[0], Operands.last(dims, in[0].shape().rank()));
            return new TensorType[] {in[0], statistics, statistics};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            int[] axes = Operands.last(dims, x.rank());
            Tensor mean = x.mean(true, axes);
            Tensor centered = x.sub(mean);
            Tensor inverse = centered.square().mean(true, axes).add(epsilon).rsqrt();
            Tensor y = centered.mul(inverse);
            if (operands.length > 1) {
                y = y.mul(Operands.wide(operands[1]));
            }
            if (operands.length > 2) {
                y = y.add(Operands.wide(operands[2]));
            }
            return new Tensor[] {y.cast(operands[0].dtype()), mean, inverse};
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            LayerNormGradient gradient = new LayerNormGradient(dims, operands.length > 1);
            return byOperation(gradient, operands, forward, cotangents);
        }
    }

    /**
     * Operands: the cotangent of y, x, mean and inverse deviation, and the weight where {@code
     * affine}. Results: the gradients of x and, where affine, of weight and bias.
     *
     * <p>Formula: {@code inverse * (h - mean(h) - normal * mean(h * normal))} with {@code h = g *
     * weight} and {@code normal = (x - mean) * inverse}; {@code sum(g * normal)}; {@code sum(g)}.
     *
     * <p>Shapes: {@code [.., e], [.., e], [.., 1], [.., 1], [e] -> [.., e], [e], [e]}.
     *
     * <p>Source: the derivative of {@link LayerNorm}.
     */
    record LayerNormGradient(int dims, boolean affine) implements Normalization {
        @Override
        public int resultCount() {
            return affine ? 3 : 1;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, affine ? 5 : 4, affine ? 5 : 4);
            gradientOverLast(this, dims, in, 2, affine);
            return affine ? new TensorType[] {in[1], in[4], in[4]} : new TensorType[] {in[1]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor g = Operands.wide(operands[0]);
            Tensor x = Operands.wide(operands[1]);
            Tensor inverse = operands[3];
            Tensor normal = x.sub(operands[2]).mul(inverse);
            int[] axes = Operands.last(dims, x.rank());
            Tensor scaled = affine ? g.mul(Operands.wide(operands[4])) : g;
            Tensor dx = standardizeGradient(scaled, normal, inverse, axes);
            return affine
                    ? affineGradients(dx, g, normal, outer(dims, x.rank()), operands[4].type())
                    : new Tensor[] {dx.cast(operands[1].dtype())};
        }
    }

    /**
     * {@code x / sqrt(mean(x^2) + epsilon) * weight} over the last {@code dims} dimensions.
     * Operands: x and optionally a weight of these dimensions' shape. Results: y and the factors
     * {@code 1 / sqrt(..)}, with extent 1 in these dimensions.
     *
     * <p>Shapes: {@code [.., e], [e] -> [.., e], [.., 1]}.
     *
     * <p>Source: Zhang, Sennrich: Root mean square layer normalization (NeurIPS 2019).
     */
    record RmsNorm(int dims, double epsilon) implements Normalization {
        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            affineOverLast(this, dims, in, 2);
            return new TensorType[] {
                in[0], statistics(in[0], Operands.last(dims, in[0].shape().rank()))
            };
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            int[] axes = Operands.last(dims, x.rank());
            Tensor inverse = x.square().mean(true, axes).add(epsilon).rsqrt();
            Tensor y = x.mul(inverse);
            if (operands.length > 1) {
                y = y.mul(Operands.wide(operands[1]));
            }
            return new Tensor[] {y.cast(operands[0].dtype()), inverse};
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            RmsNormGradient gradient = new RmsNormGradient(dims, operands.length > 1);
            return byOperation(gradient, operands, forward, cotangents);
        }
    }

    /**
     * Operands: the cotangent of y, x, the inverse root mean square, and the weight where {@code
     * affine}. Results: the gradients of x and, where affine, of the weight.
     *
     * <p>Formula: {@code inverse * (h - normal * mean(h * normal))} with {@code h = g * weight} and
     * {@code normal = x * inverse}; {@code sum(g * normal)}.
     *
     * <p>Shapes: {@code [.., e], [.., e], [.., 1], [e] -> [.., e], [e]}.
     *
     * <p>Source: the derivative of {@link RmsNorm}.
     */
    record RmsNormGradient(int dims, boolean affine) implements Normalization {
        @Override
        public int resultCount() {
            return affine ? 2 : 1;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, affine ? 4 : 3, affine ? 4 : 3);
            gradientOverLast(this, dims, in, 1, affine);
            return affine ? new TensorType[] {in[1], in[3]} : new TensorType[] {in[1]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor g = Operands.wide(operands[0]);
            Tensor x = Operands.wide(operands[1]);
            Tensor inverse = operands[2];
            Tensor normal = x.mul(inverse);
            int[] axes = Operands.last(dims, x.rank());
            Tensor scaled = affine ? g.mul(Operands.wide(operands[3])) : g;
            Tensor along = scaled.mul(normal).mean(true, axes);
            Tensor dx = scaled.sub(normal.mul(along)).mul(inverse).cast(operands[1].dtype());
            if (!affine) {
                return new Tensor[] {dx};
            }
            Tensor dw = sumTo(g.mul(normal), outer(dims, x.rank()), operands[3].type());
            return new Tensor[] {dx, dw};
        }
    }

    /**
     * Over each of {@code groups} runs of channels together with the spatial dimensions. Operands:
     * x {@code [n, c, spatial..]}, and optionally a weight {@code [c]}, and optionally a bias
     * {@code [c]}. Results: y, and the means and inverse standard deviations {@code [n, groups]}.
     *
     * <p>Formula: {@code (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias}, in each group.
     *
     * <p>Shapes: {@code [n, c, spatial..], [c], [c] -> [n, c, spatial..], [n, groups], [n,
     * groups]}.
     *
     * <p>Source: Wu, He: Group normalization (ECCV 2018).
     */
    record GroupNorm(int groups, double epsilon) implements Normalization {
        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            affineOverChannels(this, in, 3);
            requireGroups(this, groups, in);
            TensorType statistics =
                    new TensorType(
                            Operands.wide(in[0].dtype()),
                            Shape.of(in[0].shape().extent(0), groups));
            return new TensorType[] {in[0], statistics, statistics};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Shape byGroup = byGroup(x.shape(), groups);
            Tensor grouped = x.reshape(byGroup);
            Tensor mean = grouped.mean(true, 2);
            Tensor centered = grouped.sub(mean);
            Tensor inverse = centered.square().mean(true, 2).add(epsilon).rsqrt();
            Tensor y = centered.mul(inverse).reshape(x.shape());
            if (operands.length > 1) {
                y = y.mul(Operands.overChannels(Operands.wide(operands[1]), x.rank()));
            }
            if (operands.length > 2) {
                y = y.add(Operands.overChannels(Operands.wide(operands[2]), x.rank()));
            }
            return new Tensor[] {y.cast(operands[0].dtype()), mean.squeeze(2), inverse.squeeze(2)};
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            GroupNormGradient gradient = new GroupNormGradient(groups, operands.length > 1);
            return byOperation(gradient, operands, forward, cotangents);
        }
    }

    /**
     * Operands: the cotangent of y, x, mean and inverse deviation, and the weight where {@code
     * affine}. Results: the gradients of x and, where affine, of weight and bias.
     *
     * <p>Formula: {@code inverse * (h - mean(h) - normal * mean(h * normal))} with {@code h = g *
     * weight} and {@code normal = (x - mean) * inverse}; {@code sum(g * normal)}; {@code sum(g)}.
     *
     * <p>Shapes: {@code [n, c, spatial..], [n, c, spatial..], [n, groups], [n, groups], [c] -> [n,
     * c, spatial..], [c], [c]}.
     *
     * <p>Source: the derivative of {@link GroupNorm}.
     */
    record GroupNormGradient(int groups, boolean affine) implements Normalization {
        @Override
        public int resultCount() {
            return affine ? 3 : 1;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, affine ? 5 : 4, affine ? 5 : 4);
            Operands.floating(this, in, 2);
            Operands.rankAtLeast(this, in, 0, 2, "[n, channels, spatial..]");
            Operands.shape(this, in, 1, "x", in[0].shape());
            requireGroups(this, groups, in);
            Shape statistics = Shape.of(in[0].shape().extent(0), groups);
            gradientStatistics(this, in, 2, statistics);
            if (affine) {
                gradientWeight(this, in, 4, Shape.of(in[0].shape().extent(1)));
            }
            return affine ? new TensorType[] {in[1], in[4], in[4]} : new TensorType[] {in[1]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor g = Operands.wide(operands[0]);
            Tensor x = Operands.wide(operands[1]);
            Shape byGroup = byGroup(x.shape(), groups);
            Tensor inverse = operands[3].unsqueeze(2);
            Tensor normal = x.reshape(byGroup).sub(operands[2].unsqueeze(2)).mul(inverse);
            Tensor scaled =
                    affine ? g.mul(Operands.overChannels(Operands.wide(operands[4]), x.rank())) : g;
            Tensor dx =
                    standardizeGradient(scaled.reshape(byGroup), normal, inverse, 2)
                            .reshape(x.shape());
            return affine
                    ? affineGradients(
                            dx,
                            g,
                            normal.reshape(x.shape()),
                            Operands.allButChannels(x.rank()),
                            operands[4].type())
                    : new Tensor[] {dx.cast(operands[1].dtype())};
        }
    }

    /**
     * By statistics of the batch. Operands: x {@code [n, c, spatial..]}, and optionally a weight
     * {@code [c]}, and optionally a bias {@code [c]}. Results: y, and the means and variances
     * (divided by n) {@code [c]}.
     *
     * <p>Formula: {@code (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias}, in each channel.
     *
     * <p>Shapes: {@code [n, c, spatial..], [c], [c] -> [n, c, spatial..], [c], [c]}.
     *
     * <p>Source: Ioffe, Szegedy: Batch normalization (ICML 2015).
     */
    record BatchNorm(double epsilon) implements Normalization {
        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            affineOverChannels(this, in, 3);
            TensorType statistics =
                    new TensorType(Operands.wide(in[0].dtype()), Shape.of(in[0].shape().extent(1)));
            return new TensorType[] {in[0], statistics, statistics};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            int[] axes = Operands.allButChannels(x.rank());
            Tensor mean = x.mean(true, axes);
            Tensor centered = x.sub(mean);
            Tensor variance = centered.square().mean(true, axes);
            Tensor y = centered.mul(variance.add(epsilon).rsqrt());
            if (operands.length > 1) {
                y = y.mul(Operands.overChannels(Operands.wide(operands[1]), x.rank()));
            }
            if (operands.length > 2) {
                y = y.add(Operands.overChannels(Operands.wide(operands[2]), x.rank()));
            }
            return new Tensor[] {
                y.cast(operands[0].dtype()), mean.reshape(-1), variance.reshape(-1)
            };
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            BatchNormGradient gradient = new BatchNormGradient(epsilon, operands.length > 1);
            return byOperation(gradient, operands, forward, cotangents);
        }
    }

    /**
     * Operands: the cotangent of y, x, mean and variance, and the weight where {@code affine}.
     * Results: the gradients of x and, where affine, of weight and bias.
     *
     * <p>Formula: {@code inverse * (h - mean(h) - normal * mean(h * normal))} with {@code h = g *
     * weight}, {@code inverse = 1 / sqrt(variance + epsilon)} and {@code normal = (x - mean) *
     * inverse}; {@code sum(g * normal)}; {@code sum(g)}.
     *
     * <p>Shapes: {@code [n, c, spatial..], [n, c, spatial..], [c], [c], [c] -> [n, c, spatial..],
     * [c], [c]}.
     *
     * <p>Source: the derivative of {@link BatchNorm}.
     */
    record BatchNormGradient(double epsilon, boolean affine) implements Normalization {
        @Override
        public int resultCount() {
            return affine ? 3 : 1;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            Operands.count(this, in, affine ? 5 : 4, affine ? 5 : 4);
            Operands.floating(this, in, 2);
            Operands.rankAtLeast(this, in, 0, 2, "[n, channels, spatial..]");
            Operands.shape(this, in, 1, "x", in[0].shape());
            Shape channels = Shape.of(in[0].shape().extent(1));
            gradientStatistics(this, in, 2, channels);
            if (affine) {
                gradientWeight(this, in, 4, channels);
            }
            return affine ? new TensorType[] {in[1], in[4], in[4]} : new TensorType[] {in[1]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor g = Operands.wide(operands[0]);
            Tensor x = Operands.wide(operands[1]);
            int[] axes = Operands.allButChannels(x.rank());
            Tensor inverse = Operands.overChannels(operands[3].add(epsilon).rsqrt(), x.rank());
            Tensor normal = x.sub(Operands.overChannels(operands[2], x.rank())).mul(inverse);
            Tensor scaled =
                    affine ? g.mul(Operands.overChannels(Operands.wide(operands[4]), x.rank())) : g;
            Tensor dx = standardizeGradient(scaled, normal, inverse, axes);
            return affine
                    ? affineGradients(dx, g, normal, axes, operands[4].type())
                    : new Tensor[] {dx.cast(operands[1].dtype())};
        }
    }

    /**
     * By given statistics: {@code (x - mean) / sqrt(variance + epsilon) * weight + bias}. Operands:
     * x {@code [n, c, spatial..]}, mean, variance, and optionally weight, and optionally bias, all
     * {@code [c]}.
     *
     * <p>Shapes: {@code [n, c, spatial..], [c], [c], [c], [c] -> [n, c, spatial..]}.
     *
     * <p>Source: Ioffe, Szegedy: Batch normalization (ICML 2015).
     */
    record BatchNormInference(double epsilon) implements Normalization {
        @Override
        public TensorType[] infer(TensorType... in) {
            requireEpsilon(this, epsilon);
            affineOverChannels(this, in, 5);
            Operands.count(this, in, 3, 5);
            return new TensorType[] {in[0]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Tensor[] channels = new Tensor[operands.length];
            for (int i = 1; i < channels.length; i++) {
                channels[i] = Operands.overChannels(Operands.wide(operands[i]), x.rank());
            }
            Tensor scale = channels[2].add(epsilon).rsqrt();
            if (channels.length > 3) {
                scale = scale.mul(channels[3]);
            }
            Tensor y = x.sub(channels[1]).mul(scale);
            if (channels.length > 4) {
                y = y.add(channels[4]);
            }
            return new Tensor[] {y.cast(operands[0].dtype())};
        }
    }

    // ---- types ----

    private static void requireGroups(Op op, int groups, TensorType[] in) {
        long channels = in[0].shape().extent(1);
        if (groups < 1 || channels % groups != 0) {
            throw TypeRules.wrong(
                    op, in, channels + " channels do not divide into " + groups + " groups");
        }
    }

    /** The last {@code dims} extents of x. */
    private static Shape last(Op op, int dims, TensorType[] in) {
        Shape shape = in[0].shape();
        if (dims < 1 || dims > shape.rank()) {
            throw TypeRules.wrong(
                    op, in, "cannot normalize over the last " + dims + " dimensions of x");
        }
        return Shape.of(Arrays.copyOfRange(shape.toArray(), shape.rank() - dims, shape.rank()));
    }

    /** The operands of a gradient: cotangent, x, so many statistics, and perhaps the weight. */
    private static void gradientOverLast(
            Op op, int dims, TensorType[] in, int statistics, boolean affine) {
        Operands.floating(op, in, 2);
        Operands.shape(op, in, 1, "x", in[0].shape());
        Shape last = last(op, dims, in);
        Shape kept = Operands.keeping(in[0].shape(), Operands.last(dims, in[0].shape().rank()));
        gradientStatistics(op, in, statistics, kept);
        if (affine) {
            gradientWeight(op, in, 2 + statistics, last);
        }
    }

    private static void gradientStatistics(Op op, TensorType[] in, int count, Shape shape) {
        for (int i = 2; i < 2 + count; i++) {
            Operands.shape(op, in, i, "operand " + i, shape);
            if (in[i].dtype() != Operands.wide(in[0].dtype())) {
                throw TypeRules.wrong(
                        op, in, "operand " + i + " must be " + Operands.wide(in[0].dtype()));
            }
        }
    }

    private static void gradientWeight(Op op, TensorType[] in, int operand, Shape shape) {
        Operands.shape(op, in, operand, "the weight", shape);
        if (in[operand].dtype() != in[0].dtype()) {
            throw TypeRules.wrong(op, in, "the weight must be " + in[0].dtype());
        }
    }

    private static void requireEpsilon(Op op, double epsilon) {
        if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(op.name())
                            + ": epsilon, which is added to the variance, must be 0 or above and"
                            + " finite: "
                            + epsilon);
        }
    }

    private static void affineOverLast(Op op, int dims, TensorType[] in, int most) {
        Operands.count(op, in, 1, most);
        Operands.floating(op, in, in.length);
        Shape last = last(op, dims, in);
        for (int i = 1; i < in.length; i++) {
            Operands.shape(op, in, i, i == 1 ? "the weight" : "the bias", last);
        }
    }

    private static void affineOverChannels(Op op, TensorType[] in, int most) {
        Operands.count(op, in, 1, most);
        Operands.floating(op, in, in.length);
        Operands.rankAtLeast(op, in, 0, 2, "[n, channels, spatial..]");
        Shape channels = Shape.of(in[0].shape().extent(1));
        for (int i = 1; i < in.length; i++) {
            Operands.shape(op, in, i, "operand " + i, channels);
        }
    }

    private static TensorType statistics(TensorType x, int[] axes) {
        return new TensorType(Operands.wide(x.dtype()), Operands.keeping(x.shape(), axes));
    }

    private static Shape byGroup(Shape shape, int groups) {
        long count = shape.extent(0) * groups;
        return Shape.of(
                shape.extent(0),
                groups,
                count == 0
                        ? shape.extent(1) / groups * elementsFrom(2, shape)
                        : shape.elementCount() / count);
    }

    private static long elementsFrom(int dim, Shape shape) {
        long count = 1;
        for (int i = dim; i < shape.rank(); i++) {
            count *= shape.extent(i);
        }
        return count;
    }

    // ---- gradients ----

    /**
     * What the operation of a gradient gives for each operand; null where there is none of y, or
     * one of a statistic besides.
     */
    private static @Nullable Tensor @Nullable [] byOperation(
            Normalization gradient,
            Tensor[] operands,
            Tensor[] forward,
            @Nullable Tensor[] cotangents) {
        Tensor g = cotangents[0];
        for (int i = 1; i < cotangents.length; i++) {
            if (cotangents[i] != null) {
                return null;
            }
        }
        if (g == null) {
            return null;
        }
        Tensor[] gradients =
                Engine.apply(gradient, gradientOperands(g, operands, forward, forward.length));
        return Arrays.copyOf(gradients, operands.length);
    }

    /**
     * The cotangent, x, the statistics among {@code forward}, and the weight where there is one.
     */
    private static Tensor[] gradientOperands(
            Tensor cotangent, Tensor[] operands, Tensor[] forward, int resultCount) {
        Tensor[] all = new Tensor[operands.length > 1 ? resultCount + 2 : resultCount + 1];
        all[0] = cotangent;
        all[1] = operands[0];
        System.arraycopy(forward, 1, all, 2, resultCount - 1);
        if (operands.length > 1) {
            all[resultCount + 1] = operands[1];
        }
        return all;
    }

    /**
     * The gradient of x where {@code normal = (x - mean(x)) * inverse} has cotangent {@code g}:
     * {@code inverse * (g - mean(g) - normal * mean(g * normal))}.
     */
    private static Tensor standardizeGradient(
            Tensor g, Tensor normal, Tensor inverse, int... axes) {
        Tensor along = g.mul(normal).mean(true, axes);
        return g.sub(g.mean(true, axes)).sub(normal.mul(along)).mul(inverse);
    }

    private static Tensor[] affineGradients(
            Tensor dx, Tensor g, Tensor normal, int[] over, TensorType weight) {
        return new Tensor[] {
            dx.cast(weight.dtype()), sumTo(g.mul(normal), over, weight), sumTo(g, over, weight)
        };
    }

    /** The sum over {@code dims}, none meaning none, as {@code type}. */
    private static Tensor sumTo(Tensor x, int[] dims, TensorType type) {
        Tensor sum = dims.length == 0 ? x : x.sum(false, dims);
        return sum.reshape(type.shape()).cast(type.dtype());
    }

    /** The first {@code rank - dims} dimensions. */
    private static int[] outer(int dims, int rank) {
        return Axes.all(rank - dims).toArray();
    }
}
