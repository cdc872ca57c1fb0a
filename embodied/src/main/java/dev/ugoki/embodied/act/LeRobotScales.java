package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.data.Normalizer;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a policy of LeRobot's is scaled by, and where its files keep that.
 *
 * <p>Today statistics stand in files of their own, {@code <feature>.<statistic>}, which the steps
 * of {@code policy_preprocessor.json} and {@code policy_postprocessor.json} name. Before, they were
 * buffers of the policy in {@code model.safetensors}: {@code
 * normalize_inputs.buffer_observation_state.mean}, with the dots of the feature's name as
 * underscores. A loader that looks in the wrong place finds nothing; LeRobot then passes numbers
 * through as they are, and here that is an error.
 *
 * @param statistics of each feature that is scaled
 * @param renamed what observations are called where the policy is used, by the name that the policy
 *     knows
 */
record LeRobotScales(Map<String, FeatureStatistics> statistics, Map<String, String> renamed) {
    private static final String PREPROCESSOR = "policy_preprocessor";
    private static final String POSTPROCESSOR = "policy_postprocessor";
    private static final String RENAME = "rename_observations_processor";
    private static final String BATCH = "to_batch_processor";
    private static final String DEVICE = "device_processor";
    private static final String NORMALIZER = "normalizer_processor";
    private static final String UNNORMALIZER = "unnormalizer_processor";
    private static final String COUNT = "count";
    private static final double EPSILON = 1e-8;

    /** The buffers of {@code model.safetensors} that are statistics. */
    private static final List<String> LEGACY =
            List.of("normalize_inputs.", "normalize_targets.", "unnormalize_outputs.");

    LeRobotScales {
        statistics = Map.copyOf(statistics);
        renamed = Map.copyOf(renamed);
    }

    /**
     * What scales a feature.
     *
     * @throws MissingStatisticsException if something is missing
     */
    Normalizer normalizer(LeRobotConfig config, LeRobotFeature feature) {
        FeatureStatistics found = statistics.get(feature.name());
        if (found == null) {
            found = FeatureStatistics.of(feature.name(), 0, Map.of());
        }
        return Normalizer.of(config.normalization(feature), found);
    }

    /** Whether a name in {@code model.safetensors} is of statistics, not of weights. */
    static boolean isLegacy(String name) {
        return LEGACY.stream().anyMatch(name::startsWith);
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
    static LeRobotScales readCurrent(Path folder, LeRobotConfig config) throws IOException {
        Map<String, String> renamed = new LinkedHashMap<>();
        Path before = stateFile(folder, PREPROCESSOR, NORMALIZER, config, renamed);
        Path after = stateFile(folder, POSTPROCESSOR, UNNORMALIZER, config, renamed);
        Map<String, HostArray> inputs = SafetensorsFile.read(before);
        Map<String, HostArray> outputs = SafetensorsFile.read(after);
        Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
        for (LeRobotFeature input : config.inputs()) {
            add(statistics, config, input, input.name() + ".", inputs, List.of(before));
        }
        LeRobotFeature action = config.action();
        add(statistics, config, action, action.name() + ".", outputs, List.of(after));
        return new LeRobotScales(statistics, renamed);
    }

    /** Takes the statistics from the tensors of a {@code model.safetensors}. */
    static LeRobotScales readLegacy(
            Path folder, Path weights, Map<String, HostArray> tensors, LeRobotConfig config)
            throws IOException {
        List<Path> searched = List.of(folder.resolve(PREPROCESSOR + ".json"), weights);
        Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
        for (LeRobotFeature input : config.inputs()) {
            String prefix = "normalize_inputs." + buffer(input);
            add(statistics, config, input, prefix, tensors, searched);
        }
        String prefix = "unnormalize_outputs." + buffer(config.action());
        add(statistics, config, config.action(), prefix, tensors, searched);
        return new LeRobotScales(statistics, Map.of());
    }

    private static String buffer(LeRobotFeature feature) {
        return "buffer_" + feature.name().replace('.', '_') + ".";
    }

    private static void add(
            Map<String, FeatureStatistics> all,
            LeRobotConfig config,
            LeRobotFeature feature,
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
            LeRobotFeature feature, Statistic statistic, HostArray found, List<Path> searched)
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
            LeRobotConfig config,
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

    private static void checkScaling(JsonSettings settings, String name, LeRobotConfig config)
            throws IOException {
        if (settings.number("eps", EPSILON) != EPSILON) {
            throw settings.wrong("eps", "is not 1e-8, which is the only one supported");
        }
        settings.skip("features");
        Map<LeRobotFeature.Kind, Normalization> mapping =
                LeRobotConfig.mapping(settings.object("norm_map"));
        for (LeRobotFeature feature : config.features()) {
            boolean isScaledHere =
                    (feature.kind() == LeRobotFeature.Kind.ACTION) == name.equals(UNNORMALIZER);
            Normalization mode = mapping.getOrDefault(feature.kind(), Normalization.IDENTITY);
            if (isScaledHere && mode != config.normalization(feature)) {
                throw settings.wrong(
                        "norm_map",
                        "says %s of %s, and config.json says %s"
                                .formatted(mode, feature.kind(), config.normalization(feature)));
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
    void writeCurrent(Path folder, LeRobotConfig config) throws IOException {
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
        for (LeRobotFeature feature : config.features()) {
            put(state, feature, feature.name() + ".", true);
        }
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
            LeRobotConfig config,
            List<LeRobotFeature> features,
            String file) {
        ObjectNode settings = step(steps, name).put("eps", EPSILON);
        ObjectNode node = settings.putObject("features");
        features.forEach(feature -> feature.write(node));
        LeRobotConfig.writeMapping(settings.putObject("norm_map"), config.normalization());
        ((ObjectNode) steps.get(steps.size() - 1)).put("state_file", file);
    }

    /** The statistics as buffers of {@code model.safetensors}, as LeRobot once did. */
    Map<String, HostArray> legacyBuffers(LeRobotConfig config) {
        Map<String, HostArray> state = new LinkedHashMap<>();
        for (LeRobotFeature input : config.inputs()) {
            put(state, input, "normalize_inputs." + buffer(input), false);
        }
        put(state, config.action(), "normalize_targets." + buffer(config.action()), false);
        put(state, config.action(), "unnormalize_outputs." + buffer(config.action()), false);
        return state;
    }

    private void put(
            Map<String, HostArray> state, LeRobotFeature feature, String prefix, boolean counts) {
        FeatureStatistics found = statistics.get(feature.name());
        if (found == null) {
            return;
        }
        if (counts && found.count() > 0) {
            state.put(prefix + COUNT, HostArray.of(Shape.of(1), (float) found.count()));
        }
        List<Long> extents = new ArrayList<>(List.of((long) feature.width()));
        if (feature.kind() == LeRobotFeature.Kind.VISUAL) {
            extents.addAll(List.of(1L, 1L));
        }
        Shape shape = Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
        for (Statistic statistic : found.statistics()) {
            double[] values = found.get(statistic);
            float[] floats = new float[values.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) values[i];
            }
            state.put(prefix + statistic.jsonName(), HostArray.of(shape, floats));
        }
    }
}
