package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.JsonSettings;

import java.io.IOException;
import java.util.List;

/**
 * A vector that a policy sees or says at each step.
 *
 * @param name of the data set's feature, such as {@code observation.state}
 * @param kind what it tells of
 * @param width how many numbers it has
 */
public record PolicyFeature(String name, Kind kind, int width) {
    /** What a feature tells of, as LeRobot's configurations name it. */
    public enum Kind {
        /** The robot itself. */
        STATE,
        /** What is around it. */
        ENV,
        /** What it does. */
        ACTION
    }

    private static final int MOST_NUMBERS = 1 << 20;

    public PolicyFeature {
        if (width < 1 || width > MOST_NUMBERS) {
            throw new IllegalArgumentException(
                    "policy: feature '%s' has %d numbers, not 1 to %d"
                            .formatted(name, width, MOST_NUMBERS));
        }
    }

    /** What the robot tells of itself. */
    public static PolicyFeature state(String name, int width) {
        return new PolicyFeature(name, Kind.STATE, width);
    }

    /** What is told of its surroundings. */
    public static PolicyFeature environment(String name, int width) {
        return new PolicyFeature(name, Kind.ENV, width);
    }

    /** What it does. */
    public static PolicyFeature action(String name, int width) {
        return new PolicyFeature(name, Kind.ACTION, width);
    }

    void write(ObjectNode parent) {
        ObjectNode node = parent.putObject(name);
        node.put("type", kind.name()).putArray("shape").add(width);
    }

    static PolicyFeature read(String name, JsonSettings json) throws IOException {
        List<Long> shape = json.integers("shape", 1, MOST_NUMBERS);
        if (shape.size() != 1) {
            throw json.wrong("shape", "must be that of a vector, one number");
        }
        String type = json.text("type");
        json.done();
        for (Kind kind : Kind.values()) {
            if (kind.name().equals(type)) {
                return new PolicyFeature(name, kind, Math.toIntExact(shape.getFirst()));
            }
        }
        throw json.wrong("type", "is '%s'; known are %s".formatted(type, List.of(Kind.values())));
    }

    @Override
    public String toString() {
        return name + "[" + width + "]";
    }
}
