package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.ScaledDotProductAttention;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** Queries that look for keys, and bring their values. */
public final class Attention {
    private Attention() {}

    /** {@code softmax(Q K^T / sqrt(e)) V}: as the method below, without mask. */
    public static Tensor scaledDotProduct(Tensor queries, Tensor keys, Tensor values) {
        return scaledDotProduct(queries, keys, values, null, false);
    }

    /** With the usual scale, {@code 1 / sqrt(e)}: as the method below. */
    public static Tensor scaledDotProduct(
            Tensor queries, Tensor keys, Tensor values, @Nullable Tensor mask, boolean causal) {
        double scale = queries.rank() < 1 ? 1 : 1 / Math.sqrt(queries.extent(-1));
        return scaledDotProduct(queries, keys, values, mask, causal, scale);
    }

    /**
     * {@code softmax(scale * Q K^T) V}; a query that may attend to nothing gives 0.
     *
     * @param queries {@code [.., l, e]}
     * @param keys {@code [.., s, e]}
     * @param values {@code [.., s, v]}; the dimensions before are broadcast
     * @param mask BOOL, true where attending is allowed, broadcast to {@code [.., l, s]}; or null
     * @param causal whether query i may attend to keys up to i only
     * @return {@code [.., l, v]}
     */
    public static Tensor scaledDotProduct(
            Tensor queries,
            Tensor keys,
            Tensor values,
            @Nullable Tensor mask,
            boolean causal,
            double scale) {
        ScaledDotProductAttention op = new ScaledDotProductAttention(scale, causal);
        if (queries.rank() < 2 || keys.rank() < 2 || values.rank() < 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(op.name())
                            + ": queries, keys and values must be [.., length, width]: "
                            + queries.type()
                            + ", "
                            + keys.type()
                            + ", "
                            + values.type());
        }
        Shape batch = outer(queries.shape());
        Tensor[] all = {queries, keys, values};
        batch = Tensor.broadcast(op.name(), batch, outer(keys.shape()), all);
        batch = Tensor.broadcast(op.name(), batch, outer(values.shape()), all);
        Tensor q = inner(batch, queries);
        Tensor k = inner(batch, keys);
        Tensor v = inner(batch, values);
        if (mask == null) {
            return Engine.one(op, q, k, v);
        }
        long[] scores = q.shape().toArray();
        scores[scores.length - 1] = k.extent(-2);
        return Engine.one(op, q, k, v, mask.expand(Shape.of(scores)));
    }

    private static Shape outer(Shape shape) {
        return Shape.of(Arrays.copyOf(shape.toArray(), shape.rank() - 2));
    }

    private static Tensor inner(Shape batch, Tensor matrices) {
        long[] extents = Arrays.copyOf(batch.toArray(), batch.rank() + 2);
        extents[batch.rank()] = matrices.extent(-2);
        extents[batch.rank() + 1] = matrices.extent(-1);
        return matrices.expand(Shape.of(extents));
    }
}
