package dev.ugoki.nn.vision;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * A residual network of small images: {@code [n, 3, 32, 32] -> [n, classes]}. Three stages of basic
 * blocks of 16, 32 and 64 channels; where a stage halves the image, the shortcut takes every second
 * pixel and fills the new channels with zeros, half before and half behind.
 *
 * <p>State as the public CIFAR-10 weights': {@code conv1}, {@code bn1}, {@code layer1} to {@code
 * layer3}, {@code linear}.
 *
 * <p>Source: He et al. (CVPR 2016), section 4.2, shortcuts of kind A.
 */
public final class CifarResNet extends Layer {
    private final Conv2d first;
    private final BatchNorm2d norm;
    private final List<Sequential> stages = new ArrayList<>();
    private final Linear linear;
    private final int depth;

    /**
     * A network of {@code depth} layers: 20, 32, 44, 56, 110..
     *
     * @throws IllegalArgumentException if the depth is not {@code 6 n + 2}
     */
    public CifarResNet(int depth, int classes, Key key) {
        if (depth < 8 || depth % 6 != 2) {
            throw new IllegalArgumentException(
                    "CifarResNet: the depth must be 6 n + 2 (20, 32, 44, 56), and is " + depth);
        }
        this.depth = depth;
        first = child("conv1", convolution(3, 16, 1, key.fold(0)));
        norm = child("bn1", new BatchNorm2d(16));
        long channels = 16;
        for (int i = 0; i < 3; i++) {
            long width = 16L << i;
            Layer[] blocks = new Layer[(depth - 2) / 6];
            for (int k = 0; k < blocks.length; k++) {
                int stride = k == 0 && i > 0 ? 2 : 1;
                blocks[k] = block(channels, width, stride, key.fold(1 + i).fold(k));
                channels = width;
            }
            stages.add(child("layer" + (i + 1), new Sequential(blocks)));
        }
        linear = child("linear", new Linear(64, classes, key.fold(4)));
    }

    private static ResidualBlock block(long in, long out, int stride, Key key) {
        List<ResidualBlock.Unit> units =
                List.of(
                        new ResidualBlock.Unit(
                                convolution(in, out, stride, key.fold(0)), new BatchNorm2d(out)),
                        new ResidualBlock.Unit(
                                convolution(out, out, 1, key.fold(1)), new BatchNorm2d(out)));
        return new ResidualBlock(
                units, "shortcut", in == out ? null : new WidenedShortcut((out - in) / 2));
    }

    private static Conv2d convolution(long in, long out, int stride, Key key) {
        Convolutions.Settings settings =
                Convolutions.Settings.DEFAULT.withStride(stride).withPadding(1);
        Tensor weight = Init.kaimingNormal(key, Init.leakyReluGain(0), in * 9, out, in, 3, 3);
        return new Conv2d(weight, null, settings);
    }

    /** Every second pixel, with channels of zeros before and behind. */
    private static final class WidenedShortcut extends Layer {
        private final long more;

        WidenedShortcut(long more) {
            this.more = more;
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor half = x.slice(2, 0, x.extent(2), 2).slice(3, 0, x.extent(3), 2);
            return half.pad(1, more, more, 0);
        }
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor y = norm.apply(first.apply(x)).relu();
        for (Sequential stage : stages) {
            y = stage.apply(y);
        }
        return linear.apply(y.mean(false, 2, 3));
    }

    @Override
    protected String settings() {
        return "depth=" + depth;
    }
}
