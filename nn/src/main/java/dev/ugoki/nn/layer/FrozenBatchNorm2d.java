package dev.ugoki.nn.layer;

import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;

/**
 * A batch normalization that no longer learns: {@code (x - running_mean) / sqrt(running_var +
 * epsilon) * weight + bias} for each channel of {@code [n, channels, height, width]}, in training
 * as well. For backbones that are trained with few images.
 *
 * <p>State as torchvision's, no parameters: {@code weight [channels]}, {@code bias}, {@code
 * running_mean}, {@code running_var}; the {@code num_batches_tracked} of a batch normalization is
 * passed over.
 */
public final class FrozenBatchNorm2d extends Layer implements FoldableNorm {
    private final double epsilon;
    private final Buffer weight;
    private final Buffer bias;
    private final Buffer mean;
    private final Buffer variance;

    /** A layer with epsilon 1e-5. */
    public FrozenBatchNorm2d(long channels) {
        this(channels, 1e-5);
    }

    /** A layer; epsilon is added to the variance. */
    public FrozenBatchNorm2d(long channels, double epsilon) {
        this.epsilon = epsilon;
        weight = buffer("weight", Init.ones(channels));
        bias = buffer("bias", Init.zeros(channels));
        mean = buffer("running_mean", Init.zeros(channels));
        variance = buffer("running_var", Init.ones(channels));
        ignoreInState("num_batches_tracked");
    }

    @Override
    public Tensor apply(Tensor x) {
        return Normalizations.batchNormInference(
                x, mean.tensor(), variance.tensor(), weight.tensor(), bias.tensor(), epsilon);
    }

    @Override
    public Conv2d foldInto(Conv2d convolution) {
        return FoldableNorm.fold(
                convolution,
                epsilon,
                weight.tensor(),
                bias.tensor(),
                mean.tensor(),
                variance.tensor());
    }

    @Override
    protected String settings() {
        return "epsilon=" + epsilon;
    }
}
