package dev.ugoki.embodied.data;

import dev.ugoki.tensor.Shape;

import java.util.List;

/**
 * One named stream of a data set, such as {@code observation.state}: what each frame holds of it.
 *
 * @param name the name, unique in its data set
 * @param type what one value is
 * @param shape the extents of one frame's value; {@code [1]} for a scalar, as LeRobot has it
 * @param names names of the elements, or of the dimensions for pictures; empty where none are given
 */
public record Feature(String name, FeatureType type, Shape shape, List<String> names) {
    /** More values than this in one frame are taken for a damaged file (an 8K RGB picture fits). */
    static final long MAX_WIDTH = 1L << 27;

    /**
     * @throws IllegalArgumentException if a frame would hold more than 2^27 values
     */
    public Feature {
        if (shape.elementCount() > MAX_WIDTH) {
            throw new IllegalArgumentException(
                    "feature '" + name + "': " + shape + " is too large for one frame");
        }
        names = List.copyOf(names);
    }

    /** A vector (or, with width 1, a scalar) without names of its elements. */
    public static Feature vector(String name, FeatureType type, int width) {
        return new Feature(name, type, Shape.of(width), List.of());
    }

    /** How many values one frame holds: the product of the extents. */
    public int width() {
        return (int) shape.elementCount();
    }
}
