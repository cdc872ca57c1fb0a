package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * ResNet-18 in training, with torchvision's names; the running statistics are left out.
 *
 * <p>Source: He et al.: Deep residual learning for image recognition (CVPR 2016).
 */
final class ResNet18 extends Layer {
    static final long CLASSES = 1000;

    private static final double EPSILON = 1e-5;

    private final Conv2d first;
    private final BatchNorm firstNorm;
    private final Sequential stages;
    private final Linear last;

    private static final class BatchNorm extends Layer {
        private final Parameter weight;
        private final Parameter bias;

        BatchNorm(long channels) {
            weight = parameter("weight", Init.ones(channels));
            bias = parameter("bias", Init.zeros(channels));
        }

        @Override
        public Tensor apply(Tensor x) {
            return Normalizations.batchNorm(x, weight.tensor(), bias.tensor(), EPSILON).output();
        }
    }

    private static final class Block extends Layer {
        private final Conv2d conv1;
        private final BatchNorm norm1;
        private final Conv2d conv2;
        private final BatchNorm norm2;
        private final @Nullable Sequential downsample;

        Block(long in, long out, Key key) {
            int stride = in == out ? 1 : 2;
            conv1 = child("conv1", conv(in, out, 3, stride, 1, key.fold(0)));
            norm1 = child("bn1", new BatchNorm(out));
            conv2 = child("conv2", conv(out, out, 3, 1, 1, key.fold(1)));
            norm2 = child("bn2", new BatchNorm(out));
            downsample =
                    in == out
                            ? null
                            : child(
                                    "downsample",
                                    new Sequential(
                                            conv(in, out, 1, stride, 0, key.fold(2)),
                                            new BatchNorm(out)));
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor y = norm1.apply(conv1.apply(x)).relu();
            y = norm2.apply(conv2.apply(y));
            return y.add(downsample == null ? x : downsample.apply(x)).relu();
        }
    }

    ResNet18(Key key) {
        first = child("conv1", conv(3, 64, 7, 2, 3, key.fold(0)));
        firstNorm = child("bn1", new BatchNorm(64));
        Layer[] all = new Layer[4];
        for (int i = 0; i < all.length; i++) {
            long out = 64L << i;
            Key own = key.fold(1).fold(i);
            all[i] =
                    child(
                            "layer" + (i + 1),
                            new Sequential(
                                    new Block(i == 0 ? out : out / 2, out, own.fold(0)),
                                    new Block(out, out, own.fold(1))));
        }
        stages = new Sequential(all);
        last = child("fc", new Linear(512, CLASSES, key.fold(2)));
    }

    private static Conv2d conv(long in, long out, long kernel, int stride, int padding, Key key) {
        return new Conv2d(
                in,
                out,
                kernel,
                Convolutions.Settings.DEFAULT.withStride(stride).withPadding(padding),
                false,
                key);
    }

    @Override
    public Tensor apply(Tensor images) {
        Tensor x = firstNorm.apply(first.apply(images)).relu();
        x = Resampling.maxPool(x, new long[] {3, 3}, new long[] {2, 2}, new long[] {1, 1});
        return last.apply(stages.apply(x).mean(false, 2, 3));
    }

    /** The same for libtorch. */
    static String torch(TorchNetwork torch, String images) {
        String x = torch.conv2d(images, "conv1", 3, 64, 7, 2, 3);
        x = torch.let("torch.relu(%s)", torch.batchNorm(x, "bn1", 64));
        x = torch.let("torch.max_pool2d(%s, [3, 3], [2, 2], [1, 1], [1, 1], False)", x);
        for (int i = 0; i < 4; i++) {
            long out = 64L << i;
            String stage = "layer" + (i + 1) + ".";
            x = torchBlock(torch, x, stage + "0.", i == 0 ? out : out / 2, out);
            x = torchBlock(torch, x, stage + "1.", out, out);
        }
        String pooled = torch.let("torch.mean(%s, [2, 3], False)", x);
        return torch.linear(pooled, "fc", 512, CLASSES);
    }

    private static String torchBlock(TorchNetwork torch, String x, String name, long in, long out) {
        int stride = in == out ? 1 : 2;
        String y = torch.conv2d(x, name + "conv1", in, out, 3, stride, 1);
        y = torch.let("torch.relu(%s)", torch.batchNorm(y, name + "bn1", out));
        y = torch.conv2d(y, name + "conv2", out, out, 3, 1, 1);
        y = torch.batchNorm(y, name + "bn2", out);
        String beside = x;
        if (in != out) {
            beside = torch.conv2d(x, name + "downsample.0", in, out, 1, stride, 0);
            beside = torch.batchNorm(beside, name + "downsample.1", out);
        }
        return torch.let("torch.relu(torch.add(%s, %s))", y, beside);
    }
}
