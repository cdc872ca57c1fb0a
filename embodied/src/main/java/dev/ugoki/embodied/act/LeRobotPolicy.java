package dev.ugoki.embodied.act;

import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalizer;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A policy of LeRobot's with its scales: what was observed in the robot's own units in, a chunk of
 * actions in the same units out. It reads and writes the folders that LeRobot does, those of today
 * and those before the processors.
 *
 * <pre>{@code
 * LeRobotPolicy policy = LeRobotPolicy.load(Path.of("checkpoints/last/pretrained_model"));
 * Tensor actions = policy.predict(Map.of("observation.state", state), Key.of(seed));
 * }</pre>
 *
 * <p>Observations by the names of the features: vectors {@code [n, width]}, images {@code [n, 3,
 * height, width]} from 0 to 1; where the policy sees several steps, {@code [n, steps, ..]}, the
 * present one last. The same observations and key give the same actions.
 */
public final class LeRobotPolicy {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    /** How a folder keeps statistics. */
    public enum Layout {
        /** In files of their own, which the processors name. */
        CURRENT,
        /** As buffers beside the weights. */
        LEGACY
    }

    private final LeRobotConfig config;
    private final LeRobotScales scales;
    private final ObservationPolicy network;
    private final Map<String, Normalizer> normalizers = new LinkedHashMap<>();
    private final Device device;

    private LeRobotPolicy(LeRobotConfig config, LeRobotScales scales, ObservationPolicy network) {
        this.config = config;
        this.scales = scales;
        this.network = network;
        this.device = network.module().parameters().getFirst().tensor().device();
        for (LeRobotFeature feature : config.features()) {
            normalizers.put(feature.name(), scales.normalizer(config, feature));
        }
    }

    /**
     * A policy with fresh weights, to be trained.
     *
     * @param statistics of the demonstrations
     * @throws MissingStatisticsException if a feature that is scaled has none
     */
    public static LeRobotPolicy create(
            LeRobotConfig config, DatasetStatistics statistics, Key key) {
        Map<String, FeatureStatistics> features = new LinkedHashMap<>();
        for (LeRobotFeature feature : config.features()) {
            if (statistics.has(feature.name())) {
                features.put(feature.name(), statistics.feature(feature.name()));
            }
        }
        LeRobotScales scales = new LeRobotScales(features, Map.of());
        return new LeRobotPolicy(config, scales, config.build(key));
    }

    /** Whether a folder's policy is of a type that this reads. */
    public static boolean reads(Path folder) throws IOException {
        String type = LeRobotConfig.type(folder.resolve(CONFIG));
        return type.equals("act") || type.equals("diffusion");
    }

    /**
     * Loads a policy from a {@code pretrained_model} folder onto the current device, ready to act.
     *
     * @throws FileFormatException if a file is missing or damaged, or has what this does not know
     * @throws MissingStatisticsException if the scales lack a statistic; the message names the
     *     feature and the files that were searched
     */
    public static LeRobotPolicy load(Path folder) throws IOException {
        LeRobotConfig config = LeRobotConfig.read(folder.resolve(CONFIG));
        Path file = folder.resolve(WEIGHTS);
        if (!Files.isRegularFile(file)) {
            throw new FileFormatException(file, "is missing");
        }
        Map<String, HostArray> weights = new LinkedHashMap<>();
        Map<String, HostArray> buffers = new LinkedHashMap<>();
        SafetensorsFile.read(file)
                .forEach(
                        (name, values) ->
                                (LeRobotScales.isLegacy(name) ? buffers : weights)
                                        .put(name, values));
        LeRobotScales scales =
                LeRobotScales.isCurrent(folder)
                        ? LeRobotScales.readCurrent(folder, config)
                        : LeRobotScales.readLegacy(folder, file, buffers, config);
        ObservationPolicy network = config.build(Key.of(0));
        try {
            network.module().load(weights);
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(file, String.valueOf(problem.getMessage()));
        }
        network.module().eval();
        return new LeRobotPolicy(config, scales, network);
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
            case CURRENT -> scales.writeCurrent(folder, config);
            case LEGACY -> all.putAll(scales.legacyBuffers(config));
        }
        SafetensorsFile.write(folder.resolve(WEIGHTS), all);
    }

    public LeRobotConfig config() {
        return config;
    }

    /** The network, which works on normalized numbers. */
    public ObservationPolicy network() {
        return network;
    }

    /** What averages its chunks where the checkpoint says so ({@code temporal_ensemble_coeff}). */
    public Optional<TemporalEnsembler> newEnsembler() {
        if (!(config.network() instanceof LeRobotNetwork.Act act)) {
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
        return network instanceof VisualDiffusionPolicy;
    }

    /**
     * The actions to come, {@code [n, steps, width]}: of ACT the whole chunk, of Diffusion Policy
     * those that are carried out, from the present step on.
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
                        Tensor chunk = sample(normalized(observations), startNoise, key);
                        int first = network.firstAction();
                        int count =
                                startsFromNoise() ? config.actionSteps() : network.chunkLength();
                        Tensor actions = chunk.slice(1, first, first + (long) count);
                        return scope.keep(normalizer(config.action()).unnormalize(actions, -1));
                    }
                });
    }

    private Tensor sample(Observations observations, @Nullable Tensor startNoise, Key key) {
        if (startNoise == null) {
            return network.sample(observations, key);
        }
        if (!(network instanceof VisualDiffusionPolicy diffusion)) {
            throw new IllegalArgumentException(
                    "a policy of type '%s' starts from no noise"
                            .formatted(config.network().type()));
        }
        return diffusion.sample(observations, startNoise, key.fold(1));
    }

    private Normalizer normalizer(LeRobotFeature feature) {
        Normalizer found = normalizers.get(feature.name());
        if (found == null) {
            throw new IllegalArgumentException("no feature '" + feature.name() + "'");
        }
        return found;
    }

    /** Observations as the network takes them. */
    public Observations normalized(Map<String, Tensor> observations) {
        Tensor state = null;
        Tensor environment = null;
        List<Tensor> images = new ArrayList<>();
        for (LeRobotFeature input : config.inputs()) {
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
    String observedName(LeRobotFeature input) {
        return scales.renamed().getOrDefault(input.name(), input.name());
    }

    /** Actions as the network takes them, {@code [.., width]}. */
    public Tensor normalizedActions(Tensor actions) {
        return normalizer(config.action()).normalize(actions, -1);
    }

    private Tensor normalized(LeRobotFeature input, Map<String, Tensor> observations) {
        String name = observedName(input);
        Tensor raw = observations.get(name);
        if (raw == null) {
            throw new IllegalArgumentException(
                    "the policy sees '%s', and only %s was observed"
                            .formatted(name, observations.keySet()));
        }
        boolean severalSteps = config.network().observationSteps() > 1;
        int rank = 1 + input.shape().size() + (severalSteps ? 1 : 0);
        boolean fits = raw.rank() == rank;
        for (int i = 1; fits && i <= input.shape().size(); i++) {
            fits = raw.extent(-i) == input.shape().get(input.shape().size() - i);
        }
        if (!fits || severalSteps && raw.extent(1) != config.network().observationSteps()) {
            throw new IllegalArgumentException(
                    "'%s' must be [n%s, ..] with the shape %s for each, and is %s"
                            .formatted(
                                    name,
                                    severalSteps ? "," + config.network().observationSteps() : "",
                                    input.shape(),
                                    raw.type()));
        }
        return normalizer(input).normalize(raw, input.dim());
    }
}
