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
    /** What normalizations add to a variance where a case does not say. */
    private static final double EPSILON = 1e-5;

    private OperationTable() {}

    /**
     * The results of {@code operation}.
     *
     * @throws UnsupportedOperationException if there is none of this name
     */
    static List<Tensor> apply(String operation, Attributes with, Tensor... in) {
        Tensor x = in[0];
        return switch (operation) {
            case "sort" -> both(x.sort(dim(with), with.flagIfGiven("descending")));
            case "topk" -> both(topk(with, x));
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
            case "clamp" ->
                    x.clamp(
                            with.number("min", Double.NEGATIVE_INFINITY),
                            with.number("max", Double.POSITIVE_INFINITY));
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
        boolean keep = with.flagIfGiven("keepDims");
        int[] dims = with.dims("dims");
        return switch (operation) {
            case "sum" -> x.sum(keep, dims);
            case "mean" -> x.mean(keep, dims);
            case "max" -> x.max(keep, dims);
            case "min" -> x.min(keep, dims);
            case "prod" -> x.prod(keep, dims);
            case "any" -> x.any(keep, dims);
            case "all" -> x.all(keep, dims);
            case "logSumExp" -> x.logSumExp(keep, dims);
            case "var" -> x.var(with.number("correction", 1), keep, dims);
            case "std" -> x.std(with.number("correction", 1), keep, dims);
            case "argmax" -> with.has("dim") ? x.argmax(with.dim("dim"), keep) : x.argmax();
            case "argmin" -> with.has("dim") ? x.argmin(with.dim("dim"), keep) : x.argmin();
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
                            with.integer("start", 0),
                            with.integer("end", Long.MAX_VALUE),
                            with.integer("step", 1));
            case "concat" -> Tensor.concat(with.dim("dim"), in);
            case "stack" -> Tensor.stack(with.dim("dim"), in);
            case "flip" -> x.flip(with.dims("dims"));
            case "roll" -> x.roll(with.integer("shift"), with.dim("dim"));
            case "repeat" -> x.repeat(with.integers("repeats"));
            case "expand" -> x.expand(with.integers("shape"));
            case "tril" -> x.tril(with.integer("diagonal", 0));
            case "triu" -> x.triu(with.integer("diagonal", 0));
            case "pad" -> pad(with, x);
            default -> null;
        };
    }

    private static Tensor pad(Attributes with, Tensor x) {
        long[][] pads = with.pairs("pads");
        if (with.text("mode").equals("constant")) {
            return x.pad(pads, with.number("value", 0));
        }
        return x.pad(pads, PadMode.valueOf(with.text("mode").toUpperCase(Locale.ROOT)));
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
                            with.number("eps", EPSILON));
            case "rmsNorm" ->
                    Normalizations.rmsNorm(x, operand(1, in), with.number("eps", EPSILON));
            case "groupNorm" ->
                    Normalizations.groupNorm(
                            x,
                            with.dim("groups"),
                            operand(1, in),
                            operand(2, in),
                            with.number("eps", EPSILON));
            case "batchNorm" ->
                    with.flag("training")
                            ? Normalizations.batchNorm(x, in[1], in[2], with.number("eps", EPSILON))
                                    .output()
                            : Normalizations.batchNormInference(
                                    x, in[3], in[4], in[1], in[2], with.number("eps", EPSILON));
            case "conv1d" -> Convolutions.conv1d(x, in[1], operand(2, in), settings(with));
            case "conv2d" -> Convolutions.conv2d(x, in[1], operand(2, in), settings(with));
            case "conv3d" -> Convolutions.conv3d(x, in[1], operand(2, in), settings(with));
            case "convTranspose1d" ->
                    Convolutions.convTranspose1d(
                            x,
                            in[1],
                            operand(2, in),
                            settings(with),
                            with.integers("outputPadding", new long[0]));
            case "convTranspose2d" ->
                    Convolutions.convTranspose2d(
                            x,
                            in[1],
                            operand(2, in),
                            settings(with),
                            with.integers("outputPadding", new long[0]));
            case "maxPool2d" -> Resampling.maxPool(x, windows(with));
            case "avgPool2d" -> averagePool(with, x);
            case "adaptiveAvgPool2d" -> Resampling.adaptiveAvgPool(x, with.integers("size"));
            case "interpolate" -> interpolate(with, x);
            case "scaledDotProductAttention" ->
                    Attention.scaledDotProduct(
                            x,
                            in[1],
                            in[2],
                            operand(3, in),
                            with.flagIfGiven("causal"),
                            with.number("scale", 1 / Math.sqrt(x.extent(-1))));
            default -> null;
        };
    }

    private static @Nullable Tensor loss(String operation, Attributes with, Tensor... in) {
        return switch (operation) {
            case "mseLoss" -> Losses.mse(in[0], in[1], reduction(with));
            case "l1Loss" -> Losses.l1(in[0], in[1], reduction(with));
            case "smoothL1Loss" ->
                    Losses.smoothL1(in[0], in[1], with.number("beta", 1), reduction(with));
            case "huberLoss" ->
                    Losses.huber(in[0], in[1], with.number("delta", 1), reduction(with));
            case "bceWithLogits" ->
                    Losses.bceWithLogits(
                            in[0],
                            in[1],
                            in[0].scalarLike(with.number("posWeight", 1)),
                            reduction(with));
            case "crossEntropy" -> crossEntropy(with, in);
            // The inputs are logits, softmaxed over the last dimension.
            case "klDiv" -> klDiv(with, in[0].logSoftmax(-1), in[1].softmax(-1));
            case "cosineSimilarity" ->
                    in[0].cosineSimilarity(in[1], dim(with), with.number("eps", 1e-8));
            default -> null;
        };
    }

    private static Tensor crossEntropy(Attributes with, Tensor... in) {
        double smoothing = with.number("labelSmoothing", 0);
        long ignored = with.integer("ignoreIndex", Losses.IGNORED_TARGET);
        Tensor weights = operand(2, in);
        if (in[1].dtype().isFloating()) {
            return Losses.crossEntropyOfProbabilities(
                    in[0], in[1], weights, smoothing, reduction(with));
        }
        return weights == null
                ? Losses.crossEntropy(in[0], in[1], smoothing, ignored, reduction(with))
                : Losses.crossEntropy(in[0], in[1], weights, smoothing, ignored, reduction(with));
    }

    private static Tensor klDiv(Attributes with, Tensor logPrediction, Tensor target) {
        if (with.text("reduction").equals("batchmean")) {
            Tensor sum = Losses.klDiv(logPrediction, target, Reduction.SUM);
            return sum.div(target.extent(0));
        }
        return Losses.klDiv(logPrediction, target, reduction(with));
    }

    private static Tensor.Sorted topk(Attributes with, Tensor x) {
        return x.topk(with.integer("k"), dim(with), with.flag("largest", true));
    }

    private static Resampling.Windows windows(Attributes with) {
        long[] kernel = with.integers("kernel");
        long[] ones = new long[kernel.length];
        Arrays.fill(ones, 1);
        return Resampling.Windows.of(kernel)
                .withStride(with.integers("stride", kernel))
                .withPadding(with.integers("padding", new long[kernel.length]))
                .withDilation(with.integers("dilation", ones))
                .withCeil(with.flagIfGiven("ceilMode"));
    }

    private static Tensor averagePool(Attributes with, Tensor x) {
        Resampling.Windows windows = windows(with);
        if (!with.has("divisorOverride")) {
            return Resampling.avgPool(x, windows, with.flag("countIncludePad", true));
        }
        // Where all of a window counts, the mean is the sum over the kernel's size.
        double size = 1;
        for (long extent : windows.kernel()) {
            size *= extent;
        }
        return Resampling.avgPool(x, windows.withCeil(false), true)
                .mul(size / with.number("divisorOverride"));
    }

    private static Tensor interpolate(Attributes with, Tensor x) {
        long[] size = with.integers("size");
        boolean aligned = with.flagIfGiven("alignCorners");
        return switch (with.text("mode")) {
            case "nearest" -> Resampling.interpolate(x, Interpolate.Mode.NEAREST, aligned, size);
            case "nearest-exact" ->
                    Resampling.interpolate(x, Interpolate.Mode.NEAREST_EXACT, aligned, size);
            case "linear", "bilinear", "trilinear" ->
                    Resampling.interpolate(x, Interpolate.Mode.LINEAR, aligned, size);
            case "bicubic" -> Resampling.interpolate(x, Interpolate.Mode.CUBIC, aligned, size);
            case "area" -> Resampling.adaptiveAvgPool(x, size);
            default ->
                    throw new UnsupportedOperationException(
                            "there is no interpolation '" + with.text("mode") + "'");
        };
    }

    /** The dimension, or the last. */
    private static int dim(Attributes with) {
        return Math.toIntExact(with.integer("dim", -1));
    }

    private static Convolutions.Settings settings(Attributes with) {
        long[] one = {1};
        return Convolutions.Settings.DEFAULT
                .withStride(with.integers("stride", one))
                .withPadding(with.integers("padding", new long[1]))
                .withDilation(with.integers("dilation", one))
                .withGroups(Math.toIntExact(with.integer("groups", 1)));
    }

    private static Reduction reduction(Attributes with) {
        return with.has("reduction")
                ? Reduction.valueOf(with.text("reduction").toUpperCase(Locale.ROOT))
                : Reduction.MEAN;
    }

    private static @Nullable Tensor operand(int index, Tensor... in) {
        return index < in.length ? in[index] : null;
    }

    private static List<Tensor> both(Tensor.Sorted sorted) {
        return Arrays.asList(sorted.values(), sorted.indices());
    }
}
