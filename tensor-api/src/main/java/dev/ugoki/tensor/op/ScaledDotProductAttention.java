package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * {@code softmax(scale * Q K^T) V}, where a query attends only to keys that the mask allows and, if
 * {@code causal}, to those at its own index or before; a query that may attend to nothing gives 0,
 * and gradients of 0.
 *
 * <p>Operands: queries {@code [.., l, e]}, keys {@code [.., s, e]}, values {@code [.., s, v]}, and
 * optionally a mask {@code [.., l, s]}: BOOL, true where attending is allowed, or of the queries'
 * dtype, added to the scores, minus infinity where attending is not allowed. The dimensions before
 * are equal. Results: {@code [.., l, v]}, and for each query the logarithm of the sum of the
 * exponentials of its scores, {@code [.., l]}, 0 where it may attend to nothing. F16 and BF16 are
 * computed in F32, and the logarithms are F32 then.
 *
 * <p>The gradient is an operation of its own, so that a backend can do without the matrix of scores
 * there as well. Where the mask's gradient is wanted, or the logarithms have a cotangent, the
 * decomposition is differentiated instead.
 *
 * <p>Shapes: {@code [.., l, e], [.., s, e], [.., s, v], [.., l, s] -> [.., l, v], [.., l]}.
 *
 * <p>Source: Vaswani et al.: Attention is all you need (NeurIPS 2017); Dao et al.: FlashAttention
 * (NeurIPS 2022).
 */
public record ScaledDotProductAttention(double scale, boolean causal) implements Composite {
    private static final int MASK = 3;

    @Override
    public int resultCount() {
        return 2;
    }

    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 3, 4);
        requireQueriesKeysValues(this, in);
        if (in.length > MASK) {
            requireMask(this, in, MASK);
        }
        return new TensorType[] {
            in[0].withShape(ending(in[0].shape(), 1, in[2].shape().extent(-1))),
            new TensorType(Operands.wide(in[0].dtype()), perQuery(in[0].shape()))
        };
    }

    private static void requireQueriesKeysValues(Op op, TensorType[] in) {
        Operands.floating(op, in, 3);
        for (int i = 0; i < 3; i++) {
            Operands.rankAtLeast(op, in, i, 2, "[.., length, width]");
        }
        Shape queries = in[0].shape();
        long length = in[1].shape().extent(-2);
        Shape keys = ending(queries, 2, length, queries.extent(-1));
        Operands.shape(op, in, 1, "the keys", keys);
        Shape values = ending(queries, 2, length, in[2].shape().extent(-1));
        Operands.shape(op, in, 2, "the values", values);
    }

    private static void requireMask(Op op, TensorType[] in, int operand) {
        Shape scores = ending(in[0].shape(), 1, in[1].shape().extent(-2));
        Operands.shape(op, in, operand, "the mask", scores);
        DType dtype = in[operand].dtype();
        if (dtype != DType.BOOL && dtype != in[0].dtype()) {
            throw TypeRules.wrong(
                    op,
                    in,
                    "the mask must be BOOL, true where attending is allowed, or "
                            + in[0].dtype()
                            + ", added to the scores");
        }
    }

    /** The shape with its last {@code count} extents replaced by {@code last}. */
    private static Shape ending(Shape shape, int count, long... last) {
        long[] extents = shape.toArray();
        System.arraycopy(last, 0, extents, extents.length - count, count);
        return Shape.of(extents);
    }

    private static Shape perQuery(Shape queries) {
        return Shape.of(Arrays.copyOf(queries.toArray(), queries.rank() - 1));
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        TensorType[] types = Operands.check(this, operands);
        Tensor values = Operands.wide(operands[2]);
        Tensor scores =
                scores(operands[0], operands[1], operands.length > MASK ? operands[3] : null);
        if (scores.shape().elementCount() == 0) {
            return new Tensor[] {
                scores.matmul(values).cast(types[0].dtype()),
                scores.scalarLike(0).expand(types[1].shape())
            };
        }
        // Where a query may attend to nothing the scores are all minus infinity. They become equal
        // numbers, so that nothing is NaN on the way.
        Tensor nothing = scores.max(true, -1).eq(Double.NEGATIVE_INFINITY);
        Tensor some = scores.maskedFill(nothing, 0);
        Tensor weights = some.softmax(-1).maskedFill(nothing, 0);
        Tensor logarithm = some.logSumExp(true, -1).maskedFill(nothing, 0);
        return new Tensor[] {weights.matmul(values).cast(types[0].dtype()), logarithm.squeeze(-1)};
    }

    /** {@code scale * Q K^T} and what the mask adds; minus infinity where it is not allowed. */
    private Tensor scores(Tensor queries, Tensor keys, @Nullable Tensor mask) {
        Tensor scaled = Operands.wide(queries).mul(scale);
        Tensor scores = scaled.matmul(Operands.wide(keys).transpose(-2, -1));
        if (scores.shape().elementCount() == 0) {
            return scores;
        }
        if (mask != null) {
            scores =
                    mask.dtype() == DType.BOOL
                            ? scores.maskedFill(mask.not(), Double.NEGATIVE_INFINITY)
                            : scores.add(Operands.wide(mask));
        }
        if (causal) {
            Shape square = Shape.of(scores.extent(-2), scores.extent(-1));
            Tensor future = scores.scalarLike(1).expand(square).tril(0).eq(0);
            scores = scores.maskedFill(future.expand(scores.shape()), Double.NEGATIVE_INFINITY);
        }
        return scores;
    }

    @Override
    public @Nullable Tensor @Nullable [] backward(
            Tensor[] operands,
            Tensor[] forward,
            @Nullable Tensor[] cotangents,
            IntPredicate wanted) {
        Tensor g = cotangents[0];
        if (g == null || cotangents[1] != null || (operands.length > MASK && wanted.test(MASK))) {
            return null;
        }
        Tensor[] all = new Tensor[operands.length + 3];
        all[0] = g;
        all[1] = forward[0];
        all[2] = forward[1];
        System.arraycopy(operands, 0, all, 3, operands.length);
        return Arrays.copyOf(Engine.apply(new Gradient(scale, causal), all), operands.length);
    }

    /**
     * The gradients of queries, keys and values. Operands: the cotangent of the result, the result,
     * the logarithms, queries, keys, values, and the mask where there is one.
     *
     * <p>Formula: {@code P = exp(scale * Q K^T - logarithm)}, {@code D = P * (g V^T - sum(g *
     * result))}: {@code scale * D K}, {@code scale * D^T Q}, {@code P^T g}.
     *
     * <p>Shapes: {@code [.., l, v], [.., l, v], [.., l], [.., l, e], [.., s, e], [.., s, v], [..,
     * l, s] -> [.., l, e], [.., s, e], [.., s, v]}.
     *
     * <p>Source: the derivative of {@link ScaledDotProductAttention}; Dao et al.: FlashAttention
     * (NeurIPS 2022).
     */
    public record Gradient(double scale, boolean causal) implements Composite {
        @Override
        public String name() {
            return "scaledDotProductAttentionGradient";
        }

        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 6, 7);
            TensorType[] operands = Arrays.copyOfRange(in, 3, in.length);
            TensorType[] results = new ScaledDotProductAttention(scale, causal).infer(operands);
            for (int i = 0; i < 3; i++) {
                TensorType expected = results[i / 2];
                String role = i == 0 ? "the cotangent" : i == 1 ? "the result" : "the logarithms";
                Operands.shape(this, in, i, role, expected.shape());
                if (in[i].dtype() != expected.dtype()) {
                    throw TypeRules.wrong(this, in, role + " must be " + expected.dtype());
                }
            }
            return Arrays.copyOf(operands, 3);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            TensorType[] types = Operands.check(this, operands);
            Tensor g = Operands.wide(operands[0]);
            Tensor queries = Operands.wide(operands[3]);
            Tensor keys = Operands.wide(operands[4]);
            Tensor scores =
                    new ScaledDotProductAttention(scale, causal)
                            .scores(queries, keys, operands.length > 6 ? operands[6] : null);
            Tensor weights = scores.sub(operands[2].unsqueeze(-1)).exp();
            Tensor along = g.mul(Operands.wide(operands[1])).sum(true, -1);
            Tensor toWeights = g.matmul(Operands.wide(operands[5]).transpose(-2, -1));
            Tensor toScores = weights.mul(toWeights.sub(along)).mul(scale);
            Tensor[] gradients = {
                toScores.matmul(keys),
                toScores.transpose(-2, -1).matmul(queries),
                weights.transpose(-2, -1).matmul(g)
            };
            for (int i = 0; i < 3; i++) {
                gradients[i] = gradients[i].cast(types[i].dtype());
            }
            return gradients;
        }
    }
}
