package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import java.util.Arrays;

/**
 * A learned vector for each number: ids {@code [..]} (I64 or I32) {@code -> [.., width]}.
 *
 * <p>State: {@code weight [count, width]}, standard normal at first.
 */
public final class Embedding extends Layer {
    private final long width;
    private final Parameter weight;

    /** Vectors for the numbers 0 to {@code count - 1}. */
    public Embedding(long count, long width, Key key) {
        this.width = width;
        weight = parameter("weight", Init.normal(key.fold(0), 1, count, width));
    }

    public Parameter weight() {
        return weight;
    }

    @Override
    public Tensor apply(Tensor ids) {
        long[] extents = Arrays.copyOf(ids.shape().toArray(), ids.rank() + 1);
        extents[ids.rank()] = width;
        return weight.tensor().indexSelect(0, ids.reshape(-1)).reshape(Shape.of(extents));
    }
}
