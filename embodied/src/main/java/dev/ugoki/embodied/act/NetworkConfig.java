package dev.ugoki.embodied.act;

import dev.ugoki.nn.policy.ChunkPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.nn.policy.ResidualMlp;
import dev.ugoki.tensor.Key;

import java.util.List;

/** The network of a policy and what it is trained for. */
public sealed interface NetworkConfig {
    /**
     * A residual MLP that predicts the chunk at once, trained for the absolute error.
     *
     * @param dropout inside its blocks
     * @param hypotheses how many chunks it predicts, of which the likeliest is carried out
     */
    record Regression(int width, int blocks, double dropout, RegressionPolicy.Hypotheses hypotheses)
            implements NetworkConfig {
        /** 512 wide, 4 blocks. */
        public static final Regression DEFAULT = new Regression(512, 4);

        /** One hypothesis. */
        public Regression(int width, int blocks, double dropout) {
            this(width, blocks, dropout, RegressionPolicy.Hypotheses.ONE);
        }

        /** One hypothesis, without dropout. */
        public Regression(int width, int blocks) {
            this(width, blocks, 0);
        }

        /** The same network with several hypotheses. */
        public Regression withHypotheses(RegressionPolicy.Hypotheses value) {
            return new Regression(width, blocks, dropout, value);
        }
    }

    /**
     * A residual MLP that learns the velocity of flow matching.
     *
     * @param dropout inside its blocks
     * @param flow how it is trained and sampled
     */
    record Flow(int width, int blocks, int stepWidth, double dropout, FlowPolicy.Config flow)
            implements NetworkConfig {
        /** 512 wide, 4 blocks, sampled in 10 steps. */
        public static final Flow DEFAULT = new Flow(512, 4, 128, FlowPolicy.Config.DEFAULT);

        /** Without dropout. */
        public Flow(int width, int blocks, int stepWidth, FlowPolicy.Config flow) {
            this(width, blocks, stepWidth, 0, flow);
        }

        /** The same network, trained and sampled otherwise. */
        public Flow withFlow(FlowPolicy.Config value) {
            return new Flow(width, blocks, stepWidth, dropout, value);
        }
    }

    /**
     * Diffusion Policy's convolutional network, which learns the velocity of flow matching.
     *
     * @param channels of each resolution, the full one first; the chunk's length must be divisible
     *     by 2 for each but the first
     * @param flow how it is trained and sampled
     */
    record Unet(
            List<Integer> channels, int kernel, int groups, int stepWidth, FlowPolicy.Config flow)
            implements NetworkConfig {
        /** 64, 128, 256 channels: small enough to learn on a few cores. */
        public static final Unet DEFAULT =
                new Unet(List.of(64, 128, 256), 5, 8, 64, FlowPolicy.Config.DEFAULT);

        public Unet {
            channels = List.copyOf(channels);
        }

        /** The same network, trained and sampled otherwise. */
        public Unet withFlow(FlowPolicy.Config value) {
            return new Unet(channels, kernel, groups, stepWidth, value);
        }
    }

    /**
     * The network with fresh weights.
     *
     * @param conditioning how many numbers are observed
     * @param length actions of a chunk
     * @param actions numbers of an action
     */
    default ChunkPolicy build(int conditioning, int length, int actions, Key key) {
        return switch (this) {
            case Regression regression ->
                    new RegressionPolicy(
                            ResidualMlp.Config.of(
                                            conditioning,
                                            regression.hypotheses().outputs(length * actions))
                                    .withWidth(regression.width())
                                    .withBlocks(regression.blocks())
                                    .withDropout(regression.dropout())
                                    .build(key),
                            length,
                            actions,
                            regression.hypotheses());
            case Flow flow ->
                    new FlowPolicy(
                            ResidualMlp.Config.ofDenoiser(conditioning, length * actions)
                                    .withWidth(flow.width())
                                    .withBlocks(flow.blocks())
                                    .withStepWidth(flow.stepWidth())
                                    .withDropout(flow.dropout())
                                    .build(key),
                            length,
                            actions,
                            flow.flow());
            case Unet unet ->
                    new FlowPolicy(
                            ConditionalUnet1d.Config.of(actions, conditioning)
                                    .withChannels(unet.channels().toArray(Integer[]::new))
                                    .withKernel(unet.kernel())
                                    .withGroups(unet.groups())
                                    .withStepWidth(unet.stepWidth())
                                    .build(key),
                            length,
                            actions,
                            unet.flow());
        };
    }
}
