package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Normalization;

/**
 * Shifts and scales each channel to mean 0 and variance 1, then by a learned weight and bias. In
 * training by the statistics of the batch, which running ones follow: {@code running += momentum *
 * (batch - running)}, the variance of the batch divided by n - 1 there. In evaluation by the
 * running ones. See {@link Normalization.BatchNorm}. A program traced in training moves the running
 * ones at each run.
 *
 * <p>State as PyTorch's: {@code weight [channels]}, ones at first, {@code bias}, zeros, {@code
 * running_mean}, zeros, {@code running_var}, ones, and {@code num_batches_tracked}, I64, which
 * older states lack.
 *
 * <p>Source: Ioffe, Szegedy: Batch normalization (ICML 2015).
 */
public abstract sealed class BatchNorm extends Layer permits BatchNorm1d, BatchNorm2d {
    private final double epsilon;
    private final double momentum;
    private final Parameter weight;
    private final Parameter bias;
    private final Buffer mean;
    private final Buffer variance;
    private final Buffer batches;

    BatchNorm(long channels, double epsilon, double momentum) {
        if (!(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException(
                    "BatchNorm: the momentum must be from 0 to 1, and is " + momentum);
        }
        this.epsilon = epsilon;
        this.momentum = momentum;
        weight = parameter("weight", () -> Init.ones(channels));
        bias = parameter("bias", () -> Init.zeros(channels));
        mean = buffer("running_mean", Init.zeros(channels));
        variance = buffer("running_var", Init.ones(channels));
        batches = optionalBuffer("num_batches_tracked", Tensor.zeros(DType.I64));
    }

    /** Throws unless x has a shape that the layer is for. */
    abstract void check(Tensor x);

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException in training, if a channel has a single element, whose
     *     variance says nothing
     */
    @Override
    public final Tensor apply(Tensor x) {
        check(x);
        if (!isTraining()) {
            return Normalizations.batchNormInference(
                    x, mean.tensor(), variance.tensor(), weight.tensor(), bias.tensor(), epsilon);
        }
        long count = x.shape().elementCount() / Math.max(1, x.extent(1));
        if (count < 2) {
            throw new IllegalArgumentException(
                    "BatchNorm: in training each channel needs two elements or more, and "
                            + x.type()
                            + " has "
                            + count);
        }
        var normed = Normalizations.batchNorm(x, weight.tensor(), bias.tensor(), epsilon);
        follow(normed, count);
        return normed.output();
    }

    private void follow(Normalizations.BatchNormed batch, long count) {
        Autograd.noGrad(
                () -> {
                    Tensor ofBatch = batch.mean().detach().cast(mean.type().dtype());
                    Tensor spread = batch.variance().detach().cast(variance.type().dtype());
                    Tensor unbiased = spread.mul((double) count / (count - 1));
                    mean.assign(moved(mean, ofBatch));
                    variance.assign(moved(variance, unbiased));
                    batches.assign(batches.tensor().add(1));
                    return batches;
                });
    }

    private Tensor moved(Buffer running, Tensor batch) {
        return running.tensor().mul(1 - momentum).add(batch.mul(momentum));
    }

    final Conv2d foldedInto(Conv2d convolution) {
        return FoldableNorm.fold(
                convolution,
                epsilon,
                weight.tensor(),
                bias.tensor(),
                mean.tensor(),
                variance.tensor());
    }

    @Override
    protected final String settings() {
        return "epsilon=" + epsilon + ", momentum=" + momentum;
    }
}
