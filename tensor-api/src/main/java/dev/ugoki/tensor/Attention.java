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
     * <p>Grouped-query attention: where the dimension before the lengths is that of heads, queries
     * may have several times as many as keys and values. Each head of the keys and values then
     * serves so many heads of the queries in a row.
     *
     * @param queries {@code [.., l, e]}
     * @param keys {@code [.., s, e]}
     * @param values {@code [.., s, v]}; the dimensions before are broadcast
     * @param mask broadcast to {@code [.., l, s]}: BOOL, true where attending is allowed, or of the
     *     queries' dtype and added to the scores; or null
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
        long groups = groups(queries, keys, values);
        if (groups > 1) {
            long heads = queries.extent(-3);
            Tensor perHead = grouped(queries, groups);
            Tensor grouping = mask == null ? null : groupedMask(mask, heads, groups);
            Tensor attended =
                    scaledDotProduct(
                            perHead,
                            keys.unsqueeze(-3),
                            values.unsqueeze(-3),
                            grouping,
                            causal,
                            scale);
            return attended.flatten(-4, -3);
        }
        Shape batch = outer(queries.shape());
        Tensor[] all = {queries, keys, values};
        batch = Tensor.broadcast(op.name(), batch, outer(keys.shape()), all);
        batch = Tensor.broadcast(op.name(), batch, outer(values.shape()), all);
        Tensor q = inner(batch, queries);
        Tensor k = inner(batch, keys);
        Tensor v = inner(batch, values);
        if (mask == null) {
            return Engine.apply(op, q, k, v)[0];
        }
        long[] scores = q.shape().toArray();
        scores[scores.length - 1] = k.extent(-2);
        return Engine.apply(op, q, k, v, mask.expand(Shape.of(scores)))[0];
    }

    /** How many heads of queries share one head of keys and values, where that is several. */
    private static long groups(Tensor queries, Tensor keys, Tensor values) {
        if (queries.rank() < 3 || keys.rank() < 3 || values.rank() < 3) {
            return 1;
        }
        long heads = queries.extent(-3);
        long shared = keys.extent(-3);
        boolean several = shared > 1 && heads > shared && heads % shared == 0;
        return several && values.extent(-3) == shared ? heads / shared : 1;
    }

    /** {@code [.., heads, l, e]} as {@code [.., heads / groups, groups, l, e]}. */
    private static Tensor grouped(Tensor x, long groups) {
        long[] extents = Arrays.copyOf(x.shape().toArray(), x.rank() + 1);
        System.arraycopy(extents, x.rank() - 2, extents, x.rank() - 1, 2);
        extents[x.rank() - 3] /= groups;
        extents[x.rank() - 2] = groups;
        return x.reshape(extents);
    }

    private static Tensor groupedMask(Tensor mask, long heads, long groups) {
        if (mask.rank() < 3) {
            return mask;
        }
        return mask.extent(-3) == heads ? grouped(mask, groups) : mask.unsqueeze(-3);
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
