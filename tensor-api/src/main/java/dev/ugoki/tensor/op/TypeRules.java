package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;

import java.util.List;
import java.util.function.Predicate;

/**
 * The types of primitives' results. Every mistake in shapes and dtypes is found here, before any
 * backend is touched; messages name the operation, the operands and what does not fit.
 */
public final class TypeRules {
    private TypeRules() {}

    /**
     * The types of the results of {@code op}.
     *
     * @throws IllegalArgumentException if the operands do not fit
     */
    public static TensorType[] infer(Op op, TensorType... operands) {
        return switch (op) {
            case Prim.Loop loop -> inferLoop(loop, operands);
            case Prim prim -> new TensorType[] {inferOne(prim, operands)};
            case Composite composite -> composite.infer(operands);
        };
    }

    /** The type of the one result of a primitive other than loop. */
    public static TensorType inferOne(Prim op, TensorType... in) {
        try {
            return inferResult(op, in);
        } catch (IllegalArgumentException e) {
            // Shapes refuse extents without knowing what for.
            String inner = String.valueOf(e.getMessage());
            throw inner.startsWith("shape: ")
                    ? new IllegalArgumentException(ErrorPrefix.of(op.name()) + ": in " + inner, e)
                    : e;
        }
    }

    private static TensorType inferResult(Prim op, TensorType[] in) {
        return switch (op) {
            case Prim.Fill fill -> {
                count(op, 0, in);
                number(op, fill.dtype(), fill.value());
                yield new TensorType(fill.dtype(), fill.shape());
            }
            case Prim.Iota iota -> {
                count(op, 0, in);
                if (!(iota.dim() >= 0 && iota.dim() < iota.shape().rank())) {
                    throw wrong(
                            op, in, "dimension " + iota.dim() + " is not one of " + iota.shape());
                }
                yield new TensorType(iota.dtype(), iota.shape());
            }
            case Prim.RandomBits random -> {
                count(op, 1, in);
                if (!(in[0].equals(KEY))) {
                    throw wrong(op, in, "the key must be " + KEY + "; make it with Key.of(seed)");
                }
                yield new TensorType(DType.I32, random.shape());
            }
            case Prim.Unary unary -> inferUnary(unary, in);
            case Prim.Binary binary -> inferBinary(binary, in);
            case Prim.Compare compare -> {
                count(op, 2, in);
                same(op, in);
                yield in[0].withDType(DType.BOOL);
            }
            case Prim.Select select -> inferSelect(select, in);
            case Prim.Cast cast -> {
                count(op, 1, in);
                yield in[0].withDType(cast.dtype());
            }
            case Prim.Reshape reshape -> {
                count(op, 1, in);
                if (!(in[0].shape().elementCount() == reshape.shape().elementCount())) {
                    throw wrong(
                            op,
                            in,
                            in[0].shape().elementCount()
                                    + " elements do not fill "
                                    + reshape.shape()
                                    + " ("
                                    + reshape.shape().elementCount()
                                    + ")");
                }
                yield in[0].withShape(reshape.shape());
            }
            case Prim.Permute permute -> inferPermute(permute, in);
            case Prim.Expand expand -> inferExpand(expand, in);
            case Prim.Slice slice -> inferSlice(slice, in);
            case Prim.Pad pad -> inferPad(pad, in);
            case Prim.Concat concat -> inferConcat(concat, in);
            case Prim.Reduce reduce -> inferReduce(reduce, in);
            case Prim.ArgReduce arg -> {
                count(op, 1, in);
                ordered(op, in);
                dim(op, arg.dim(), in);
                if (!(in[0].shape().extent(arg.dim()) > 0)) {
                    throw wrong(
                            op,
                            in,
                            "dimension "
                                    + arg.dim()
                                    + " is empty: there is nothing to choose from");
                }
                yield new TensorType(DType.I64, without(in[0].shape(), Axes.of(arg.dim())));
            }
            case Prim.Scan scan -> {
                count(op, 1, in);
                ordered(op, in);
                dim(op, scan.dim(), in);
                yield in[0];
            }
            case Prim.ArgSort sort -> {
                count(op, 1, in);
                ordered(op, in);
                dim(op, sort.dim(), in);
                yield in[0].withDType(DType.I64);
            }
            case Prim.Gather gather -> inferGather(gather, in);
            case Prim.Scatter scatter -> inferScatter(scatter, in);
            case Prim.MatMul matMul -> inferMatMul(matMul, in);
            case Prim.Conv conv -> inferConv(conv, in);
            case Prim.ConvDataGrad grad -> inferConvDataGrad(grad, in);
            case Prim.ConvFilterGrad grad -> inferConvFilterGrad(grad, in);
            case Prim.Cholesky _ -> {
                count(op, 1, in);
                squareMatrices(op, in);
                yield in[0];
            }
            case Prim.TriangularSolve _, Prim.Solve _ -> inferSolve(op, in);
            case Prim.Determinant _ -> {
                count(op, 1, in);
                squareMatrices(op, in);
                int rank = in[0].shape().rank();
                yield in[0].withShape(without(in[0].shape(), Axes.of(rank - 2, rank - 1)));
            }
            case Prim.CopyTo copy -> {
                count(op, 1, in);
                yield in[0];
            }
            case Prim.Loop loop ->
                    throw new IllegalArgumentException(
                            ErrorPrefix.of("loop") + ": has several results: use infer");
        };
    }

    /** The type of a random key. */
    public static final TensorType KEY = new TensorType(DType.I32, Shape.of(4));

    private static TensorType inferUnary(Prim.Unary op, TensorType[] in) {
        count(op, 1, in);
        Predicate<DType> accepts =
                switch (op.kind()) {
                    case NEG, ABS, SIGN -> d -> d != DType.BOOL;
                    case FLOOR, CEIL, ROUND, TRUNC -> DType::isFloating;
                    case NOT -> d -> !d.isFloating();
                    case SQRT,
                            RSQRT,
                            EXP,
                            EXPM1,
                            LOG,
                            LOG1P,
                            SIN,
                            COS,
                            TAN,
                            ASIN,
                            ACOS,
                            ATAN,
                            SINH,
                            COSH,
                            TANH,
                            ERF,
                            SIGMOID ->
                            DType::isFloating;
                };
        dtype(op, accepts, in);
        return in[0];
    }

    private static TensorType inferBinary(Prim.Binary op, TensorType[] in) {
        count(op, 2, in);
        same(op, in);
        Predicate<DType> accepts =
                switch (op.kind()) {
                    case ADD, SUB, MUL, DIV, REM, MAX, MIN -> d -> d != DType.BOOL;
                    case POW, ATAN2 -> DType::isFloating;
                    case AND, OR, XOR -> d -> !d.isFloating();
                    case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> DType::isInteger;
                };
        dtype(op, accepts, in);
        return in[0];
    }

    private static TensorType inferSelect(Prim.Select op, TensorType[] in) {
        count(op, 3, in);
        if (!(in[0].dtype() == DType.BOOL)) {
            throw wrong(op, in, "the condition must be BOOL; compare, or cast it");
        }
        if (!(in[1].dtype() == in[2].dtype())) {
            throw wrong(op, in, "the branches differ in dtype; cast one of them");
        }
        if (!(in[0].shape().equals(in[1].shape()) && in[1].shape().equals(in[2].shape()))) {
            throw wrong(op, in, "shapes differ; expand them to one shape");
        }
        return in[1];
    }

    private static TensorType inferPermute(Prim.Permute op, TensorType[] in) {
        count(op, 1, in);
        int rank = in[0].shape().rank();
        boolean[] seen = new boolean[rank];
        long[] extents = new long[rank];
        boolean fits = op.dims().count() == rank;
        for (int i = 0; fits && i < rank; i++) {
            int from = op.dims().get(i);
            fits = from >= 0 && from < rank && !seen[from];
            if (fits) {
                seen[from] = true;
                extents[i] = in[0].shape().extent(from);
            }
        }
        if (!(fits)) {
            throw wrong(
                    op,
                    in,
                    op.dims()
                            + " is not an order of the "
                            + rank
                            + " dimensions 0 to "
                            + (rank - 1));
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferExpand(Prim.Expand op, TensorType[] in) {
        count(op, 1, in);
        Shape from = in[0].shape();
        Shape to = op.shape();
        if (!(from.rank() == to.rank())) {
            throw wrong(op, in, "cannot become " + to + ": ranks differ");
        }
        for (int dim = 0; dim < to.rank(); dim++) {
            if (!(from.extent(dim) == to.extent(dim) || from.extent(dim) == 1)) {
                throw wrong(
                        op,
                        in,
                        "cannot become "
                                + to
                                + ": dimension "
                                + dim
                                + " has extent "
                                + from.extent(dim)
                                + ", and only 1 can be expanded");
            }
        }
        return in[0].withShape(to);
    }

    private static TensorType inferSlice(Prim.Slice op, TensorType[] in) {
        count(op, 1, in);
        Shape from = in[0].shape();
        if (!(op.ranges().size() == from.rank())) {
            throw wrong(
                    op,
                    in,
                    "needs one range for each of the "
                            + from.rank()
                            + " dimensions: "
                            + op.ranges());
        }
        long[] extents = new long[from.rank()];
        for (int dim = 0; dim < extents.length; dim++) {
            Prim.Range range = op.ranges().get(dim);
            long extent = from.extent(dim);
            boolean fits = range.step() != 0 && range.count() >= 0 && range.count() <= extent;
            if (fits && range.count() > 0) {
                // Guards first: start within the dimension, so that no product can overflow below.
                fits = range.start() >= 0 && range.start() < extent;
                long room = range.step() > 0 ? extent - 1 - range.start() : range.start();
                fits &= range.count() == 1 || room / Math.abs(range.step()) >= range.count() - 1;
                fits &= range.step() != Long.MIN_VALUE;
            }
            if (!(fits)) {
                throw wrong(op, in, range + " leaves dimension " + dim + " of extent " + extent);
            }
            extents[dim] = range.count();
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferPad(Prim.Pad op, TensorType[] in) {
        count(op, 1, in);
        Shape from = in[0].shape();
        if (!(op.edges().size() == from.rank())) {
            throw wrong(
                    op,
                    in,
                    "needs edges for each of the " + from.rank() + " dimensions: " + op.edges());
        }
        number(op, in[0].dtype(), op.value());
        long[] extents = new long[from.rank()];
        for (int dim = 0; dim < extents.length; dim++) {
            Prim.Edges e = op.edges().get(dim);
            if (!(e.before() >= 0 && e.after() >= 0 && e.between() >= 0)) {
                throw wrong(
                        op,
                        in,
                        e + " of dimension " + dim + " is negative; slice to take elements away");
            }
            long extent = from.extent(dim);
            extents[dim] =
                    exactly(
                            op,
                            in,
                            () ->
                                    Math.addExact(
                                            Math.addExact(e.before(), e.after()),
                                            Math.addExact(
                                                    extent,
                                                    Math.multiplyExact(
                                                            Math.max(0, extent - 1),
                                                            e.between()))));
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferConcat(Prim.Concat op, TensorType[] in) {
        if (!(in.length > 0)) {
            throw wrong(op, in, "needs at least one operand");
        }
        dim(op, op.dim(), in);
        long[] extents = in[0].shape().toArray();
        for (int i = 1; i < in.length; i++) {
            boolean fits = in[i].dtype() == in[0].dtype() && in[i].shape().rank() == extents.length;
            for (int dim = 0; fits && dim < extents.length; dim++) {
                fits = dim == op.dim() || in[i].shape().extent(dim) == extents[dim];
            }
            if (!(fits)) {
                throw wrong(op, in, "operand " + i + " differs in more than dimension " + op.dim());
            }
            long before = extents[op.dim()];
            long more = in[i].shape().extent(op.dim());
            extents[op.dim()] = exactly(op, in, () -> Math.addExact(before, more));
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferReduce(Prim.Reduce op, TensorType[] in) {
        count(op, 1, in);
        Shape from = in[0].shape();
        for (int i = 0; i < op.axes().count(); i++) {
            dim(op, op.axes().get(i), in);
            for (int j = 0; j < i; j++) {
                if (!(op.axes().get(i) != op.axes().get(j))) {
                    throw wrong(op, in, "dimension " + op.axes().get(i) + " is named twice");
                }
            }
        }
        switch (op.kind()) {
            case ANY, ALL -> {
                if (!(in[0].dtype() == DType.BOOL)) {
                    throw wrong(op, in, "wants BOOL; compare first");
                }
            }
            case SUM, PROD -> ordered(op, in);
            case MAX, MIN -> {
                ordered(op, in);
                for (int i = 0; i < op.axes().count(); i++) {
                    if (!(from.extent(op.axes().get(i)) > 0
                            || without(from, op.axes()).elementCount() == 0)) {
                        throw wrong(
                                op,
                                in,
                                "dimension "
                                        + op.axes().get(i)
                                        + " is empty: there is nothing to choose from");
                    }
                }
            }
        }
        return in[0].withShape(without(from, op.axes()));
    }

    private static TensorType inferGather(Prim.Gather op, TensorType[] in) {
        count(op, 2, in);
        dim(op, op.dim(), in);
        index(op, op.dim(), in);
        return in[0].withShape(in[1].shape());
    }

    private static TensorType inferScatter(Prim.Scatter op, TensorType[] in) {
        count(op, 3, in);
        dim(op, op.dim(), in);
        index(op, op.dim(), in);
        if (!(in[1].shape().equals(in[2].shape()) && in[0].dtype() == in[2].dtype())) {
            throw wrong(op, in, "the updates must have the index's shape and the operand's dtype");
        }
        if (op.mode() == Prim.Scatter.Mode.ADD) {
            ordered(op, in);
        }
        return in[0];
    }

    private static void index(Prim op, int dim, TensorType[] in) {
        if (!(in[1].dtype() == DType.I64 || in[1].dtype() == DType.I32)) {
            throw wrong(op, in, "the index must be I64 or I32");
        }
        Shape of = in[0].shape();
        Shape index = in[1].shape();
        boolean fits = of.rank() == index.rank();
        for (int i = 0; fits && i < of.rank(); i++) {
            fits = i == dim || of.extent(i) == index.extent(i);
        }
        if (!(fits)) {
            throw wrong(
                    op, in, "the index must have the operand's extents but in dimension " + dim);
        }
    }

    private static TensorType inferMatMul(Prim.MatMul op, TensorType[] in) {
        count(op, 2, in);
        Shape lhs = in[0].shape();
        Shape rhs = in[1].shape();
        if (in[0].dtype() != in[1].dtype()) {
            throw differentDTypes(op, in);
        }
        dtype(op, d -> d != DType.BOOL, in);
        if (!(lhs.rank() >= 2 && lhs.rank() == rhs.rank())) {
            throw wrong(op, in, "needs two operands of one rank, at least 2");
        }
        int rank = lhs.rank();
        if (!(lhs.extent(-1) == rhs.extent(-2))) {
            throw wrongPair(
                    op,
                    in,
                    "inner dimensions differ",
                    " (" + lhs.extent(-1) + " and " + rhs.extent(-2) + ")",
                    "transpose or reshape one of them");
        }
        long[] extents = lhs.toArray();
        for (int dim = 0; dim < rank - 2; dim++) {
            if (!(extents[dim] == rhs.extent(dim))) {
                throw wrongPair(
                        op,
                        in,
                        "batch dimensions differ",
                        " (" + extents[dim] + " and " + rhs.extent(dim) + ")",
                        "expand them to one shape");
            }
        }
        if (extents[rank - 1] == rhs.extent(-1)) {
            return in[0];
        }
        extents[rank - 1] = rhs.extent(-1);
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferConv(Prim.Conv op, TensorType[] in) {
        convOperands(op, op.windows(), op.groups(), in);
        Shape x = in[0].shape();
        Shape w = in[1].shape();
        long channels = exactly(op, in, () -> Math.multiplyExact(w.extent(1), (long) op.groups()));
        if (!(x.extent(1) == channels)) {
            throw wrong(
                    op,
                    in,
                    "the input's channels ("
                            + x.extent(1)
                            + ") must be the weight's dimension 1 ("
                            + w.extent(1)
                            + ") times groups ("
                            + op.groups()
                            + ")");
        }
        divides(op, op.groups(), w.extent(0), in);
        long[] extents = x.toArray();
        extents[1] = w.extent(0);
        for (int i = 0; i < op.windows().size(); i++) {
            extents[i + 2] =
                    convExtent(op, op.windows().get(i), x.extent(i + 2), w.extent(i + 2), in);
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferConvDataGrad(Prim.ConvDataGrad op, TensorType[] in) {
        convOperands(op, op.windows(), op.groups(), in);
        Shape y = in[0].shape();
        Shape w = in[1].shape();
        if (!(y.extent(1) == w.extent(0))) {
            throw wrong(op, in, "channels differ from the weight's dimension 0");
        }
        divides(op, op.groups(), w.extent(0), in);
        if (!(op.spatial().rank() == op.windows().size())) {
            throw wrong(op, in, "needs one extent for each spatial dimension");
        }
        long[] extents = y.toArray();
        extents[1] = exactly(op, in, () -> Math.multiplyExact(w.extent(1), (long) op.groups()));
        for (int i = 0; i < op.windows().size(); i++) {
            extents[i + 2] = op.spatial().extent(i);
            long forward = convExtent(op, op.windows().get(i), extents[i + 2], w.extent(i + 2), in);
            if (!(forward == y.extent(i + 2))) {
                throw wrong(
                        op,
                        in,
                        "a convolution of " + op.spatial() + " would not have these extents");
            }
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static TensorType inferConvFilterGrad(Prim.ConvFilterGrad op, TensorType[] in) {
        convOperands(op, op.windows(), op.groups(), in);
        Shape x = in[0].shape();
        Shape y = in[1].shape();
        if (!(x.extent(0) == y.extent(0))) {
            throw wrong(op, in, "batches differ");
        }
        divides(op, op.groups(), x.extent(1), in);
        divides(op, op.groups(), y.extent(1), in);
        if (!(op.kernel().rank() == op.windows().size())) {
            throw wrong(op, in, "needs one extent for each spatial dimension");
        }
        long[] extents = new long[x.rank()];
        extents[0] = y.extent(1);
        extents[1] = x.extent(1) / op.groups();
        for (int i = 0; i < op.windows().size(); i++) {
            extents[i + 2] = op.kernel().extent(i);
            long forward = convExtent(op, op.windows().get(i), x.extent(i + 2), extents[i + 2], in);
            if (!(forward == y.extent(i + 2))) {
                throw wrong(
                        op,
                        in,
                        "a convolution by " + op.kernel() + " would not have these extents");
            }
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static void convOperands(
            Prim op, List<Prim.Window> windows, int groups, TensorType[] in) {
        count(op, 2, in);
        if (!(in[0].dtype() == in[1].dtype() && in[0].dtype().isFloating())) {
            throw wrong(op, in, "needs one floating dtype; cast one of them");
        }
        int rank = windows.size() + 2;
        if (!(in[0].shape().rank() == rank && in[1].shape().rank() == rank)) {
            throw wrong(
                    op,
                    in,
                    "needs operands of rank " + rank + ", for " + windows.size() + " windows");
        }
        if (!(groups >= 1)) {
            throw wrong(op, in, "groups must be at least 1: " + groups);
        }
        for (Prim.Window w : windows) {
            if (!(w.stride() >= 1 && w.dilation() >= 1)) {
                throw wrong(op, in, "stride and dilation must be at least 1: " + w);
            }
        }
    }

    private static void divides(Prim op, int groups, long channels, TensorType[] in) {
        if (!(channels % groups == 0)) {
            throw wrong(op, in, channels + " channels are not divisible by " + groups + " groups");
        }
    }

    private static long convExtent(
            Prim op, Prim.Window w, long extent, long kernel, TensorType[] in) {
        long padded =
                exactly(op, in, () -> Math.addExact(extent, Math.addExact(w.before(), w.after())));
        long reach =
                exactly(
                        op,
                        in,
                        () -> Math.addExact(Math.multiplyExact(w.dilation(), kernel - 1), 1));
        if (!(kernel >= 1 && padded >= reach)) {
            throw wrong(
                    op, in, "a kernel that reaches over " + reach + " does not fit into " + padded);
        }
        return (padded - reach) / w.stride() + 1;
    }

    private static void squareMatrices(Prim op, TensorType[] in) {
        Shape a = in[0].shape();
        if (!(in[0].dtype() == DType.F32 || in[0].dtype() == DType.F64)) {
            throw wrong(op, in, "is defined for F32 and F64; cast first: x.cast(DType.F32)");
        }
        if (!(a.rank() >= 2 && a.extent(-1) == a.extent(-2))) {
            throw wrong(op, in, "needs square matrices [.., n, n]");
        }
    }

    private static TensorType inferSolve(Prim op, TensorType[] in) {
        count(op, 2, in);
        squareMatrices(op, in);
        Shape a = in[0].shape();
        Shape b = in[1].shape();
        if (!(in[1].dtype() == in[0].dtype())) {
            throw wrong(op, in, "dtypes differ; cast one of them");
        }
        if (!(a.rank() == b.rank())) {
            throw wrong(op, in, "needs two operands of one rank, at least 2");
        }
        if (!(a.extent(-1) == b.extent(-2))) {
            throw wrong(
                    op,
                    in,
                    "the right-hand side has " + b.extent(-2) + " rows, not " + a.extent(-1));
        }
        for (int dim = 0; dim < a.rank() - 2; dim++) {
            if (!(a.extent(dim) == b.extent(dim))) {
                throw wrong(op, in, "batch dimension " + dim + " differs");
            }
        }
        return in[1];
    }

    private static TensorType[] inferLoop(Prim.Loop op, TensorType[] in) {
        TensorType[] body = op.body().inputTypes();
        TensorType[] carried = op.body().resultTypes();
        if (!(op.steps() >= 0)) {
            throw wrong(op, in, "steps must not be negative: " + op.steps());
        }
        if (!(body.length == in.length + 1
                && body[0].equals(new TensorType(DType.I64, Shape.SCALAR)))) {
            throw wrong(
                    op,
                    in,
                    "the body must take the step (I64[]) and the operands, and takes "
                            + List.of(body));
        }
        for (int i = 0; i < in.length; i++) {
            if (!(body[i + 1].equals(in[i]))) {
                throw wrong(op, in, "the body's input " + i + " is " + body[i + 1]);
            }
        }
        for (int i = 0; i < carried.length; i++) {
            if (!(i < in.length && carried[i].equals(in[i]))) {
                throw wrong(
                        op,
                        in,
                        "the body's result " + i + " (" + carried[i] + ") cannot be carried on");
            }
        }
        return carried;
    }

    private static Shape without(Shape shape, Axes axes) {
        long[] extents = new long[shape.rank() - axes.count()];
        int next = 0;
        for (int dim = 0; dim < shape.rank(); dim++) {
            if (!axes.contains(dim)) {
                extents[next++] = shape.extent(dim);
            }
        }
        return Shape.of(extents);
    }

    private static void count(Prim op, int expected, TensorType[] in) {
        if (!(in.length == expected)) {
            throw wrong(op, in, "takes " + expected + " operands, not " + in.length);
        }
    }

    private static void same(Prim op, TensorType[] in) {
        TensorType lhs = in[0];
        TensorType rhs = in[1];
        if (lhs == rhs) {
            return;
        }
        if (!(lhs.dtype() == rhs.dtype())) {
            throw differentDTypes(op, in);
        }
        if (!(lhs.shape().equals(rhs.shape()))) {
            throw wrongPair(op, in, "shapes differ", "", "expand them to one shape");
        }
    }

    private static IllegalArgumentException differentDTypes(Op op, TensorType[] in) {
        return wrongPair(
                op,
                in,
                "dtypes differ",
                "",
                "cast one of them: x.cast(DType." + in[0].dtype() + ")");
    }

    private static void dtype(Prim op, Predicate<DType> accepts, TensorType[] in) {
        if (!(accepts.test(in[0].dtype()))) {
            throw wrong(
                    op,
                    in,
                    "is not defined for "
                            + in[0].dtype()
                            + "; cast first: x.cast(DType."
                            + (accepts.test(DType.F32)
                                    ? DType.F32
                                    : accepts.test(DType.I64) ? DType.I64 : DType.BOOL)
                            + ")");
        }
    }

    private static void ordered(Prim op, TensorType[] in) {
        dtype(op, d -> d != DType.BOOL, in);
    }

    /** A number that an integer tensor is to hold must be one of the dtype's. */
    static void number(Op op, DType dtype, Number value) {
        try {
            dtype.numberOf(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(op.name()) + ": " + value + " is no " + dtype, e);
        }
    }

    static void dim(Op op, int dim, TensorType[] in) {
        int rank = in[0].shape().rank();
        if (!(dim >= 0 && dim < rank)) {
            throw wrong(
                    op,
                    in,
                    "dimension "
                            + dim
                            + " is not one of the "
                            + rank
                            + " dimensions; the first is 0");
        }
    }

    private interface Exact {
        long value();
    }

    private static long exactly(Prim op, TensorType[] in, Exact expression) {
        try {
            return expression.value();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(message(op, in, "sizes exceed a long"), e);
        }
    }

    static IllegalArgumentException wrong(Op op, TensorType[] in, String problem) {
        return new IllegalArgumentException(message(op, in, problem));
    }

    private static String message(Op op, TensorType[] in, String problem) {
        StringBuilder text = new StringBuilder(ErrorPrefix.of(op.name()));
        text.append(": ").append(problem);
        for (int i = 0; i < in.length; i++) {
            text.append(i == 0 ? "; operands " : ", ").append(in[i]);
        }
        return text.toString();
    }

    /** A mistake in two operands: what does not fit, the operands, how, and what to do. */
    private static IllegalArgumentException wrongPair(
            Op op, TensorType[] in, String problem, String how, String fix) {
        return new IllegalArgumentException(
                ErrorPrefix.of(op.name())
                        + ": "
                        + problem
                        + ": lhs "
                        + in[0]
                        + ", rhs "
                        + in[1]
                        + how
                        + "; "
                        + fix);
    }
}
