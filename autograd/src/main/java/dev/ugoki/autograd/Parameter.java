package dev.ugoki.autograd;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Overwrite;

/**
 * A tensor that is learned: it keeps its place in memory, and its values change by {@link #assign}
 * or by an optimizer's update. Type and device stay.
 */
public final class Parameter {
    private final Tensor tensor;

    /** A parameter that starts with a copy of {@code initial}, and belongs to no scope. */
    public Parameter(Tensor initial) {
        if (!initial.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    "parameter: " + initial.type() + " is not floating, and cannot be learned");
        }
        this.tensor = Autograd.variable(TensorScope.outside(() -> initial.detach().copy()));
    }

    /** The current values, followed: gradients of what is computed of them are known. */
    public Tensor tensor() {
        return tensor;
    }

    public TensorType type() {
        return tensor.type();
    }

    /**
     * Replaces the values in place.
     *
     * @throws IllegalArgumentException if {@code values} is of another type
     */
    public void assign(Tensor values) {
        Engine.update(new Overwrite(), tensor.detach(), values.detach());
    }

    @Override
    public String toString() {
        return "Parameter " + tensor.type();
    }
}
