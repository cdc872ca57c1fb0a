package dev.ugoki.tck.conformance;

import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.PadMode;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Interpolate;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BinaryOperator;

/** The operations of the cases by name: what is called here for which. */
final class OperationTable {
    private OperationTable() {}

    /**
     * The results of {@code operation}.
     *
     * @throws UnsupportedOperationException if there is none of this name
     */
    static List<Tensor> apply(String operation, Attributes with, Tensor... in) {
        Tensor x = in[0];
        return switch (operation) {
            case "sort" -> both(x.sort(with.dim("dim"), with.flag("descending")));
            case "topk" -> both(x.topk(with.integer("k"), with.dim("dim")));
            case "split" -> x.split(with.dim("dim"), with.integers("sizes"));
            default -> List.of(one(operation, with, in));
        };
    }

    private static Tensor one(String operation, Attributes with, Tensor... in) {
        Tensor result = in.length == 1 ? ofElements(operation, with, in[0]) : null;
        if (result == null) {
            result = in.length == 2 ? ofPairs(operation, in[0], in[1]) : null;
        }
        if (result == null) {
            result = reduction(operation, with, in[0]);
        }
        if (result == null) {
            result = layout(operation, with, in);
        }
        if (result == null) {
            result = indexing(operation, with, in);
        }
        if (result == null) {
            result = network(operation, with, in);
        }
        if (result == null) {
            result = loss(operation, with, in);
        }
        if (result == null) {
            throw new UnsupportedOperationException("there is no operation '" + operation + "'");
        }
        return result;
    }

    private static @Nullable Tensor ofElements(String operation, Attributes with, Tensor x) {
        return switch (operation) {
            case "neg" -> x.neg();
            case "abs" -> x.abs();
            case "exp" -> x.exp();
            case "expm1" -> x.expm1();
            case "log" -> x.log();
            case "log1p" -> x.log1p();
            case "sqrt" -> x.sqrt();
            case "rsqrt" -> x.rsqrt();
            case "reciprocal" -> x.reciprocal();
            case "square" -> x.square();
            case "sin" -> x.sin();
            case "cos" -> x.cos();
            case "tan" -> x.tan();
            case "asin" -> x.asin();
            case "acos" -> x.acos();
            case "atan" -> x.atan();
            case "sinh" -> x.sinh();
            case "cosh" -> x.cosh();
            case "tanh" -> x.tanh();
            case "erf" -> x.erf();
            case "sigmoid" -> x.sigmoid();
            case "floor" -> x.floor();
            case "ceil" -> x.ceil();
            case "round" -> x.round();
            case "trunc" -> x.trunc();
            case "sign" -> x.sign();
            case "relu" -> x.relu();
            case "leakyRelu" -> x.leakyRelu(with.number("slope"));
            case "elu" -> x.elu(with.number("alpha"));
            case "silu" -> x.silu();
            case "gelu" -> x.gelu();
            case "geluTanh" -> x.geluTanh();
            case "mish" -> x.mish();
            case "softplus" -> x.softplus();
            case "logSigmoid" -> x.logSigmoid();
            case "hardswish" -> x.hardswish();
            case "clamp" -> x.clamp(with.number("min"), with.number("max"));
            case "cast" -> {
                Tensor cast = x.cast(DType.valueOf(with.text("to")));
                yield with.has("then") ? cast.cast(DType.valueOf(with.text("then"))) : cast;
            }
            default -> null;
        };
    }

    private static @Nullable Tensor ofPairs(String operation, Tensor a, Tensor b) {
        BinaryOperator<Tensor> function =
                switch (operation) {
                    case "add" -> Tensor::add;
                    case "sub" -> Tensor::sub;
                    case "mul" -> Tensor::mul;
                    case "div" -> Tensor::div;
                    case "pow" -> Tensor::pow;
                    case "maximum" -> Tensor::maximum;
                    case "minimum" -> Tensor::minimum;
                    case "atan2" -> Tensor::atan2;
                    case "eq" -> Tensor::eq;
                    case "ne" -> Tensor::ne;
                    case "lt" -> Tensor::lt;
                    case "le" -> Tensor::le;
                    case "gt" -> Tensor::gt;
                    case "ge" -> Tensor::ge;
                    case "matmul" -> Tensor::matmul;
                    case "embedding" -> Tensor::embedding;
                    default -> null;
                };
        return function == null ? null : function.apply(a, b);
    }

    private static @Nullable Tensor reduction(String operation, Attributes with, Tensor x) {
        return switch (operation) {
            case "sum" -> x.sum(with.flag("keepDims"), with.dims("dims"));
            case "mean" -> x.mean(with.flag("keepDims"), with.dims("dims"));
            case "max" -> x.max(with.flag("keepDims"), with.dims("dims"));
            case "min" -> x.min(with.flag("keepDims"), with.dims("dims"));
            case "prod" -> x.prod(with.flag("keepDims"), with.dims("dims"));
            case "any" -> x.any(with.flag("keepDims"), with.dims("dims"));
            case "all" -> x.all(with.flag("keepDims"), with.dims("dims"));
            case "logSumExp" -> x.logSumExp(with.flag("keepDims"), with.dims("dims"));
            case "var" ->
                    x.var(with.number("correction"), with.flag("keepDims"), with.dims("dims"));
            case "std" ->
                    x.std(with.number("correction"), with.flag("keepDims"), with.dims("dims"));
            case "argmax" -> x.argmax(with.dim("dim"), with.flag("keepDims"));
            case "argmin" -> x.argmin(with.dim("dim"), with.flag("keepDims"));
            case "cumsum" -> x.cumsum(with.dim("dim"));
            case "cumprod" -> x.cumprod(with.dim("dim"));
            case "softmax" -> x.softmax(with.dim("dim"));
            case "logSoftmax" -> x.logSoftmax(with.dim("dim"));
            default -> null;
        };
    }

    private static @Nullable Tensor layout(String operation, Attributes with, Tensor... in) {
        Tensor x = in[0];
        return switch (operation) {
            case "reshape" -> x.reshape(with.integers("shape"));
            case "permute" -> x.permute(with.dims("dims"));
            case "slice" ->
                    x.slice(
                            with.dim("dim"),
                            with.integer("start"),
                            with.integer("end"),
                            with.integer("step"));
            case "concat" -> Tensor.concat(with.dim("dim"), in);
            case "stack" -> Tensor.stack(with.dim("dim"), in);
            case "flip" -> x.flip(with.dims("dims"));
            case "roll" -> x.roll(with.integer("shift"), with.dim("dim"));
            case "repeat" -> x.repeat(with.integers("repeats"));
            case "expand" -> x.expand(with.integers("shape"));
            case "tril" -> x.tril(with.integer("diagonal"));
            case "triu" -> x.triu(with.integer("diagonal"));
            case "pad" -> pad(with, x);
            default -> null;
        };
    }

    private static Tensor pad(Attributes with, Tensor x) {
        long[][] pads = with.pairs("pads");
        if (with.text("mode").equals("constant")) {
            return x.pad(pads, with.number("value"));
        }
        PadMode mode = PadMode.valueOf(with.text("mode").toUpperCase(Locale.ROOT));
        Tensor padded = x;
        for (int dim = 0; dim < pads.length; dim++) {
            padded = padded.pad(dim, pads[dim][0], pads[dim][1], mode);
        }
        return padded;
    }

    private static @Nullable Tensor indexing(String operation, Attributes with, Tensor... in) {
        return switch (operation) {
            case "where" -> Tensor.where(in[0], in[1], in[2]);
            case "maskedFill" -> in[0].maskedFill(in[1], with.number("value"));
            case "indexSelect" -> in[0].indexSelect(with.dim("dim"), in[1]);
            case "gather" -> in[0].gather(with.dim("dim"), in[1]);
            case "scatterAdd" -> in[0].scatterAdd(with.dim("dim"), in[1], in[2]);
            case "oneHot" -> in[0].oneHot(with.integer("classes"));
            default -> null;
        };
    }

    private static @Nullable Tensor network(String operation, Attributes with, Tensor... in) {
        Tensor x = in[0];
        return switch (operation) {
            case "einsum" -> Tensor.einsum(with.text("equation"), in);
            case "linear" -> x.linear(in[1], operand(2, in));
            case "layerNorm" ->
                    Normalizations.layerNorm(
                            x,
                            with.dim("normalizedDims"),
                            operand(1, in),
                            operand(2, in),
                            with.number("eps"));
            case "rmsNorm" -> Normalizations.rmsNorm(x, operand(1, in), with.number("eps"));
            case "groupNorm" ->
                    Normalizations.groupNorm(
                            x,
                            with.dim("groups"),
                            operand(1, in),
                            operand(2, in),
                            with.number("eps"));
            case "batchNorm" ->
                    with.flag("training")
                            ? Normalizations.batchNorm(x, in[1], in[2], with.number("eps")).output()
                            : Normalizations.batchNormInference(
                                    x, in[3], in[4], in[1], in[2], with.number("eps"));
            case "conv1d" -> Convolutions.conv1d(x, in[1], operand(2, in), settings(with));
            case "conv2d" -> Convolutions.conv2d(x, in[1], operand(2, in), settings(with));
            case "conv3d" -> Convolutions.conv3d(x, in[1], operand(2, in), settings(with));
            case "convTranspose1d" ->
                    Convolutions.convTranspose1d(
                            x,
                            in[1],
                            operand(2, in),
                            settings(with),
                            with.integers("outputPadding"));
            case "convTranspose2d" ->
                    Convolutions.convTranspose2d(
                            x,
                            in[1],
                            operand(2, in),
                            settings(with),
                            with.integers("outputPadding"));
            case "maxPool2d" ->
                    Resampling.maxPool(
                            x,
                            with.integers("kernel"),
                            with.integers("stride"),
                            with.integers("padding"));
            case "avgPool2d" ->
                    Resampling.avgPool(
                            x,
                            with.integers("kernel"),
                            with.integers("stride"),
                            with.integers("padding"),
                            with.flag("countIncludePad"));
            case "adaptiveAvgPool2d" -> Resampling.adaptiveAvgPool(x, with.integers("size"));
            case "interpolate" ->
                    Resampling.interpolate(
                            x,
                            with.text("mode").equals("nearest")
                                    ? Interpolate.Mode.NEAREST
                                    : Interpolate.Mode.LINEAR,
                            with.flagIfGiven("alignCorners"),
                            with.integers("size"));
            case "scaledDotProductAttention" ->
                    Attention.scaledDotProduct(
                            x, in[1], in[2], operand(3, in), with.flagIfGiven("causal"));
            default -> null;
        };
    }

    private static @Nullable Tensor loss(String operation, Attributes with, Tensor... in) {
        return switch (operation) {
            case "mseLoss" -> Losses.mse(in[0], in[1], reduction(with));
            case "l1Loss" -> Losses.l1(in[0], in[1], reduction(with));
            case "smoothL1Loss" ->
                    Losses.smoothL1(in[0], in[1], with.number("beta"), reduction(with));
            case "huberLoss" -> Losses.huber(in[0], in[1], with.number("delta"), reduction(with));
            case "bceWithLogits" -> Losses.bceWithLogits(in[0], in[1], reduction(with));
            case "crossEntropy" ->
                    Losses.crossEntropy(
                            in[0],
                            in[1],
                            with.number("labelSmoothing"),
                            with.integer("ignoreIndex"),
                            reduction(with));
            // The inputs are logits, softmaxed over the last dimension.
            case "klDiv" -> Losses.klDiv(in[0].logSoftmax(-1), in[1].softmax(-1), reduction(with));
            case "cosineSimilarity" -> in[0].cosineSimilarity(in[1], with.dim("dim"), 1e-8);
            default -> null;
        };
    }

    private static Convolutions.Settings settings(Attributes with) {
        return Convolutions.Settings.DEFAULT
                .withStride(with.integers("stride"))
                .withPadding(with.integers("padding"))
                .withDilation(with.integers("dilation"))
                .withGroups(with.dim("groups"));
    }

    private static Reduction reduction(Attributes with) {
        return Reduction.valueOf(with.text("reduction").toUpperCase(Locale.ROOT));
    }

    private static @Nullable Tensor operand(int index, Tensor... in) {
        return index < in.length ? in[index] : null;
    }

    private static List<Tensor> both(Tensor.Sorted sorted) {
        return Arrays.asList(sorted.values(), sorted.indices());
    }
}
