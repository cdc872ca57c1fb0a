package dev.ugoki.embodied.onnx;

import dev.ugoki.embodied.onnx.OnnxModel.Attribute;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/**
 * ONNX's operators by name, each as a function of tensors.
 *
 * <p>Source: the operators' definitions of ONNX, versions 7 to 22.
 */
final class OnnxOperators {
    /** The results for the operands of a call. */
    @FunctionalInterface
    interface Meaning {
        Tensor[] of(OnnxCall call);
    }

    private static final Map<String, Meaning> TABLE = new HashMap<>();

    private OnnxOperators() {}

    /** What an operator means; null if it is not known. */
    static @Nullable Meaning find(String operator) {
        return TABLE.get(operator);
    }

    private static void one(String name, java.util.function.Function<OnnxCall, Tensor> meaning) {
        TABLE.put(name, call -> new Tensor[] {meaning.apply(call)});
    }

    private static void unary(String name, UnaryOperator<Tensor> function) {
        one(name, call -> function.apply(call.operand(0)));
    }

    private static void binary(String name, BinaryOperator<Tensor> function) {
        one(name, call -> function.apply(call.operand(0), call.operand(1)));
    }

    /** Of any number of operands, from left to right. */
    private static void folded(String name, BinaryOperator<Tensor> function) {
        one(
                name,
                call -> {
                    Tensor result = call.operand(0);
                    for (int i = 1; i < call.operandCount(); i++) {
                        result = function.apply(result, call.operand(i));
                    }
                    return result;
                });
    }

    static {
        unary("Identity", x -> x);
        unary("Neg", Tensor::neg);
        unary("Abs", Tensor::abs);
        unary("Sign", Tensor::sign);
        unary("Sqrt", Tensor::sqrt);
        unary("Reciprocal", Tensor::reciprocal);
        unary("Exp", Tensor::exp);
        unary("Log", Tensor::log);
        unary("Sin", Tensor::sin);
        unary("Cos", Tensor::cos);
        unary("Tan", Tensor::tan);
        unary("Asin", Tensor::asin);
        unary("Acos", Tensor::acos);
        unary("Atan", Tensor::atan);
        unary("Sinh", Tensor::sinh);
        unary("Cosh", Tensor::cosh);
        unary("Tanh", Tensor::tanh);
        unary("Asinh", Tensor::asinh);
        unary("Acosh", Tensor::acosh);
        unary("Atanh", Tensor::atanh);
        unary("Erf", Tensor::erf);
        unary("Sigmoid", Tensor::sigmoid);
        unary("Floor", Tensor::floor);
        unary("Ceil", Tensor::ceil);
        unary("Round", Tensor::round);
        unary("IsNaN", Tensor::isNan);
        unary("Not", Tensor::not);
        unary("BitwiseNot", Tensor::not);
        unary("Relu", Tensor::relu);
        unary("Softplus", Tensor::softplus);
        unary("Softsign", Tensor::softsign);
        unary("HardSwish", Tensor::hardswish);
        unary("Mish", Tensor::mish);
        binary("Add", Tensor::add);
        binary("Sub", Tensor::sub);
        binary("Mul", Tensor::mul);
        binary("Div", Tensor::div);
        one("Pow", call -> call.operand(0).pow(call.operand(1).cast(call.operand(0).dtype())));
        binary("And", Tensor::and);
        binary("Or", Tensor::or);
        binary("Xor", Tensor::xor);
        binary("BitwiseAnd", Tensor::and);
        binary("BitwiseOr", Tensor::or);
        binary("BitwiseXor", Tensor::xor);
        binary("Equal", Tensor::eq);
        binary("Less", Tensor::lt);
        binary("LessOrEqual", Tensor::le);
        binary("Greater", Tensor::gt);
        binary("GreaterOrEqual", Tensor::ge);
        binary("MatMul", Tensor::matmul);
        folded("Max", Tensor::maximum);
        folded("Min", Tensor::minimum);
        folded("Sum", Tensor::add);
        one(
                "Mod",
                call ->
                        call.whole("fmod", 0) == 1
                                ? call.operand(0).rem(call.operand(1))
                                : call.operand(0).floorMod(call.operand(1)));
        one("Where", call -> Tensor.where(call.operand(0), call.operand(1), call.operand(2)));
        one("Cast", call -> call.operand(0).cast(dtype(call.whole("to", 0))));
        one("Dropout", OnnxOperators::dropout);
        one("LeakyRelu", call -> call.operand(0).leakyRelu(call.decimal("alpha", 0.01f)));
        one("Elu", call -> call.operand(0).elu(call.decimal("alpha", 1)));
        one("Celu", call -> call.operand(0).celu(call.decimal("alpha", 1)));
        one("Selu", OnnxOperators::selu);
        one("Gelu", OnnxOperators::gelu);
        one("HardSigmoid", OnnxOperators::hardSigmoid);
        one("PRelu", OnnxOperators::prelu);
        one("Clip", OnnxOperators::clip);
        one("Gemm", OnnxOperators::gemm);
        one("Softmax", call -> alongAxis(call, Tensor::softmax));
        one("LogSoftmax", call -> alongAxis(call, Tensor::logSoftmax));
        TABLE.put("LayerNormalization", OnnxOperators::layerNorm);
        one("BatchNormalization", OnnxOperators::batchNorm);
        one("InstanceNormalization", OnnxOperators::instanceNorm);
        one("GroupNormalization", OnnxOperators::groupNorm);
        one("Conv", OnnxOperators::conv);
        one("ConvTranspose", OnnxOperators::convTranspose);
        one("MaxPool", OnnxOperators::maxPool);
        one("AveragePool", OnnxOperators::averagePool);
        one("GlobalAveragePool", call -> call.operand(0).mean(true, spatial(call.operand(0))));
        one("GlobalMaxPool", call -> call.operand(0).max(true, spatial(call.operand(0))));
        one("Concat", OnnxOperators::concat);
        TABLE.put("Split", OnnxOperators::split);
        one("Slice", OnnxOperators::slice);
        one("Reshape", OnnxOperators::reshape);
        one("Transpose", OnnxOperators::transpose);
        one("Flatten", OnnxOperators::flatten);
        one("Squeeze", OnnxOperators::squeeze);
        one("Unsqueeze", OnnxOperators::unsqueeze);
        one("Expand", OnnxOperators::expand);
        one("Tile", call -> call.operand(0).repeat(call.wholes(1)));
        one("Pad", OnnxOperators::pad);
        one("Gather", OnnxOperators::gather);
        one("GatherElements", OnnxOperators::gatherElements);
        one("ScatterElements", OnnxOperators::scatterElements);
        one("Shape", OnnxOperators::shape);
        one("Constant", OnnxOperators::constant);
        one("ConstantOfShape", OnnxOperators::constantOfShape);
        one("Range", OnnxOperators::range);
        one("CumSum", OnnxOperators::cumSum);
        TABLE.put("TopK", OnnxOperators::topK);
        one("ReduceSum", call -> reduce(call, Tensor::sum));
        one("ReduceMean", call -> reduce(call, Tensor::mean));
        one("ReduceProd", call -> reduce(call, Tensor::prod));
        one("ReduceMax", call -> reduce(call, Tensor::max));
        one("ReduceMin", call -> reduce(call, Tensor::min));
        one("ReduceL2", call -> reduce(call, (x, keep, dims) -> x.square().sum(keep, dims).sqrt()));
        one("ReduceSumSquare", call -> reduce(call, (x, keep, dims) -> x.square().sum(keep, dims)));
        one("ReduceLogSumExp", call -> reduce(call, Tensor::logSumExp));
        one("ArgMax", call -> arg(call, Tensor::argmax));
        one("ArgMin", call -> arg(call, Tensor::argmin));
        TABLE.put("Loop", OnnxOperators::loop);
    }

    private static DType dtype(long number) {
        OnnxType type = OnnxType.of(number);
        DType dtype = type == null ? null : type.dtype();
        if (dtype == null) {
            throw new IllegalArgumentException("element type " + number + " is not supported");
        }
        return dtype;
    }

    private static int dim(long axis, int rank) {
        long dim = axis < 0 ? axis + rank : axis;
        if (dim < 0 || dim >= rank) {
            throw new IllegalArgumentException(
                    "axis " + axis + " is not one of " + rank + " dimensions");
        }
        return (int) dim;
    }

    private static int[] dims(long[] axes, int rank) {
        int[] dims = new int[axes.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dim(axes[i], rank);
        }
        return dims;
    }

    private static int[] spatial(Tensor x) {
        int[] dims = new int[Math.max(0, x.rank() - 2)];
        Arrays.setAll(dims, i -> i + 2);
        return dims;
    }

    private static Tensor dropout(OnnxCall call) {
        call.require(call.node().outputs().size() == 1, "the mask of a Dropout");
        return call.operand(0);
    }

    private static Tensor selu(OnnxCall call) {
        double alpha = call.decimal("alpha", 1.67326319217681884765625);
        double gamma = call.decimal("gamma", 1.05070102214813232421875);
        return call.operand(0).elu(alpha).mul(gamma);
    }

    private static Tensor gelu(OnnxCall call) {
        return call.text("approximate", "none").equals("tanh")
                ? call.operand(0).geluTanh()
                : call.operand(0).gelu();
    }

    private static Tensor hardSigmoid(OnnxCall call) {
        double alpha = call.decimal("alpha", 0.2f);
        double beta = call.decimal("beta", 0.5);
        return call.operand(0).mul(alpha).add(beta).clamp(0, 1);
    }

    private static Tensor prelu(OnnxCall call) {
        Tensor x = call.operand(0);
        return Tensor.where(x.lt(0), x.mul(call.operand(1)), x);
    }

    private static Tensor clip(OnnxCall call) {
        Tensor x = call.operand(0);
        if (call.version() < 11) {
            return x.clamp(
                    call.decimal("min", -Float.MAX_VALUE), call.decimal("max", Float.MAX_VALUE));
        }
        Tensor atLeast = call.has(1) ? x.maximum(call.operand(1)) : x;
        return call.has(2) ? atLeast.minimum(call.operand(2)) : atLeast;
    }

    /** {@code alpha A' B' + beta C}. */
    private static Tensor gemm(OnnxCall call) {
        Tensor a = call.operand(0);
        Tensor b = call.operand(1);
        Tensor c = call.operandOrNull(2);
        double alpha = call.decimal("alpha", 1);
        double beta = call.decimal("beta", 1);
        boolean rows = call.whole("transB", 0) != 0;
        Tensor left = call.whole("transA", 0) != 0 ? a.transpose(0, 1) : a;
        if (alpha == 1 && (c == null || beta == 1 && c.rank() == 1) && left.dtype().isFloating()) {
            // A single number would be broadcast, which a layer's bias is not.
            long width = rows ? b.extent(0) : b.extent(1);
            Tensor bias = c == null || c.extent(0) == width ? c : c.expand(width);
            return left.linear(rows ? b : b.transpose(0, 1), bias);
        }
        Tensor product = left.matmul(rows ? b.transpose(0, 1) : b);
        Tensor scaled = alpha == 1 ? product : product.mul(alpha);
        if (c == null) {
            return scaled;
        }
        return scaled.add(beta == 1 ? c : c.mul(beta));
    }

    /** Along one dimension, or before version 13 over all from it on. */
    private static Tensor alongAxis(
            OnnxCall call, java.util.function.BiFunction<Tensor, Integer, Tensor> function) {
        Tensor x = call.operand(0);
        if (call.version() >= 13) {
            return function.apply(x, dim(call.whole("axis", -1), x.rank()));
        }
        int from = dim(call.whole("axis", 1), x.rank());
        long inner = 1;
        for (int i = from; i < x.rank(); i++) {
            inner *= x.extent(i);
        }
        long outer = inner == 0 ? 0 : x.shape().elementCount() / inner;
        return function.apply(x.reshape(outer, inner), 1).reshape(x.shape());
    }

    private static Tensor[] layerNorm(OnnxCall call) {
        Tensor x = call.operand(0);
        int dims = x.rank() - dim(call.whole("axis", -1), x.rank());
        Normalization.LayerNorm op =
                new Normalization.LayerNorm(dims, call.decimal("epsilon", 1e-5f));
        Tensor[] results =
                call.has(2)
                        ? Engine.apply(op, x, call.operand(1), call.operand(2))
                        : Engine.apply(op, x, call.operand(1));
        return Arrays.copyOf(results, call.node().outputs().size());
    }

    private static Tensor batchNorm(OnnxCall call) {
        call.require(
                call.whole("training_mode", 0) == 0 && call.node().outputs().size() == 1,
                "a BatchNormalization that trains");
        return Engine.one(
                new Normalization.BatchNormInference(call.decimal("epsilon", 1e-5f)),
                call.operand(0),
                call.operand(3),
                call.operand(4),
                call.operand(1),
                call.operand(2));
    }

    private static Tensor instanceNorm(OnnxCall call) {
        Tensor x = call.operand(0);
        int channels = Math.toIntExact(x.extent(1));
        return Engine.apply(
                new Normalization.GroupNorm(channels, call.decimal("epsilon", 1e-5f)),
                x,
                call.operand(1),
                call.operand(2))[0];
    }

    private static Tensor groupNorm(OnnxCall call) {
        Tensor x = call.operand(0);
        int groups = call.small("num_groups", 0);
        double epsilon = call.decimal("epsilon", 1e-5f);
        long channels = x.extent(1);
        Tensor scale = call.operand(1);
        Tensor bias = call.operand(2);
        if (scale.extent(0) != channels) {
            // Before version 21 each group has one number.
            scale = each(scale, channels);
            bias = each(bias, channels);
        }
        return Engine.apply(new Normalization.GroupNorm(groups, epsilon), x, scale, bias)[0];
    }

    private static Tensor each(Tensor perGroup, long channels) {
        long groups = perGroup.extent(0);
        return perGroup.reshape(groups, 1).expand(groups, channels / groups).reshape(channels);
    }

    private static List<Prim.Window> windows(OnnxCall call, Tensor x, long[] kernel) {
        int rank = x.rank() - 2;
        long[] strides = call.wholes("strides", filled(rank, 1));
        long[] dilations = call.wholes("dilations", filled(rank, 1));
        long[] pads = call.wholes("pads", filled(2 * rank, 0));
        String auto = call.text("auto_pad", "NOTSET");
        if (kernel.length != rank
                || strides.length != rank
                || dilations.length != rank
                || pads.length != 2 * rank) {
            throw new IllegalArgumentException(
                    "kernel, strides, dilations and pads must be for " + rank + " dimensions");
        }
        List<Prim.Window> windows = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            long before = pads[i];
            long after = pads[i + rank];
            if (auto.startsWith("SAME")) {
                if (strides[i] < 1) {
                    throw new IllegalArgumentException("a stride of " + strides[i]);
                }
                long results = Math.ceilDiv(x.extent(i + 2), strides[i]);
                long reach = dilations[i] * (kernel[i] - 1) + 1;
                long all = Math.max(0, (results - 1) * strides[i] + reach - x.extent(i + 2));
                before = auto.equals("SAME_UPPER") ? all / 2 : all - all / 2;
                after = all - before;
            } else if (auto.equals("VALID")) {
                before = 0;
                after = 0;
            }
            windows.add(new Prim.Window(strides[i], before, after, dilations[i]));
        }
        return windows;
    }

    private static long[] filled(int count, long value) {
        long[] values = new long[count];
        Arrays.fill(values, value);
        return values;
    }

    private static long[] kernelOf(Tensor weight) {
        return Arrays.copyOfRange(
                weight.shape().toArray(), Math.min(2, weight.rank()), weight.rank());
    }

    private static Tensor overChannels(Tensor perChannel, int rank) {
        long[] extents = filled(rank, 1);
        extents[1] = perChannel.extent(0);
        return perChannel.reshape(extents);
    }

    private static Tensor conv(OnnxCall call) {
        Tensor x = call.operand(0);
        Tensor weight = call.operand(1);
        List<Prim.Window> windows = windows(call, x, kernelOf(weight));
        Tensor y = Engine.one(new Prim.Conv(windows, call.small("group", 1)), x, weight);
        return call.has(2) ? y.add(overChannels(call.operand(2), y.rank())) : y;
    }

    private static Tensor convTranspose(OnnxCall call) {
        Tensor x = call.operand(0);
        Tensor weight = call.operand(1);
        call.require(
                call.text("auto_pad", "NOTSET").equals("NOTSET")
                        && call.wholes("output_shape", Integer.MAX_VALUE) == null,
                "a ConvTranspose with auto_pad or output_shape");
        long[] kernel = kernelOf(weight);
        List<Prim.Window> windows = windows(call, x, kernel);
        long[] extra = call.wholes("output_padding", filled(kernel.length, 0));
        long[] spatial = new long[kernel.length];
        for (int i = 0; i < spatial.length; i++) {
            Prim.Window window = windows.get(i);
            spatial[i] =
                    window.stride() * (x.extent(i + 2) - 1)
                            + extra[i]
                            + window.dilation() * (kernel[i] - 1)
                            + 1
                            - window.before()
                            - window.after();
        }
        Prim.ConvDataGrad op =
                new Prim.ConvDataGrad(windows, call.small("group", 1), Shape.of(spatial));
        Tensor y = Engine.one(op, x, weight);
        return call.has(2) ? y.add(overChannels(call.operand(2), y.rank())) : y;
    }

    private static Tensor maxPool(OnnxCall call) {
        call.require(
                call.whole("ceil_mode", 0) == 0 && call.node().outputs().size() == 1,
                "a MaxPool with ceil_mode or indices");
        long[] kernel = call.wholes("kernel_shape", new long[0]);
        List<Prim.Window> windows = windows(call, call.operand(0), kernel);
        return Engine.apply(new Pooling.MaxPool(Shape.of(kernel), windows), call.operand(0))[0];
    }

    private static Tensor averagePool(OnnxCall call) {
        call.require(call.whole("ceil_mode", 0) == 0, "an AveragePool with ceil_mode");
        long[] kernel = call.wholes("kernel_shape", new long[0]);
        List<Prim.Window> windows = windows(call, call.operand(0), kernel);
        boolean counted = call.whole("count_include_pad", 0) != 0;
        return Engine.one(new Pooling.AvgPool(Shape.of(kernel), windows, counted), call.operand(0));
    }

    private static Tensor concat(OnnxCall call) {
        Tensor[] parts = new Tensor[call.operandCount()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = call.operand(i);
        }
        return Tensor.concat(dim(call.whole("axis", 0), call.operand(0).rank()), parts);
    }

    private static Tensor[] split(OnnxCall call) {
        Tensor x = call.operand(0);
        int dim = dim(call.whole("axis", 0), x.rank());
        int count = call.node().outputs().size();
        long[] extents = call.wholes("split", 1);
        if (extents == null) {
            // Equal parts, of which the last may be smaller.
            long each = Math.ceilDiv(x.extent(dim), count);
            extents = filled(count, each);
            extents[count - 1] = x.extent(dim) - each * (count - 1);
        }
        return x.split(dim, extents).toArray(Tensor[]::new);
    }

    private static Tensor slice(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] starts = require(call.wholes("starts", 1), "starts");
        long[] ends = require(call.wholes("ends", 2), "ends");
        long[] axes = call.wholes("axes", 3);
        long[] steps = call.has(4) ? call.wholes(4) : filled(starts.length, 1);
        if (ends.length != starts.length
                || steps.length != starts.length
                || axes != null && axes.length != starts.length) {
            throw new IllegalArgumentException("starts, ends, axes and steps differ in number");
        }
        List<Prim.Range> ranges = new ArrayList<>();
        for (long extent : x.shape().toArray()) {
            ranges.add(new Prim.Range(0, 1, extent));
        }
        for (int i = 0; i < starts.length; i++) {
            int dim = dim(axes == null ? i : axes[i], x.rank());
            ranges.set(dim, range(starts[i], ends[i], steps[i], x.extent(dim)));
        }
        return Engine.one(new Prim.Slice(ranges), x);
    }

    private static Prim.Range range(long start, long end, long step, long extent) {
        if (step == 0) {
            throw new IllegalArgumentException("a slice with step 0");
        }
        long from =
                Math.clamp(start < 0 ? start + extent : start, 0, step > 0 ? extent : extent - 1);
        long to = end < 0 ? end + extent : end;
        if (step > 0) {
            to = Math.clamp(to, 0, extent);
            return new Prim.Range(from, step, Math.max(0, Math.ceilDiv(to - from, step)));
        }
        to = Math.clamp(to, -1, extent - 1);
        return new Prim.Range(from, step, Math.max(0, Math.ceilDiv(to - from, step)));
    }

    private static long[] require(long @Nullable [] values, String name) {
        if (values == null) {
            throw new IllegalArgumentException("'" + name + "' is missing");
        }
        return values;
    }

    /** 0 keeps an extent unless allowzero, -1 takes what is left. */
    private static Tensor reshape(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] shape = require(call.wholes("shape", 1), "shape").clone();
        long known = 1;
        int open = -1;
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] == 0 && call.whole("allowzero", 0) == 0) {
                shape[i] = x.extent(i);
            }
            if (shape[i] == -1 && open < 0) {
                open = i;
            } else {
                known = Math.multiplyExact(known, shape[i]);
            }
        }
        if (open >= 0) {
            if (known == 0 || x.shape().elementCount() % known != 0) {
                throw new IllegalArgumentException(
                        x.type() + " cannot become " + Arrays.toString(shape));
            }
            shape[open] = x.shape().elementCount() / known;
        }
        return x.reshape(shape);
    }

    private static Tensor transpose(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] reversed = new long[x.rank()];
        Arrays.setAll(reversed, i -> reversed.length - 1 - i);
        return x.permute(dims(call.wholes("perm", reversed), x.rank()));
    }

    private static Tensor flatten(OnnxCall call) {
        Tensor x = call.operand(0);
        long axis = call.whole("axis", 1);
        int from = axis == x.rank() ? x.rank() : dim(axis, x.rank());
        long outer = 1;
        for (int i = 0; i < from; i++) {
            outer *= x.extent(i);
        }
        long inner = 1;
        for (int i = from; i < x.rank(); i++) {
            inner *= x.extent(i);
        }
        return x.reshape(outer, inner);
    }

    private static Tensor squeeze(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] axes = call.wholes("axes", 1);
        List<Long> kept = new ArrayList<>();
        for (int i = 0; i < x.rank(); i++) {
            kept.add(x.extent(i));
        }
        if (axes == null) {
            kept.removeIf(extent -> extent == 1);
        } else {
            int[] dims = dims(axes, x.rank());
            Arrays.sort(dims);
            for (int i = dims.length - 1; i >= 0; i--) {
                if (x.extent(dims[i]) != 1) {
                    throw new IllegalArgumentException(
                            "dimension " + dims[i] + " of " + x.type() + " is not 1");
                }
                kept.remove(dims[i]);
            }
        }
        return x.reshape(kept.stream().mapToLong(Long::longValue).toArray());
    }

    private static Tensor unsqueeze(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] axes = require(call.wholes("axes", 1), "axes");
        int rank = x.rank() + axes.length;
        boolean[] added = new boolean[rank];
        for (int dim : dims(axes, rank)) {
            added[dim] = true;
        }
        long[] extents = new long[rank];
        int from = 0;
        for (int i = 0; i < rank; i++) {
            extents[i] = added[i] ? 1 : x.extent(from++);
        }
        return x.reshape(extents);
    }

    /** To the shape that both broadcast to. */
    private static Tensor expand(OnnxCall call) {
        Tensor x = call.operand(0);
        long[] wanted = call.wholes(1);
        long[] extents = new long[Math.max(x.rank(), wanted.length)];
        for (int i = 1; i <= extents.length; i++) {
            long own = i <= x.rank() ? x.extent(-i) : 1;
            long other = i <= wanted.length ? wanted[wanted.length - i] : 1;
            extents[extents.length - i] = own == 1 ? other : own;
        }
        return x.expand(extents);
    }

    private static Tensor pad(OnnxCall call) {
        Tensor x = call.operand(0);
        call.require(
                call.text("mode", "constant").equals("constant"), "a Pad that is not constant");
        long[] pads = require(call.wholes("pads", 1), "pads");
        int[] dims =
                call.has(3)
                        ? dims(call.wholes(3), x.rank())
                        : dims(java.util.stream.LongStream.range(0, x.rank()).toArray(), x.rank());
        if (pads.length != 2 * dims.length) {
            throw new IllegalArgumentException(
                    pads.length + " pads for " + dims.length + " dimensions");
        }
        double value = call.has(2) ? call.decimal(2) : call.decimal("value", 0);
        long[][] edges = new long[x.rank()][2];
        for (int i = 0; i < dims.length; i++) {
            edges[dims[i]] = new long[] {pads[i], pads[i + dims.length]};
        }
        return x.pad(edges, x.dtype().isFloating() ? (Number) value : (Number) (long) value);
    }

    /** Whole parts of a dimension, as many as the index has elements, in the index's shape. */
    private static Tensor gather(OnnxCall call) {
        Tensor x = call.operand(0);
        Tensor index = call.operand(1);
        int dim = dim(call.whole("axis", 0), x.rank());
        Tensor flat = index.reshape(index.shape().elementCount());
        Tensor wrapped = Tensor.where(flat.lt(0), flat.add(x.extent(dim)), flat);
        long[] extents = new long[x.rank() - 1 + index.rank()];
        int at = 0;
        for (int i = 0; i < x.rank(); i++) {
            if (i == dim) {
                for (int j = 0; j < index.rank(); j++) {
                    extents[at++] = index.extent(j);
                }
            } else {
                extents[at++] = x.extent(i);
            }
        }
        return x.indexSelect(dim, wrapped).reshape(extents);
    }

    private static Tensor wrapped(OnnxCall call, int dim) {
        Tensor index = call.operand(1);
        return Tensor.where(index.lt(0), index.add(call.operand(0).extent(dim)), index);
    }

    private static Tensor gatherElements(OnnxCall call) {
        int dim = dim(call.whole("axis", 0), call.operand(0).rank());
        return call.operand(0).gather(dim, wrapped(call, dim));
    }

    private static Tensor scatterElements(OnnxCall call) {
        Tensor x = call.operand(0);
        int dim = dim(call.whole("axis", 0), x.rank());
        return switch (call.text("reduction", "none")) {
            case "none" -> x.scatter(dim, wrapped(call, dim), call.operand(2));
            case "add" -> x.scatterAdd(dim, wrapped(call, dim), call.operand(2));
            default ->
                    throw new IllegalArgumentException("only adding and replacing are supported");
        };
    }

    private static Tensor shape(OnnxCall call) {
        long[] extents = call.operand(0).shape().toArray();
        long start = call.whole("start", 0);
        long end = call.whole("end", extents.length);
        int from = Math.clamp(start < 0 ? start + extents.length : start, 0, extents.length);
        int to = Math.clamp(end < 0 ? end + extents.length : end, from, extents.length);
        return Tensor.of(Arrays.copyOfRange(extents, from, to), to - from);
    }

    private static Tensor constant(OnnxCall call) {
        if (call.node().attributes().size() != 1) {
            throw new IllegalArgumentException("a Constant needs one value");
        }
        return switch (call.node().attributes().values().iterator().next()) {
            case Attribute.Array(HostArray value) -> tensor(value);
            case Attribute.Decimal(float value) -> Tensor.of(new float[] {value}).reshape();
            case Attribute.Whole(long value) -> Tensor.of(new long[] {value}).reshape();
            case Attribute.Decimals(List<Float> values) -> {
                float[] floats = new float[values.size()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = values.get(i);
                }
                yield Tensor.of(floats, floats.length);
            }
            case Attribute.Wholes(List<Long> values) ->
                    Tensor.of(values.stream().mapToLong(Long::longValue).toArray(), values.size());
            default -> throw new IllegalArgumentException("a Constant of a kind not supported");
        };
    }

    /** A copy on the current device. */
    static Tensor tensor(HostArray array) {
        return Tensor.of(new TensorType(array.dtype(), array.shape()), array.bytes());
    }

    private static Tensor constantOfShape(OnnxCall call) {
        Shape shape = Shape.of(call.wholes(0));
        return switch (call.node().attributes().get("value")) {
            case null -> Tensor.full(DType.F32, shape, 0);
            case Attribute.Array(HostArray value) when value.elementCount() == 1 ->
                    Tensor.full(
                            value.dtype(),
                            shape,
                            value.dtype().isFloating()
                                    ? (Number) value.doubleAt(0)
                                    : (Number) value.longAt(0));
            default -> throw new IllegalArgumentException("'value' must be one number");
        };
    }

    private static Tensor range(OnnxCall call) {
        long[] start = call.wholes(0);
        long[] limit = call.wholes(1);
        long[] step = call.wholes(2);
        if (start.length != 1 || limit.length != 1 || step.length != 1 || step[0] == 0) {
            throw new IllegalArgumentException(
                    "start, limit and delta must be numbers, delta not 0");
        }
        long count = Math.max(0, Math.ceilDiv(Math.subtractExact(limit[0], start[0]), step[0]));
        return Tensor.arange(call.operand(0).dtype(), count).mul(step[0]).add(start[0]);
    }

    private static Tensor cumSum(OnnxCall call) {
        call.require(call.whole("exclusive", 0) == 0, "an exclusive CumSum");
        long[] axis = call.wholes(1);
        int dim = dim(axis.length == 1 ? axis[0] : Long.MAX_VALUE, call.operand(0).rank());
        boolean reverse = call.whole("reverse", 0) != 0;
        return Engine.one(new Prim.Scan(Prim.Scan.Kind.SUM, dim, reverse), call.operand(0));
    }

    private static Tensor[] topK(OnnxCall call) {
        long[] count = call.wholes(1);
        int dim = dim(call.whole("axis", -1), call.operand(0).rank());
        if (count.length != 1) {
            throw new IllegalArgumentException("k must be one number");
        }
        Tensor.Sorted top = call.operand(0).topk(count[0], dim, call.whole("largest", 1) != 0);
        return new Tensor[] {top.values(), top.indices()};
    }

    /** Elements along dimensions made into one. */
    @FunctionalInterface
    private interface Reduction {
        Tensor apply(Tensor x, boolean keepDims, int... dims);
    }

    private static Tensor reduce(OnnxCall call, Reduction reduction) {
        Tensor x = call.operand(0);
        boolean keep = call.whole("keepdims", 1) != 0;
        long[] axes = call.wholes("axes", 1);
        if (axes == null || axes.length == 0) {
            if (call.whole("noop_with_empty_axes", 0) != 0) {
                return x;
            }
            axes = java.util.stream.LongStream.range(0, x.rank()).toArray();
        }
        return reduction.apply(x, keep, dims(axes, x.rank())).cast(x.dtype());
    }

    /** The place of an extreme. */
    @FunctionalInterface
    private interface Extreme {
        Tensor apply(Tensor x, int dim, boolean keepDims);
    }

    private static Tensor arg(OnnxCall call, Extreme extreme) {
        Tensor x = call.operand(0);
        call.require(call.whole("select_last_index", 0) == 0, "the last of equal elements");
        boolean keep = call.whole("keepdims", 1) != 0;
        return extreme.apply(x, dim(call.whole("axis", 0), x.rank()), keep);
    }

    /**
     * A loop of a known number of steps. Its body's graph is given the step, then what is carried,
     * then what it refers to outside; the condition has been seen to be always true.
     */
    private static Tensor[] loop(OnnxCall call) {
        Graph body = call.bodies().get("body");
        if (body == null) {
            throw new IllegalArgumentException("a Loop needs a body");
        }
        long[] steps = call.wholes(0);
        Tensor[] operands = new Tensor[call.operandCount() - 2];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = call.operand(i + 2);
        }
        return Engine.apply(new Prim.Loop(body, steps[0]), operands);
    }
}
