package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The files that say how a policy's numbers are scaled, as LeRobot lays them out: {@code
 * policy_preprocessor.json} and {@code policy_postprocessor.json} list steps, and the step that
 * scales names the safetensors file with the statistics, {@code <feature>.<statistic>}, all F32.
 *
 * <p>LeRobot passes numbers through where statistics are missing; here that is an error.
 */
final class PolicyProcessors {
    private static final String PREPROCESSOR = "policy_preprocessor";
    private static final String POSTPROCESSOR = "policy_postprocessor";
    private static final String RENAME = "rename_observations_processor";
    private static final String BATCH = "to_batch_processor";
    private static final String DEVICE = "device_processor";
    private static final String NORMALIZER = "normalizer_processor";
    private static final String UNNORMALIZER = "unnormalizer_processor";
    private static final String COUNT = "count";
    private static final String RELATIVE = "relative_std";

    private PolicyProcessors() {}

    static void write(Path folder, PolicyConfig config, PolicyScales scales) throws IOException {
        String before = PREPROCESSOR + "_step_3_" + NORMALIZER + ".safetensors";
        ObjectNode preprocessor = Json.object();
        ArrayNode steps = preprocessor.put("name", PREPROCESSOR).putArray("steps");
        step(steps, RENAME).putObject("rename_map");
        step(steps, BATCH);
        step(steps, DEVICE).put("device", "cpu").putNull("float_dtype");
        scaling(steps, NORMALIZER, config, scales, before, true);
        Json.write(folder.resolve(PREPROCESSOR + ".json"), preprocessor);

        String after = POSTPROCESSOR + "_step_0_" + UNNORMALIZER + ".safetensors";
        ObjectNode postprocessor = Json.object();
        ArrayNode last = postprocessor.put("name", POSTPROCESSOR).putArray("steps");
        scaling(last, UNNORMALIZER, config, scales, after, false);
        step(last, DEVICE).put("device", "cpu").putNull("float_dtype");
        Json.write(folder.resolve(POSTPROCESSOR + ".json"), postprocessor);

        Map<String, HostArray> state = state(config, scales);
        SafetensorsFile.write(folder.resolve(before), state);
        SafetensorsFile.write(folder.resolve(after), state);
    }

    private static ObjectNode step(ArrayNode steps, String name) {
        return steps.addObject().put("registry_name", name).putObject("config");
    }

    private static void scaling(
            ArrayNode steps,
            String name,
            PolicyConfig config,
            PolicyScales scales,
            String file,
            boolean withInputs) {
        ObjectNode settings = step(steps, name);
        settings.put("eps", 1e-8);
        ObjectNode features = settings.putObject("features");
        if (withInputs) {
            scales.describe(features, true);
        } else {
            config.action().write(features);
        }
        config.writeMapping(settings.putObject("norm_map"));
        ((ObjectNode) steps.get(steps.size() - 1)).put("state_file", file);
    }

    private static Map<String, HostArray> state(PolicyConfig config, PolicyScales scales) {
        Map<String, HostArray> state = new LinkedHashMap<>();
        DatasetStatistics statistics = scales.statistics();
        for (String name : statistics.features()) {
            FeatureStatistics feature = statistics.feature(name);
            state.put(name + "." + COUNT, HostArray.of(Shape.of(1), (float) feature.count()));
            for (Statistic statistic : feature.statistics()) {
                double[] values = feature.get(statistic);
                float[] floats = new float[values.length];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = (float) values[i];
                }
                state.put(
                        name + "." + statistic.jsonName(),
                        HostArray.of(Shape.of(floats.length), floats));
            }
        }
        float[] scale = scales.actionScale();
        if (scale != null) {
            state.put(
                    config.action().name() + "." + RELATIVE,
                    HostArray.of(Shape.of(config.horizon(), config.action().width()), scale));
        }
        return state;
    }

    /**
     * Reads the statistics that a folder's processors name.
     *
     * @throws MissingStatisticsException if there is a feature without what its scaling needs
     * @throws FileFormatException if a processor has a step that this does not know
     */
    static PolicyScales read(Path folder, PolicyConfig config) throws IOException {
        Path before = stateFile(folder, PREPROCESSOR, NORMALIZER);
        Path after = stateFile(folder, POSTPROCESSOR, UNNORMALIZER);
        Map<String, HostArray> state = new LinkedHashMap<>(SafetensorsFile.read(before));
        SafetensorsFile.read(after)
                .forEach(
                        (name, values) -> {
                            if (name.startsWith(config.action().name() + ".")) {
                                state.put(name, values);
                            }
                        });
        List<FeatureStatistics> features = new ArrayList<>();
        for (PolicyFeature input : config.inputs()) {
            features.add(statistics(input.name(), state));
        }
        features.add(statistics(config.action().name(), state));
        try {
            return new PolicyScales(
                    config, DatasetStatistics.of(features), relative(config, state, after));
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(folder, String.valueOf(problem.getMessage()));
        }
    }

    private static FeatureStatistics statistics(String feature, Map<String, HostArray> state) {
        Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
        for (Statistic statistic : Statistic.values()) {
            HostArray found = state.get(feature + "." + statistic.jsonName());
            if (found != null) {
                values.put(statistic, found.toDoubles());
            }
        }
        HostArray count = state.get(feature + "." + COUNT);
        return FeatureStatistics.of(feature, count == null ? 0 : (long) count.doubleAt(0), values);
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

    private static Path stateFile(Path folder, String pipeline, String scaling) throws IOException {
        JsonSettings root = Json.read(folder.resolve(pipeline + ".json"));
        root.text("name");
        Path found = null;
        for (JsonSettings step : root.objects("steps")) {
            String kind = step.text("registry_name");
            if (kind.equals(scaling)) {
                found = stateFile(folder, step);
            } else if (kind.equals(RENAME)) {
                step.object("config").object("rename_map").done();
            } else if (!kind.equals(BATCH) && !kind.equals(DEVICE)) {
                throw step.wrong("registry_name", "is '" + kind + "', a step that is not known");
            }
        }
        root.done();
        if (found == null) {
            throw root.wrong("steps", "have no " + scaling + ", so nothing says how to scale");
        }
        return found;
    }

    private static Path stateFile(Path folder, JsonSettings step) throws IOException {
        String name = step.text("state_file");
        Path file = folder.resolve(name).normalize();
        if (!folder.normalize().equals(file.getParent()) || !Files.isRegularFile(file)) {
            throw step.wrong("state_file", "is '" + name + "', which is no file beside it");
        }
        return file;
    }
}
