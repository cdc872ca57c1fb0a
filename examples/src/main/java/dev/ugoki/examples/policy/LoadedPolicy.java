package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.LeRobotFeature;
import dev.ugoki.embodied.act.LeRobotPolicy;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.nn.policy.TemporalEnsembler;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A policy out of a checkpoint of any kind that is known. */
sealed interface LoadedPolicy {
    /** Loads a {@code pretrained_model} folder. */
    static LoadedPolicy load(Path folder) throws IOException {
        return LeRobotPolicy.reads(folder)
                ? new OfLeRobot(LeRobotPolicy.load(folder))
                : new Own(RobotPolicy.load(folder));
    }

    /** The names of what it sees. */
    List<String> inputs();

    /** The name of what it predicts. */
    String action();

    /** How many steps it sees, the present one last. */
    int observationSteps();

    /** How many actions are carried out before it predicts again. */
    int actionSteps();

    /** What averages its chunks, one for each frame, where it is to be used so. */
    Optional<TemporalEnsembler> newEnsembler();

    /** In words. */
    String describe();

    /**
     * The actions to come, {@code [n, k, width]}, in the robot's units.
     *
     * @param observations by name: {@code [n, ..]}, or {@code [n, steps, ..]} where it sees several
     * @param startNoise that it begins with; null to draw it
     */
    Tensor predict(Map<String, Tensor> observations, @Nullable Tensor startNoise, Key key);

    /** ACT, Diffusion Policy. */
    record OfLeRobot(LeRobotPolicy policy) implements LoadedPolicy {
        @Override
        public List<String> inputs() {
            return policy.config().inputs().stream().map(LeRobotFeature::name).toList();
        }

        @Override
        public String action() {
            return policy.config().action().name();
        }

        @Override
        public int observationSteps() {
            return policy.config().network().observationSteps();
        }

        @Override
        public int actionSteps() {
            return policy.config().actionSteps();
        }

        @Override
        public Optional<TemporalEnsembler> newEnsembler() {
            return policy.newEnsembler();
        }

        @Override
        public String describe() {
            return policy.config().network().type();
        }

        @Override
        public Tensor predict(
                Map<String, Tensor> observations, @Nullable Tensor startNoise, Key key) {
            return policy.predict(observations, startNoise, key);
        }
    }

    /** The project's own. */
    record Own(RobotPolicy policy) implements LoadedPolicy {
        @Override
        public List<String> inputs() {
            return policy.config().inputs().stream().map(PolicyFeature::name).toList();
        }

        @Override
        public String action() {
            return policy.config().action().name();
        }

        @Override
        public int observationSteps() {
            return policy.config().observationSteps();
        }

        @Override
        public int actionSteps() {
            return policy.config().actionSteps();
        }

        @Override
        public Optional<TemporalEnsembler> newEnsembler() {
            return Optional.empty();
        }

        @Override
        public String describe() {
            return policy.config().network().toString();
        }

        @Override
        public Tensor predict(
                Map<String, Tensor> observations, @Nullable Tensor startNoise, Key key) {
            if (startNoise != null) {
                throw new UnsupportedOperationException(
                        "this policy draws its noise of a key, and takes none");
            }
            int count = -1;
            int steps = observationSteps();
            for (PolicyFeature input : policy.config().inputs()) {
                Tensor seen = observations.get(input.name());
                if (seen == null) {
                    throw new IllegalArgumentException(
                            "the policy sees '%s', and only %s was observed"
                                    .formatted(input.name(), observations.keySet()));
                }
                count = Math.toIntExact(seen.extent(0));
            }
            float[] all = new float[0];
            for (int sample = 0; sample < count; sample++) {
                float[] chosen = policy.act(window(observations, sample, steps), key.fold(sample));
                all = Arrays.copyOf(all, all.length + chosen.length);
                System.arraycopy(chosen, 0, all, all.length - chosen.length, chosen.length);
            }
            return Tensor.of(all, count, actionSteps(), policy.config().action().width());
        }

        private float[] window(Map<String, Tensor> observations, int sample, int steps) {
            float[] window = new float[policy.config().conditioningWidth()];
            int frame = policy.config().frameWidth();
            int offset = 0;
            for (PolicyFeature input : policy.config().inputs()) {
                Tensor seen = observations.get(input.name());
                if (seen == null) {
                    throw new AssertionError(input);
                }
                float[] vectors = seen.select(0, sample).contiguous().toFloatArray();
                for (int step = 0; step < steps; step++) {
                    System.arraycopy(
                            vectors,
                            step * input.width(),
                            window,
                            step * frame + offset,
                            input.width());
                }
                offset += input.width();
            }
            return window;
        }
    }
}
