package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A {@link ChunkPolicy} on observations: the vectors of all steps, and what a small encoder sees in
 * an image of the present step, become the one vector that it is conditioned on.
 *
 * <pre>{@code
 * ConditionedPolicy policy = new ConditionedPolicy(regression, 2, true);
 * Tensor loss = policy.loss(observations, actions, null, key.fold(step));
 * }</pre>
 *
 * <p>State {@code [n, steps, s]} and environment {@code [n, steps, e]}, without the dimension of
 * steps where there is one; an image {@code [n, 3, height, width]}. Where an image is seen, the
 * state dict has {@code encoder}, {@code policy} and maybe {@code auxiliary}; else it is that of
 * the policy.
 */
public final class ConditionedPolicy implements ObservationPolicy {
    /**
     * How an image is seen.
     *
     * @param channels of the encoder's convolutions; see {@link KeypointEncoder}
     * @param keypoints whose places are what is seen
     * @param auxiliaryWidth the keypoints also learn to tell so many numbers of the surroundings,
     *     which are known in training alone; 0 for nothing
     * @param auxiliaryWeight of the squared error of these in the loss
     */
    public record Vision(
            List<Integer> channels, int keypoints, int auxiliaryWidth, double auxiliaryWeight) {
        /** 16, 32, 32 channels, 16 keypoints, nothing beside. */
        public static final Vision DEFAULT = new Vision(List.of(16, 32, 32), 16, 0, 1);

        public Vision {
            channels = List.copyOf(channels);
        }

        /** With what is known of the surroundings in training learned too. */
        public Vision withAuxiliary(int width, double weight) {
            return new Vision(channels, keypoints, width, weight);
        }

        /** How many numbers an image becomes. */
        public int width() {
            return 2 * keypoints;
        }
    }

    private final ChunkPolicy policy;
    private final int steps;
    private final boolean environmentFirst;
    private final @Nullable KeypointEncoder encoder;
    private final @Nullable Linear auxiliary;
    private final double auxiliaryWeight;
    private final Module module;

    /**
     * A policy on vectors.
     *
     * @param steps how many are observed, the present one last
     * @param environmentFirst whether a step's environment comes before its state
     */
    public ConditionedPolicy(ChunkPolicy policy, int steps, boolean environmentFirst) {
        this.policy = policy;
        this.steps = steps;
        this.environmentFirst = environmentFirst;
        this.encoder = null;
        this.auxiliary = null;
        this.auxiliaryWeight = 0;
        this.module = policy;
    }

    /** A policy on vectors and an image of the present step. */
    public ConditionedPolicy(
            ChunkPolicy policy,
            int steps,
            boolean environmentFirst,
            Vision vision,
            int height,
            int width,
            Key key) {
        this.policy = policy;
        this.steps = steps;
        this.environmentFirst = environmentFirst;
        this.encoder =
                new KeypointEncoder(
                        vision.channels(), height, width, vision.keypoints(), key.fold(0));
        this.auxiliary =
                vision.auxiliaryWidth() == 0
                        ? null
                        : new Linear(vision.width(), vision.auxiliaryWidth(), key.fold(1));
        this.auxiliaryWeight = vision.auxiliaryWeight();
        Branch branch = Branch.of("encoder", encoder).with("policy", policy);
        this.module = auxiliary == null ? branch : branch.with("auxiliary", auxiliary);
    }

    /** What predicts, on normalized vectors. */
    public ChunkPolicy policy() {
        return policy;
    }

    @Override
    public Module module() {
        return module;
    }

    @Override
    public int chunkLength() {
        return policy.chunkLength();
    }

    @Override
    public int firstAction() {
        return steps - 1;
    }

    @Override
    public int actionSize() {
        return policy.actionSize();
    }

    /** What is seen in the images: the places of keypoints, {@code [n, 2 * keypoints]}. */
    public Tensor seen(Observations observations) {
        if (encoder == null) {
            throw new IllegalStateException("policy: it sees no images");
        }
        return encoder.apply(observations.requiredImages("policy", 1).getFirst());
    }

    /** What the policy is conditioned on: {@code [n, c]}. */
    public Tensor conditioning(Observations observations) {
        return encoder == null
                ? vectors(observations)
                : Tensor.concat(1, vectors(observations), seen(observations));
    }

    /** Step after step, the vectors of each one after the other. */
    private Tensor vectors(Observations observations) {
        List<Tensor> parts = new ArrayList<>();
        Tensor state = observations.state();
        // Where it is only learned to be told, it is not there when the policy acts.
        Tensor environment = auxiliary == null ? observations.environment() : null;
        for (Tensor part :
                environmentFirst
                        ? new @Nullable Tensor[] {environment, state}
                        : new @Nullable Tensor[] {state, environment}) {
            if (part != null) {
                parts.add(part);
            }
        }
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("policy: needs a vector beside images");
        }
        Tensor all = parts.size() == 1 ? parts.getFirst() : joined(parts);
        return steps == 1 ? all : all.reshape(all.extent(0), steps * all.extent(2));
    }

    private static Tensor joined(List<Tensor> parts) {
        return Tensor.concat(parts.getFirst().rank() - 1, parts.toArray(Tensor[]::new));
    }

    /**
     * The loss of the policy; where something of the surroundings is learned beside, {@code
     * environment}, {@code [n, width]} of the present step, is what.
     */
    @Override
    public Tensor loss(
            Observations observations, Tensor actions, @Nullable Tensor padding, Key key) {
        if (encoder == null || auxiliary == null) {
            return policy.loss(new Chunks(conditioning(observations), actions, padding), key);
        }
        Tensor seen = seen(observations);
        Tensor conditioning = Tensor.concat(1, vectors(observations), seen);
        Tensor told = auxiliary.apply(seen);
        Tensor known = observations.requiredEnvironment("policy");
        return policy.loss(new Chunks(conditioning, actions, padding), key)
                .add(Losses.mse(told, known, Reduction.MEAN).mul(auxiliaryWeight));
    }

    @Override
    public Tensor sample(Observations observations, Key key) {
        Tensor conditioning = Autograd.noGrad(() -> conditioning(observations));
        return policy.sample(conditioning, key);
    }

    /**
     * Chunks that begin as {@code noise [n, length, actions]}.
     *
     * @throws IllegalArgumentException if the policy starts from no noise
     */
    public Tensor sample(Observations observations, Tensor noise) {
        if (policy instanceof FlowPolicy flow) {
            return flow.sample(Autograd.noGrad(() -> conditioning(observations)), noise);
        }
        throw new IllegalArgumentException(
                "policy: %s starts from no noise".formatted(policy.getClass().getSimpleName()));
    }
}
