package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of reductions, running reductions, the places of extremes, and sorting. */
final class ReductionRows {
    private static final List<Axes> AXES =
            List.of(
                    Axes.of(2),
                    Axes.of(0),
                    Axes.of(1),
                    Axes.of(0, 2),
                    Axes.of(2, 1),
                    Axes.of(0, 1, 2),
                    Axes.of());

    private ReductionRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (Prim.Reduce.Kind kind : Prim.Reduce.Kind.values()) {
            switch (kind) {
                case SUM, PROD, MAX, MIN -> addReductions(kind, rows);
                case ANY, ALL -> addLogical(kind, rows);
            }
        }
        for (Prim.Scan.Kind kind : Prim.Scan.Kind.values()) {
            addScans(kind, false, rows);
            addScans(kind, true, rows);
        }
        for (Prim.ArgReduce.Kind kind : Prim.ArgReduce.Kind.values()) {
            for (int dim = 0; dim < 3; dim++) {
                addPlaces("argReduce " + kind, new Prim.ArgReduce(kind, dim), dim, rows);
            }
        }
        for (int dim = 0; dim < 3; dim++) {
            addPlaces("argSort", new Prim.ArgSort(dim, false), dim, rows);
            addPlaces("argSort descending", new Prim.ArgSort(dim, true), dim, rows);
        }
        addLongSorts(rows);
        return rows;
    }

    private static void addReductions(Prim.Reduce.Kind kind, List<Row> rows) {
        String name = "reduce " + kind;
        for (Axes axes : AXES) {
            Prim.Reduce op = new Prim.Reduce(kind, axes);
            rows.add(floating(name + " over " + axes, op, values(kind), 2, 3, 2).withGradient());
            rows.add(floating(name + " of rows over " + axes, op, values(kind), 3, 5, 37));
            rows.add(
                    Row.of(
                            name + " of integers over " + axes,
                            op,
                            Row.INTEGERS,
                            Tolerance.BITS,
                            Operand.of(Values.bits(), 3, 5, 7)));
        }
        Prim.Reduce first = new Prim.Reduce(kind, Axes.of(0));
        Prim.Reduce last = new Prim.Reduce(kind, Axes.of(1));
        rows.add(floating(name + " of empty results", last, values(kind), 0, 3));
        if (kind == Prim.Reduce.Kind.SUM || kind == Prim.Reduce.Kind.PROD) {
            rows.add(
                    Row.of(
                            name + " over nothing",
                            last,
                            Row.NUMBERS,
                            Tolerance.EXACT,
                            Operand.of(values(kind), 3, 0)));
        }
        rows.add(
                Row.of(
                        name + " of special values",
                        last,
                        Row.FLOATING,
                        tolerance(kind, 7),
                        Operand.of(Values.cycling(1, Double.NaN, 2, 3, -0.0, 0.0), 5, 7)));
        rows.add(
                Row.of(
                        name + " of infinities",
                        last,
                        Row.FLOATING,
                        tolerance(kind, 7),
                        Operand.of(Values.cycling(1, 2, Double.POSITIVE_INFINITY, 3), 5, 3)));
        rows.add(
                Row.of(
                        name + " of a scalar",
                        new Prim.Reduce(kind, Axes.of()),
                        Row.NUMBERS,
                        tolerance(kind, 1),
                        Operand.of(values(kind))));
        if (kind == Prim.Reduce.Kind.PROD) {
            Values zeros = Values.cycling(2, 0, 1.5, 0.5, 1.2, 3, 0, 0, 2);
            rows.add(floating(name + " with zeros", last, zeros, 3, 3).withGradient());
            return;
        }
        rows.add(floating(name + " of long rows", last, values(kind), 7, 5003));
        rows.add(floating(name + " of long columns", first, values(kind), 5003, 7));
        rows.add(floating(name + " of many columns", first, values(kind), 9, 1031));
        rows.add(
                floating(
                        name + " of much",
                        new Prim.Reduce(kind, Axes.of(0, 1)),
                        values(kind),
                        211,
                        307));
    }

    private static Row floating(String name, Prim.Reduce op, Values values, long... shape) {
        Operand operand = Operand.of(values, shape);
        Tolerance tolerance = tolerance(op.kind(), operand.shape().elementCount());
        return Row.of(name, op, Row.FLOATING, tolerance, operand);
    }

    private static Values values(Prim.Reduce.Kind kind) {
        return kind == Prim.Reduce.Kind.PROD ? Values.eitherSign(0.9, 1.1) : Values.between(-3, 3);
    }

    private static Tolerance tolerance(Prim.Reduce.Kind kind, long terms) {
        return switch (kind) {
            case SUM -> Tolerance.balancedSums(terms);
            case PROD -> Tolerance.ulps(128);
            case MAX, MIN, ANY, ALL -> Tolerance.EXACT;
        };
    }

    private static void addLogical(Prim.Reduce.Kind kind, List<Row> rows) {
        Values mostly =
                kind == Prim.Reduce.Kind.ANY
                        ? Values.cycling(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
                        : Values.cycling(1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        for (Axes axes : AXES) {
            rows.add(logical("reduce " + kind + " over " + axes, kind, axes, mostly, 3, 5, 7));
        }
        rows.add(logical("reduce " + kind + " of rows", kind, Axes.of(1), mostly, 5, 67));
        rows.add(logical("reduce " + kind + " over nothing", kind, Axes.of(1), mostly, 3, 0));
    }

    private static Row logical(
            String name, Prim.Reduce.Kind kind, Axes axes, Values values, long... shape) {
        return Row.of(
                name,
                new Prim.Reduce(kind, axes),
                Set.of(DType.BOOL),
                Tolerance.BITS,
                Operand.of(values, shape));
    }

    private static void addScans(Prim.Scan.Kind kind, boolean reverse, List<Row> rows) {
        String name = "scan " + kind + (reverse ? " reversed" : "");
        Values values =
                kind == Prim.Scan.Kind.PROD ? Values.eitherSign(0.9, 1.1) : Values.between(-3, 3);
        for (int dim = 0; dim < 3; dim++) {
            Prim.Scan op = new Prim.Scan(kind, dim, reverse);
            String along = name + " along " + dim;
            rows.add(scan(along, op, values, 2, 3, 2).withGradient());
            rows.add(scan(along + " of rows", op, values, 3, 5, 37));
            rows.add(
                    Row.of(
                            along + " of integers",
                            op,
                            Row.INTEGERS,
                            Tolerance.BITS,
                            Operand.of(Values.bits(), 3, 5, 7)));
        }
        Prim.Scan op = new Prim.Scan(kind, 0, reverse);
        rows.add(scan(name + " of nothing", op, values, 0, 3));
        rows.add(scan(name + " of NaN", op, Values.cycling(1, 3, Double.NaN, 2, 4), 5));
        rows.add(scan(name + " of a long row", op, values, 1031));
        if (kind == Prim.Scan.Kind.PROD) {
            rows.add(
                    scan(name + " with zeros", op, Values.cycling(2, 3, 0, 2, 0, 3), 6)
                            .withGradient());
            rows.add(
                    scan(name + " with a zero", op, Values.cycling(2, 3, 0, 2, 4, 3), 6)
                            .withGradient());
        }
    }

    private static Row scan(String name, Prim.Scan op, Values values, long... shape) {
        Tolerance tolerance =
                switch (op.kind()) {
                    case SUM -> Tolerance.sums(Operand.of(values, shape).shape().elementCount());
                    case PROD -> Tolerance.ulps(1024);
                    case MAX, MIN -> Tolerance.EXACT;
                };
        return Row.of(name, op, Row.FLOATING, tolerance, Operand.of(values, shape));
    }

    private static void addPlaces(String name, Prim op, int dim, List<Row> rows) {
        rows.add(places(name + " along " + dim + " with ties", op, Values.whole(-2, 2), 3, 5, 7));
        rows.add(places(name + " along " + dim, op, Values.whole(-100, 100), 4, 6, 17));
        rows.add(
                Row.of(
                        name + " along " + dim + " of special values",
                        op,
                        Row.FLOATING,
                        Tolerance.BITS,
                        Operand.of(Values.cycling(UnaryRows.SPECIAL), 3, 5, 7)));
    }

    private static Row places(String name, Prim op, Values values, long... shape) {
        return Row.of(name, op, Row.NUMBERS, Tolerance.BITS, Operand.of(values, shape));
    }

    private static void addLongSorts(List<Row> rows) {
        Prim.ArgSort ascending = new Prim.ArgSort(0, false);
        rows.add(places("argSort of a long row", ascending, Values.whole(-50, 50), 2003));
        rows.add(
                places(
                        "argSort descending of a long row",
                        new Prim.ArgSort(0, true),
                        Values.whole(-50, 50),
                        2003));
        rows.add(places("argSort of nothing", ascending, Values.whole(0, 1), 0));
        rows.add(
                places(
                        "argSort of long rows along the middle",
                        new Prim.ArgSort(1, true),
                        Values.eitherSign(0, 100),
                        2,
                        130,
                        3));
        rows.add(
                Row.of(
                        "argSort of integers",
                        ascending,
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 67)));
        rows.add(
                places(
                        "argReduce MAX of a long row",
                        new Prim.ArgReduce(Prim.ArgReduce.Kind.MAX, 0),
                        Values.whole(-100, 100),
                        5003));
    }
}
