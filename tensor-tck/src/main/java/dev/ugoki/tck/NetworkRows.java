package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Erfinv;
import dev.ugoki.tensor.op.GridSample;
import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.LinearActivation;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.op.StopGradient;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Rows of linear layers, attention, pooling, resampling, sampling at a grid, and of clamp and
 * erfinv.
 */
final class NetworkRows {
    private static final Values ANY = Values.between(-2, 2);
    private static final Tolerance TOLERANCE = Tolerance.ulps(32).orEpsilons(32);

    private NetworkRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        addLinear(rows, "linear", 4, 3, 2, 2, true);
        addLinear(rows, "linear of odd extents", 37, 41, 5, 7, false);
        addAttention(rows);
        addPooling(rows);
        addInterpolation(rows);
        addGridSampling(rows);
        rows.add(
                Row.of(
                        "stopGradient",
                        new StopGradient(),
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(Values.whole(-100, 100), 2, 3)));
        rows.add(
                Row.of(
                                "clamp",
                                new Clamp(-1.0, 1.0),
                                Row.FLOATING,
                                Tolerance.EXACT,
                                Operand.of(Values.cycling(-2, -0.5, 0.25, 0.75, 1.5, 3), 2, 3))
                        .withGradient());
        rows.add(
                Row.of(
                        "clamp of special values",
                        new Clamp(-1.0, 1.0),
                        Row.FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.cycling(UnaryRows.SPECIAL), 5, 11)));
        rows.add(
                Row.of(
                        "clamp of integers",
                        new Clamp(2L, 100L),
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 5, 11)));
        Tolerance sixDigits = Tolerance.ulps(64);
        Values inside = Values.between(-0.95, 0.95);
        rows.add(
                Row.of("erfinv", new Erfinv(), Row.FLOATING, sixDigits, Operand.of(inside, 2, 3))
                        .withGradient());
        rows.add(
                Row.of(
                        "erfinv at the ends",
                        new Erfinv(),
                        Row.FLOATING,
                        sixDigits,
                        Operand.of(Values.cycling(-1, 1, 0, 1.5, Double.NaN, -2, 1e-6), 7)));
        return rows;
    }

    private static void addLinear(
            List<Row> rows, String name, long in, long out, long n, long m, boolean gradient) {
        Tolerance tolerance = Tolerance.sums(in);
        Operand x = Operand.of(ANY, n, m, in);
        Operand weight = Operand.of(ANY, out, in);
        Operand bias = Operand.of(ANY, out);
        Row with = Row.of(name, new Linear(), Row.FLOATING, tolerance, x, weight, bias);
        Row without =
                Row.of(name + " without bias", new Linear(), Row.FLOATING, tolerance, x, weight);
        rows.add(gradient ? with.withGradient() : with);
        rows.add(gradient ? without.withGradient() : without);
        if (gradient) {
            for (Activation activation :
                    List.of(
                            new Activation.Relu(),
                            new Activation.GeluTanh(),
                            new Activation.Silu())) {
                rows.add(
                        Row.of(
                                        activation.name() + " of " + name,
                                        new LinearActivation(activation),
                                        Row.FLOATING,
                                        Tolerance.sums(4 * in),
                                        x,
                                        weight,
                                        bias)
                                .withGradient());
            }
            rows.add(
                    Row.of(
                            "relu of " + name + " without bias",
                            new LinearActivation(new Activation.Relu()),
                            Row.FLOATING,
                            tolerance,
                            x,
                            weight));
        }
        rows.add(
                Row.of(
                        name + " of one vector",
                        new Linear(),
                        Row.FLOATING,
                        tolerance,
                        Operand.of(ANY, in),
                        weight,
                        bias));
        rows.add(
                Row.of(
                        name + " of nothing",
                        new Linear(),
                        Row.FLOATING,
                        tolerance,
                        Operand.of(ANY, 0, in),
                        weight,
                        bias));
    }

    private static void addAttention(List<Row> rows) {
        Operand queries = Operand.of(ANY, 2, 3, 2);
        Operand keys = Operand.of(ANY, 2, 4, 2);
        Operand values = Operand.of(ANY, 2, 4, 3);
        // The second query may attend to nothing.
        Values some = Values.cycling(1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0);
        Operand mask = Operand.of(DType.BOOL, some, 2, 3, 4);
        double none = Double.NEGATIVE_INFINITY;
        Operand bias = Operand.of(Values.cycling(1, -2, 0.5, 0, none, 1, none, 2, -1), 3, 19, 67);
        for (boolean causal : new boolean[] {false, true}) {
            String name = causal ? "causal attention" : "attention";
            ScaledDotProductAttention op = new ScaledDotProductAttention(0.7, causal);
            rows.add(row(name, op, queries, keys, values).withGradient());
            rows.add(row(name + " with a mask", op, queries, keys, values, mask).withGradient());
            rows.add(
                    row(
                                    name + " with an added mask",
                                    op,
                                    queries,
                                    keys,
                                    values,
                                    Operand.of(ANY, 2, 3, 4))
                            .withGradient());
            rows.add(
                    row(
                            name + " of longer sequences",
                            op,
                            Operand.of(ANY, 3, 17, 19),
                            Operand.of(ANY, 3, 21, 19),
                            Operand.of(ANY, 3, 21, 23)));
            Operand[] long_ = {
                Operand.of(ANY, 3, 19, 7), Operand.of(ANY, 3, 67, 7), Operand.of(ANY, 3, 67, 33)
            };
            rows.add(row(name + " to many keys", op, long_[0], long_[1], long_[2], bias));
            rows.add(
                    row(
                            name + " to nothing",
                            op,
                            queries,
                            Operand.of(ANY, 2, 0, 2),
                            Operand.of(ANY, 2, 0, 3)));
            addAttentionGradient(rows, name, new ScaledDotProductAttention.Gradient(0.7, causal));
        }
    }

    private static void addAttentionGradient(
            List<Row> rows, String name, ScaledDotProductAttention.Gradient op) {
        Operand[] small = gradientOperands(ANY, 2, 3, 4, 2, 3);
        rows.add(gradient(name + " gradient", op, small).withGradient());
        Values some = Values.cycling(1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0);
        rows.add(
                gradient(
                                name + " gradient with a mask",
                                op,
                                followedBy(Operand.of(DType.BOOL, some, 2, 3, 4), small))
                        .withGradient());
        Values added = Values.cycling(1, Double.NEGATIVE_INFINITY, 0.5, -1, 2);
        Operand[] large = gradientOperands(Values.between(-0.5, 0.5), 3, 71, 67, 19, 23);
        rows.add(gradient(name + " gradient of longer sequences", op, large));
        rows.add(
                gradient(
                        name + " gradient with an added mask",
                        op,
                        followedBy(Operand.of(added, 3, 71, 67), large)));
        rows.add(gradient(name + " gradient to nothing", op, gradientOperands(ANY, 2, 3, 0, 2, 3)));
    }

    private static Row gradient(
            String name, ScaledDotProductAttention.Gradient op, Operand... operands) {
        return Row.of(
                name,
                op,
                Set.of(DType.F64, DType.F32),
                TOLERANCE.orEpsilons(64 + operands[3].shape().elementCount()),
                operands);
    }

    private static Operand[] followedBy(Operand last, Operand... first) {
        Operand[] all = Arrays.copyOf(first, first.length + 1);
        all[first.length] = last;
        return all;
    }

    /** The logarithms are about as great as those of scores of such operands. */
    private static Operand[] gradientOperands(
            Values any, long heads, long l, long s, long e, long v) {
        return new Operand[] {
            Operand.of(any, heads, l, v),
            Operand.of(any, heads, l, v),
            Operand.of(Values.between(3, 4), heads, l),
            Operand.of(any, heads, l, e),
            Operand.of(any, heads, s, e),
            Operand.of(any, heads, s, v)
        };
    }

    private static void addPooling(List<Row> rows) {
        Prim.Window plain = new Prim.Window(2, 0, 0, 1);
        Prim.Window padded = new Prim.Window(2, 1, 1, 1);
        Prim.Window dilated = new Prim.Window(1, 0, 1, 2);
        addPools(rows, "1d", List.of(plain), Shape.of(2), 1, 2, 6);
        addPools(rows, "1d padded", List.of(padded), Shape.of(3), 1, 2, 5);
        Prim.Window beyond = new Prim.Window(3, 1, 2, 1);
        addPools(rows, "1d beyond the end", List.of(beyond), Shape.of(2), 1, 2, 6);
        addPools(rows, "2d", List.of(padded, dilated), Shape.of(3, 2), 1, 1, 5, 4);
        rows.add(
                row(
                        "maxPool with ties and NaN",
                        new Pooling.MaxPool(Shape.of(3), List.of(padded)),
                        Operand.of(Values.cycling(1, 2, 2, Double.NaN, 1, 1, 0), 2, 3, 11)));
        rows.add(adaptive("adaptiveAvgPool to one", Shape.of(1, 1), 1, 2, 3, 3).withGradient());
        rows.add(adaptive("adaptiveAvgPool", Shape.of(3, 2), 1, 1, 7, 3).withGradient());
        rows.add(adaptive("adaptiveAvgPool to more", Shape.of(5), 2, 2, 3).withGradient());
    }

    private static void addPools(
            List<Row> rows, String name, List<Prim.Window> windows, Shape kernel, long... shape) {
        Operand x = Operand.of(ANY, shape);
        rows.add(row("maxPool " + name, new Pooling.MaxPool(kernel, windows), x).withGradient());
        for (boolean count : new boolean[] {false, true}) {
            rows.add(
                    row(
                                    "avgPool " + name + (count ? " counting padding" : ""),
                                    new Pooling.AvgPool(kernel, windows, count),
                                    x)
                            .withGradient());
        }
    }

    private static Row adaptive(String name, Shape size, long... shape) {
        return row(name, new Pooling.AdaptiveAvgPool(size), Operand.of(ANY, shape));
    }

    private static void addInterpolation(List<Row> rows) {
        Operand x = Operand.of(ANY, 1, 2, 3, 4);
        for (Shape size : List.of(Shape.of(6, 8), Shape.of(5, 3), Shape.of(1, 1))) {
            for (boolean aligned : new boolean[] {false, true}) {
                rows.add(
                        row(
                                        "interpolate LINEAR to "
                                                + size
                                                + (aligned ? ", corners aligned" : ""),
                                        new Interpolate(size, Interpolate.Mode.LINEAR, aligned),
                                        x)
                                .withGradient());
            }
            for (Interpolate.Mode mode : Interpolate.Mode.values()) {
                if (mode != Interpolate.Mode.LINEAR) {
                    rows.add(
                            row(
                                            "interpolate " + mode + " to " + size,
                                            new Interpolate(size, mode, false),
                                            x)
                                    .withGradient());
                }
            }
        }
        rows.add(
                row(
                                "interpolate CUBIC, corners aligned",
                                new Interpolate(Shape.of(5, 7), Interpolate.Mode.CUBIC, true),
                                x)
                        .withGradient());
    }

    private static void addGridSampling(List<Row> rows) {
        Values near = Values.between(-1.3, 1.3);
        for (Interpolate.Mode mode : Interpolate.Mode.values()) {
            for (GridSample.Outside outside : GridSample.Outside.values()) {
                for (boolean aligned : new boolean[] {false, true}) {
                    GridSample op = new GridSample(mode, outside, aligned);
                    String name =
                            "gridSample "
                                    + mode
                                    + ", outside "
                                    + outside
                                    + (aligned ? ", corners aligned" : "");
                    Operand x = Operand.of(ANY, 2, 3, 4, 5);
                    rows.add(row(name, op, x, Operand.of(near, 2, 2, 3, 2)).withGradient());
                }
            }
        }
        GridSample linear =
                new GridSample(Interpolate.Mode.LINEAR, GridSample.Outside.ZEROS, false);
        rows.add(
                row(
                                "gridSample of a signal",
                                linear,
                                Operand.of(ANY, 1, 2, 6),
                                Operand.of(near, 1, 4, 1))
                        .withGradient());
        rows.add(
                row(
                        "gridSample of a volume",
                        linear,
                        Operand.of(ANY, 1, 2, 3, 2, 4),
                        Operand.of(near, 1, 2, 2, 2, 3)));
        rows.add(
                row(
                        "gridSample of nothing",
                        linear,
                        Operand.of(ANY, 0, 2, 3, 2),
                        Operand.of(near, 0, 2, 2, 2)));
    }

    private static Row row(String name, Composite op, Operand... operands) {
        return Row.of(name, op, Row.FLOATING, TOLERANCE, operands);
    }
}
