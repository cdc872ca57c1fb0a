package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;

import java.util.Arrays;
import java.util.Locale;

/** The policies that the main job trains. */
public enum PolicyKind {
    /**
     * A residual MLP that predicts chunks at once: the quickest to learn, and to act. With one
     * hypothesis it stands still for good from some start states, where two ways part.
     */
    L1(
            TrainedPolicy.config(
                    NetworkConfig.Regression.DEFAULT.withHypotheses(
                            new RegressionPolicy.Hypotheses(4, 0.1)))),
    /**
     * The same network with flow matching: it draws one of several ways. Absolute errors and the
     * median of several draws bring the block closer to its goal than squared ones and one draw.
     */
    FLOW(TrainedPolicy.config(NetworkConfig.Flow.DEFAULT.withFlow(precise(16)))),
    /** Diffusion Policy's convolutional network with flow matching: slow on a CPU. */
    UNET(TrainedPolicy.config(NetworkConfig.Unet.DEFAULT.withFlow(precise(5)))),
    /**
     * A few convolutions see where the block is, in an image of 96 by 96 pixels; the disc's place
     * is told. In training the keypoints that it looks for also learn to tell the block's. Images
     * cost more than the network behind them, so each is learned from with several noises.
     */
    IMAGE(
            ImagePolicy.config(
                    NetworkConfig.Flow.DEFAULT.withFlow(precise(16).withNoises(4)),
                    ConditionedPolicy.Vision.DEFAULT.withAuxiliary(2 * TBlock.KEYPOINTS, 1)));

    private final PolicyConfig config;

    private static FlowPolicy.Config precise(int draws) {
        return FlowPolicy.Config.DEFAULT.withSteps(5).withDraws(draws).withLoss(FlowPolicy.Loss.L1);
    }

    PolicyKind(PolicyConfig config) {
        this.config = config;
    }

    /** What it sees and says, and its network with its usual sizes. */
    public PolicyConfig config() {
        return config;
    }

    /** Whether it sees images. */
    public boolean isOnImages() {
        return !config.images().isEmpty();
    }

    /** The one of a name, in small letters. */
    static PolicyKind of(String name) {
        for (PolicyKind kind : values()) {
            if (kind.label().equals(name)) {
                return kind;
            }
        }
        throw new IllegalArgumentException(
                "--policy %s: must be one of %s"
                        .formatted(name, Arrays.stream(values()).map(PolicyKind::label).toList()));
    }

    /** Its name in small letters. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
