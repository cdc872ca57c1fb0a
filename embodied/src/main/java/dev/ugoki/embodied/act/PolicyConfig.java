package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.ObservationPolicy;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a policy sees and says, how that is scaled, and with which network: its {@code config.json},
 * in LeRobot's terms.
 *
 * <p>A chunk begins at the first step of the observations: with two steps observed, its actions
 * belong to the steps -1, 0, 1, ..., of which {@code actionSteps} from 0 on are carried out.
 *
 * <p>Settings that bear on training or on where things are stored alone are kept as they are; one
 * that this does not know is refused by name.
 *
 * @param inputs in the file's order, which is that of cameras too
 * @param action what it predicts
 * @param normalization by the kind of feature; without that of actions where they are relative
 * @param actionSteps how many actions are carried out before the next prediction
 * @param relativeTo the input whose first numbers actions are given relative to: the network
 *     predicts {@code (action - input now) / scale}, where the scale is the standard deviation of
 *     that difference at each step of the chunk and in each dimension; empty for absolute actions
 * @param network the network
 * @param kept settings that are only kept, as JSON text of one object
 */
public record PolicyConfig(
        List<PolicyFeature> inputs,
        PolicyFeature action,
        Map<PolicyFeature.Kind, Normalization> normalization,
        int actionSteps,
        Optional<String> relativeTo,
        PolicyNetwork network,
        String kept) {
    /** What stands for actions that are relative, beside the names of {@link Normalization}. */
    static final String RELATIVE = "RELATIVE_STD";

    private static final String RELATIVE_TO = "action_relative_to";
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

    /**
     * @throws IllegalArgumentException if the features or numbers of steps don't fit the network,
     *     or actions are relative to something that is no input of at least their width
     */
    public PolicyConfig {
        inputs = List.copyOf(inputs);
        Map<PolicyFeature.Kind, Normalization> modes = new EnumMap<>(PolicyFeature.Kind.class);
        modes.putAll(normalization);
        relativeTo.ifPresent(_ -> modes.remove(PolicyFeature.Kind.ACTION));
        normalization = Collections.unmodifiableMap(modes);
        network.check(inputs, action, actionSteps);
        if (relativeTo.isPresent()) {
            requireOrigin(inputs, action, relativeTo.get());
        }
    }

    private static void requireOrigin(
            List<PolicyFeature> inputs, PolicyFeature action, String name) {
        for (PolicyFeature input : inputs) {
            if (input.name().equals(name)
                    && input.kind() != PolicyFeature.Kind.VISUAL
                    && input.width() >= action.width()) {
                return;
            }
        }
        throw new IllegalArgumentException(
                "policy: actions are relative to '%s', which is no input of at least %d numbers;"
                        + " inputs are %s".formatted(name, action.width(), inputs));
    }

    /** A configuration of absolute actions, without anything that is only kept. */
    public static PolicyConfig of(
            List<PolicyFeature> inputs,
            PolicyFeature action,
            Map<PolicyFeature.Kind, Normalization> normalization,
            int actionSteps,
            PolicyNetwork network) {
        return new PolicyConfig(
                inputs, action, normalization, actionSteps, Optional.empty(), network, "{}");
    }

    /** The same with all features, actions included, scaled alike. */
    public static PolicyConfig of(
            List<PolicyFeature> inputs,
            PolicyFeature action,
            Normalization normalization,
            int actionSteps,
            PolicyNetwork network) {
        Map<PolicyFeature.Kind, Normalization> modes = new EnumMap<>(PolicyFeature.Kind.class);
        for (PolicyFeature.Kind kind : PolicyFeature.Kind.values()) {
            modes.put(kind, normalization);
        }
        return of(inputs, action, modes, actionSteps, network);
    }

    /** The same with actions relative to an input. */
    public PolicyConfig withActionsRelativeTo(String input) {
        return new PolicyConfig(
                inputs, action, normalization, actionSteps, Optional.of(input), network, kept);
    }

    /** The same with another network. */
    public PolicyConfig withNetwork(PolicyNetwork value) {
        return new PolicyConfig(
                inputs, action, normalization, actionSteps, relativeTo, value, kept);
    }

    /** Actions of a chunk. */
    public int horizon() {
        return network.chunkLength();
    }

    /** How many steps are seen, the present one last. */
    public int observationSteps() {
        return network.observationSteps();
    }

    /** The inputs that are no images, in their order. */
    public List<PolicyFeature> vectors() {
        return inputs.stream().filter(input -> input.kind() != PolicyFeature.Kind.VISUAL).toList();
    }

    /** How many numbers the vectors of one observed step have. */
    public int frameWidth() {
        return vectors().stream().mapToInt(PolicyFeature::width).sum();
    }

    /** How many numbers the vectors of all observed steps have. */
    public int conditioningWidth() {
        return observationSteps() * frameWidth();
    }

    /** The first action of a chunk that is carried out. */
    public int firstAction() {
        return observationSteps() - 1;
    }

    /** The frames of an input that are observed, counted from now, 0 last. */
    public int[] observationOffsets(PolicyFeature input) {
        return DeltaWindows.range(1 - network.stepsOf(input), 1);
    }

    /** The frames whose actions are a chunk, counted from now. */
    public int[] actionOffsets() {
        return DeltaWindows.range(-firstAction(), horizon() - firstAction());
    }

    /** The input of a kind that occurs at most once. */
    public Optional<PolicyFeature> input(PolicyFeature.Kind kind) {
        return inputs.stream().filter(input -> input.kind() == kind).findFirst();
    }

    /** The images, in the order of cameras. */
    public List<PolicyFeature> images() {
        return inputs.stream().filter(input -> input.kind() == PolicyFeature.Kind.VISUAL).toList();
    }

    /** Inputs, then the action. */
    public List<PolicyFeature> features() {
        List<PolicyFeature> all = new ArrayList<>(inputs);
        all.add(action);
        return all;
    }

    /** By what a feature is scaled; {@link Normalization#IDENTITY} where nothing is said. */
    Normalization normalization(PolicyFeature feature) {
        return normalization.getOrDefault(feature.kind(), Normalization.IDENTITY);
    }

    /** The name of what a kind of features is scaled by. */
    private String mode(PolicyFeature.Kind kind) {
        boolean relative = kind == PolicyFeature.Kind.ACTION && relativeTo.isPresent();
        return relative
                ? RELATIVE
                : normalization.getOrDefault(kind, Normalization.IDENTITY).name();
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
        writeMapping(root.putObject("normalization_mapping"));
        root.put("n_action_steps", actionSteps);
        relativeTo.ifPresent(name -> root.put(RELATIVE_TO, name));
        PolicyNetworkJson.write(network, root);
        root.setAll(Json.parseLine(kept));
        Json.write(file, root);
    }

    /** By what each kind of feature is scaled. */
    void writeMapping(ObjectNode node) {
        for (PolicyFeature.Kind kind : PolicyFeature.Kind.values()) {
            boolean relative = kind == PolicyFeature.Kind.ACTION && relativeTo.isPresent();
            if (relative || normalization.containsKey(kind)) {
                node.put(kind.name(), mode(kind));
            }
        }
    }

    /** Throws unless a mapping, of a processor's file, says the same of a feature. */
    void checkMapping(JsonSettings mapping, PolicyFeature feature) throws IOException {
        String found = mapping.text(feature.kind().name(), Normalization.IDENTITY.name());
        if (!found.equals(mode(feature.kind()))) {
            throw mapping.wrong(
                    feature.kind().name(),
                    "is '%s', and config.json says '%s'".formatted(found, mode(feature.kind())));
        }
    }

    /**
     * Reads a configuration.
     *
     * @throws FileFormatException if something is missing, wrong or unknown
     */
    static PolicyConfig read(Path file) throws IOException {
        JsonSettings root = Json.read(file);
        ObjectNode kept = Json.object();
        for (String name : KEPT) {
            var value = root.keep(name);
            if (value != null) {
                kept.set(name, value);
            }
        }
        List<PolicyFeature> inputs = features(root.object("input_features"));
        List<PolicyFeature> outputs = features(root.object("output_features"));
        if (outputs.size() != 1 || outputs.getFirst().kind() != PolicyFeature.Kind.ACTION) {
            throw root.wrong("output_features", "must name one feature, the action");
        }
        Optional<String> relativeTo =
                root.has(RELATIVE_TO) ? Optional.of(root.text(RELATIVE_TO)) : Optional.empty();
        root.skip(RELATIVE_TO);
        Map<PolicyFeature.Kind, Normalization> normalization =
                mapping(root.object("normalization_mapping"), relativeTo.isPresent());
        try {
            PolicyNetwork network = PolicyNetworkJson.read(root);
            int actionSteps = (int) root.integer("n_action_steps", 1, MOST_STEPS);
            root.done();
            return new PolicyConfig(
                    inputs,
                    outputs.getFirst(),
                    normalization,
                    actionSteps,
                    relativeTo,
                    network,
                    Json.line(kept));
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

    /** Modes by the kind of feature; kinds that no feature has may be of modes unknown here. */
    private static Map<PolicyFeature.Kind, Normalization> mapping(
            JsonSettings json, boolean relative) throws IOException {
        Map<PolicyFeature.Kind, Normalization> mapping = new EnumMap<>(PolicyFeature.Kind.class);
        String action = PolicyFeature.Kind.ACTION.name();
        if (relative && !json.text(action).equals(RELATIVE)) {
            throw json.wrong(action, "must be '%s' where actions are relative".formatted(RELATIVE));
        }
        for (PolicyFeature.Kind kind : PolicyFeature.Kind.values()) {
            if (json.has(kind.name()) && !(relative && kind == PolicyFeature.Kind.ACTION)) {
                mapping.put(kind, mode(json, kind.name()));
            }
        }
        for (String name : json.names()) {
            json.skip(name);
        }
        return mapping;
    }

    private static Normalization mode(JsonSettings json, String kind) throws IOException {
        String name = json.text(kind);
        for (Normalization mode : Normalization.values()) {
            if (mode.name().equals(name)) {
                return mode;
            }
        }
        throw json.wrong(
                kind, "is '%s'; known are %s".formatted(name, List.of(Normalization.values())));
    }
}
