package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Statistics;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

/**
 * Flow matching: the network learns the velocity that carries noise to actions along straight
 * lines, and sampling follows it. At time 1 a chunk is noise, at time 0 it is actions:
 *
 * <pre>
 * x_t = t * noise + (1 - t) * actions,   loss = mean |network(x_t, t) - (noise - actions)|^2
 * sampling: x_1 ~ N(0, 1), then x -= network(x, t) / steps for t = 1, 1 - 1/steps, ..., 1/steps
 * </pre>
 *
 * <p>Source: Lipman et al.: Flow matching for generative modeling (ICLR 2023), with the convention
 * of time and the distribution of pi0 (Black et al., 2024).
 */
public final class FlowPolicy extends ChunkPolicy {
    /** How far a predicted velocity is from the right one. */
    public enum Loss {
        /** The squared difference: chunks follow the demonstrations' distribution. */
        MSE,

        /**
         * The absolute difference, as a regression's: slow movements, which squares make light of,
         * count as much as fast ones, so a robot comes to rest closer to where it should. Chunks
         * vary less than the demonstrations.
         */
        L1
    }

    /**
     * How it is trained and sampled.
     *
     * @param steps of sampling
     * @param timePower times are {@code u^timePower}, u even from 0 to 1: below 1, more noise
     * @param timeScale what the network gets as its step is {@code timeScale * t}
     * @param draws chunks that are drawn for an observation: the actions are their median, each
     *     number for itself. More than one trades variety for precision; where demonstrations go
     *     several ways at once, one is right
     * @param loss of the velocity
     * @param noises in training, at how many times and with how much noise a sample is learned at
     *     once: more than one where what is observed costs more than the network, such as images
     */
    public record Config(
            int steps, double timePower, double timeScale, int draws, Loss loss, int noises) {
        /**
         * Ten steps, times of Beta(1.5, 1), scaled to 0 .. 100, one draw, squared errors, one
         * noise.
         */
        public static final Config DEFAULT = new Config(10, 1 / 1.5, 100, 1, Loss.MSE, 1);

        public Config {
            if (steps < 1 || !(timePower > 0) || draws < 1 || noises < 1) {
                throw new IllegalArgumentException(
                        "flow: needs at least one step, a power above 0, a draw and a noise; has"
                                + " %d, %s, %d, %d".formatted(steps, timePower, draws, noises));
            }
        }

        public Config withSteps(int value) {
            return new Config(value, timePower, timeScale, draws, loss, noises);
        }

        public Config withTimePower(double value) {
            return new Config(steps, value, timeScale, draws, loss, noises);
        }

        public Config withDraws(int value) {
            return new Config(steps, timePower, timeScale, value, loss, noises);
        }

        public Config withLoss(Loss value) {
            return new Config(steps, timePower, timeScale, draws, value, noises);
        }

        public Config withNoises(int value) {
            return new Config(steps, timePower, timeScale, draws, loss, value);
        }
    }

    private final Denoiser network;
    private final Config config;

    /**
     * A policy that learns a velocity.
     *
     * @param <D> a network that is a module too
     */
    public <D extends Module & Denoiser> FlowPolicy(
            D network, int length, int actions, Config config) {
        super(length, actions);
        this.network = child("network", network);
        this.config = config;
    }

    @Override
    public Tensor loss(Chunks chunks, Key key) {
        check(chunks);
        Chunks all = chunks.repeated(config.noises());
        DType dtype = all.actions().dtype();
        Tensor noise = Random.normal(key.fold(0), dtype, all.actions().shape().toArray());
        Tensor even = Random.uniform(key.fold(1), dtype, all.actions().extent(0));
        return loss(all, noise, even.pow(config.timePower()));
    }

    /**
     * The loss for given draws.
     *
     * @param noise of the actions' type
     * @param times {@code [n]}
     */
    public Tensor loss(Chunks chunks, Tensor noise, Tensor times) {
        Tensor actions = chunks.actions();
        Tensor velocity = noise.sub(actions);
        Tensor noisy = actions.add(times.reshape(times.extent(0), 1, 1).mul(velocity));
        Tensor predicted =
                network.apply(noisy, times.mul(config.timeScale()), chunks.conditioning());
        return chunks.mean(
                switch (config.loss()) {
                    case MSE -> Losses.mse(predicted, velocity, Reduction.NONE);
                    case L1 -> Losses.l1(predicted, velocity, Reduction.NONE);
                });
    }

    /** How it is trained and sampled. */
    public Config config() {
        return config;
    }

    @Override
    public Tensor sample(Tensor conditioning, Key key) {
        return sample(
                conditioning,
                Random.normal(
                        key,
                        conditioning.dtype(),
                        conditioning.extent(0) * config.draws(),
                        chunkLength(),
                        actionSize()));
    }

    /**
     * Chunks that begin as {@code noise [n * draws, length, actions]}: of the draws for an
     * observation, which are next to each other, the median.
     */
    public Tensor sample(Tensor conditioning, Tensor noise) {
        return Autograd.noGrad(
                () -> {
                    Tensor each = Indexing.repeatInterleave(conditioning, config.draws(), 0);
                    return median(drawn(each, noise));
                });
    }

    private Tensor drawn(Tensor conditioning, Tensor noise) {
        Tensor x = noise;
        for (int step = 0; step < config.steps(); step++) {
            x = advance(x, 1 - step / (double) config.steps(), conditioning);
        }
        return x;
    }

    private Tensor median(Tensor chunks) {
        int draws = config.draws();
        return draws == 1
                ? chunks
                : Statistics.median(
                        chunks.reshape(-1, draws, chunkLength(), actionSize()), 1, false);
    }

    /**
     * Chunks that begin as {@code noise} and agree with {@code previous}, what is left of the
     * chunks before, as strongly as {@code weights} says: real-time chunking. They are bound to
     * those, so one draw is enough.
     *
     * @param previous {@code [n, length, actions]}, normalized; behind what is left, its last
     *     action
     * @param weights {@code [length]}, 1 where a chunk must agree, 0 where it is free
     */
    public Tensor sample(
            Tensor conditioning,
            Tensor noise,
            Tensor previous,
            Tensor weights,
            FlowGuidance guidance) {
        Tensor perAction = weights.reshape(1, chunkLength(), 1);
        Tensor x = noise.detach();
        for (int step = 0; step < config.steps(); step++) {
            double time = 1 - step / (double) config.steps();
            Tensor from = x;
            try (TensorScope scope = TensorScope.open()) {
                Tensor velocity =
                        guidance.guided(
                                noisy -> velocity(noisy, time, conditioning),
                                from,
                                time,
                                previous,
                                perAction);
                x = scope.keep(from.sub(velocity.mul(1.0 / config.steps())));
            }
        }
        return x;
    }

    private Tensor advance(Tensor x, double time, Tensor conditioning) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor velocity = velocity(x, time, conditioning);
            return scope.keep(x.sub(velocity.mul(1.0 / config.steps())));
        }
    }

    private Tensor velocity(Tensor x, double time, Tensor conditioning) {
        Tensor step = Tensor.full(x.dtype(), Shape.of(x.extent(0)), time * config.timeScale());
        return network.apply(x, step, conditioning);
    }
}
