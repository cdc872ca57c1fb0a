package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.tensor.Key;

import java.util.List;

/** A learned policy that pushes the T. */
public final class TrainedPolicy implements ChunkPolicy {
    private static final int OBSERVATION_STEPS = 2;
    private static final int HORIZON = 16;
    private static final int ACTION_STEPS = 8;

    private final RobotPolicy policy;

    /**
     * @throws IllegalArgumentException if the policy sees or says something else than this task has
     */
    public TrainedPolicy(RobotPolicy policy) {
        PolicyConfig expected = config(NetworkConfig.Regression.DEFAULT);
        PolicyConfig found = policy.config();
        if (!found.inputs().equals(expected.inputs())
                || !found.action().equals(expected.action())
                || found.observationSteps() > OBSERVATION_STEPS) {
            throw new IllegalArgumentException(
                    "this policy is for another task: it sees %d steps of %s and says %s; PushT has"
                                    .formatted(
                                            found.observationSteps(),
                                            found.inputs(),
                                            found.action())
                            + " "
                            + OBSERVATION_STEPS
                            + " steps of "
                            + expected.inputs()
                            + " and "
                            + expected.action());
        }
        this.policy = policy;
    }

    /** What is learned: chunks of 16 positions relative to the disc, of which 8 are carried out. */
    public static PolicyConfig config(NetworkConfig network) {
        return PolicyConfig.of(
                        List.of(
                                PolicyFeature.environment(
                                        PushTData.KEYPOINTS, 2 * TBlock.KEYPOINTS),
                                PolicyFeature.state(PushTData.AGENT, 2)),
                        PolicyFeature.action(PushTData.ACTION, 2),
                        Normalization.MIN_MAX,
                        ACTION_STEPS,
                        new PolicyNetwork.Chunk(OBSERVATION_STEPS, HORIZON, network))
                .withActionsRelativeTo(PushTData.AGENT);
    }

    @Override
    public float[] act(Observation observation) {
        int steps = policy.config().observationSteps();
        float[] window = new float[steps * PushTState.FEATURES];
        observation.current().features(window, (steps - 1) * PushTState.FEATURES);
        if (steps == OBSERVATION_STEPS) {
            observation.previous().features(window, 0);
        }
        return policy.act(window, Key.of(observation.seed()).fold(observation.step()));
    }
}
