package dev.ugoki.benchmarks;

import dev.ugoki.tensor.Convolutions;

import java.util.ArrayList;
import java.util.List;

/** The convolutions of ResNet-18 and of the PushT U-Net. */
final class ConvolutionMeasurements {
    private static final List<Double> GOAL_2D = List.of(0.9);
    private static final List<Double> GOAL_1D = List.of(1.0);
    private static final long LENGTH = 16;

    private ConvolutionMeasurements() {}

    static List<Group> groups() {
        return List.of(
                new Group("3x3 convolutions of ResNet-18", 1.0, all2d(false)),
                new Group("3x3 convolutions of ResNet-18 with both gradients", 1.0, all2d(true)),
                new Group("Convolutions of the PushT U-Net", all1d()));
    }

    private static List<Measurement> all2d(boolean gradient) {
        List<Measurement> all = new ArrayList<>();
        for (long batch : new long[] {1, 8}) {
            for (long image : new long[] {224, 96}) {
                for (long channels = 64; channels <= 512; channels *= 2) {
                    all.add(conv2d(batch, image, channels, gradient));
                }
            }
        }
        return all;
    }

    private static List<Measurement> all1d() {
        List<Measurement> all = new ArrayList<>();
        for (long batch : new long[] {1, 256}) {
            for (long[] channels : new long[][] {{64, 128}, {128, 256}, {256, 512}, {512, 1024}}) {
                all.add(conv1d(batch, channels[0], channels[1]));
            }
            all.add(transposed(batch, 128));
            all.add(transposed(batch, 512));
        }
        return all;
    }

    /** A layer of ResNet-18: images of 224 are 56 wide where there are 64 channels. */
    private static Measurement conv2d(long batch, long image, long channels, boolean gradient) {
        long width = image / 4 * 64 / channels;
        Input x = Input.of(batch, channels, width, width);
        Input weight = Input.of(channels, channels, 3, 3);
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withPadding(1);
        Ours.Function ours = in -> Convolutions.conv2d(in[0], in[1], null, settings);
        String torch = "torch.conv2d(a, b, None, [1, 1], [1, 1], [1, 1], 1)";
        double flops = 2.0 * batch * channels * channels * 9 * width * width;
        String name = "conv2d-%dpx-%dch-b%d".formatted(image, channels, batch);
        String what = "3x3 convolution, [%d,%d,%d,%d]".formatted(batch, channels, width, width);
        return gradient
                ? new Measurement(
                        name + "-backward",
                        what + ", forward and both gradients",
                        GOAL_2D,
                        List.of(x, weight, x),
                        Ours.gradient(2, ours),
                        TorchScript.gradient(3, 2, torch),
                        3 * flops,
                        0)
                : new Measurement(
                                name,
                                what,
                                GOAL_2D,
                                List.of(x, weight),
                                Ours.of(ours),
                                TorchScript.of(2, torch),
                                flops,
                                0)
                        .withOperator("Conv");
    }

    private static Measurement conv1d(long batch, long in, long out) {
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withPadding(2);
        return new Measurement(
                "conv1d-%d-%d-b%d".formatted(in, out, batch),
                "kernel 5, [%d,%d,%d] to %d channels, forward and backward"
                        .formatted(batch, in, LENGTH, out),
                GOAL_1D,
                List.of(
                        Input.of(batch, in, LENGTH),
                        Input.of(out, in, 5),
                        Input.of(out),
                        Input.of(batch, out, LENGTH)),
                Ours.gradient(3, x -> Convolutions.conv1d(x[0], x[1], x[2], settings)),
                TorchScript.gradient(4, 3, "torch.conv1d(a, b, c, [1], [2], [1], 1)"),
                3 * 2.0 * batch * in * out * 5 * LENGTH,
                0);
    }

    private static Measurement transposed(long batch, long channels) {
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withStride(2).withPadding(1);
        return new Measurement(
                "convTranspose1d-%d-b%d".formatted(channels, batch),
                "transposed, kernel 4, stride 2, [%d,%d,%d], forward and backward"
                        .formatted(batch, channels, LENGTH),
                GOAL_1D,
                List.of(
                        Input.of(batch, channels, LENGTH),
                        Input.of(channels, channels, 4),
                        Input.of(channels),
                        Input.of(batch, channels, 2 * LENGTH)),
                Ours.gradient(3, x -> Convolutions.convTranspose1d(x[0], x[1], x[2], settings)),
                TorchScript.gradient(
                        4, 3, "torch.conv_transpose1d(a, b, c, [2], [1], [0], 1, [1])"),
                3 * 2.0 * batch * channels * channels * 4 * LENGTH,
                0);
    }
}
