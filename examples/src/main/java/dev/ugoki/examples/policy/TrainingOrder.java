package dev.ugoki.examples.policy;

import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What {@code ugoki train policy} learns of what: all that a run that is resumed must be told
 * again.
 *
 * @param data the folder of a LeRobot data set
 * @param kind of policy: act, l1, flow or unet
 * @param chunk how many actions it predicts at once
 * @param absolute whether it predicts actions as they are, and sees the state alone
 * @param heldOut each so-manieth episode is not learned from
 * @param config what differs from the policy's preset
 */
record TrainingOrder(
        String data, String kind, int chunk, boolean absolute, int heldOut, TrainingConfig config) {
    private static final String NAME = "policy";

    /**
     * @throws IllegalArgumentException if a number makes no sense
     */
    TrainingOrder {
        if (chunk < 1 || heldOut < 2) {
            throw new IllegalArgumentException("--chunk must be above 0, and --held-out above 1");
        }
    }

    static TrainingOrder of(
            Path data,
            String kind,
            int chunk,
            boolean absolute,
            int heldOut,
            TrainingConfig config) {
        String source = data.toAbsolutePath().normalize().toString();
        return new TrainingOrder(source, kind, chunk, absolute, heldOut, config);
    }

    /** Whether an episode may be learned from. */
    boolean isKnown(int episode) {
        return isKnown(episode, heldOut);
    }

    /** Whether an episode may be learned from where each so-manieth may not. */
    static boolean isKnown(int episode, int heldOut) {
        return (episode + 1) % heldOut != 0;
    }

    /** As a run's settings keep it. */
    Map<String, String> texts() {
        return Map.of(
                "name",
                NAME,
                "data",
                data,
                "policy",
                kind,
                "chunk",
                Integer.toString(chunk),
                "absolute",
                Boolean.toString(absolute),
                "held_out",
                Integer.toString(heldOut),
                "config",
                config.text());
    }

    /**
     * What {@link #texts} gave.
     *
     * @throws IOException if the run is another command's
     */
    static TrainingOrder of(Path folder, Map<String, String> texts) throws IOException {
        if (!NAME.equals(texts.get("name"))) {
            throw new FileFormatException(folder, "is no run of 'ugoki train policy'");
        }
        return new TrainingOrder(
                texts.getOrDefault("data", ""),
                texts.getOrDefault("policy", ""),
                Integer.parseInt(texts.getOrDefault("chunk", "0")),
                Boolean.parseBoolean(texts.get("absolute")),
                Integer.parseInt(texts.getOrDefault("held_out", "0")),
                TrainingConfig.parse(folder, texts.getOrDefault("config", "{}")));
    }
}
