package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A learned policy that pushes the T by what it sees: an image of the present step, rendered, and
 * where the disc is and was. It is told nothing of the block.
 */
public final class ImagePolicy implements ChunkPolicy {
    /** What it sees. */
    static final String IMAGE = "observation.image";

    private static final int OBSERVATION_STEPS = 2;
    private static final int HORIZON = 16;
    private static final int ACTION_STEPS = 8;

    private final RobotPolicy policy;

    /**
     * @throws IllegalArgumentException if the policy sees or says something else than this task has
     */
    public ImagePolicy(RobotPolicy policy) {
        if (!sees(policy)) {
            throw new IllegalArgumentException(
                    "this policy is for another task: it sees %s and says %s"
                            .formatted(policy.config().inputs(), policy.config().action()));
        }
        this.policy = policy;
    }

    /** Whether a policy sees this task's images. */
    static boolean sees(RobotPolicy policy) {
        return policy.config().inputs().equals(inputs())
                && policy.config().action().equals(PolicyFeature.action(PushTData.ACTION, 2));
    }

    private static List<PolicyFeature> inputs() {
        int side = PushTRenderer.OBSERVATION_SIDE;
        return List.of(
                PolicyFeature.state(PushTData.AGENT, 2), PolicyFeature.image(IMAGE, side, side));
    }

    /** What is learned: chunks of 16 positions relative to the disc, of which 8 are carried out. */
    static PolicyConfig config(NetworkConfig network, ConditionedPolicy.Vision vision) {
        Map<PolicyFeature.Kind, Normalization> modes = new EnumMap<>(PolicyFeature.Kind.class);
        modes.put(PolicyFeature.Kind.STATE, Normalization.MIN_MAX);
        return PolicyConfig.of(
                        inputs(),
                        PolicyFeature.action(PushTData.ACTION, 2),
                        modes,
                        ACTION_STEPS,
                        new PolicyNetwork.Chunk(
                                OBSERVATION_STEPS, HORIZON, network, Optional.of(vision)))
                .withActionsRelativeTo(PushTData.AGENT);
    }

    /** What a policy gets of an observation, by the features' names. */
    static Map<String, Tensor> observed(Observation observation) {
        PushTState before = observation.previous();
        PushTState now = observation.current();
        float[] agent = {
            (float) before.agentX(),
            (float) before.agentY(),
            (float) now.agentX(),
            (float) now.agentY()
        };
        Map<String, Tensor> seen = new LinkedHashMap<>();
        seen.put(PushTData.AGENT, Tensor.of(agent, 1, OBSERVATION_STEPS, 2));
        seen.put(IMAGE, PushTImages.tensor(now));
        return seen;
    }

    @Override
    public float[] act(Observation observation) {
        try (TensorScope _ = TensorScope.open()) {
            Key key = Key.of(observation.seed()).fold(observation.step());
            return policy.predict(observed(observation), key).contiguous().toFloatArray();
        }
    }
}
