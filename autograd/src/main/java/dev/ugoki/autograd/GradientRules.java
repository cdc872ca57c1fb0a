package dev.ugoki.autograd;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The gradient of every primitive: given its operands, its result {@code y} and the cotangent
 * {@code g} of the result, the cotangents of the operands.
 *
 * <p>The rules are tensor operations themselves, so they run eagerly or under a trace, and have
 * gradients of their own.
 */
final class GradientRules {
    private static final @Nullable Tensor[] NONE = {};

    private GradientRules() {}

    /**
     * One cotangent for each operand, null where none flows; fewer where the rest are null.
     *
     * @param wanted whether anyone wants the cotangent of an operand
     */
    static @Nullable Tensor[] of(Prim op, Tensor[] in, Tensor y, Tensor g, IntPredicate wanted) {
        return switch (op) {
            case Prim.Fill _, Prim.Iota _, Prim.RandomBits _ -> NONE;
            case Prim.Compare _, Prim.ArgReduce _, Prim.ArgSort _ -> NONE;
            case Prim.Unary unary -> one(ofUnary(unary.kind(), in[0], y, g));
            case Prim.Binary binary -> ofBinary(binary.kind(), in[0], in[1], y, g, wanted);
            case Prim.Select _ -> {
                Tensor zero = zeros(g);
                yield array(
                        null,
                        wanted.test(1) ? in[0].select(g, zero) : null,
                        wanted.test(2) ? in[0].select(zero, g) : null);
            }
            case Prim.Cast _ -> one(in[0].dtype().isFloating() ? g.cast(in[0].dtype()) : null);
            case Prim.Reshape _ -> one(g.reshape(in[0].shape()));
            case Prim.Permute permute -> one(g.permute(inverse(permute.dims())));
            case Prim.Expand _ -> one(sumOverExpanded(in[0].shape(), g));
            case Prim.Slice slice -> one(spread(slice, in[0], g));
            case Prim.Pad pad -> one(cutOut(pad, in[0], g));
            case Prim.Concat concat -> split(concat.dim(), in, g);
            case Prim.Reduce reduce -> one(ofReduce(reduce, in[0], y, g));
            case Prim.Scan scan -> one(ofScan(scan, in[0], y, g));
            case Prim.Gather gather ->
                    one(scatter(gather.dim(), Prim.Scatter.Mode.ADD, zeros(in[0]), in[1], g));
            case Prim.Scatter scatter -> ofScatter(scatter, in, g, wanted);
            case Prim.MatMul _ ->
                    array(
                            wanted.test(0) ? g.matmul(in[1].transpose(-2, -1)) : null,
                            wanted.test(1) ? in[0].transpose(-2, -1).matmul(g) : null);
            case Prim.Conv conv ->
                    array(
                            wanted.test(0)
                                    ? Engine.one(
                                            new Prim.ConvDataGrad(
                                                    conv.windows(), conv.groups(), spatial(in[0])),
                                            g,
                                            in[1])
                                    : null,
                            wanted.test(1)
                                    ? Engine.one(
                                            new Prim.ConvFilterGrad(
                                                    conv.windows(), conv.groups(), spatial(in[1])),
                                            in[0],
                                            g)
                                    : null);
            case Prim.ConvDataGrad conv ->
                    array(
                            wanted.test(0)
                                    ? Engine.one(
                                            new Prim.Conv(conv.windows(), conv.groups()), g, in[1])
                                    : null,
                            wanted.test(1)
                                    ? Engine.one(
                                            new Prim.ConvFilterGrad(
                                                    conv.windows(), conv.groups(), spatial(in[1])),
                                            g,
                                            in[0])
                                    : null);
            case Prim.ConvFilterGrad conv ->
                    array(
                            wanted.test(0)
                                    ? Engine.one(
                                            new Prim.ConvDataGrad(
                                                    conv.windows(), conv.groups(), spatial(in[0])),
                                            in[1],
                                            g)
                                    : null,
                            wanted.test(1)
                                    ? Engine.one(
                                            new Prim.Conv(conv.windows(), conv.groups()), in[0], g)
                                    : null);
            case Prim.Cholesky _ -> one(MatrixRules.ofCholesky(y, g));
            case Prim.TriangularSolve solve ->
                    MatrixRules.ofTriangularSolve(solve, in[0], y, g, wanted);
            case Prim.Solve _ -> MatrixRules.ofSolve(in[0], y, g, wanted);
            case Prim.Determinant determinant ->
                    one(MatrixRules.ofDeterminant(determinant.kind(), in[0], y, g));
            case Prim.CopyTo _ -> one(g.to(in[0].device()));
            case Prim.Loop _ ->
                    throw new IllegalStateException("loop: is differentiated through its steps");
        };
    }

    private static @Nullable Tensor ofUnary(Prim.Unary.Kind kind, Tensor x, Tensor y, Tensor g) {
        return switch (kind) {
            case NEG -> g.neg();
            case ABS -> g.mul(x.sign());
            case SQRT -> g.mul(0.5).div(y);
            case RSQRT -> g.mul(-0.5).mul(y).div(x);
            case EXP -> g.mul(y);
            case EXPM1 -> g.mul(y.add(1));
            case LOG -> g.div(x);
            case LOG1P -> g.div(x.add(1));
            case SIN -> g.mul(x.cos());
            case COS -> g.mul(x.sin()).neg();
            case TAN -> g.mul(y.mul(y).add(1));
            case ASIN -> g.mul(oneMinusSquare(x).rsqrt());
            case ACOS -> g.mul(oneMinusSquare(x).rsqrt()).neg();
            case ATAN -> g.div(x.mul(x).add(1));
            case SINH -> g.mul(x.cosh());
            case COSH -> g.mul(x.sinh());
            case TANH -> Engine.one(new ElementaryGradient.TanhGradient(), y, g);
            case ERF -> g.mul(x.mul(x).neg().exp()).mul(2 / Math.sqrt(Math.PI));
            case SIGMOID -> Engine.one(new ElementaryGradient.SigmoidGradient(), y, g);
            case SIGN, FLOOR, CEIL, ROUND, TRUNC, NOT -> null;
        };
    }

    /** {@code 1 - v^2} as {@code (1 - v)(1 + v)}, which does not cancel near 1. */
    private static Tensor oneMinusSquare(Tensor v) {
        return v.neg().add(1).mul(v.add(1));
    }

    private static @Nullable Tensor[] ofBinary(
            Prim.Binary.Kind kind, Tensor a, Tensor b, Tensor y, Tensor g, IntPredicate wanted) {
        return switch (kind) {
            case ADD -> array(g, g);
            case SUB -> array(g, wanted.test(1) ? g.neg() : null);
            case MUL ->
                    array(
                            wanted.test(0) ? g.mul(b) : null, //
                            wanted.test(1) ? g.mul(a) : null);
            case DIV ->
                    array(
                            wanted.test(0) ? g.div(b) : null,
                            wanted.test(1) ? g.mul(y).div(b).neg() : null);
            case REM -> array(g, wanted.test(1) ? g.mul(a.div(b).trunc()).neg() : null);
            case POW ->
                    array(
                            wanted.test(0) ? g.mul(powerInBase(a, b)) : null,
                            wanted.test(1) ? g.mul(powerInExponent(a, b)) : null);
            case MAX ->
                    array(
                            wanted.test(0) ? share(a.gt(b), a.eq(b), g) : null,
                            wanted.test(1) ? share(b.gt(a), a.eq(b), g) : null);
            case MIN ->
                    array(
                            wanted.test(0) ? share(a.lt(b), a.eq(b), g) : null,
                            wanted.test(1) ? share(b.lt(a), a.eq(b), g) : null);
            case ATAN2 -> ofAngle(a, b, g, wanted);
            case AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> NONE;
        };
    }

    /**
     * {@code b * a^(b-1)}, and 0 where b is 0, even where a is 0 or NaN. There the base is
     * replaced, and not the result, whose own gradient would be 0 times infinity.
     */
    private static Tensor powerInBase(Tensor a, Tensor b) {
        Tensor constant = b.eq(0).and(a.eq(0).or(a.ne(a)));
        return b.mul(a.maskedFill(constant, 1).pow(b.sub(1)));
    }

    /** {@code a^b * log(a)}, and its limit 0 where a is 0 and b is not negative. */
    private static Tensor powerInExponent(Tensor a, Tensor b) {
        Tensor base = a.maskedFill(a.eq(0).and(b.ge(0)), 1);
        return base.pow(b).mul(base.log());
    }

    /** The cotangent where the operand wins, half of it where both are equal: a tie is shared. */
    private static Tensor share(Tensor wins, Tensor ties, Tensor g) {
        return wins.select(g, ties.select(g.mul(0.5), zeros(g)));
    }

    /**
     * {@code b / (a^2 + b^2)} and {@code -a / (a^2 + b^2)}, and 0 at the origin, where the angle
     * jumps. Both are divided by the larger first, so that no square overflows or vanishes; what
     * they are divided by does not change the quotients, and counts as a constant.
     */
    private static @Nullable Tensor[] ofAngle(Tensor a, Tensor b, Tensor g, IntPredicate wanted) {
        Tensor larger = a.abs().maximum(b.abs()).detach();
        Tensor origin = larger.eq(0);
        Tensor scale = larger.maskedFill(origin.or(larger.eq(Double.POSITIVE_INFINITY)), 1);
        Tensor p = a.div(scale);
        Tensor q = b.div(scale);
        Tensor divisor = p.mul(p).add(q.mul(q)).maskedFill(origin, 1).mul(scale);
        return array(
                wanted.test(0) ? g.mul(q).div(divisor) : null,
                wanted.test(1) ? g.mul(p).div(divisor).neg() : null);
    }

    private static int[] inverse(Axes dims) {
        int[] inverse = new int[dims.count()];
        for (int i = 0; i < inverse.length; i++) {
            inverse[dims.get(i)] = i;
        }
        return inverse;
    }

    private static Tensor sumOverExpanded(Shape from, Tensor g) {
        List<Integer> expanded = new ArrayList<>();
        for (int dim = 0; dim < from.rank(); dim++) {
            if (from.extent(dim) != g.shape().extent(dim)) {
                expanded.add(dim);
            }
        }
        int[] dims = expanded.stream().mapToInt(Integer::intValue).toArray();
        return dims.length == 0 ? g : g.sum(true, dims);
    }

    /** A slice's cotangent at its places among zeros. */
    private static Tensor spread(Prim.Slice slice, Tensor x, Tensor g) {
        if (g.shape().elementCount() == 0) {
            return zeros(x);
        }
        Tensor forward = g;
        List<Prim.Edges> edges = new ArrayList<>();
        for (int dim = 0; dim < x.rank(); dim++) {
            Prim.Range range = slice.ranges().get(dim);
            long last = range.start() + (range.count() - 1) * range.step();
            if (range.step() < 0 && range.count() > 1) {
                forward = forward.flip(dim);
            }
            long lowest = Math.min(range.start(), last);
            long highest = Math.max(range.start(), last);
            edges.add(
                    new Prim.Edges(
                            lowest,
                            x.extent(dim) - 1 - highest,
                            range.count() > 1 ? Math.abs(range.step()) - 1 : 0));
        }
        boolean whole = edges.stream().allMatch(Prim.Edges.NONE::equals);
        return whole ? forward : Engine.one(new Prim.Pad(edges, 0.0), forward);
    }

    private static Tensor cutOut(Prim.Pad pad, Tensor x, Tensor g) {
        List<Prim.Range> ranges = new ArrayList<>();
        for (int dim = 0; dim < x.rank(); dim++) {
            Prim.Edges edges = pad.edges().get(dim);
            long count = x.extent(dim);
            long start = count == 0 ? 0 : edges.before();
            ranges.add(new Prim.Range(start, edges.between() + 1, count));
        }
        return Engine.one(new Prim.Slice(ranges), g);
    }

    private static @Nullable Tensor[] split(int dim, Tensor[] in, Tensor g) {
        @Nullable Tensor[] parts = new Tensor[in.length];
        long start = 0;
        for (int i = 0; i < in.length; i++) {
            long end = start + in[i].extent(dim);
            parts[i] = g.slice(dim, start, end);
            start = end;
        }
        return parts;
    }

    private static @Nullable Tensor ofReduce(Prim.Reduce op, Tensor x, Tensor y, Tensor g) {
        Shape kept = withOnes(x.shape(), op.axes());
        return switch (op.kind()) {
            case SUM -> g.reshape(kept).expand(x.shape());
            case PROD -> productOfOthers(op.axes(), x).mul(g.reshape(kept));
            case MAX, MIN -> {
                // Equal extremes share the gradient evenly.
                Tensor wins = x.eq(y.reshape(kept));
                Tensor count =
                        Engine.one(
                                        new Prim.Reduce(Prim.Reduce.Kind.SUM, op.axes()),
                                        wins.cast(x.dtype()))
                                .reshape(kept);
                yield wins.select(g.reshape(kept).div(count), g.scalarLike(0));
            }
            case ANY, ALL -> null;
        };
    }

    /** For each element the product of all others along the axes; right where some are zero. */
    private static Tensor productOfOthers(Axes axes, Tensor x) {
        if (axes.count() == 0) {
            return ones(x);
        }
        int[] order = new int[x.rank()];
        int next = 0;
        for (int dim = 0; dim < x.rank(); dim++) {
            if (!axes.contains(dim)) {
                order[next++] = dim;
            }
        }
        long reduced = 1;
        for (int i = 0; i < axes.count(); i++) {
            order[next++] = axes.get(i);
            reduced *= x.extent(axes.get(i));
        }
        Tensor ordered = x.permute(order);
        if (reduced == 0) {
            return zeros(x);
        }
        Tensor rows = ordered.reshape(x.shape().elementCount() / reduced, reduced);
        Tensor before = product(rows.slice(1, 0, -1), false).pad(1, 1, 0, 1);
        Tensor after = product(rows.slice(1, 1, reduced), true).pad(1, 0, 1, 1);
        return before.mul(after).reshape(ordered.shape()).permute(inverse(Axes.of(order)));
    }

    private static Tensor product(Tensor rows, boolean reverse) {
        return Engine.one(new Prim.Scan(Prim.Scan.Kind.PROD, 1, reverse), rows);
    }

    private static Tensor ofScan(Prim.Scan op, Tensor x, Tensor y, Tensor g) {
        if (op.kind() == Prim.Scan.Kind.SUM) {
            return scan(Prim.Scan.Kind.SUM, op.dim(), !op.reverse(), g);
        }
        if (op.reverse()) {
            int dim = op.dim();
            Prim.Scan forward = new Prim.Scan(op.kind(), dim, false);
            return ofScan(forward, x.flip(dim), y.flip(dim), g.flip(dim)).flip(dim);
        }
        return op.kind() == Prim.Scan.Kind.PROD
                ? ofRunningProduct(op.dim(), x, g)
                : ofRunningExtreme(op.dim(), x, y, g);
    }

    private static Tensor scan(Prim.Scan.Kind kind, int dim, boolean reverse, Tensor x) {
        return Engine.one(new Prim.Scan(kind, dim, reverse), x);
    }

    /**
     * {@code (x_0 .. x_(i-1)) * s_i} with {@code s_i = sum over j >= i of g_j * (x_(i+1) .. x_j)},
     * which is {@code g_i + x_(i+1) * s_(i+1)}. Without a division it is right where elements are
     * 0, and so are its own derivatives.
     */
    private static Tensor ofRunningProduct(int dim, Tensor operand, Tensor cotangent) {
        long extent = operand.extent(dim);
        if (extent < 2) {
            return cotangent;
        }
        boolean narrow = operand.dtype() == DType.F16 || operand.dtype() == DType.BF16;
        Tensor x = narrow ? operand.cast(DType.F32) : operand;
        Tensor g = narrow ? cotangent.cast(DType.F32) : cotangent;
        Tensor first = x.slice(dim, 0, extent - 1);
        Tensor before = scan(Prim.Scan.Kind.PROD, dim, false, first).pad(dim, 1, 0, 1);
        return before.mul(recurrence(dim, x.slice(dim, 1, extent), g)).cast(operand.dtype());
    }

    /**
     * {@code s_i = g_i + a_i * s_(i+1)}, the last one being g's; a has one element less. Each round
     * doubles the number of terms that a sum holds, and a is then the product across them.
     */
    private static Tensor recurrence(int dim, Tensor a, Tensor g) {
        long extent = g.extent(dim);
        Tensor sum = g;
        Tensor factor = a;
        for (long reach = 1; reach < extent; reach *= 2) {
            Tensor further = sum.slice(dim, reach, extent);
            Tensor head = sum.slice(dim, 0, extent - reach).add(factor.mul(further));
            sum = Tensor.concat(dim, head, sum.slice(dim, extent - reach, extent));
            long left = extent - 2 * reach;
            if (left > 0) {
                factor = factor.slice(dim, 0, left).mul(factor.slice(dim, reach, reach + left));
            }
        }
        return sum;
    }

    /** Each cotangent goes to the last place so far that holds the running extreme. */
    private static Tensor ofRunningExtreme(int dim, Tensor x, Tensor y, Tensor g) {
        Tensor place = Engine.one(new Prim.Iota(DType.I64, x.shape(), dim));
        Tensor hit = x.eq(y).select(place, zeros(place));
        Tensor latest = scan(Prim.Scan.Kind.MAX, dim, false, hit);
        return scatter(dim, Prim.Scatter.Mode.ADD, zeros(x), latest, g);
    }

    private static @Nullable Tensor[] ofScatter(
            Prim.Scatter op, Tensor[] in, Tensor g, IntPredicate wanted) {
        Tensor index = in[1];
        return switch (op.mode()) {
            case ADD -> array(g, null, wanted.test(2) ? g.gather(op.dim(), index) : null);
            case SET ->
                    array(
                            wanted.test(0)
                                    ? scatter(
                                            op.dim(), Prim.Scatter.Mode.SET, g, index, zeros(in[2]))
                                    : null,
                            null,
                            wanted.test(2) ? ofLastSet(op.dim(), in[0], index, g) : null);
        };
    }

    /** Where an index repeats, only the update that stayed has a gradient. */
    private static Tensor ofLastSet(int dim, Tensor operand, Tensor index, Tensor g) {
        Tensor number = Engine.one(new Prim.Iota(DType.I64, index.shape(), dim));
        Tensor stayed =
                scatter(
                        dim,
                        Prim.Scatter.Mode.SET,
                        operand.scalarLike(-1).cast(DType.I64).expand(operand.shape()),
                        index,
                        number);
        Tensor survives = stayed.gather(dim, index).eq(number);
        Tensor gathered = g.gather(dim, index);
        return survives.select(gathered, zeros(gathered));
    }

    private static Tensor scatter(
            int dim, Prim.Scatter.Mode mode, Tensor into, Tensor index, Tensor updates) {
        return Engine.one(new Prim.Scatter(dim, mode), into, index, updates);
    }

    private static Shape spatial(Tensor tensor) {
        long[] extents = tensor.shape().toArray();
        return Shape.of(java.util.Arrays.copyOfRange(extents, 2, extents.length));
    }

    private static Shape withOnes(Shape shape, Axes axes) {
        long[] extents = shape.toArray();
        for (int i = 0; i < axes.count(); i++) {
            extents[axes.get(i)] = 1;
        }
        return Shape.of(extents);
    }

    private static Tensor zeros(Tensor like) {
        return like.scalarLike(0).expand(like.shape());
    }

    private static Tensor ones(Tensor like) {
        return like.scalarLike(1).expand(like.shape());
    }

    private static @Nullable Tensor[] one(@Nullable Tensor cotangent) {
        return array(cotangent);
    }

    private static @Nullable Tensor[] array(@Nullable Tensor... cotangents) {
        return cotangents;
    }
}
