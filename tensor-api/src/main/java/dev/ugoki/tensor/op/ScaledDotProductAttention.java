package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * {@code softmax(scale * Q K^T) V}, where a query attends only to keys that the mask allows and, if
 * {@code causal}, to those at its own index or before; a query that may attend to nothing gives 0,
 * and gradients of 0.
 *
 * <p>Operands: queries {@code [.., l, e]}, keys {@code [.., s, e]}, values {@code [.., s, v]}, and
 * optionally a mask, BOOL {@code [.., l, s]}, true where attending is allowed; the dimensions
 * before are equal. Result: {@code [.., l, v]}. F16 and BF16 scores are formed in F32.
 *
 * <p>Shapes: {@code [.., l, e], [.., s, e], [.., s, v], [.., l, s] -> [.., l, v]}.
 *
 * <p>Source: Vaswani et al.: Attention is all you need (NeurIPS 2017).
 */
public record ScaledDotProductAttention(double scale, boolean causal) implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 3, 4);
        Operands.floating(this, in, 3);
        for (int i = 0; i < 3; i++) {
            Operands.rankAtLeast(this, in, i, 2, "[.., length, width]");
        }
        Shape keys = in[1].shape();
        long[] scores = in[0].shape().toArray();
        long[] result = scores.clone();
        int rank = scores.length;
        Operands.shape(this, in, 1, "the keys", ending(scores, keys.extent(-2), scores[rank - 1]));
        Operands.shape(
                this,
                in,
                2,
                "the values",
                ending(scores, keys.extent(-2), in[2].shape().extent(-1)));
        scores[rank - 1] = keys.extent(-2);
        if (in.length > 3) {
            Operands.shape(this, in, 3, "the mask", Shape.of(scores));
            if (in[3].dtype() != DType.BOOL) {
                throw TypeRules.wrong(
                        this, in, "the mask must be BOOL, true where attending is allowed");
            }
        }
        result[rank - 1] = in[2].shape().extent(-1);
        return new TensorType[] {in[0].withShape(Shape.of(result))};
    }

    private static Shape ending(long[] extents, long secondToLast, long last) {
        long[] changed = extents.clone();
        changed[changed.length - 2] = secondToLast;
        changed[changed.length - 1] = last;
        return Shape.of(changed);
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        TensorType type = Operands.check(this, operands)[0];
        Tensor queries = Operands.wide(operands[0]).mul(scale);
        Tensor keys = Operands.wide(operands[1]);
        Tensor scores = queries.matmul(keys.transpose(-2, -1));
        Tensor allowed = allowed(operands, scores);
        if (scores.shape().elementCount() == 0) {
            return new Tensor[] {scores.matmul(Operands.wide(operands[2])).cast(type.dtype())};
        }
        Tensor weights;
        if (allowed == null) {
            weights = scores.softmax(-1);
        } else {
            // Rows without an allowed key get equal scores, so that nothing becomes NaN on the way.
            Tensor lowest = scores.scalarLike(Double.NEGATIVE_INFINITY);
            Tensor fill = allowed.any(true, -1).select(lowest, scores.scalarLike(0));
            weights = allowed.select(scores, fill).softmax(-1).maskedFill(allowed.not(), 0);
        }
        return new Tensor[] {weights.matmul(Operands.wide(operands[2])).cast(type.dtype())};
    }

    private @Nullable Tensor allowed(Tensor[] operands, Tensor scores) {
        Tensor mask = operands.length > 3 ? operands[3] : null;
        if (!causal) {
            return mask;
        }
        Shape square = Shape.of(scores.extent(-2), scores.extent(-1));
        Tensor past = scores.scalarLike(1).expand(square).tril(0).ne(0);
        return mask == null ? past.expand(scores.shape()) : mask.and(past);
    }
}
