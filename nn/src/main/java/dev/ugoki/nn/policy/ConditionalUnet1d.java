package dev.ugoki.nn.policy;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Conv1d;
import dev.ugoki.nn.layer.ConvTranspose1d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.layer.SinusoidalEmbedding;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Diffusion Policy's network: convolutions along the chunk's time, halved and doubled again, each
 * block modulated by the denoising step and what was observed.
 *
 * <pre>{@code
 * ConditionalUnet1d unet =
 *         ConditionalUnet1d.Config.of(2, 40).withChannels(64, 128, 256).withStepWidth(64).build(key);
 * }</pre>
 *
 * <p>State names are LeRobot's: {@code diffusion_step_encoder}, {@code down_modules}, {@code
 * mid_modules}, {@code up_modules}, {@code final_conv}.
 *
 * <p>Source: Chi et al.: Diffusion policy (RSS 2023); the modulation is Perez et al.: FiLM (AAAI
 * 2018).
 */
public final class ConditionalUnet1d extends Module implements Denoiser {
    private static final Convolutions.Settings HALVING =
            Convolutions.Settings.DEFAULT.withStride(2).withPadding(1);

    /**
     * What it is built of.
     *
     * @param actions how many numbers an action has
     * @param conditioning how many numbers are observed
     * @param channels of each resolution, the full one first
     * @param kernel how many steps a convolution covers; odd
     * @param groups of the normalizations
     * @param stepWidth of the embedding of the denoising step
     * @param modulatesScale whether conditioning scales channels and shifts them, or only shifts
     */
    public record Config(
            int actions,
            int conditioning,
            List<Integer> channels,
            int kernel,
            int groups,
            int stepWidth,
            boolean modulatesScale) {
        public Config {
            channels = List.copyOf(channels);
            if (channels.isEmpty()) {
                throw new IllegalArgumentException(
                        "ConditionalUnet1d: needs channels for at least one resolution");
            }
            if (kernel < 1 || kernel % 2 == 0) {
                throw new IllegalArgumentException(
                        "ConditionalUnet1d: the kernel must be odd, and is " + kernel);
            }
        }

        /** LeRobot's defaults: 512, 1024, 2048 channels, kernel 5, 8 groups, step width 128. */
        public static Config of(int actions, int conditioning) {
            return new Config(actions, conditioning, List.of(512, 1024, 2048), 5, 8, 128, true);
        }

        public Config withChannels(Integer... value) {
            return new Config(
                    actions,
                    conditioning,
                    List.of(value),
                    kernel,
                    groups,
                    stepWidth,
                    modulatesScale);
        }

        public Config withKernel(int value) {
            return new Config(
                    actions, conditioning, channels, value, groups, stepWidth, modulatesScale);
        }

        public Config withGroups(int value) {
            return new Config(
                    actions, conditioning, channels, kernel, value, stepWidth, modulatesScale);
        }

        public Config withStepWidth(int value) {
            return new Config(
                    actions, conditioning, channels, kernel, groups, value, modulatesScale);
        }

        public Config withModulatesScale(boolean value) {
            return new Config(actions, conditioning, channels, kernel, groups, stepWidth, value);
        }

        public ConditionalUnet1d build(Key key) {
            return new ConditionalUnet1d(this, key);
        }
    }

    /** Convolution that keeps the length, normalization, mish. */
    private static final class ConvBlock extends Layer {
        private final Sequential block;

        ConvBlock(long in, long out, Config config, Key key) {
            var same = Convolutions.Settings.DEFAULT.withPadding(config.kernel() / 2);
            block =
                    child(
                            "block",
                            new Sequential(
                                    new Conv1d(in, out, config.kernel(), same, key),
                                    new GroupNorm(config.groups(), out),
                                    Activation.mish()));
        }

        @Override
        public Tensor apply(Tensor x) {
            return block.apply(x);
        }
    }

    /** Two convolution blocks around a residual, modulated after the first. */
    private static final class ResidualBlock extends Module {
        private final long out;
        private final boolean modulatesScale;
        private final ConvBlock conv1;
        private final Sequential conditioning;
        private final ConvBlock conv2;
        private final @Nullable Conv1d residual;

        ResidualBlock(long in, long out, Config config, Key key) {
            this.out = out;
            this.modulatesScale = config.modulatesScale();
            long width = config.stepWidth() + config.conditioning();
            conv1 = child("conv1", new ConvBlock(in, out, config, key.fold(0)));
            conditioning =
                    child(
                            "cond_encoder",
                            new Sequential(
                                    Activation.mish(),
                                    new Linear(
                                            width, modulatesScale ? 2 * out : out, key.fold(1))));
            conv2 = child("conv2", new ConvBlock(out, out, config, key.fold(2)));
            residual =
                    in == out
                            ? null
                            : child(
                                    "residual_conv",
                                    new Conv1d(
                                            in,
                                            out,
                                            1,
                                            Convolutions.Settings.DEFAULT,
                                            key.fold(3)));
        }

        Tensor apply(Tensor x, Tensor condition) {
            return Recomputation.through(in -> block(in[0], in[1]), x, condition);
        }

        private Tensor block(Tensor x, Tensor condition) {
            Tensor modulation = conditioning.apply(condition).unsqueeze(-1);
            Tensor h = conv1.apply(x);
            if (modulatesScale) {
                Tensor scale = modulation.slice(1, 0, out);
                h = h.mul(scale).add(modulation.slice(1, out, 2 * out));
            } else {
                h = h.add(modulation);
            }
            return conv2.apply(h).add(residual == null ? x : residual.apply(x));
        }
    }

    /** Two residual blocks at one resolution, and the way to the next one, if any. */
    private static final class Level extends Module {
        private final ResidualBlock first;
        private final ResidualBlock second;
        private final @Nullable Layer resize;

        Level(long in, long out, @Nullable Layer resize, Config config, Key key) {
            first = child("0", new ResidualBlock(in, out, config, key.fold(0)));
            second = child("1", new ResidualBlock(out, out, config, key.fold(1)));
            this.resize = resize == null ? null : child("2", resize);
        }

        Tensor apply(Tensor x, Tensor condition) {
            return second.apply(first.apply(x, condition), condition);
        }

        Tensor resized(Tensor x) {
            return resize == null ? x : resize.apply(x);
        }
    }

    private final Config config;
    private final Sequential stepEncoder;
    private final ModuleList<Level> down;
    private final ModuleList<ResidualBlock> middle;
    private final ModuleList<Level> up;
    private final Sequential last;

    private ConditionalUnet1d(Config config, Key key) {
        this.config = config;
        int width = config.stepWidth();
        Key stepKey = key.fold(0);
        stepEncoder =
                child(
                        "diffusion_step_encoder",
                        new Sequential(
                                SinusoidalEmbedding.ofWidth(width),
                                new Linear(width, 4L * width, stepKey.fold(0)),
                                Activation.mish(),
                                new Linear(4L * width, width, stepKey.fold(1))));
        down = child("down_modules", new ModuleList<>(downLevels(config, key.fold(1))));
        int deepest = config.channels().getLast();
        Key middleKey = key.fold(2);
        middle =
                child(
                        "mid_modules",
                        new ModuleList<>(
                                List.of(
                                        new ResidualBlock(
                                                deepest, deepest, config, middleKey.fold(0)),
                                        new ResidualBlock(
                                                deepest, deepest, config, middleKey.fold(1)))));
        up = child("up_modules", new ModuleList<>(upLevels(config, key.fold(3))));
        int full = config.channels().getFirst();
        Key lastKey = key.fold(4);
        last =
                child(
                        "final_conv",
                        new Sequential(
                                new ConvBlock(full, full, config, lastKey.fold(0)),
                                new Conv1d(
                                        full,
                                        config.actions(),
                                        1,
                                        Convolutions.Settings.DEFAULT,
                                        lastKey.fold(1))));
    }

    private static List<Level> downLevels(Config config, Key key) {
        List<Level> levels = new ArrayList<>();
        long in = config.actions();
        for (int i = 0; i < config.channels().size(); i++) {
            long out = config.channels().get(i);
            boolean deepest = i == config.channels().size() - 1;
            Key own = key.fold(i);
            Layer half = deepest ? null : new Conv1d(out, out, 3, HALVING, own.fold(2));
            levels.add(new Level(in, out, half, config, own));
            in = out;
        }
        return levels;
    }

    private static List<Level> upLevels(Config config, Key key) {
        List<Level> levels = new ArrayList<>();
        for (int i = config.channels().size() - 1; i > 0; i--) {
            long deep = config.channels().get(i);
            long out = config.channels().get(i - 1);
            Key own = key.fold(i);
            Layer twice = new ConvTranspose1d(out, out, 4, HALVING, own.fold(2));
            levels.add(new Level(2 * deep, out, twice, config, own));
        }
        return levels;
    }

    /**
     * As {@link Denoiser#apply}.
     *
     * @throws IllegalArgumentException if the chunk cannot be halved as often as there are
     *     resolutions below the first
     */
    @Override
    public Tensor apply(Tensor noisy, Tensor step, Tensor conditioning) {
        long length = noisy.extent(1);
        long halved = 1L << (config.channels().size() - 1);
        if (length % halved != 0) {
            throw new IllegalArgumentException(
                    "ConditionalUnet1d: a chunk of "
                            + length
                            + " actions cannot be halved "
                            + (config.channels().size() - 1)
                            + " times; make it a multiple of "
                            + halved);
        }
        Tensor condition = Tensor.concat(1, stepEncoder.apply(step), conditioning);
        Tensor x = noisy.transpose(1, 2);
        List<Tensor> skipped = new ArrayList<>();
        for (Level level : down) {
            Tensor y = level.apply(x, condition);
            skipped.add(y);
            x = level.resized(y);
        }
        for (ResidualBlock block : middle) {
            x = block.apply(x, condition);
        }
        // As in the original, the skip of the full resolution is never used.
        for (Level level : up) {
            x = level.apply(Tensor.concat(1, x, skipped.removeLast()), condition);
            x = level.resized(x);
        }
        return last.apply(x).transpose(1, 2);
    }
}
