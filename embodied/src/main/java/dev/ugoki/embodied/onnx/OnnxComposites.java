package dev.ugoki.embodied.onnx;

import static dev.ugoki.embodied.onnx.OnnxExport.decimal;
import static dev.ugoki.embodied.onnx.OnnxExport.whole;
import static dev.ugoki.embodied.onnx.OnnxExport.wholes;

import dev.ugoki.embodied.onnx.OnnxExport.Named;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.op.StopGradient;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * What composites become that ONNX has an operator for. Whatever is not here is written as what it
 * is made of.
 */
final class OnnxComposites {
    private final OnnxExport out;
    private final List<Named> operands;
    private final TensorType type;

    private OnnxComposites(OnnxExport out, List<Named> operands, TensorType type) {
        this.out = out;
        this.operands = operands;
        this.type = type;
    }

    /** The first result, the only one that is used; null if ONNX has no such operator. */
    static @Nullable Named write(
            OnnxExport out, Composite op, List<Named> operands, TensorType type) {
        // Half precision is computed in F32 here, which the decomposition says and ONNX may not.
        DType dtype = operands.isEmpty() ? DType.F32 : operands.getFirst().type().dtype();
        if (dtype == DType.F16 || dtype == DType.BF16) {
            return null;
        }
        return new OnnxComposites(out, operands, type).write(op);
    }

    private @Nullable Named write(Composite op) {
        return switch (op) {
            case StopGradient _ -> node("Identity");
            case Linear _ -> linear();
            case Clamp clamp ->
                    out.node(
                            "Clip",
                            type,
                            List.of(x(), number(clamp.least()), number(clamp.most())));
            case Activation.Relu _ -> node("Relu");
            case Activation.LeakyRelu leaky -> node("LeakyRelu", decimal("alpha", leaky.slope()));
            case Activation.Elu elu -> node("Elu", decimal("alpha", elu.alpha()));
            case Activation.Celu celu -> node("Celu", decimal("alpha", celu.alpha()));
            case Activation.Selu _ -> node("Selu");
            case Activation.Softplus _ -> node("Softplus");
            case Activation.Softsign _ -> node("Softsign");
            case Activation.Mish _ -> node("Mish");
            case Activation.Hardswish _ -> node("HardSwish");
            case Activation.Hardsigmoid _ ->
                    node("HardSigmoid", decimal("alpha", 1 / 6.0), decimal("beta", 0.5));
            case Likelihood.Softmax softmax -> node("Softmax", whole("axis", softmax.dim()));
            case Likelihood.LogSoftmax softmax -> node("LogSoftmax", whole("axis", softmax.dim()));
            case Normalization.LayerNorm norm when operands.size() > 1 ->
                    node(
                            "LayerNormalization",
                            whole("axis", -norm.dims()),
                            decimal("epsilon", norm.epsilon()));
            case Normalization.GroupNorm norm -> groupNorm(norm);
            case Normalization.BatchNormInference norm when operands.size() == 5 -> batchNorm(norm);
            case ScaledDotProductAttention attention
                    when operands.size() == 3 && !attention.causal() ->
                    attention(attention);
            case Pooling.MaxPool pool when isPlain(pool.kernel(), pool.windows()) ->
                    node("MaxPool", window(pool.kernel(), pool.windows()));
            case Pooling.AvgPool pool when isPlain(pool.kernel(), pool.windows()) ->
                    averagePool(pool);
            default -> null;
        };
    }

    private Named x() {
        return operands.getFirst();
    }

    private Named node(String operator, ProtobufMessage... settings) {
        return out.node(operator, type, operands, settings);
    }

    private Named number(Number value) {
        return out.scalar(type.dtype(), type.dtype().numberOf(value));
    }

    /** Gemm of matrices, whose weight has a row for each result as ours; else a product. */
    private Named linear() {
        if (x().type().shape().rank() == 2) {
            return node("Gemm", whole("transB", 1));
        }
        Named weight = operands.get(1);
        Shape shape = weight.type().shape();
        Named turned =
                out.node(
                        "Transpose",
                        weight.type().withShape(Shape.of(shape.extent(1), shape.extent(0))),
                        List.of(weight),
                        wholes("perm", 1, 0));
        Named product = out.node("MatMul", type, List.of(x(), turned));
        return operands.size() > 2
                ? out.node("Add", type, List.of(product, operands.get(2)))
                : product;
    }

    /** Groups become channels of an InstanceNormalization, which has no weight of its own. */
    private Named groupNorm(Normalization.GroupNorm norm) {
        Shape shape = x().type().shape();
        long rows = shape.extent(0);
        long width = shape.elementCount() / Math.max(1, rows * norm.groups());
        TensorType grouped = type.withShape(Shape.of(rows, norm.groups(), width));
        Named folded = reshaped(x(), grouped);
        Named ones = repeated(1, norm.groups());
        Named zeros = repeated(0, norm.groups());
        Named normal =
                out.node(
                        "InstanceNormalization",
                        grouped,
                        List.of(folded, ones, zeros),
                        decimal("epsilon", norm.epsilon()));
        Named y = reshaped(normal, type);
        if (operands.size() > 1) {
            y = out.node("Mul", type, List.of(y, overChannels(operands.get(1))));
        }
        if (operands.size() > 2) {
            y = out.node("Add", type, List.of(y, overChannels(operands.get(2))));
        }
        return y;
    }

    private Named repeated(Number value, long count) {
        return out.node(
                "Expand", type.withShape(Shape.of(count)), List.of(number(value), out.list(count)));
    }

    private Named reshaped(Named value, TensorType to) {
        return out.node(
                "Reshape",
                to,
                List.of(value, out.list(to.shape().toArray())),
                whole("allowzero", 1));
    }

    private Named overChannels(Named perChannel) {
        long[] extents = new long[type.shape().rank()];
        Arrays.fill(extents, 1);
        extents[1] = perChannel.type().shape().extent(0);
        return reshaped(perChannel, perChannel.type().withShape(Shape.of(extents)));
    }

    /** ONNX takes weight and bias before mean and variance. */
    private Named batchNorm(Normalization.BatchNormInference norm) {
        return out.node(
                "BatchNormalization",
                type,
                List.of(x(), operands.get(3), operands.get(4), operands.get(1), operands.get(2)),
                decimal("epsilon", norm.epsilon()));
    }

    private Named attention(ScaledDotProductAttention attention) {
        Named keys = operands.get(1);
        int rank = keys.type().shape().rank();
        long[] order = new long[rank];
        Arrays.setAll(order, i -> i < rank - 2 ? i : 2L * rank - 3 - i);
        long[] turned = keys.type().shape().toArray();
        turned[rank - 2] = keys.type().shape().extent(-1);
        turned[rank - 1] = keys.type().shape().extent(-2);
        Named columns =
                out.node(
                        "Transpose",
                        keys.type().withShape(Shape.of(turned)),
                        List.of(keys),
                        wholes("perm", order));
        Named scaled = out.node("Mul", x().type(), List.of(x(), number(attention.scale())));
        long[] square = x().type().shape().toArray();
        square[rank - 1] = turned[rank - 1];
        TensorType scores = type.withShape(Shape.of(square));
        Named product = out.node("MatMul", scores, List.of(scaled, columns));
        Named weights = out.node("Softmax", scores, List.of(product), whole("axis", -1));
        return out.node("MatMul", type, List.of(weights, operands.get(2)));
    }

    /** Without dilation, and each window with an element that is no padding, as ONNX asks for. */
    private static boolean isPlain(Shape kernel, List<Prim.Window> windows) {
        for (int i = 0; i < windows.size(); i++) {
            Prim.Window window = windows.get(i);
            long most = Math.max(window.before(), window.after());
            if (window.dilation() != 1 || most >= kernel.extent(i)) {
                return false;
            }
        }
        return true;
    }

    private Named averagePool(Pooling.AvgPool pool) {
        ProtobufMessage[] window = window(pool.kernel(), pool.windows());
        ProtobufMessage[] all = Arrays.copyOf(window, window.length + 1);
        all[window.length] = whole("count_include_pad", pool.countPadding() ? 1 : 0);
        return node("AveragePool", all);
    }

    private static ProtobufMessage[] window(Shape kernel, List<Prim.Window> windows) {
        int rank = windows.size();
        long[] pads = new long[2 * rank];
        long[] strides = new long[rank];
        for (int i = 0; i < rank; i++) {
            pads[i] = windows.get(i).before();
            pads[i + rank] = windows.get(i).after();
            strides[i] = windows.get(i).stride();
        }
        return new ProtobufMessage[] {
            wholes("kernel_shape", kernel.toArray()),
            wholes("pads", pads),
            wholes("strides", strides)
        };
    }
}
