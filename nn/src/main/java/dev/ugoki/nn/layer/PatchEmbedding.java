package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

/**
 * An image as a sequence of patches, row by row, each projected to a width: {@code [n, channels,
 * height, width] -> [n, patches, out]}.
 *
 * <p>State as a convolution's whose stride is its kernel: {@code weight [out, channels, patch,
 * patch]}, {@code bias [out]}. At first the weight is normal, cut at two standard deviations of
 * {@code sqrt(1 / (channels patch^2))}, and the bias 0.
 *
 * <p>Source: Dosovitskiy et al.: An image is worth 16x16 words (ICLR 2021).
 */
public final class PatchEmbedding extends Layer {
    private final long patch;
    private final Parameter weight;
    private final Parameter bias;

    /** A layer for square patches. */
    public PatchEmbedding(long channels, long patch, long out, Key key) {
        this.patch = patch;
        double deviation = Math.sqrt(1.0 / (channels * patch * patch));
        weight =
                parameter(
                        "weight",
                        () -> Init.truncatedNormal(key, deviation, out, channels, patch, patch));
        bias = parameter("bias", () -> Init.zeros(out));
    }

    @Override
    public Tensor apply(Tensor x) {
        if (x.rank() != 4 || x.extent(2) % patch != 0 || x.extent(3) % patch != 0) {
            throw new IllegalArgumentException(
                    "PatchEmbedding: needs [n, channels, height, width] with height and width"
                            + " divisible by "
                            + patch
                            + ", not "
                            + x.type());
        }
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withStride(patch);
        Tensor patches =
                Precision.product(
                        (in, kernel, added) -> Convolutions.conv2d(in, kernel, added, settings),
                        x,
                        weight.tensor(),
                        bias.tensor());
        return patches.flatten(2, -1).transpose(1, 2);
    }

    @Override
    protected String settings() {
        return "patch=" + patch;
    }
}
