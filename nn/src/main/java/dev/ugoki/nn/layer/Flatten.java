package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Tensor;

/** All dimensions but the first as one: {@code [n, ..] -> [n, product]}. It has no state. */
public final class Flatten extends Layer {
    /** A layer. */
    public Flatten() {}

    @Override
    public Tensor apply(Tensor x) {
        return x.flatten(1, -1);
    }
}
