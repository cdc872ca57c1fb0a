package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Tensor;

/** A normalization by fixed numbers, which can become a part of the convolution before it. */
public interface FoldableNorm {
    /**
     * A convolution with a bias that gives what {@code convolution} and then this layer give in
     * evaluation, up to rounding. It is another one: those here stay as they are.
     *
     * <p>{@code W' = W s} and {@code b' = b s + (bias - running_mean s)}, with {@code s = weight /
     * sqrt(running_var + epsilon)} for each channel.
     */
    Conv2d foldInto(Conv2d convolution);

    /** The folded convolution of these numbers, each {@code [channels]}. */
    static Conv2d fold(
            Conv2d convolution,
            double epsilon,
            Tensor weight,
            Tensor bias,
            Tensor mean,
            Tensor variance) {
        Tensor scale = variance.detach().add(epsilon).rsqrt().mul(weight.detach());
        Tensor shift = bias.detach().sub(mean.detach().mul(scale));
        var own = convolution.bias();
        return new Conv2d(
                convolution.weight().tensor().detach().mul(scale.reshape(-1, 1, 1, 1)),
                own == null ? shift : own.tensor().detach().mul(scale).add(shift),
                convolution.convolutionSettings());
    }
}
