package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.data.Normalizer;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Between a robot's units and a network's: what observations and actions are scaled by, found in
 * demonstrations, kept with the policy, and where its files keep it.
 *
 * <p>Today statistics stand in files of their own, {@code <feature>.<statistic>}, which the steps
 * of {@code policy_preprocessor.json} and {@code policy_postprocessor.json} name. Before, they were
 * buffers of the policy in {@code model.safetensors}: {@code
 * normalize_inputs.buffer_observation_state.mean}, with the dots of the feature's name as
 * underscores. A loader that looks in the wrong place finds nothing; LeRobot then passes numbers
 * through as they are, and here that is an error.
 *
 * <p>Immutable; safe for any number of threads.
 */
public final class PolicyScales {
    private static final String PREPROCESSOR = "policy_preprocessor";
    private static final String POSTPROCESSOR = "policy_postprocessor";
    private static final String RENAME = "rename_observations_processor";
    private static final String BATCH = "to_batch_processor";
    private static final String DEVICE = "device_processor";
    private static final String NORMALIZER = "normalizer_processor";
    private static final String UNNORMALIZER = "unnormalizer_processor";
    private static final String COUNT = "count";
    private static final String RELATIVE = "relative_std";
    private static final double EPSILON = 1e-8;

    /** A difference that deviates by no more never changes: what is left is rounding. */
    private static final double LEAST_DEVIATION = 1e-6;

    /** The buffers of {@code model.safetensors} that are statistics. */
    private static final List<String> LEGACY =
            List.of("normalize_inputs.", "normalize_targets.", "unnormalize_outputs.");

    private final PolicyConfig config;
    private final Map<String, FeatureStatistics> statistics;
    private final Map<String, String> renamed;
    private final Map<String, Normalizer> normalizers = new LinkedHashMap<>();

    /** Standard deviations [horizon, action width]; null where actions are absolute. */
    private final float @Nullable [] relativeScale;

    /** What actions are held to; null for everything. */
    private final @Nullable Limits limits;

    /** The least and the most in each dimension. */
    private record Limits(float[] least, float[] most) {}

    private PolicyScales(
            PolicyConfig config,
            Map<String, FeatureStatistics> statistics,
            Map<String, String> renamed,
            float @Nullable [] relativeScale) {
        this.config = config;
        this.statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
        this.renamed = Collections.unmodifiableMap(new LinkedHashMap<>(renamed));
        this.relativeScale = relativeScale;
        for (PolicyFeature input : config.inputs()) {
            normalizers.put(input.name(), normalizer(input));
        }
        PolicyFeature action = config.action();
        int size = config.horizon() * action.width();
        if (config.relativeTo().isEmpty()) {
            normalizers.put(action.name(), normalizer(action));
        } else if (relativeScale == null || relativeScale.length != size) {
            throw new IllegalArgumentException(
                    "policy: relative actions need a scale for each of %d steps and %d dimensions"
                            .formatted(config.horizon(), action.width()));
        }
        boolean held =
                config.relativeTo().isPresent() || config.network() instanceof PolicyNetwork.Chunk;
        limits =
                held
                        ? new Limits(
                                floats(statistics(action).get(Statistic.MIN)),
                                floats(statistics(action).get(Statistic.MAX)))
                        : null;
    }

    private FeatureStatistics statistics(PolicyFeature feature) {
        FeatureStatistics found = statistics.get(feature.name());
        return found != null ? found : FeatureStatistics.of(feature.name(), 0, Map.of());
    }

    private Normalizer normalizer(PolicyFeature feature) {
        Normalizer made = Normalizer.of(config.normalization(feature), statistics(feature));
        if (made.width() != 0 && made.width() != feature.width()) {
            throw new IllegalArgumentException(
                    "policy: '%s' has %d numbers, but its statistics are of %d"
                            .formatted(feature.name(), feature.width(), made.width()));
        }
        return made;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /**
     * The scales that follow from demonstrations.
     *
     * @throws IllegalArgumentException if a feature is missing or of another width
     */
    public static PolicyScales of(PolicyConfig config, FrameTable frames) {
        List<String> names = new ArrayList<>();
        config.vectors().forEach(input -> names.add(input.name()));
        names.add(config.action().name());
        return new PolicyScales(
                config,
                chosen(config, DatasetStatistics.of(frames.select(names))),
                Map.of(),
                config.relativeTo().isPresent() ? deviations(config, frames) : null);
    }

    /**
     * Scales of known statistics, of absolute actions.
     *
     * @throws MissingStatisticsException if a feature that is scaled has none
     */
    public static PolicyScales of(PolicyConfig config, DatasetStatistics statistics) {
        return new PolicyScales(config, chosen(config, statistics), Map.of(), null);
    }

    private static Map<String, FeatureStatistics> chosen(
            PolicyConfig config, DatasetStatistics statistics) {
        Map<String, FeatureStatistics> features = new LinkedHashMap<>();
        for (PolicyFeature feature : config.features()) {
            if (statistics.has(feature.name())) {
                features.put(feature.name(), statistics.feature(feature.name()));
            }
        }
        return features;
    }

    /**
     * Population standard deviations of {@code action - origin} over all frames; 1 where that never
     * changes.
     */
    private static float[] deviations(PolicyConfig config, FrameTable frames) {
        String action = config.action().name();
        String origin = config.relativeTo().orElseThrow();
        DeltaWindows actions = DeltaWindows.over(frames).with(action, config.actionOffsets());
        DeltaWindows origins = DeltaWindows.over(frames).with(origin, 0);
        int width = config.action().width();
        int size = config.horizon() * width;
        double[] sum = new double[size];
        double[] squares = new double[size];
        for (int frame = 0; frame < frames.frameCount(); frame++) {
            float[] chunk = actions.gather(action, frame);
            float[] from = origins.gather(origin, frame);
            for (int i = 0; i < size; i++) {
                double difference = chunk[i] - from[i % width];
                sum[i] += difference;
                squares[i] += difference * difference;
            }
        }
        float[] deviations = new float[size];
        for (int i = 0; i < size; i++) {
            double mean = sum[i] / frames.frameCount();
            double variance = squares[i] / frames.frameCount() - mean * mean;
            float deviation = (float) Math.sqrt(Math.max(0, variance));
            deviations[i] = deviation > LEAST_DEVIATION ? deviation : 1;
        }
        return deviations;
    }

    /** What an observation is called where the policy is used, by the name that it knows. */
    String observedName(PolicyFeature input) {
        return renamed.getOrDefault(input.name(), input.name());
    }

    /** The standard deviations of a feature, in the robot's units. */
    public double[] deviations(String feature) {
        FeatureStatistics found = statistics.get(feature);
        if (found == null) {
            throw new MissingStatisticsException("no statistics of feature '" + feature + "'");
        }
        return found.get(Statistic.STD);
    }

    /** An input, {@code [n, ..]}, in the network's units. */
    Tensor normalize(PolicyFeature input, Tensor values) {
        return required(input).normalize(values, input.dim());
    }

    private Normalizer required(PolicyFeature feature) {
        Normalizer found = normalizers.get(feature.name());
        if (found == null) {
            throw new IllegalArgumentException("no feature '" + feature.name() + "'");
        }
        return found;
    }

    /**
     * Chunks of actions in the network's units.
     *
     * @param chunks {@code [n, horizon, width]}
     * @param origins {@code [n, width]}, what actions are relative to; null where they are absolute
     */
    public Tensor normalizeActions(Tensor chunks, @Nullable Tensor origins) {
        return relativeScale == null || origins == null
                ? required(config.action()).normalize(chunks, -1)
                : chunks.sub(origins.unsqueeze(1)).div(scale(relativeScale));
    }

    /**
     * A network's chunks in the robot's units; those that are relative, or of a network of the
     * project's own, are held to what was demonstrated.
     */
    public Tensor unnormalizeActions(Tensor chunks, @Nullable Tensor origins) {
        Tensor actions =
                relativeScale == null || origins == null
                        ? required(config.action()).unnormalize(chunks, -1)
                        : chunks.mul(scale(relativeScale)).add(origins.unsqueeze(1));
        if (limits == null) {
            return actions;
        }
        int width = config.action().width();
        return actions.clamp(Tensor.of(limits.least(), width), Tensor.of(limits.most(), width));
    }

    private Tensor scale(float[] scale) {
        return Tensor.of(scale, 1, config.horizon(), config.action().width());
    }

    /** Whether a name in {@code model.safetensors} is of statistics, not of weights. */
    static boolean isLegacy(String name) {
        return LEGACY.stream().anyMatch(name::startsWith) || name.endsWith("." + RELATIVE);
    }

    // ---- reading ----

    /** Whether a folder has the files of today. */
    static boolean isCurrent(Path folder) {
        return Files.exists(folder.resolve(PREPROCESSOR + ".json"));
    }

    /**
     * Reads a folder's processors and the files of statistics that they name.
     *
     * @throws MissingStatisticsException if a feature that is scaled has not all that takes
     * @throws FileFormatException if a processor has a step that this does not know
     */
    static PolicyScales readCurrent(Path folder, PolicyConfig config) throws IOException {
        Map<String, String> renamed = new LinkedHashMap<>();
        Path before = stateFile(folder, PREPROCESSOR, NORMALIZER, config, renamed);
        Path after = stateFile(folder, POSTPROCESSOR, UNNORMALIZER, config, renamed);
        Map<String, HostArray> inputs = SafetensorsFile.read(before);
        Map<String, HostArray> outputs = SafetensorsFile.read(after);
        Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
        for (PolicyFeature input : config.inputs()) {
            add(statistics, config, input, input.name() + ".", inputs, List.of(before));
        }
        PolicyFeature action = config.action();
        add(statistics, config, action, action.name() + ".", outputs, List.of(after));
        return of(folder, config, statistics, renamed, relative(config, outputs, after));
    }

    private static PolicyScales of(
            Path folder,
            PolicyConfig config,
            Map<String, FeatureStatistics> statistics,
            Map<String, String> renamed,
            float @Nullable [] relative)
            throws IOException {
        try {
            return new PolicyScales(config, statistics, renamed, relative);
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(folder, String.valueOf(problem.getMessage()));
        }
    }

    private static float @Nullable [] relative(
            PolicyConfig config, Map<String, HostArray> state, Path file) throws IOException {
        if (config.relativeTo().isEmpty()) {
            return null;
        }
        String name = config.action().name() + "." + RELATIVE;
        HostArray found = state.get(name);
        if (found == null) {
            throw new FileFormatException(
                    file, "has no \"" + name + "\", which relative actions are scaled by");
        }
        return found.toFloats();
    }

    /** Takes the statistics from the tensors of a {@code model.safetensors}. */
    static PolicyScales readLegacy(
            Path folder, Path weights, Map<String, HostArray> tensors, PolicyConfig config)
            throws IOException {
        List<Path> searched = List.of(folder.resolve(PREPROCESSOR + ".json"), weights);
        Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
        for (PolicyFeature input : config.inputs()) {
            String prefix = "normalize_inputs." + buffer(input);
            add(statistics, config, input, prefix, tensors, searched);
        }
        String prefix = "unnormalize_outputs." + buffer(config.action());
        add(statistics, config, config.action(), prefix, tensors, searched);
        return of(folder, config, statistics, Map.of(), relative(config, tensors, weights));
    }

    private static String buffer(PolicyFeature feature) {
        return "buffer_" + feature.name().replace('.', '_') + ".";
    }

    private static void add(
            Map<String, FeatureStatistics> all,
            PolicyConfig config,
            PolicyFeature feature,
            String prefix,
            Map<String, HostArray> tensors,
            List<Path> searched)
            throws IOException {
        Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
        for (Statistic statistic : Statistic.values()) {
            HostArray found = tensors.get(prefix + statistic.jsonName());
            if (found != null) {
                values.put(statistic, checked(feature, statistic, found, searched));
            }
        }
        HostArray count = tensors.get(prefix + COUNT);
        FeatureStatistics statistics =
                FeatureStatistics.of(
                        feature.name(), count == null ? 0 : (long) count.doubleAt(0), values);
        requireAll(config.normalization(feature), statistics, searched);
        all.put(feature.name(), statistics);
    }

    private static double[] checked(
            PolicyFeature feature, Statistic statistic, HostArray found, List<Path> searched)
            throws IOException {
        double[] values = found.toDoubles();
        String what = "'" + feature.name() + "' " + statistic.jsonName();
        if (values.length != feature.width()) {
            throw new FileFormatException(
                    searched.getLast(),
                    "statistic %s has %d numbers, not %d"
                            .formatted(what, values.length, feature.width()));
        }
        for (double value : values) {
            if (Double.isNaN(value) || Double.isInfinite(value)) {
                throw new MissingStatisticsException(
                        "feature %s is %s in %s: the policy was saved without statistics"
                                .formatted(what, value, searched.getLast()));
            }
        }
        return values;
    }

    private static void requireAll(
            Normalization mode, FeatureStatistics statistics, List<Path> searched) {
        try {
            Normalizer.of(mode, statistics);
        } catch (MissingStatisticsException problem) {
            throw new MissingStatisticsException(
                    "%s; searched %s. Without it the policy would get numbers of another scale"
                            .formatted(problem.getMessage(), searched));
        }
    }

    /** The file of statistics that a pipeline's step names; everything else must be known. */
    private static Path stateFile(
            Path folder,
            String pipeline,
            String scaling,
            PolicyConfig config,
            Map<String, String> renamed)
            throws IOException {
        JsonSettings root = Json.read(folder.resolve(pipeline + ".json"));
        root.text("name");
        Path found = null;
        for (JsonSettings step : root.objects("steps")) {
            String kind = step.text("registry_name");
            JsonSettings settings = step.object("config");
            if (kind.equals(scaling)) {
                checkScaling(settings, scaling, config);
                found = beside(folder, step);
            } else if (kind.equals(RENAME)) {
                JsonSettings map = settings.object("rename_map");
                for (String from : map.names()) {
                    renamed.put(map.text(from), from);
                }
            } else if (kind.equals(DEVICE)) {
                settings.skip("device");
                if (!settings.text("float_dtype", "float32").equals("float32")) {
                    throw settings.wrong("float_dtype", "must be float32 or null");
                }
            } else if (!kind.equals(BATCH)) {
                throw step.wrong("registry_name", "is '" + kind + "', a step that is not known");
            }
            settings.done();
            step.done();
        }
        root.done();
        if (found == null) {
            throw root.wrong("steps", "have no " + scaling + ", so nothing says how to scale");
        }
        return found;
    }

    private static void checkScaling(JsonSettings settings, String name, PolicyConfig config)
            throws IOException {
        if (settings.number("eps", EPSILON) != EPSILON) {
            throw settings.wrong("eps", "is not 1e-8, which is the only one supported");
        }
        settings.skip("features");
        JsonSettings mapping = settings.object("norm_map");
        for (PolicyFeature feature : config.features()) {
            boolean isAction = feature.kind() == PolicyFeature.Kind.ACTION;
            if (isAction == name.equals(UNNORMALIZER)) {
                config.checkMapping(mapping, feature);
            }
        }
    }

    private static Path beside(Path folder, JsonSettings step) throws IOException {
        String name = step.text("state_file");
        Path file = folder.resolve(name).normalize();
        if (!folder.normalize().equals(file.getParent())) {
            throw step.wrong("state_file", "is '" + name + "', which is no file beside it");
        }
        if (!Files.isRegularFile(file)) {
            throw new MissingStatisticsException(
                    "the file of statistics %s that %s names is not there"
                            .formatted(file, step.file()));
        }
        return file;
    }

    // ---- writing ----

    /** Writes processors and statistics as LeRobot does today. */
    void writeCurrent(Path folder) throws IOException {
        String before = PREPROCESSOR + "_step_3_" + NORMALIZER + ".safetensors";
        ArrayNode steps = Json.object().putArray("steps");
        ObjectNode map = step(steps, RENAME).putObject("rename_map");
        renamed.forEach((name, from) -> map.put(from, name));
        step(steps, BATCH);
        step(steps, DEVICE).put("device", "cpu").putNull("float_dtype");
        scaling(steps, NORMALIZER, config, config.features(), before);
        write(folder, PREPROCESSOR, steps);

        String after = POSTPROCESSOR + "_step_0_" + UNNORMALIZER + ".safetensors";
        ArrayNode last = Json.object().putArray("steps");
        scaling(last, UNNORMALIZER, config, List.of(config.action()), after);
        step(last, DEVICE).put("device", "cpu").putNull("float_dtype");
        write(folder, POSTPROCESSOR, last);

        Map<String, HostArray> state = new LinkedHashMap<>();
        for (PolicyFeature feature : config.features()) {
            put(state, feature, feature.name() + ".", true);
        }
        putRelative(state);
        SafetensorsFile.write(folder.resolve(before), state);
        SafetensorsFile.write(folder.resolve(after), state);
    }

    private static void write(Path folder, String name, ArrayNode steps) throws IOException {
        ObjectNode root = Json.object().put("name", name);
        root.set("steps", steps);
        Json.write(folder.resolve(name + ".json"), root);
    }

    private static ObjectNode step(ArrayNode steps, String name) {
        return steps.addObject().put("registry_name", name).putObject("config");
    }

    private static void scaling(
            ArrayNode steps,
            String name,
            PolicyConfig config,
            List<PolicyFeature> features,
            String file) {
        ObjectNode settings = step(steps, name).put("eps", EPSILON);
        ObjectNode node = settings.putObject("features");
        features.forEach(feature -> feature.write(node));
        config.writeMapping(settings.putObject("norm_map"));
        ((ObjectNode) steps.get(steps.size() - 1)).put("state_file", file);
    }

    /** The statistics as buffers of {@code model.safetensors}, as LeRobot once did. */
    Map<String, HostArray> legacyBuffers() {
        Map<String, HostArray> state = new LinkedHashMap<>();
        for (PolicyFeature input : config.inputs()) {
            put(state, input, "normalize_inputs." + buffer(input), false);
        }
        put(state, config.action(), "normalize_targets." + buffer(config.action()), false);
        put(state, config.action(), "unnormalize_outputs." + buffer(config.action()), false);
        putRelative(state);
        return state;
    }

    private void putRelative(Map<String, HostArray> state) {
        if (relativeScale != null) {
            state.put(
                    config.action().name() + "." + RELATIVE,
                    HostArray.of(
                            Shape.of(config.horizon(), config.action().width()), relativeScale));
        }
    }

    private void put(
            Map<String, HostArray> state, PolicyFeature feature, String prefix, boolean counts) {
        FeatureStatistics found = statistics.get(feature.name());
        if (found == null) {
            return;
        }
        if (counts && found.count() > 0) {
            state.put(prefix + COUNT, HostArray.of(Shape.of(1), (float) found.count()));
        }
        List<Long> extents = new ArrayList<>(List.of((long) feature.width()));
        if (feature.kind() == PolicyFeature.Kind.VISUAL) {
            extents.addAll(List.of(1L, 1L));
        }
        Shape shape = Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
        for (Statistic statistic : found.statistics()) {
            state.put(
                    prefix + statistic.jsonName(),
                    HostArray.of(shape, floats(found.get(statistic))));
        }
    }
}
