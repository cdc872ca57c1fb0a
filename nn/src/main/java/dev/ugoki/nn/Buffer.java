package dev.ugoki.nn;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Overwrite;

/**
 * A tensor that belongs to a module and is not learned: running statistics, a table of positions.
 * It keeps its place in memory; its values change by {@link #assign}.
 */
public final class Buffer {
    private final Tensor tensor;
    private final Place place;

    /** What a buffer is to the state of its module. */
    enum Place {
        /** Part of it. */
        SAVED,
        /** Part of it, but older states do without: one that lacks it leaves it as it is. */
        OPTIONAL,
        /** No part of it: a constant that the module's constructor makes anew. */
        CONSTANT
    }

    /** A buffer that starts with a copy of {@code initial}, and belongs to no scope. */
    Buffer(Tensor initial, Place place) {
        this.tensor = TensorScope.outside(() -> initial.detach().copy());
        this.place = place;
    }

    /** The current values. */
    public Tensor tensor() {
        return tensor;
    }

    public TensorType type() {
        return tensor.type();
    }

    /** Whether it is part of the module's state. */
    public boolean isSaved() {
        return place != Place.CONSTANT;
    }

    /** Whether a state may lack it. */
    boolean isOptional() {
        return place == Place.OPTIONAL;
    }

    /**
     * Replaces the values in place.
     *
     * @throws IllegalArgumentException if {@code values} is of another type
     */
    public void assign(Tensor values) {
        Engine.update(new Overwrite(), tensor, values.detach());
    }

    @Override
    public String toString() {
        return "Buffer " + tensor.type();
    }
}
