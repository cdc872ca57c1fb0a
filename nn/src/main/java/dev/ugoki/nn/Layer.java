package dev.ugoki.nn;

import dev.ugoki.tensor.Tensor;

/** A module that makes one tensor of one tensor, so that it can stand in a sequence. */
public abstract class Layer extends Module {
    /** For subclasses. */
    protected Layer() {}

    /** The output for {@code x}. */
    public abstract Tensor apply(Tensor x);
}
