package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Tensor;

/** Makes a {@link FoldableNorm} a part of a convolution. */
final class NormFolding {
    private NormFolding() {}

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
