package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Small policies of each kind, with a loss: what training is tried on. */
public final class PolicyNetworks {
    private static final Key KEY = Key.of(5);
    private static final int COUNT = 8;

    private PolicyNetworks() {}

    /**
     * A policy.
     *
     * @param module its parameters
     * @param computed its loss on a batch that stays
     */
    public record Case(String name, Module module, Supplier<Tensor> computed) {
        /** The loss; what is drawn is the same each time. */
        public Tensor loss() {
            return RandomScope.call(KEY, computed);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** All of them. */
    public static Stream<Case> all() {
        return Stream.of(mlp(0), unet(), act(), eyes());
    }

    private static Tensor numbers(long key, long... shape) {
        return Random.normal(KEY.fold(key), DType.F32, shape);
    }

    /** A residual MLP that learns flow matching. */
    public static Case mlp(double dropout) {
        ResidualMlp network =
                ResidualMlp.Config.ofDenoiser(6, 8 * 2)
                        .withWidth(64)
                        .withBlocks(4)
                        .withStepWidth(8)
                        .withDropout(dropout)
                        .build(KEY);
        FlowPolicy policy = new FlowPolicy(network, 8, 2, FlowPolicy.Config.DEFAULT);
        Chunks chunks = Chunks.of(numbers(1, COUNT, 6), numbers(2, COUNT, 8, 2));
        return new Case("mlp", policy, () -> policy.loss(chunks, KEY));
    }

    private static Case unet() {
        ConditionalUnet1d network =
                ConditionalUnet1d.Config.of(2, 6)
                        .withChannels(16, 32)
                        .withGroups(4)
                        .withStepWidth(8)
                        .build(KEY);
        FlowPolicy policy = new FlowPolicy(network, 8, 2, FlowPolicy.Config.DEFAULT);
        Chunks chunks = Chunks.of(numbers(1, COUNT, 6), numbers(2, COUNT, 8, 2));
        return new Case("unet", policy, () -> policy.loss(chunks, KEY));
    }

    private static Case act() {
        ActPolicy policy =
                ActPolicy.Config.of(6, 2)
                        .withChunk(8)
                        .withLayers(
                                new ActPolicy.Layers(
                                        32, 4, 64, ActPolicy.Nonlinearity.RELU, 2, 1, false, 0))
                        .withVae(new ActPolicy.Vae(true, 4, 2, 10))
                        .build(KEY);
        Observations seen = Observations.ofState(numbers(1, COUNT, 6));
        Tensor actions = numbers(2, COUNT, 8, 2);
        return new Case("act", policy.module(), () -> policy.loss(seen, actions, null, KEY));
    }

    private static Case eyes() {
        ConditionedPolicy.Vision vision =
                new ConditionedPolicy.Vision(List.of(8, 8, 16), 4, 3, 0.5);
        ResidualMlp network =
                ResidualMlp.Config.of(2 * 6 + vision.width(), 8 * 2)
                        .withWidth(32)
                        .withBlocks(1)
                        .build(KEY);
        ConditionedPolicy policy =
                new ConditionedPolicy(
                        new RegressionPolicy(network, 8, 2), 2, false, vision, 24, 20, KEY);
        Observations seen =
                Observations.ofState(numbers(1, COUNT, 2, 6))
                        .withEnvironment(numbers(3, COUNT, 3))
                        .withImages(Random.uniform(KEY.fold(4), DType.F32, COUNT, 3, 24, 20));
        Tensor actions = numbers(2, COUNT, 8, 2);
        return new Case("eyes", policy.module(), () -> policy.loss(seen, actions, null, KEY));
    }
}
