package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.MathFunction;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Rows of the functions of mathematics that are not primitives. */
final class MathFunctionRows {
    private static final Tolerance TOLERANCE = Tolerance.ulps(16).orEpsilons(4);
    private static final Values ENDS = Values.cycling(UnaryRows.SPECIAL);

    private MathFunctionRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        add(rows, new MathFunction.Log2(), Values.between(0.1, 9), Values.between(1e-9, 1e9));
        add(rows, new MathFunction.Log10(), Values.between(0.1, 9), Values.between(1e-9, 1e9));
        add(rows, new MathFunction.Asinh(), Values.between(-2, 2), Values.between(-1e5, 1e5));
        add(rows, new MathFunction.Acosh(), Values.between(1.1, 3), Values.between(1, 1e5));
        add(rows, new MathFunction.Atanh(), Values.between(-0.9, 0.9), Values.between(-1, 1));
        add(rows, new MathFunction.Erfc(), Values.between(-2, 4), Values.between(-6, 9));
        add(rows, new MathFunction.Sinc(), Values.between(-2, 2), Values.between(-40, 40));
        // The derivatives of sinc are smooth where the formula changes, and at 0.
        rows.add(
                row("sinc near 0", new MathFunction.Sinc(), Values.cycling(0, 0.1, 0.2, -0.05), 4)
                        .withGradient());
        rows.add(
                row("asinh at 0", new MathFunction.Asinh(), Values.cycling(0, 1e-3), 2)
                        .withGradient());
        add(rows, new MathFunction.LogGamma(), Values.between(0.2, 9.5), Values.between(-9, 40));
        add(rows, new MathFunction.Digamma(), Values.between(0.2, 9.5), Values.between(-9, 40));
        rows.add(
                row("logGamma below 0", new MathFunction.LogGamma(), Values.between(-0.8, -0.2), 5)
                        .withGradient());
        rows.add(
                row("digamma below 0", new MathFunction.Digamma(), Values.between(-0.8, -0.2), 5)
                        .withGradient());
        addPairs(rows, new MathFunction.LogAddExp(), Values.between(-3, 3));
        addPairs(rows, new MathFunction.Hypot(), Values.eitherSign(0.1, 3));
        addPairs(rows, new MathFunction.Xlogy(), Values.between(0.1, 3));
        rows.add(
                pair(
                                "logAddExp of equal scores",
                                new MathFunction.LogAddExp(),
                                Values.cycling(1, -2),
                                Values.cycling(1, -2),
                                4)
                        .withGradient());
        return rows;
    }

    private static void add(List<Row> rows, MathFunction op, Values smooth, Values wide) {
        rows.add(row(op.name(), op, smooth, 2, 3).withGradient());
        addWide(rows, op, wide);
        rows.add(row(op.name() + " at the ends", op, ENDS, 5, 11));
        rows.add(row(op.name() + " of a scalar", op, smooth));
        rows.add(row(op.name() + " of nothing", op, smooth, 0, 2));
    }

    private static void addWide(List<Row> rows, MathFunction op, Values wide) {
        String name = op.name() + " of wide values";
        Row row = row(name, op, wide, 3, 5, 67);
        if (op instanceof MathFunction.LogGamma || op instanceof MathFunction.Digamma) {
            // Sums of large terms: exact to 1e-14 absolutely, by whatever logarithm and sine.
            Set<DType> others = new HashSet<>(Row.FLOATING);
            others.remove(DType.F64);
            Tolerance absolute = Tolerance.ulps(16).orEpsilons(64);
            rows.add(
                    Row.of(
                            name + " in F64",
                            op,
                            Set.of(DType.F64),
                            absolute,
                            Operand.of(wide, 3, 5, 67)));
            rows.add(Row.of(name, op, others, TOLERANCE, Operand.of(wide, 3, 5, 67)));
        } else {
            rows.add(row);
        }
    }

    private static void addPairs(List<Row> rows, MathFunction op, Values smooth) {
        rows.add(pair(op.name(), op, smooth, smooth, 2, 3).withGradient());
        Values wide = Values.between(-60, 60);
        rows.add(pair(op.name() + " of wide values", op, wide, wide, 3, 5, 67));
        Values slowly = Values.repeating(UnaryRows.SPECIAL.length, UnaryRows.SPECIAL);
        long count = UnaryRows.SPECIAL.length;
        rows.add(pair(op.name() + " at the ends", op, ENDS, slowly, count, count));
        rows.add(pair(op.name() + " of nothing", op, smooth, smooth, 0, 2));
    }

    private static Row row(String name, MathFunction op, Values values, long... shape) {
        return Row.of(name, op, Row.FLOATING, TOLERANCE, Operand.of(values, shape));
    }

    private static Row pair(String name, MathFunction op, Values a, Values b, long... shape) {
        return Row.of(
                name, op, Row.FLOATING, TOLERANCE, Operand.of(a, shape), Operand.of(b, shape));
    }
}
