package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Normalization;

import org.jspecify.annotations.Nullable;

/** Elements brought to mean 0 and variance 1 within groups; see {@link Normalization}. */
public final class Normalizations {
    private Normalizations() {}

    /**
     * Over the last {@code dims} dimensions of x; weight and bias have their shape, or are null
     * (without a weight there is no bias). See {@link Normalization.LayerNorm}.
     */
    public static Tensor layerNorm(
            Tensor x, int dims, @Nullable Tensor weight, @Nullable Tensor bias, double epsilon) {
        Normalization.LayerNorm op = new Normalization.LayerNorm(dims, epsilon);
        return Engine.apply(op, operands("layerNorm", x, weight, bias))[0];
    }

    /** Over the last dimension of x, by its root mean square; see {@link Normalization.RmsNorm}. */
    public static Tensor rmsNorm(Tensor x, @Nullable Tensor weight, double epsilon) {
        return rmsNorm(x, 1, weight, epsilon);
    }

    /**
     * Over the last {@code dims} dimensions of x, by their root mean square; the weight has their
     * shape, or is null. See {@link Normalization.RmsNorm}.
     */
    public static Tensor rmsNorm(Tensor x, int dims, @Nullable Tensor weight, double epsilon) {
        Normalization.RmsNorm op = new Normalization.RmsNorm(dims, epsilon);
        return Engine.apply(op, operands("rmsNorm", x, weight, null))[0];
    }

    /**
     * Over groups of channels of x {@code [n, c, spatial..]}; weight and bias are {@code [c]}, or
     * null. See {@link Normalization.GroupNorm}.
     */
    public static Tensor groupNorm(
            Tensor x, int groups, @Nullable Tensor weight, @Nullable Tensor bias, double epsilon) {
        Normalization.GroupNorm op = new Normalization.GroupNorm(groups, epsilon);
        return Engine.apply(op, operands("groupNorm", x, weight, bias))[0];
    }

    /**
     * What batch normalization gives while training.
     *
     * @param mean of the batch, {@code [c]}
     * @param variance of the batch, divided by n, {@code [c]}
     */
    public record BatchNormed(Tensor output, Tensor mean, Tensor variance) {}

    /**
     * By statistics of the batch x {@code [n, c, spatial..]}; weight and bias are {@code [c]}, or
     * null. See {@link Normalization.BatchNorm}.
     */
    public static BatchNormed batchNorm(
            Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double epsilon) {
        Normalization.BatchNorm op = new Normalization.BatchNorm(epsilon);
        Tensor[] results = Engine.apply(op, operands("batchNorm", x, weight, bias));
        return new BatchNormed(results[0], results[1], results[2]);
    }

    /**
     * By given statistics {@code [c]}: {@code (x - mean) / sqrt(variance + epsilon) * weight +
     * bias}. See {@link Normalization.BatchNormInference}.
     */
    public static Tensor batchNormInference(
            Tensor x,
            Tensor mean,
            Tensor variance,
            @Nullable Tensor weight,
            @Nullable Tensor bias,
            double epsilon) {
        Tensor[] affine = operands("batchNormInference", x, weight, bias);
        Tensor[] all = new Tensor[affine.length + 2];
        all[0] = x;
        all[1] = mean;
        all[2] = variance;
        System.arraycopy(affine, 1, all, 3, affine.length - 1);
        return Engine.one(new Normalization.BatchNormInference(epsilon), all);
    }

    /**
     * Over each channel of x {@code [n, c, spatial..]} by itself: {@link #groupNorm} with as many
     * groups as channels; weight and bias are {@code [c]}, or null.
     *
     * <p>Source: Ulyanov, Vedaldi, Lempitsky: Instance normalization (2016).
     */
    public static Tensor instanceNorm(
            Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double epsilon) {
        if (x.rank() < 3) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("instanceNorm")
                            + ": needs [n, channels, spatial..], not "
                            + x.type());
        }
        if (x.extent(1) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("instanceNorm")
                            + ": has more than 2^31 - 1 channels: "
                            + x.type());
        }
        return groupNorm(x, (int) x.extent(1), weight, bias, epsilon);
    }

    /**
     * {@code x / max(|x|, epsilon)} along {@code dim}, with Euclidean length; a zero vector stays
     * so, with a gradient of {@code 1 / epsilon}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: PyTorch's {@code normalize}.
     */
    public static Tensor unitLength(Tensor x, int dim, double epsilon) {
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("unitLength") + ": epsilon must not be negative: " + epsilon);
        }
        Tensor square = x.square().sum(true, dim);
        Tensor tiny = square.le(epsilon * epsilon);
        Tensor length = square.maskedFill(tiny, 1).sqrt().maskedFill(tiny, epsilon);
        return x.div(length);
    }

    private static Tensor[] operands(
            String operation, Tensor x, @Nullable Tensor weight, @Nullable Tensor bias) {
        if (weight == null) {
            if (bias != null) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(operation)
                                + ": has a bias but no weight; give ones as the weight");
            }
            return new Tensor[] {x};
        }
        return bias == null ? new Tensor[] {x, weight} : new Tensor[] {x, weight, bias};
    }
}
