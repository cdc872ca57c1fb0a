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
import dev.ugoki.tensor.op.ScaledDotProductAttention;
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
                    in[0].dtype() == DType.F32
                            ? ConvolutionStep.of((Prim) op, in, out[0])
                            : NarrowConvolutionStep.of((Prim) op, in, out[0]);
            case Prim.Fill fill -> fill(fill, out[0]);
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
            case Prim.Gather gather -> IndexingStep.gather(gather, in[0], in[1], out[0]);
            case Prim.Scatter scatter -> IndexingStep.scatter(scatter, in[0], in[1], in[2], out[0]);
            case Prim.Scan scan -> LinesStep.of(scan, in[0], out[0]);
            case Prim.ArgReduce arg -> LinesStep.of(arg, in[0], out[0]);
            case Prim.ArgSort sort -> LinesStep.of(sort, in[0], out[0]);
            case ScaledDotProductAttention attention -> AttentionStep.forward(attention, in, out);
            case ScaledDotProductAttention.Gradient gradient ->
                    AttentionStep.backward(gradient, in, out);
            case Likelihood.CrossEntropy _, Likelihood.CrossEntropyGradient _ ->
                    CrossEntropyStep.of((Composite) op, in, out);
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
        return switch (op) {
            case Prim.Unary _, Prim.Binary _, Prim.Compare _, Prim.Select _, Prim.Cast _ ->
                    // Plans see to generated kernels by themselves.
                    Pointwise.of(op, types(operands)) == null
                            && Walk.of(operands[0].shape(), operands).copies(operands)[number];
            case Prim.Gather _, Prim.Scan _, Prim.ArgReduce _, Prim.ArgSort _ -> number == 0;
            case Prim.Scatter _ -> number == 2;
            case Prim.MatMul _ ->
                    (operands[0].dtype() == DType.F32 || operands[0].dtype() == DType.F64)
                            && !Products.Matrices.needNoCopy(operands[number]);
            case Prim.Conv _, Prim.ConvDataGrad _ -> operands[0].dtype() != DType.F64;
            case Prim.ConvFilterGrad _ -> operands[0].dtype() == DType.F32;
            case ScaledDotProductAttention _ -> number < 3 && !Heads.needNoCopy(operands[number]);
            case ScaledDotProductAttention.Gradient _ ->
                    number == 2 || number < 6 && !Heads.needNoCopy(operands[number]);
            default ->
                    operands[0].dtype() == DType.F32 && floatsWantContiguous(op, number, operands);
        };
    }

    private static boolean floatsWantContiguous(Op op, int number, Stored... operands) {
        return switch (op) {
            case Linear _ -> number != 1 || !Products.Matrices.needNoCopy(operands[1]);
            case Composite composite ->
                    FusedKernels.has(composite, types(operands))
                            && Pointwise.of(composite, types(operands)) == null;
            default -> false;
        };
    }

    private static TensorType[] types(Stored... operands) {
        return Arrays.stream(operands).map(Stored::type).toArray(TensorType[]::new);
    }

    /**
     * Whether the kernel of an operation on F16 or BF16 makes F32 of all operands, computes with
     * these, and rounds what comes; as it would after a cast.
     */
    static boolean widen(Op op, Stored... operands) {
        if (operands.length == 0 || !WideResult.isNarrow(operands[0].dtype())) {
            return false;
        }
        return switch (op) {
            case Prim.MatMul _ ->
                    operands[0].elementCount() > 0
                            && !(operands[0].dtype() == DType.BF16 && OneDnn.isUsable());
            // Which way is gone depends on whether the operand is contiguous, as a cast one is.
            case Prim.Reduce reduce ->
                    FloatReductions.has(reduce.kind())
                            && operands[0].elementCount() > 0
                            && operands[0].isContiguous();
            case Prim.Scatter scatter -> scatter.mode() == Prim.Scatter.Mode.ADD;
            case ScaledDotProductAttention _, ScaledDotProductAttention.Gradient _ ->
                    Attention.has(types(operands));
            case Composite composite -> FusedKernels.has(composite, types(operands));
            default -> false;
        };
    }

    private static Prepared fill(Prim.Fill op, Slot result) {
        return () -> Fill.with(op.dtype(), op.value(), result.elementCount(), result.address());
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
