package dev.ugoki.nn.policy;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.FrozenBatchNorm2d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.tensor.Key;

/** ResNet-18 as the policies look through it: without average and classes. */
final class Backbones {
    /** Channels of the features. */
    static final int WIDTH = 512;

    private static final int CHANNELS_PER_GROUP = 16;

    private Backbones() {}

    /** With normalizations that do not learn, under torchvision's names: ACT's. */
    static Layer frozen(Key key) {
        return ResNet.Config.resNet18().withoutHead().withNorm(FrozenBatchNorm2d::new).build(key);
    }

    /**
     * Under the numbers of a sequence: Diffusion Policy's.
     *
     * @param groups whether groups of 16 channels are normalized, rather than batches
     */
    static Layer numbered(boolean groups, Key key) {
        ResNet.Config config = ResNet.Config.resNet18().withoutHead();
        return (groups ? config.withNorm(Backbones::groupNorm) : config.withNorm(BatchNorm2d::new))
                .build(key)
                .sequence();
    }

    private static Layer groupNorm(long channels) {
        return new GroupNorm((int) (channels / CHANNELS_PER_GROUP), channels);
    }

    /** How many cells of features an image has along a side of so many pixels. */
    static int cells(int pixels) {
        int cells = pixels;
        for (int halving = 0; halving < 5; halving++) {
            cells = (cells + 1) / 2;
        }
        return cells;
    }
}
