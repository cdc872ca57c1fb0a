package dev.ugoki.embodied.onnx;

import static dev.ugoki.embodied.onnx.OnnxExport.whole;
import static dev.ugoki.embodied.onnx.OnnxExport.wholes;

import dev.ugoki.embodied.onnx.OnnxExport.Named;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/** What each primitive becomes. An empty list says that ONNX has nothing like it. */
final class OnnxPrimitives {
    private static final List<Named> NOTHING = List.of();

    private final OnnxExport out;
    private final List<Named> operands;
    private final TensorType type;

    private OnnxPrimitives(OnnxExport out, List<Named> operands, TensorType type) {
        this.out = out;
        this.operands = operands;
        this.type = type;
    }

    static List<Named> write(OnnxExport out, Prim op, List<Named> operands, TensorType type) {
        return new OnnxPrimitives(out, operands, type).write(op);
    }

    private List<Named> write(Prim op) {
        return switch (op) {
            case Prim.Fill fill -> fill(fill);
            case Prim.Iota iota -> iota(iota);
            case Prim.Unary unary -> unary(unary.kind());
            case Prim.Binary binary -> binary(binary.kind());
            case Prim.Compare compare -> compare(compare.kind());
            case Prim.Select _ -> same("Where");
            case Prim.Cast cast ->
                    one(node("Cast", whole("to", OnnxType.of(cast.dtype()).number())));
            case Prim.Reshape reshape -> one(reshaped(operands.get(0), reshape.shape()));
            case Prim.Permute permute ->
                    one(node("Transpose", wholes("perm", longs(permute.dims().toArray()))));
            case Prim.Expand expand ->
                    one(out.node("Expand", type, List.of(x(), out.list(expand.shape().toArray()))));
            case Prim.Slice slice -> one(slice(slice));
            case Prim.Pad pad -> one(pad(pad));
            case Prim.Concat concat -> one(node("Concat", whole("axis", concat.dim())));
            case Prim.Reduce reduce -> reduce(reduce);
            case Prim.ArgReduce arg ->
                    one(
                            node(
                                    arg.kind() == Prim.ArgReduce.Kind.MAX ? "ArgMax" : "ArgMin",
                                    whole("axis", arg.dim()),
                                    whole("keepdims", 0)));
            case Prim.Scan scan -> scan(scan);
            case Prim.ArgSort sort -> one(sort(sort));
            case Prim.Gather gather -> one(node("GatherElements", whole("axis", gather.dim())));
            case Prim.Scatter scatter ->
                    one(
                            node(
                                    "ScatterElements",
                                    whole("axis", scatter.dim()),
                                    OnnxExport.text(
                                            "reduction",
                                            scatter.mode() == Prim.Scatter.Mode.ADD
                                                    ? "add"
                                                    : "none")));
            case Prim.MatMul _ -> same("MatMul");
            case Prim.Conv conv -> one(conv(conv));
            case Prim.ConvDataGrad grad -> one(transposed(grad));
            case Prim.CopyTo _ -> same("Identity");
            case Prim.RandomBits _,
                    Prim.ConvFilterGrad _,
                    Prim.Cholesky _,
                    Prim.TriangularSolve _,
                    Prim.Solve _,
                    Prim.Determinant _,
                    Prim.Loop _ ->
                    NOTHING;
        };
    }

    private Named x() {
        return operands.getFirst();
    }

    private static List<Named> one(Named result) {
        return List.of(result);
    }

    private Named node(String operator, ProtobufMessage... settings) {
        return out.node(operator, type, operands, settings);
    }

    private List<Named> same(String operator) {
        return one(node(operator));
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private Named number(Number value) {
        DType dtype = x().type().dtype();
        return out.scalar(dtype, dtype.numberOf(value));
    }

    private Named of(String operator, Named... values) {
        return out.node(operator, type, List.of(values));
    }

    private Named truth(String operator, Named... values) {
        return out.node(operator, type.withDType(DType.BOOL), List.of(values));
    }

    private Named reshaped(Named value, Shape shape) {
        return out.node(
                "Reshape",
                value.type().withShape(shape),
                List.of(value, out.list(shape.toArray())),
                whole("allowzero", 1));
    }

    private List<Named> fill(Prim.Fill fill) {
        Named scalar = out.scalar(fill.dtype(), fill.value());
        return one(
                fill.shape().rank() == 0
                        ? scalar
                        : out.node(
                                "Expand", type, List.of(scalar, out.list(fill.shape().toArray()))));
    }

    private List<Named> iota(Prim.Iota iota) {
        Shape shape = iota.shape();
        long[] numbers = new long[Math.toIntExact(shape.extent(iota.dim()))];
        Arrays.setAll(numbers, i -> i);
        long[] extents = new long[shape.rank()];
        Arrays.fill(extents, 1);
        extents[iota.dim()] = numbers.length;
        Named line = out.wholes(Shape.of(extents), numbers);
        Named cast =
                out.node(
                        "Cast",
                        new TensorType(iota.dtype(), line.type().shape()),
                        List.of(line),
                        whole("to", OnnxType.of(iota.dtype()).number()));
        return one(out.node("Expand", type, List.of(cast, out.list(shape.toArray()))));
    }

    private List<Named> unary(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG -> same("Neg");
            case ABS -> same("Abs");
            case SIGN -> same("Sign");
            case SQRT -> same("Sqrt");
            case RSQRT -> one(of("Reciprocal", of("Sqrt", x())));
            case EXP -> same("Exp");
            case EXPM1 -> one(expm1());
            case LOG -> same("Log");
            case LOG1P -> one(log1p());
            case SIN -> same("Sin");
            case COS -> same("Cos");
            case TAN -> same("Tan");
            case ASIN -> same("Asin");
            case ACOS -> same("Acos");
            case ATAN -> same("Atan");
            case SINH -> same("Sinh");
            case COSH -> same("Cosh");
            case TANH -> same("Tanh");
            case ERF -> same("Erf");
            case SIGMOID -> same("Sigmoid");
            case FLOOR -> same("Floor");
            case CEIL -> same("Ceil");
            case ROUND -> same("Round");
            case TRUNC -> one(of("Mul", of("Sign", x()), of("Floor", of("Abs", x()))));
            case NOT -> same(type.dtype() == DType.BOOL ? "Not" : "BitwiseNot");
        };
    }

    /** {@code exp(x) - 1}, or near 0, where that loses digits, {@code 2 t / (1 - t)}. */
    private Named expm1() {
        Named half = of("Mul", x(), number(0.5));
        Named t = of("Tanh", half);
        Named near = of("Div", of("Add", t, t), of("Sub", number(1), t));
        Named far = of("Sub", of("Exp", x()), number(1));
        return of("Where", truth("Less", of("Abs", x()), number(1)), near, far);
    }

    /** {@code log(u) * x / (u - 1)} with {@code u = 1 + x}, which makes up for u's rounding. */
    private Named log1p() {
        Named u = of("Add", x(), number(1));
        Named ratio = of("Div", x(), of("Sub", u, number(1)));
        Named exact = of("Mul", of("Log", u), ratio);
        Named large = truth("Greater", x(), number(1e4));
        Named scaled = of("Where", large, of("Log", u), exact);
        return of("Where", truth("Equal", u, number(1)), x(), scaled);
    }

    private List<Named> binary(Prim.Binary.Kind kind) {
        boolean truth = type.dtype() == DType.BOOL;
        return switch (kind) {
            case ADD -> same("Add");
            case SUB -> same("Sub");
            case MUL -> same("Mul");
            case DIV -> same("Div");
            case REM -> one(node("Mod", whole("fmod", 1)));
            case POW -> same("Pow");
            case MAX -> same("Max");
            case MIN -> same("Min");
            case ATAN2 -> one(atan2());
            case AND -> same(truth ? "And" : "BitwiseAnd");
            case OR -> same(truth ? "Or" : "BitwiseOr");
            case XOR -> same(truth ? "Xor" : "BitwiseXor");
            case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> {
                // Only of unsigned numbers, of which we have one kind.
                String direction = kind == Prim.Binary.Kind.SHIFT_LEFT ? "LEFT" : "RIGHT";
                yield type.dtype() == DType.U8
                        ? one(node("BitShift", OnnxExport.text("direction", direction)))
                        : NOTHING;
            }
        };
    }

    /**
     * The angle of {@code (|x|, |y|)}, which is between 0 and pi / 2, turned to where the signs say
     * that the point lies; zeros have signs, too.
     */
    private Named atan2() {
        Named up = of("Abs", operands.get(0));
        Named right = of("Abs", operands.get(1));
        Named slope = of("Atan", of("Div", up, right));
        Named diagonal = of("Where", truth("Equal", up, right), number(Math.PI / 4), slope);
        Named isNumber = truth("Equal", right, right);
        Named onAxis = truth("And", truth("Equal", up, number(0)), isNumber);
        Named angle = of("Where", onAxis, number(0), diagonal);
        Named left = of("Sub", number(Math.PI), angle);
        Named turned = of("Where", isNegative(operands.get(1)), left, angle);
        return of("Where", isNegative(operands.get(0)), of("Neg", turned), turned);
    }

    /** Of zeros, too, whose reciprocal is infinite with their sign. */
    private Named isNegative(Named value) {
        Named isZero = truth("Equal", value, number(0));
        Named signed = of("Where", isZero, of("Reciprocal", value), value);
        return truth("Less", signed, number(0));
    }

    private List<Named> compare(Prim.Compare.Kind kind) {
        return switch (kind) {
            case EQ -> same("Equal");
            case NE -> one(of("Not", of("Equal", operands.get(0), operands.get(1))));
            case LT -> same("Less");
            case LE -> same("LessOrEqual");
            case GT -> same("Greater");
            case GE -> same("GreaterOrEqual");
        };
    }

    private Named slice(Prim.Slice slice) {
        int rank = slice.ranges().size();
        long[] starts = new long[rank];
        long[] ends = new long[rank];
        long[] axes = new long[rank];
        long[] steps = new long[rank];
        for (int i = 0; i < rank; i++) {
            Prim.Range range = slice.ranges().get(i);
            starts[i] = range.start();
            steps[i] = range.step();
            axes[i] = i;
            long last = range.start() + (range.count() - 1) * range.step();
            if (range.count() == 0) {
                // Whatever the step, nothing.
                starts[i] = 0;
                steps[i] = 1;
                ends[i] = 0;
            } else if (range.step() > 0) {
                ends[i] = last + 1;
            } else {
                // -1 would be the last element, so what lies before the first is far below.
                ends[i] = last == 0 ? Long.MIN_VALUE : last - 1;
            }
        }
        if (rank == 0) {
            return node("Identity");
        }
        return sliced(x(), type, starts, ends, axes, steps);
    }

    private Named sliced(
            Named value, TensorType to, long[] starts, long[] ends, long[] axes, long[] steps) {
        return out.node(
                "Slice",
                to,
                List.of(value, out.list(starts), out.list(ends), out.list(axes), out.list(steps)));
    }

    private Named pad(Prim.Pad pad) {
        Named value = x();
        int rank = pad.edges().size();
        for (int i = 0; i < rank; i++) {
            if (pad.edges().get(i).between() > 0 && value.type().shape().extent(i) > 1) {
                value = spread(value, i, pad.edges().get(i).between(), pad.value());
            }
        }
        long[] edges = edges(pad.edges(), Prim.Edges::before, Prim.Edges::after);
        return Arrays.stream(edges).allMatch(each -> each == 0)
                ? out.node("Identity", type, List.of(value))
                : padded(value, type, edges, pad.value());
    }

    private static long[] edges(
            List<Prim.Edges> edges,
            ToLongFunction<Prim.Edges> before,
            ToLongFunction<Prim.Edges> after) {
        long[] all = new long[2 * edges.size()];
        for (int i = 0; i < edges.size(); i++) {
            all[i] = before.applyAsLong(edges.get(i));
            all[i + edges.size()] = after.applyAsLong(edges.get(i));
        }
        return all;
    }

    private Named padded(Named value, TensorType to, long[] edges, Number with) {
        return out.node(
                "Pad",
                to,
                List.of(value, out.list(edges), out.scalar(to.dtype(), to.dtype().numberOf(with))));
    }

    /** Elements between those of a dimension: each padded on its own, the last one cut. */
    private Named spread(Named value, int dim, long between, Number with) {
        long[] extents = value.type().shape().toArray();
        long[] apart = new long[extents.length + 1];
        System.arraycopy(extents, 0, apart, 0, dim + 1);
        apart[dim + 1] = 1;
        System.arraycopy(extents, dim + 1, apart, dim + 2, extents.length - dim - 1);
        Named single = reshaped(value, Shape.of(apart));
        long[] edges = new long[2 * apart.length];
        edges[apart.length + dim + 1] = between;
        apart[dim + 1] += between;
        Named wide = padded(single, value.type().withShape(Shape.of(apart)), edges, with);
        extents[dim] *= between + 1;
        Named together = reshaped(wide, Shape.of(extents));
        extents[dim] -= between;
        return sliced(
                together,
                value.type().withShape(Shape.of(extents)),
                new long[] {0},
                new long[] {extents[dim]},
                new long[] {dim},
                new long[] {1});
    }

    private List<Named> reduce(Prim.Reduce reduce) {
        long[] axes = longs(reduce.axes().toArray());
        if (axes.length == 0) {
            return same("Identity");
        }
        if (x().type().shape().elementCount() == 0) {
            return one(reducedNothing(reduce.kind()));
        }
        return switch (reduce.kind()) {
            case SUM -> one(reduced("ReduceSum", x(), type, axes));
            case PROD -> one(reduced("ReduceProd", x(), type, axes));
            case MAX -> one(reduced("ReduceMax", x(), type, axes));
            case MIN -> one(reduced("ReduceMin", x(), type, axes));
            case ANY -> one(truths("ReduceMax", axes));
            case ALL -> one(truths("ReduceMin", axes));
        };
    }

    /** What is said of no elements; the greatest and least of none are an error before. */
    private Named reducedNothing(Prim.Reduce.Kind kind) {
        int value =
                switch (kind) {
                    case SUM, ANY, MAX, MIN -> 0;
                    case PROD, ALL -> 1;
                };
        Named scalar = out.scalar(type.dtype(), type.dtype().numberOf(value));
        return out.node("Expand", type, List.of(scalar, out.list(type.shape().toArray())));
    }

    private Named reduced(String operator, Named value, TensorType to, long[] axes) {
        return out.node(operator, to, List.of(value, out.list(axes)), whole("keepdims", 0));
    }

    /** As numbers, since ONNX reduces no truths. */
    private Named truths(String operator, long[] axes) {
        Named numbers =
                out.node(
                        "Cast",
                        x().type().withDType(DType.I32),
                        List.of(x()),
                        whole("to", OnnxType.INT32.number()));
        Named reduced = reduced(operator, numbers, type.withDType(DType.I32), axes);
        return out.node("Cast", type, List.of(reduced), whole("to", OnnxType.BOOL.number()));
    }

    private List<Named> scan(Prim.Scan scan) {
        if (scan.kind() != Prim.Scan.Kind.SUM) {
            return NOTHING;
        }
        return one(
                out.node(
                        "CumSum",
                        type,
                        List.of(x(), out.wholes(Shape.SCALAR, scan.dim())),
                        whole("reverse", scan.reverse() ? 1 : 0)));
    }

    private Named sort(Prim.ArgSort sort) {
        long extent = x().type().shape().extent(sort.dim());
        return out.nodeResult(
                "TopK",
                type,
                1,
                List.of(x(), out.list(extent)),
                whole("axis", sort.dim()),
                whole("largest", sort.descending() ? 1 : 0),
                whole("sorted", 1));
    }

    /**
     * ONNX pads by nothing less than 0: what that would leave out of the image is cut off first.
     */
    private Named conv(Prim.Conv conv) {
        Named image = x();
        int rank = conv.windows().size();
        long[] extents = image.type().shape().toArray();
        long[] starts = new long[rank];
        long[] ends = new long[rank];
        long[] axes = new long[rank];
        long[] steps = new long[rank];
        for (int i = 0; i < rank; i++) {
            Prim.Window window = conv.windows().get(i);
            starts[i] = Math.max(0, -window.before());
            ends[i] = extents[i + 2] - Math.max(0, -window.after());
            axes[i] = i + 2;
            steps[i] = 1;
            extents[i + 2] = ends[i] - starts[i];
        }
        if (conv.windows().stream().anyMatch(OnnxPrimitives::crops)) {
            TensorType cropped = image.type().withShape(Shape.of(extents));
            image = sliced(image, cropped, starts, ends, axes, steps);
        }
        return out.node(
                "Conv",
                type,
                List.of(image, operands.get(1)),
                windows(conv.windows(), conv.groups()));
    }

    private static boolean crops(Prim.Window window) {
        return window.before() < 0 || window.after() < 0;
    }

    private static ProtobufMessage[] windows(List<Prim.Window> windows, int groups) {
        int rank = windows.size();
        long[] pads = new long[2 * rank];
        long[] strides = new long[rank];
        long[] dilations = new long[rank];
        for (int i = 0; i < rank; i++) {
            Prim.Window window = windows.get(i);
            pads[i] = Math.max(0, window.before());
            pads[i + rank] = Math.max(0, window.after());
            strides[i] = window.stride();
            dilations[i] = window.dilation();
        }
        return new ProtobufMessage[] {
            wholes("pads", pads),
            wholes("strides", strides),
            wholes("dilations", dilations),
            whole("group", groups)
        };
    }

    /**
     * What is left over in the strides of the convolution is added behind; what it left out of the
     * image, zeros, around the result.
     */
    private Named transposed(Prim.ConvDataGrad grad) {
        Shape in = x().type().shape();
        Shape weight = operands.get(1).type().shape();
        int rank = grad.windows().size();
        long[] extra = new long[rank];
        long[] edges = new long[2 * (rank + 2)];
        long[] extents = type.shape().toArray();
        for (int i = 0; i < rank; i++) {
            Prim.Window window = grad.windows().get(i);
            edges[i + 2] = Math.max(0, -window.before());
            edges[rank + 2 + i + 2] = Math.max(0, -window.after());
            extents[i + 2] -= edges[i + 2] + edges[rank + 2 + i + 2];
            long reach = window.dilation() * (weight.extent(i + 2) - 1) + 1;
            long plain =
                    window.stride() * (in.extent(i + 2) - 1)
                            + reach
                            - Math.max(0, window.before())
                            - Math.max(0, window.after());
            extra[i] = extents[i + 2] - plain;
        }
        ProtobufMessage[] settings = windows(grad.windows(), grad.groups());
        ProtobufMessage[] all = Arrays.copyOf(settings, settings.length + 1);
        all[settings.length] = wholes("output_padding", extra);
        Named part = out.node("ConvTranspose", type.withShape(Shape.of(extents)), operands, all);
        return grad.windows().stream().anyMatch(OnnxPrimitives::crops)
                ? padded(part, type, edges, 0)
                : part;
    }
}
