package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Operations with everything decided that does not depend on values, for plans: each family's steps
 * are a class. They run the kernels that run eagerly, with the same bits, and allocate nothing.
 */
final class PreparedSteps {
    private PreparedSteps() {}

    /** The step; null where there is none, and each run decides anew. */
    static @Nullable Prepared of(Op op, Slot[] in, Slot[] out) {
        return switch (op) {
            case Linear _ -> in[0].dtype() == DType.F32 ? ProductStep.linear(in, out[0]) : null;
            case Prim.MatMul _ -> ProductStep.matMul(in, out[0]);
            case Prim.Conv _, Prim.ConvDataGrad _, Prim.ConvFilterGrad _ ->
                    ConvolutionStep.of((Prim) op, in, out[0]);
            case Prim.Reshape _ -> CopyStep.toContiguous(in[0], out[0]);
            case Prim.Pad pad -> pad(pad, in[0], out[0]);
            case Prim.Concat concat -> concat(concat, in, out[0]);
            case Prim.Reduce reduce -> ReductionStep.of(reduce, in[0], out[0]);
            case Prim.Unary _, Prim.Binary _, Prim.Compare _, Prim.Select _, Prim.Cast _ ->
                    ElementwiseStep.of((Prim) op, in, out[0]);
            case Prim.RandomBits bits -> new RandomStep(in[0], bits.firstBlock(), null, out[0]);
            case RandomDraw.RandomUniform _ ->
                    out[0].dtype() == DType.F32
                            ? new RandomStep(in[0], 0, Fill.OfWords.UNIFORM, out[0])
                            : null;
            case RandomDraw.RandomNormal _ ->
                    out[0].dtype() == DType.F32
                            ? new RandomStep(in[0], 0, Fill.OfWords.NORMAL, out[0])
                            : null;
            case OptimizerStep step -> UpdateStep.of(step, in, out);
            case Pooling.MaxPool pool ->
                    in[0].dtype() == DType.F32 && in[0].isContiguous()
                            ? MaxPoolWindows.step(pool, in[0], out)
                            : null;
            case Likelihood _, Normalization _ -> RowsStep.of((Composite) op, in, out);
            default -> null;
        };
    }

    /** Whether the kernel of an operation would copy an operand that is not contiguous. */
    static boolean wantContiguous(Op op, int number, Stored... operands) {
        if (operands[0].dtype() != DType.F32) {
            return false;
        }
        return switch (op) {
            case Linear _ -> number != 1 || !Products.Matrices.needNoCopy(operands[1]);
            case Prim.MatMul _ -> !Products.Matrices.needNoCopy(operands[number]);
            case Prim.Conv _, Prim.ConvDataGrad _, Prim.ConvFilterGrad _ -> true;
            case Composite composite ->
                    FusedKernels.has(
                                    composite,
                                    Arrays.stream(operands)
                                            .map(Stored::type)
                                            .toArray(TensorType[]::new))
                            && Pointwise.of(
                                            composite,
                                            Arrays.stream(operands)
                                                    .map(Stored::type)
                                                    .toArray(TensorType[]::new))
                                    == null;
            default -> false;
        };
    }

    private static Prepared pad(Prim.Pad op, Slot x, Slot result) {
        long[] strides = result.shape().toRowMajorStrides();
        long offset = 0;
        for (int dim = 0; dim < strides.length; dim++) {
            Prim.Edges edges = op.edges().get(dim);
            offset += edges.before() * strides[dim];
            strides[dim] *= edges.between() + 1;
        }
        return new CopyStep(
                new Slot[] {x}, result, new long[] {offset}, new long[][] {strides}, op.value());
    }

    private static Prepared concat(Prim.Concat op, Slot[] parts, Slot result) {
        long[] strides = result.shape().toRowMajorStrides();
        long[] offsets = new long[parts.length];
        long[][] toStrides = new long[parts.length][];
        long at = 0;
        for (int i = 0; i < parts.length; i++) {
            offsets[i] = at;
            toStrides[i] = strides;
            at += parts[i].shape().extent(op.dim()) * strides[op.dim()];
        }
        return new CopyStep(parts, result, offsets, toStrides, null);
    }
}
