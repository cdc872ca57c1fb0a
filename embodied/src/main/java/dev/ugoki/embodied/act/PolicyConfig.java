package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a policy sees, what it says, and with which network: all of {@code config.json}.
 *
 * <p>A chunk begins at the first step of the observations: with two steps observed, its actions
 * belong to the steps -1, 0, 1, ..., of which {@code actionSteps} from 0 on are carried out.
 *
 * @param inputs the features that are observed, in this order
 * @param action the feature that is predicted
 * @param observationSteps how many steps are seen, the present one last
 * @param horizon actions of a chunk
 * @param actionSteps how many of them are carried out
 * @param normalization of observations and of absolute actions
 * @param relativeTo the input that actions are given relative to: the network predicts {@code
 *     (action - input now) / scale}, where the scale is the standard deviation of that difference
 *     at each step of the chunk and in each dimension; empty for absolute actions
 * @param network the network and what it is trained for
 */
public record PolicyConfig(
        List<PolicyFeature> inputs,
        PolicyFeature action,
        int observationSteps,
        int horizon,
        int actionSteps,
        Normalization normalization,
        Optional<String> relativeTo,
        NetworkConfig network) {
    /** The {@code type} in {@code config.json}. */
    static final String TYPE = "ugoki_chunk";

    private static final int MOST_STEPS = 100_000;

    /**
     * @throws IllegalArgumentException if the numbers of steps don't fit each other, or actions are
     *     relative to something that is no input of their width
     */
    public PolicyConfig {
        inputs = List.copyOf(inputs);
        if (inputs.isEmpty() || observationSteps < 1 || actionSteps < 1) {
            throw new IllegalArgumentException(
                    "policy: at least one input, observed step and action step are needed");
        }
        if (observationSteps - 1 + actionSteps > horizon) {
            throw new IllegalArgumentException(
                    ("policy: a chunk of %d actions that begins %d steps ago has no %d actions from"
                                    + " now on")
                            .formatted(horizon, observationSteps - 1, actionSteps));
        }
        if (relativeTo.isPresent()) {
            requireOrigin(inputs, action, relativeTo.get());
        }
    }

    private static void requireOrigin(
            List<PolicyFeature> inputs, PolicyFeature action, String name) {
        for (PolicyFeature input : inputs) {
            if (input.name().equals(name) && input.width() == action.width()) {
                return;
            }
        }
        throw new IllegalArgumentException(
                "policy: actions are relative to '%s', which is no input of width %d; inputs are %s"
                        .formatted(name, action.width(), inputs));
    }

    /** How many numbers one observed step has. */
    public int frameWidth() {
        return inputs.stream().mapToInt(PolicyFeature::width).sum();
    }

    /** How many numbers the network is conditioned on. */
    public int conditioningWidth() {
        return observationSteps * frameWidth();
    }

    /** The first action of a chunk that is carried out. */
    public int firstAction() {
        return observationSteps - 1;
    }

    /** The frames that are observed, counted from now: {@code 1 - observationSteps} to 0. */
    public int[] observationOffsets() {
        return offsets(observationSteps);
    }

    /** The frames whose actions are a chunk, counted from now. */
    public int[] actionOffsets() {
        return offsets(horizon);
    }

    private int[] offsets(int count) {
        int[] offsets = new int[count];
        Arrays.setAll(offsets, i -> i + 1 - observationSteps);
        return offsets;
    }

    /** Where in an observed step the numbers are that actions are relative to. */
    int originOffset() {
        int offset = 0;
        for (PolicyFeature input : inputs) {
            if (input.name().equals(relativeTo.orElseThrow())) {
                return offset;
            }
            offset += input.width();
        }
        throw new AssertionError(relativeTo);
    }

    // ---- as a file ----

    void write(Path file) throws IOException {
        ObjectNode root = Json.object();
        root.put("type", TYPE).put("n_obs_steps", observationSteps);
        root.put("horizon", horizon).put("n_action_steps", actionSteps);
        ObjectNode inputNode = root.putObject("input_features");
        inputs.forEach(input -> input.write(inputNode));
        action.write(root.putObject("output_features"));
        writeMapping(root.putObject("normalization_mapping"));
        root.put("action_relative_to", relativeTo.orElse(null));
        NetworkJson.write(network, root.putObject("network"));
        Json.write(file, root);
    }

    /** By what each kind of feature is scaled. */
    void writeMapping(ObjectNode mapping) {
        for (PolicyFeature.Kind kind : PolicyFeature.Kind.values()) {
            mapping.put(kind.name(), mode(kind));
        }
    }

    /** What stands for actions that are relative, beside the names of {@link Normalization}. */
    static final String RELATIVE = "RELATIVE_STD";

    private String mode(PolicyFeature.Kind kind) {
        boolean relative = kind == PolicyFeature.Kind.ACTION && relativeTo.isPresent();
        return relative ? RELATIVE : normalization.name();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws FileFormatException if something is missing, wrong or unknown
     */
    static PolicyConfig read(Path file) throws IOException {
        JsonSettings root = Json.read(file);
        if (!root.text("type").equals(TYPE)) {
            throw root.wrong(
                    "type",
                    "is \"%s\"; this reads policies of type \"%s\""
                            .formatted(root.text("type"), TYPE));
        }
        List<PolicyFeature> inputs = features(root.object("input_features"));
        List<PolicyFeature> outputs = features(root.object("output_features"));
        if (outputs.size() != 1) {
            throw root.wrong("output_features", "must name one feature, the action");
        }
        Optional<String> relativeTo = Optional.empty();
        if (root.has("action_relative_to")) {
            relativeTo = Optional.of(root.text("action_relative_to"));
        } else {
            root.skip("action_relative_to");
        }
        JsonSettings network = root.object("network");
        try {
            PolicyConfig config =
                    new PolicyConfig(
                            inputs,
                            outputs.getFirst(),
                            (int) root.integer("n_obs_steps", 1, MOST_STEPS),
                            (int) root.integer("horizon", 1, MOST_STEPS),
                            (int) root.integer("n_action_steps", 1, MOST_STEPS),
                            normalization(root.object("normalization_mapping")),
                            relativeTo,
                            NetworkJson.read(network));
            network.done();
            root.done();
            config.checkMapping(root.object("normalization_mapping"));
            return config;
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(file, String.valueOf(problem.getMessage()));
        }
    }

    private static List<PolicyFeature> features(JsonSettings json) throws IOException {
        List<PolicyFeature> features = new ArrayList<>();
        for (String name : json.names()) {
            features.add(PolicyFeature.read(name, json.object(name)));
        }
        return features;
    }

    private static Normalization normalization(JsonSettings mapping) throws IOException {
        String name = mapping.text(PolicyFeature.Kind.STATE.name());
        for (Normalization mode : Normalization.values()) {
            if (mode.name().equals(name)) {
                return mode;
            }
        }
        throw mapping.wrong(
                "STATE", "is '%s'; known are %s".formatted(name, List.of(Normalization.values())));
    }

    private void checkMapping(JsonSettings mapping) throws IOException {
        for (PolicyFeature.Kind kind : PolicyFeature.Kind.values()) {
            if (!mapping.text(kind.name()).equals(mode(kind))) {
                throw mapping.wrong(
                        kind.name(), "must be '%s' to fit the rest".formatted(mode(kind)));
            }
        }
        mapping.done();
    }
}
