package dev.ugoki.nn.policy;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.layer.SinusoidalEmbedding;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A small network for vectors: {@code h = input(x) [+ step embedding]}, then blocks {@code h = h +
 * down(silu(up(norm(h))))}, then {@code output(norm(h))}.
 *
 * <pre>{@code
 * ResidualMlp regression = ResidualMlp.Config.of(40, 16 * 2).build(key);
 * ResidualMlp denoiser = ResidualMlp.Config.ofDenoiser(40, 16 * 2).build(key);
 * }</pre>
 *
 * <p>As a denoiser it takes the conditioning and the chunk in one vector. The last weight of each
 * block starts at three tenths of its usual size, so that blocks change little at first.
 */
public final class ResidualMlp extends Layer implements Denoiser {
    private static final double FIRST_SIZE_OF_BLOCKS = 0.3;

    /**
     * What it is built of.
     *
     * @param inputs how many numbers go in
     * @param outputs how many come out
     * @param width of what is between
     * @param blocks how many
     * @param stepWidth of the sinusoidal embedding of the denoising step, or 0 without one
     * @param dropout inside of blocks
     */
    public record Config(
            int inputs, int outputs, int width, int blocks, int stepWidth, double dropout) {
        /** Without dropout. */
        public Config(int inputs, int outputs, int width, int blocks, int stepWidth) {
            this(inputs, outputs, width, blocks, stepWidth, 0);
        }

        /** Without a step, 512 wide, 4 blocks. */
        public static Config of(int inputs, int outputs) {
            return new Config(inputs, outputs, 512, 4, 0, 0);
        }

        /** For chunks of {@code chunk} numbers, 512 wide, 4 blocks, a step embedding of 128. */
        public static Config ofDenoiser(int conditioning, int chunk) {
            return new Config(conditioning + chunk, chunk, 512, 4, 128, 0);
        }

        public Config withWidth(int value) {
            return new Config(inputs, outputs, value, blocks, stepWidth, dropout);
        }

        public Config withBlocks(int value) {
            return new Config(inputs, outputs, width, value, stepWidth, dropout);
        }

        public Config withStepWidth(int value) {
            return new Config(inputs, outputs, width, blocks, value, dropout);
        }

        public Config withDropout(double value) {
            return new Config(inputs, outputs, width, blocks, stepWidth, value);
        }

        public ResidualMlp build(Key key) {
            return new ResidualMlp(this, key);
        }
    }

    private static final class Block extends Module {
        private final LayerNorm norm;
        private final Linear up;
        private final Linear down;
        private final Dropout dropout;

        Block(int width, double probability, Key key) {
            norm = child("norm", new LayerNorm(width));
            up = child("up", new Linear(width, width, key.fold(0)));
            Key last = key.fold(1);
            Tensor weight = Init.fanIn(last.fold(0), width, width, width);
            Tensor bias = Init.fanIn(last.fold(1), width, width);
            down = child("down", new Linear(weight.mul(FIRST_SIZE_OF_BLOCKS), bias));
            dropout = child("dropout", new Dropout(probability));
        }

        Tensor apply(Tensor h) {
            return h.add(down.apply(dropout.apply(up.apply(norm.apply(h)).silu())));
        }
    }

    private final Linear input;
    private final @Nullable Sequential step;
    private final ModuleList<Block> blocks;
    private final LayerNorm norm;
    private final Linear output;

    private ResidualMlp(Config config, Key key) {
        int width = config.width();
        input = child("input", new Linear(config.inputs(), width, key.fold(0)));
        step = config.stepWidth() == 0 ? null : child("step", stepEncoder(config, key.fold(1)));
        List<Block> list = new ArrayList<>();
        Key blockKey = key.fold(2);
        for (int i = 0; i < config.blocks(); i++) {
            list.add(new Block(width, config.dropout(), blockKey.fold(i)));
        }
        blocks = child("blocks", new ModuleList<>(list));
        norm = child("norm", new LayerNorm(width));
        output = child("output", new Linear(width, config.outputs(), key.fold(3)));
    }

    private static Sequential stepEncoder(Config config, Key key) {
        int width = config.width();
        return new Sequential(
                SinusoidalEmbedding.ofWidth(config.stepWidth()),
                new Linear(config.stepWidth(), width, key.fold(0)),
                Activation.silu(),
                new Linear(width, width, key.fold(1)));
    }

    /** {@code [n, inputs] -> [n, outputs]}, for a network without a step. */
    @Override
    public Tensor apply(Tensor x) {
        if (step != null) {
            throw new IllegalStateException(
                    "ResidualMlp: it was built with a step embedding; call apply(x, step)");
        }
        return through(input.apply(x));
    }

    /** {@code [n, inputs], [n] -> [n, outputs]}, for a network with a step. */
    public Tensor apply(Tensor x, Tensor steps) {
        if (step == null) {
            throw new IllegalStateException(
                    "ResidualMlp: it was built without a step embedding; set stepWidth");
        }
        return through(input.apply(x).add(step.apply(steps)));
    }

    private Tensor through(Tensor first) {
        Tensor h = first;
        for (Block block : blocks) {
            h = Recomputation.through(in -> block.apply(in[0]), h);
        }
        return output.apply(norm.apply(h));
    }

    @Override
    public Tensor apply(Tensor noisy, Tensor steps, Tensor conditioning) {
        Tensor flat = noisy.reshape(noisy.extent(0), noisy.extent(1) * noisy.extent(2));
        return apply(Tensor.concat(1, conditioning, flat), steps).reshape(noisy.shape());
    }
}
