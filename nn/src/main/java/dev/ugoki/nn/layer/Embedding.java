package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

/**
 * A learned vector for each number: ids {@code [..]} (I64 or I32) {@code -> [.., width]}.
 *
 * <p>State: {@code weight [count, width]}, standard normal at first.
 */
public final class Embedding extends Layer {
    private final Parameter weight;

    /** Vectors for the numbers 0 to {@code count - 1}. */
    public Embedding(long count, long width, Key key) {
        weight = parameter("weight", () -> Init.normal(key.fold(0), 1, count, width));
    }

    public Parameter weight() {
        return weight;
    }

    @Override
    public Tensor apply(Tensor ids) {
        return weight.tensor().embedding(ids);
    }
}
