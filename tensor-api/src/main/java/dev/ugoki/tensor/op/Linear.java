package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * {@code y = x W^T + b}. Operands: x {@code [.., in]}, weight {@code [out, in]}, and optionally a
 * bias {@code [out]}; result {@code [.., out]}. F16 and BF16 are computed in F32.
 *
 * <p>Shapes: {@code [.., in], [out, in], [out] -> [.., out]}.
 *
 * <p>Source: PyTorch's {@code linear}.
 */
public record Linear() implements Composite {
    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 2, 3);
        Operands.floating(this, in, in.length);
        Operands.rankAtLeast(this, in, 0, 1, "[.., in]");
        Shape x = in[0].shape();
        Shape weight = in[1].shape();
        if (weight.rank() != 2 || weight.extent(1) != x.extent(-1)) {
            throw TypeRules.wrong(
                    this, in, "the weight must have shape [out," + x.extent(-1) + "]");
        }
        if (in.length > 2) {
            Operands.shape(this, in, 2, "the bias", Shape.of(weight.extent(0)));
        }
        long[] extents = x.toArray();
        extents[extents.length - 1] = weight.extent(0);
        return new TensorType[] {in[0].withShape(Shape.of(extents))};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Shape shape = Operands.check(this, operands)[0].shape();
        Tensor weight = Operands.wide(operands[1]);
        Tensor y = rows(Operands.wide(operands[0])).matmul(weight.transpose(0, 1));
        if (operands.length > 2) {
            y = y.add(Operands.wide(operands[2]));
        }
        return new Tensor[] {y.reshape(shape).cast(operands[0].dtype())};
    }

    @Override
    public @Nullable Tensor @Nullable [] backward(
            Tensor[] operands,
            Tensor[] forward,
            @Nullable Tensor[] cotangents,
            IntPredicate wanted) {
        @Nullable Tensor[] gradients = new @Nullable Tensor[operands.length];
        if (cotangents[0] != null) {
            Tensor g = rows(cotangents[0]);
            if (wanted.test(0)) {
                gradients[0] = g.matmul(operands[1]).reshape(operands[0].shape());
            }
            if (wanted.test(1)) {
                gradients[1] = g.transpose(0, 1).matmul(rows(operands[0]));
            }
            if (operands.length > 2 && wanted.test(2)) {
                gradients[2] = g.sum(false, 0);
            }
        }
        return gradients;
    }

    /** As a matrix: all dimensions but the last in one. */
    private static Tensor rows(Tensor x) {
        long width = x.extent(-1);
        long count = 1;
        for (int dim = 0; dim < x.rank() - 1; dim++) {
            count *= x.extent(dim);
        }
        return x.reshape(Shape.of(count, width));
    }
}
