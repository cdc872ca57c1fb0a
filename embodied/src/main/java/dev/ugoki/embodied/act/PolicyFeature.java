package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.JsonSettings;

import java.io.IOException;
import java.util.List;

/**
 * What a policy sees or says at each step.
 *
 * @param name of the data set's feature, such as {@code observation.images.top}
 * @param kind what it tells of
 * @param shape without batch and steps: {@code [width]}, or {@code [3, height, width]} of images
 */
public record PolicyFeature(String name, Kind kind, List<Integer> shape) {
    /** What a feature tells of. */
    public enum Kind {
        /** The robot itself. */
        STATE,
        /** What is around it. */
        ENV,
        /** What it does. */
        ACTION,
        /** An image. */
        VISUAL
    }

    private static final int MOST_NUMBERS = 1 << 20;

    public PolicyFeature {
        shape = List.copyOf(shape);
        int rank = kind == Kind.VISUAL ? 3 : 1;
        if (shape.size() != rank || shape.stream().anyMatch(extent -> extent < 1)) {
            throw new IllegalArgumentException(
                    "feature '%s' of kind %s must have %d dimensions, and has %s"
                            .formatted(name, kind, rank, shape));
        }
    }

    /** What the robot tells of itself. */
    public static PolicyFeature state(String name, int width) {
        return new PolicyFeature(name, Kind.STATE, List.of(width));
    }

    /** What is told of its surroundings. */
    public static PolicyFeature environment(String name, int width) {
        return new PolicyFeature(name, Kind.ENV, List.of(width));
    }

    /** What it does. */
    public static PolicyFeature action(String name, int width) {
        return new PolicyFeature(name, Kind.ACTION, List.of(width));
    }

    /** What a camera sees, RGB. */
    public static PolicyFeature image(String name, int height, int width) {
        return new PolicyFeature(name, Kind.VISUAL, List.of(3, height, width));
    }

    /** How many numbers a vector has, or how many channels an image. */
    public int width() {
        return shape.getFirst();
    }

    /** The dimension of a batch that has {@link #width}, counted from the end. */
    int dim() {
        return kind == Kind.VISUAL ? -3 : -1;
    }

    void write(ObjectNode parent) {
        ObjectNode node = parent.putObject(name);
        ArrayNode extents = node.put("type", kind.name()).putArray("shape");
        shape.forEach(extents::add);
    }

    static PolicyFeature read(String name, JsonSettings json) throws IOException {
        List<Integer> shape =
                json.integers("shape", 1, MOST_NUMBERS).stream().map(Math::toIntExact).toList();
        String type = json.text("type");
        json.done();
        for (Kind kind : Kind.values()) {
            if (kind.name().equals(type)) {
                try {
                    return new PolicyFeature(name, kind, shape);
                } catch (IllegalArgumentException problem) {
                    throw json.wrong("shape", String.valueOf(problem.getMessage()));
                }
            }
        }
        throw json.wrong("type", "is '%s'; known are %s".formatted(type, List.of(Kind.values())));
    }

    @Override
    public String toString() {
        return name + shape;
    }
}
