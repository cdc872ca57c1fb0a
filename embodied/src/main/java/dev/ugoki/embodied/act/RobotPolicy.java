package dev.ugoki.embodied.act;

import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.ObservationPolicy;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.nn.policy.TemporalEnsembler;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A policy with its scales: what was observed in the robot's own units in, a chunk of actions in
 * the same units out. It reads and writes the folders that LeRobot does, those of today and those
 * before the processors.
 *
 * <pre>{@code
 * RobotPolicy policy = RobotPolicy.load(Path.of("checkpoints/last/pretrained_model"));
 * Tensor actions = policy.predict(Map.of("observation.state", state), Key.of(seed));
 * }</pre>
 *
 * <p>Observations by the names of the features: vectors {@code [n, width]}, images {@code [n, 3,
 * height, width]} from 0 to 1; where the policy sees several steps, {@code [n, steps, ..]}, the
 * present one last. A policy that sees vectors alone takes them in one array, too:
 *
 * <pre>{@code
 * ObservationWindow window = policy.newWindow();
 * while (running) {
 *     window.add(observe());
 *     float[] actions = policy.act(window.steps(), Key.of(seed).fold(step));
 *     ...
 * }
 * }</pre>
 *
 * <p>The same observations and key give the same actions. Any number of threads may ask at once;
 * the network's device computes.
 */
public final class RobotPolicy {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    /** How a folder keeps statistics. */
    public enum Layout {
        /** In files of their own, which the processors name. */
        CURRENT,
        /** As buffers beside the weights. */
        LEGACY
    }

    private final PolicyConfig config;
    private final PolicyScales scales;
    private final ObservationPolicy network;
    private final Device device;

    private RobotPolicy(PolicyConfig config, PolicyScales scales, ObservationPolicy network) {
        this.config = config;
        this.scales = scales;
        this.network = network;
        this.device = network.module().parameters().getFirst().tensor().device();
    }

    /** A policy with fresh weights, to be trained. */
    public static RobotPolicy create(PolicyConfig config, PolicyScales scales, Key key) {
        return new RobotPolicy(config, scales, config.build(key));
    }

    /**
     * Loads a policy from a {@code pretrained_model} folder onto the current device, ready to act.
     *
     * @throws FileFormatException if a file is missing or damaged, or has what this does not know
     * @throws MissingStatisticsException if the scales lack a statistic; the message names the
     *     feature and the files that were searched
     */
    public static RobotPolicy load(Path folder) throws IOException {
        PolicyConfig config = PolicyConfig.read(folder.resolve(CONFIG));
        Path file = folder.resolve(WEIGHTS);
        if (!Files.isRegularFile(file)) {
            throw new FileFormatException(file, "is missing");
        }
        Map<String, HostArray> weights = new LinkedHashMap<>();
        Map<String, HostArray> buffers = new LinkedHashMap<>();
        SafetensorsFile.read(file)
                .forEach(
                        (name, values) ->
                                (PolicyScales.isLegacy(name) ? buffers : weights)
                                        .put(name, values));
        PolicyScales scales =
                PolicyScales.isCurrent(folder)
                        ? PolicyScales.readCurrent(folder, config)
                        : PolicyScales.readLegacy(folder, file, buffers, config);
        ObservationPolicy network = config.build(Key.of(0));
        try {
            network.module().load(weights);
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(file, String.valueOf(problem.getMessage()));
        }
        network.module().eval();
        return new RobotPolicy(config, scales, network);
    }

    /** Writes the policy as it is now, in today's layout, into an existing folder. */
    public void save(Path folder) throws IOException {
        save(folder, network.module().stateDict(), Layout.CURRENT);
    }

    /**
     * Writes {@code config.json}, the statistics and {@code model.safetensors} into an existing
     * folder.
     *
     * @param weights of the network, by name
     */
    public void save(Path folder, Map<String, HostArray> weights, Layout layout)
            throws IOException {
        config.write(folder.resolve(CONFIG));
        Map<String, HostArray> all = new LinkedHashMap<>(weights);
        switch (layout) {
            case CURRENT -> scales.writeCurrent(folder);
            case LEGACY -> all.putAll(scales.legacyBuffers());
        }
        SafetensorsFile.write(folder.resolve(WEIGHTS), all);
    }

    public PolicyConfig config() {
        return config;
    }

    public PolicyScales scales() {
        return scales;
    }

    /** The network, which works on normalized numbers. */
    public ObservationPolicy network() {
        return network;
    }

    /** What averages its chunks where the checkpoint says so ({@code temporal_ensemble_coeff}). */
    public Optional<TemporalEnsembler> newEnsembler() {
        if (!(config.network() instanceof PolicyNetwork.Act act)) {
            return Optional.empty();
        }
        Double coefficient = act.ensembleCoefficient();
        return coefficient == null
                ? Optional.empty()
                : Optional.of(
                        new TemporalEnsembler(
                                coefficient, act.chunkLength(), config.action().width()));
    }

    /** Whether it starts from noise. */
    public boolean startsFromNoise() {
        return network instanceof VisualDiffusionPolicy
                || network instanceof ConditionedPolicy conditioned
                        && conditioned.policy() instanceof FlowPolicy;
    }

    /** A window to put observations into; of policies that see vectors alone. */
    public ObservationWindow newWindow() {
        return new ObservationWindow(config.observationSteps(), config.frameWidth());
    }

    /**
     * The actions to carry out now, of a policy that sees vectors alone.
     *
     * @param observations [observation steps, frame width], the features of {@link
     *     PolicyConfig#inputs} one after the other in each step, the present step last
     * @param key of the noise that the policy begins with, if it does
     * @return [action steps, action width]
     */
    public float[] act(float[] observations, Key key) {
        int width = config.action().width();
        int first = config.firstAction() * width;
        return Arrays.copyOfRange(
                predict(observations, key), first, first + config.actionSteps() * width);
    }

    /** As {@link #act}, but the whole chunk, [horizon, action width]. */
    public float[] predict(float[] observations, Key key) {
        if (observations.length != config.conditioningWidth() || !config.images().isEmpty()) {
            throw new IllegalArgumentException(
                    "policy: %d numbers observed, but %d steps of %d are needed: %s"
                            .formatted(
                                    observations.length,
                                    config.observationSteps(),
                                    config.frameWidth(),
                                    config.inputs()));
        }
        return device.call(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        Tensor row = Tensor.of(observations, 1, observations.length);
                        return chunks(features(row), null, key).toFloatArray();
                    }
                });
    }

    /** The features in rows {@code [n, observation steps * frame width]}, by their names. */
    Map<String, Tensor> features(Tensor rows) {
        int steps = config.observationSteps();
        Tensor frames = rows.reshape(rows.extent(0), steps, config.frameWidth());
        Map<String, Tensor> features = new LinkedHashMap<>();
        int offset = 0;
        for (PolicyFeature input : config.vectors()) {
            Tensor vectors = frames.slice(2, offset, offset + input.width());
            features.put(scales.observedName(input), steps == 1 ? vectors.squeeze(1) : vectors);
            offset += input.width();
        }
        return features;
    }

    /**
     * The actions to come, {@code [n, steps, width]}: of ACT the whole chunk, of others those that
     * are carried out, from the present step on.
     */
    public Tensor predict(Map<String, Tensor> observations, Key key) {
        return predict(observations, null, key);
    }

    /**
     * As above, from a given start.
     *
     * @param startNoise {@code [n, horizon, width]}, or null to draw it
     * @throws IllegalArgumentException if an observation is missing or of another shape, or the
     *     policy starts from no noise
     */
    public Tensor predict(Map<String, Tensor> observations, @Nullable Tensor startNoise, Key key) {
        return device.call(
                () -> {
                    try (TensorScope scope = TensorScope.open()) {
                        Tensor chunk = chunks(observations, startNoise, key);
                        int first = network.firstAction();
                        boolean whole = config.network() instanceof PolicyNetwork.Act;
                        int count = whole ? network.chunkLength() : config.actionSteps();
                        return scope.keep(chunk.slice(1, first, first + (long) count));
                    }
                });
    }

    /** Whole chunks in the robot's units. */
    private Tensor chunks(Map<String, Tensor> observations, @Nullable Tensor startNoise, Key key) {
        Tensor chunk = sample(normalized(observations), startNoise, key);
        return scales.unnormalizeActions(chunk, origins(observations));
    }

    private Tensor sample(Observations observations, @Nullable Tensor startNoise, Key key) {
        if (startNoise == null) {
            return network.sample(observations, key);
        }
        return switch (network) {
            case VisualDiffusionPolicy diffusion ->
                    diffusion.sample(observations, startNoise, key.fold(1));
            case ConditionedPolicy conditioned -> conditioned.sample(observations, startNoise);
            default ->
                    throw new IllegalArgumentException(
                            "a policy of type '%s' starts from no noise"
                                    .formatted(config.network().type()));
        };
    }

    /** What actions are relative to, {@code [n, width]}; null where they are absolute. */
    public @Nullable Tensor origins(Map<String, Tensor> observations) {
        for (PolicyFeature input : config.inputs()) {
            if (input.name().equals(config.relativeTo().orElse(null))) {
                Tensor seen = observed(input, observations);
                int steps = config.network().stepsOf(input);
                Tensor now = steps == 1 ? seen : seen.select(1, steps - 1);
                return now.narrow(1, 0, config.action().width());
            }
        }
        return null;
    }

    /** Observations as the network takes them. */
    public Observations normalized(Map<String, Tensor> observations) {
        Tensor state = null;
        Tensor environment = null;
        List<Tensor> images = new ArrayList<>();
        for (PolicyFeature input : config.inputs()) {
            Tensor seen = normalized(input, observations);
            switch (input.kind()) {
                case STATE -> state = seen;
                case ENV -> environment = seen;
                case VISUAL -> images.add(seen);
                case ACTION ->
                        throw new IllegalArgumentException(input + " is an action, no input");
            }
        }
        return new Observations(state, environment, images, null);
    }

    /** What an input is called where the policy is used. */
    public String observedName(PolicyFeature input) {
        return scales.observedName(input);
    }

    private Tensor normalized(PolicyFeature input, Map<String, Tensor> observations) {
        return scales.normalize(input, observed(input, observations));
    }

    private Tensor observed(PolicyFeature input, Map<String, Tensor> observations) {
        String name = observedName(input);
        Tensor raw = observations.get(name);
        if (raw == null) {
            throw new IllegalArgumentException(
                    "the policy sees '%s', and only %s was observed"
                            .formatted(name, observations.keySet()));
        }
        int steps = config.network().stepsOf(input);
        int rank = 1 + input.shape().size() + (steps > 1 ? 1 : 0);
        boolean fits = raw.rank() == rank;
        for (int i = 1; fits && i <= input.shape().size(); i++) {
            fits = raw.extent(-i) == input.shape().get(input.shape().size() - i);
        }
        if (!fits || steps > 1 && raw.extent(1) != steps) {
            throw new IllegalArgumentException(
                    "'%s' must be [n%s, ..] with the shape %s for each, and is %s"
                            .formatted(
                                    name, steps > 1 ? "," + steps : "", input.shape(), raw.type()));
        }
        return raw;
    }
}
