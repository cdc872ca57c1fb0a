package dev.ugoki.nn.policy;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.FrozenBatchNorm2d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.tensor.Key;

import java.util.Locale;
import java.util.Optional;

/** The networks that policies look at images through, without average and classes. */
public enum Backbone {
    RESNET18(ResNet.Config.resNet18()),
    RESNET34(ResNet.Config.resNet34()),
    RESNET50(ResNet.Config.resNet50());

    private static final int CHANNELS_PER_GROUP = 16;

    private final ResNet.Config config;

    Backbone(ResNet.Config config) {
        this.config = config.withoutHead();
    }

    /** The name in torchvision and in LeRobot's configurations: {@code resnet18}. */
    public String publicName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one of a public name. */
    public static Optional<Backbone> ofPublicName(String name) {
        for (Backbone backbone : values()) {
            if (backbone.publicName().equals(name)) {
                return Optional.of(backbone);
            }
        }
        return Optional.empty();
    }

    /** Channels of the features. */
    int channels() {
        return config.channels();
    }

    /** With normalizations that do not learn, under torchvision's names: ACT's. */
    Layer frozen(Key key) {
        return config.withNorm(FrozenBatchNorm2d::new).build(key);
    }

    /**
     * Under the numbers of a sequence: Diffusion Policy's.
     *
     * @param groups whether groups of 16 channels are normalized, rather than batches
     */
    Layer numbered(boolean groups, Key key) {
        return (groups ? config.withNorm(Backbone::groupNorm) : config.withNorm(BatchNorm2d::new))
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
