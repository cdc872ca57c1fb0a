package dev.ugoki.nn.policy;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.layer.SpatialSoftmax;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Small eyes: convolutions, and where in the image each of some features is: {@code [n, 3, height,
 * width] -> [n, 2 * keypoints]}, x and y from -1 to 1.
 *
 * <p>The first two convolutions halve the image, the others keep its size; each is followed by a
 * norm over groups of 8 channels and SiLU. Small enough to be trained on a few cores.
 *
 * <p>State: {@code convolutions}, {@code norms} and {@code pool}.
 */
public final class KeypointEncoder extends Layer {
    private static final int HALVINGS = 2;
    private static final int CHANNELS_PER_GROUP = 8;

    private final ModuleList<Conv2d> convolutions;
    private final ModuleList<GroupNorm> norms;
    private final SpatialSoftmax pool;

    /**
     * An encoder of images of one size.
     *
     * @param channels of each convolution, multiples of 8
     */
    public KeypointEncoder(List<Integer> channels, int height, int width, int keypoints, Key key) {
        if (channels.size() < HALVINGS) {
            throw new IllegalArgumentException(
                    "keypoint encoder: needs at least %d convolutions, has channels %s"
                            .formatted(HALVINGS, channels));
        }
        List<Conv2d> made = new ArrayList<>();
        List<GroupNorm> between = new ArrayList<>();
        int before = 3;
        for (int i = 0; i < channels.size(); i++) {
            int after = channels.get(i);
            int kernel = i == 0 ? 5 : 3;
            Convolutions.Settings settings =
                    Convolutions.Settings.DEFAULT
                            .withPadding(kernel / 2)
                            .withStride(i < HALVINGS ? 2 : 1);
            made.add(new Conv2d(before, after, kernel, settings, key.fold(i)));
            between.add(new GroupNorm(Math.max(1, after / CHANNELS_PER_GROUP), after));
            before = after;
        }
        convolutions = child("convolutions", new ModuleList<>(made));
        norms = child("norms", new ModuleList<>(between));
        pool =
                child(
                        "pool",
                        new SpatialSoftmax(
                                before,
                                cells(height),
                                cells(width),
                                keypoints,
                                key.fold(channels.size())));
    }

    private static int cells(int pixels) {
        int cells = pixels;
        for (int i = 0; i < HALVINGS; i++) {
            cells = (cells + 1) / 2;
        }
        return cells;
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor h = x;
        for (int i = 0; i < convolutions.size(); i++) {
            GroupNorm norm = norms.get(i);
            Conv2d convolution = convolutions.get(i);
            h = Recomputation.through(in -> norm.apply(convolution.apply(in[0])).silu(), h);
        }
        return pool.apply(h).flatten(1, 2);
    }
}
