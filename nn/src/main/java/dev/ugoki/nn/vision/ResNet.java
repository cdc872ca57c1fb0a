package dev.ugoki.nn.vision;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Pooling;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A residual network of images {@code [n, 3, height, width]}: logits {@code [n, classes]}, or,
 * without a head, features {@code [n, channels, ceil(height / 32), ceil(width / 32)]}.
 *
 * <pre>{@code
 * ResNet backbone =
 *         ResNet.Config.resNet18().withoutHead().withNorm(FrozenBatchNorm2d::new).build(key);
 * backbone.load(Path.of("resnet18.safetensors"));
 * Tensor features = backbone.apply(images);
 * ResNet fast = backbone.folded();
 * }</pre>
 *
 * <p>State as torchvision's: {@code conv1}, {@code bn1}, {@code layer1} to {@code layer4} of blocks
 * {@code 0..} with {@code conv1}, {@code bn1}, {@code conv2}, {@code bn2} ({@code conv3}, {@code
 * bn3}) and {@code downsample.0}, {@code downsample.1}, and {@code fc}. At first convolutions are
 * {@link Init#kaimingNormal} of their outputs.
 *
 * <p>Source: He et al.: Deep residual learning for image recognition (CVPR 2016), with the stride
 * of a bottleneck in its 3x3 convolution.
 */
public final class ResNet extends Layer {
    /** What the stages are made of. */
    public enum Block {
        /** Two 3x3 convolutions. */
        BASIC(1),
        /** 1x1, 3x3 and 1x1, the last of four times as many channels. */
        BOTTLENECK(4);

        private final int expansion;

        Block(int expansion) {
            this.expansion = expansion;
        }
    }

    /**
     * What it is built of.
     *
     * @param depths how many blocks each of the four stages has
     * @param norm makes the normalization of a number of channels
     * @param classes of the head; 0 for none
     * @param dilateLast whether the last stage looks further apart instead of halving the image
     *     (bottlenecks only)
     */
    public record Config(
            Block block,
            List<Integer> depths,
            LongFunction<Layer> norm,
            int classes,
            boolean dilateLast) {
        public Config {
            depths = List.copyOf(depths);
            if (depths.size() != 4 || depths.stream().anyMatch(each -> each < 1)) {
                throw new IllegalArgumentException(
                        "ResNet: needs four depths of at least 1, not " + depths);
            }
            if (classes < 0) {
                throw new IllegalArgumentException("ResNet: cannot tell " + classes + " classes");
            }
            if (dilateLast && block == Block.BASIC) {
                throw new IllegalArgumentException(
                        "ResNet: basic blocks cannot be dilated; take bottlenecks (ResNet-50)");
            }
        }

        /** 11,689,512 parameters. */
        public static Config resNet18() {
            return new Config(Block.BASIC, List.of(2, 2, 2, 2), BatchNorm2d::new, 1000, false);
        }

        /** 21,797,672 parameters. */
        public static Config resNet34() {
            return new Config(Block.BASIC, List.of(3, 4, 6, 3), BatchNorm2d::new, 1000, false);
        }

        /** 25,557,032 parameters. */
        public static Config resNet50() {
            return new Config(Block.BOTTLENECK, List.of(3, 4, 6, 3), BatchNorm2d::new, 1000, false);
        }

        /** With another normalization of a number of channels: {@code FrozenBatchNorm2d::new}. */
        public Config withNorm(LongFunction<Layer> newNorm) {
            return new Config(block, depths, newNorm, classes, dilateLast);
        }

        public Config withClasses(int newClasses) {
            return new Config(block, depths, norm, newClasses, dilateLast);
        }

        /** Without average and linear layer: it gives features. */
        public Config withoutHead() {
            return withClasses(0);
        }

        public Config withDilateLast(boolean newDilateLast) {
            return new Config(block, depths, norm, classes, newDilateLast);
        }

        /** How many channels the features have. */
        public int channels() {
            return 512 * block.expansion;
        }

        public ResNet build(Key key) {
            return new Builder(this, key).build();
        }
    }

    private static final Resampling.Windows FIRST_POOL =
            Resampling.Windows.of(3, 3).withStride(2, 2).withPadding(1, 1);

    private final Config config;
    private final ResidualBlock.Unit stem;
    private final List<List<ResidualBlock>> stages;
    private final List<Sequential> stageLayers = new ArrayList<>();
    private final @Nullable Linear head;

    private ResNet(
            Config config,
            ResidualBlock.Unit stem,
            List<List<ResidualBlock>> stages,
            @Nullable Linear head) {
        this.config = config;
        this.stem = stem;
        this.stages = stages;
        child("conv1", stem.convolution());
        if (stem.norm() != null) {
            child("bn1", stem.norm());
        }
        for (List<ResidualBlock> stage : stages) {
            Sequential layer = new Sequential(stage.toArray(Layer[]::new));
            stageLayers.add(child("layer" + (stageLayers.size() + 1), layer));
        }
        this.head = head == null ? null : child("fc", head);
    }

    /** Makes the layers, each of a key of its own. */
    private static final class Builder {
        private final Config config;
        private final Key key;
        private long layers;
        private long channels = 64;

        Builder(Config config, Key key) {
            this.config = config;
            this.key = key;
        }

        ResNet build() {
            ResidualBlock.Unit stem = unit(3, 64, 7, 2, 1);
            List<List<ResidualBlock>> stages = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                boolean dilated = i == 3 && config.dilateLast();
                stages.add(stage(64L << i, config.depths().get(i), i == 0 || dilated, dilated));
            }
            Linear head =
                    config.classes() == 0
                            ? null
                            : new Linear(channels, config.classes(), key.fold(layers));
            return new ResNet(config, stem, stages, head);
        }

        /** A stage; of a dilated one, the first block is not yet. */
        private List<ResidualBlock> stage(long width, int depth, boolean full, boolean dilated) {
            List<ResidualBlock> blocks = new ArrayList<>();
            for (int i = 0; i < depth; i++) {
                int stride = i == 0 && !full ? 2 : 1;
                blocks.add(block(width, stride, dilated && i > 0 ? 2 : 1));
            }
            return List.copyOf(blocks);
        }

        private ResidualBlock block(long width, int stride, int dilation) {
            long out = width * config.block().expansion;
            List<ResidualBlock.Unit> units =
                    switch (config.block()) {
                        case BASIC ->
                                List.of(
                                        unit(channels, width, 3, stride, 1),
                                        unit(width, width, 3, 1, 1));
                        case BOTTLENECK ->
                                List.of(
                                        unit(channels, width, 1, 1, 1),
                                        unit(width, width, 3, stride, dilation),
                                        unit(width, out, 1, 1, 1));
                    };
            Layer shortcut =
                    stride == 1 && channels == out
                            ? null
                            : ResidualBlock.projection(unit(channels, out, 1, stride, 1));
            channels = out;
            return new ResidualBlock(units, "downsample", shortcut);
        }

        private ResidualBlock.Unit unit(
                long in, long out, long kernel, long stride, long dilation) {
            Convolutions.Settings settings =
                    Convolutions.Settings.DEFAULT
                            .withStride(stride)
                            .withPadding(dilation * (kernel / 2))
                            .withDilation(dilation);
            double gain = Init.leakyReluGain(0);
            Tensor weight =
                    Init.kaimingNormal(
                            key.fold(layers++),
                            gain,
                            out * kernel * kernel,
                            out,
                            in,
                            kernel,
                            kernel);
            return new ResidualBlock.Unit(
                    new Conv2d(weight, null, settings), config.norm().apply(out));
        }
    }

    /** How many channels the features have. */
    public int channels() {
        return config.channels();
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor features = features(x);
        return head == null ? features : head.apply(features.mean(false, 2, 3));
    }

    /** What the last stage gives, {@code [n, channels, height / 32, width / 32]}, rounded up. */
    public Tensor features(Tensor x) {
        Tensor y = Resampling.maxPool(stem.apply(x).relu(), FIRST_POOL);
        for (Sequential stage : stageLayers) {
            y = stage.apply(y);
        }
        return y;
    }

    /**
     * The layers of {@link #features} as a sequence, under the names that a sequence of
     * torchvision's layers has: {@code 0} the first convolution, {@code 1} its normalization,
     * {@code 4} to {@code 7} the stages. They are the same layers, not copies.
     */
    public Sequential sequence() {
        if (stem.norm() == null) {
            throw new IllegalStateException("ResNet: folded, it is no sequence of these layers");
        }
        return new Sequential(
                stem.convolution(),
                stem.norm(),
                Activation.relu(),
                Pooling.max(FIRST_POOL),
                stageLayers.get(0),
                stageLayers.get(1),
                stageLayers.get(2),
                stageLayers.get(3));
    }

    /**
     * A network of its own that gives what this one gives in evaluation, up to rounding, its
     * normalizations having become parts of its convolutions.
     *
     * @throws IllegalStateException if they depend on the input
     */
    public ResNet folded() {
        List<List<ResidualBlock>> folded =
                stages.stream()
                        .map(stage -> stage.stream().map(ResidualBlock::folded).toList())
                        .toList();
        Linear copy =
                head == null
                        ? null
                        : new Linear(
                                head.weight().tensor(),
                                head.bias() == null ? null : head.bias().tensor());
        ResNet network = new ResNet(config, stem.folded(), folded, copy);
        network.eval();
        return network;
    }

    @Override
    protected String settings() {
        return config.block() + ", depths=" + config.depths();
    }
}
