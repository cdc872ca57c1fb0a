package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.ObservationPolicy;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code config.json} of a policy of LeRobot's: what it sees and says, how that is scaled, and
 * its network.
 *
 * <p>Settings that bear on training or on where things are stored alone are kept as they are; one
 * that this does not know is refused by name.
 *
 * @param inputs in the file's order, which is that of cameras too
 * @param action what it predicts
 * @param normalization by the kind of feature
 * @param actionSteps how many actions are carried out before the next prediction
 * @param network the network
 * @param kept settings that are only kept, as JSON text of one object
 */
public record LeRobotConfig(
        List<LeRobotFeature> inputs,
        LeRobotFeature action,
        Map<LeRobotFeature.Kind, Normalization> normalization,
        int actionSteps,
        LeRobotNetwork network,
        String kept) {
    private static final int MOST_STEPS = 100_000;

    /** What says nothing of how a policy acts. */
    private static final List<String> KEPT =
            List.of(
                    "device",
                    "use_amp",
                    "use_peft",
                    "push_to_hub",
                    "repo_id",
                    "private",
                    "tags",
                    "license",
                    "pretrained_path",
                    "pretrained_revision",
                    "pretrained_backbone_weights",
                    "drop_n_last_frames",
                    "gradient_checkpointing",
                    "compile_model",
                    "compile_mode",
                    "optimizer_lr",
                    "optimizer_lr_backbone",
                    "optimizer_weight_decay",
                    "optimizer_betas",
                    "optimizer_eps",
                    "scheduler_name",
                    "scheduler_warmup_steps");

    public LeRobotConfig {
        inputs = List.copyOf(inputs);
        normalization = Map.copyOf(normalization);
        network.check(inputs, action, actionSteps);
    }

    /** A configuration without anything that is only kept. */
    public static LeRobotConfig of(
            List<LeRobotFeature> inputs,
            LeRobotFeature action,
            Map<LeRobotFeature.Kind, Normalization> normalization,
            int actionSteps,
            LeRobotNetwork network) {
        return new LeRobotConfig(inputs, action, normalization, actionSteps, network, "{}");
    }

    /** The input of a kind that occurs at most once. */
    Optional<LeRobotFeature> input(LeRobotFeature.Kind kind) {
        return inputs.stream().filter(input -> input.kind() == kind).findFirst();
    }

    /** The images, in the order of cameras. */
    List<LeRobotFeature> images() {
        return inputs.stream().filter(input -> input.kind() == LeRobotFeature.Kind.VISUAL).toList();
    }

    /** Inputs, then the action. */
    List<LeRobotFeature> features() {
        List<LeRobotFeature> all = new ArrayList<>(inputs);
        all.add(action);
        return all;
    }

    /** By what a feature is scaled; {@link Normalization#IDENTITY} where nothing is said. */
    Normalization normalization(LeRobotFeature feature) {
        return normalization.getOrDefault(feature.kind(), Normalization.IDENTITY);
    }

    /** The network with fresh weights. */
    ObservationPolicy build(Key key) {
        return network.build(this, key);
    }

    // ---- as a file ----

    void write(Path file) throws IOException {
        ObjectNode root = Json.object();
        root.put("type", network.type()).put("n_obs_steps", network.observationSteps());
        ObjectNode inputNode = root.putObject("input_features");
        inputs.forEach(input -> input.write(inputNode));
        action.write(root.putObject("output_features"));
        writeMapping(root.putObject("normalization_mapping"), normalization);
        root.put("n_action_steps", actionSteps);
        LeRobotNetworkJson.write(network, root);
        root.setAll(Json.parseLine(kept));
        Json.write(file, root);
    }

    static void writeMapping(
            ObjectNode node, Map<LeRobotFeature.Kind, Normalization> normalization) {
        for (LeRobotFeature.Kind kind : LeRobotFeature.Kind.values()) {
            Normalization mode = normalization.get(kind);
            if (mode != null) {
                node.put(kind.name(), mode.name());
            }
        }
    }

    /** The {@code type} of a {@code config.json}. */
    static String type(Path file) throws IOException {
        return Json.read(file).text("type");
    }

    /**
     * Reads a configuration.
     *
     * @throws FileFormatException if something is missing, wrong or unknown
     */
    static LeRobotConfig read(Path file) throws IOException {
        JsonSettings root = Json.read(file);
        ObjectNode kept = Json.object();
        for (String name : KEPT) {
            var value = root.keep(name);
            if (value != null) {
                kept.set(name, value);
            }
        }
        List<LeRobotFeature> inputs = features(root.object("input_features"));
        List<LeRobotFeature> outputs = features(root.object("output_features"));
        if (outputs.size() != 1 || outputs.getFirst().kind() != LeRobotFeature.Kind.ACTION) {
            throw root.wrong("output_features", "must name one feature, the action");
        }
        Map<LeRobotFeature.Kind, Normalization> normalization =
                mapping(root.object("normalization_mapping"));
        try {
            LeRobotNetwork network = LeRobotNetworkJson.read(root);
            int actionSteps = (int) root.integer("n_action_steps", 1, MOST_STEPS);
            root.done();
            return new LeRobotConfig(
                    inputs,
                    outputs.getFirst(),
                    normalization,
                    actionSteps,
                    network,
                    Json.line(kept));
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(file, String.valueOf(problem.getMessage()));
        }
    }

    private static List<LeRobotFeature> features(JsonSettings json) throws IOException {
        List<LeRobotFeature> features = new ArrayList<>();
        for (String name : json.names()) {
            features.add(LeRobotFeature.read(name, json.object(name)));
        }
        return features;
    }

    /** Modes by the kind of feature; kinds that no feature has may be of modes unknown here. */
    static Map<LeRobotFeature.Kind, Normalization> mapping(JsonSettings json) throws IOException {
        Map<LeRobotFeature.Kind, Normalization> mapping = new EnumMap<>(LeRobotFeature.Kind.class);
        for (LeRobotFeature.Kind kind : LeRobotFeature.Kind.values()) {
            if (json.has(kind.name())) {
                mapping.put(kind, mode(json, kind.name()));
            }
        }
        for (String name : json.names()) {
            json.skip(name);
        }
        return mapping;
    }

    private static Normalization mode(JsonSettings json, String kind) throws IOException {
        List<Normalization> known =
                List.of(
                        Normalization.IDENTITY,
                        Normalization.MEAN_STD,
                        Normalization.MIN_MAX,
                        Normalization.QUANTILES,
                        Normalization.QUANTILE10);
        String name = json.text(kind);
        for (Normalization mode : known) {
            if (mode.name().equals(name)) {
                return mode;
            }
        }
        throw json.wrong(kind, "is '%s'; known are %s".formatted(name, known));
    }
}
