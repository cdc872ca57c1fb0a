package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Likelihood;

import java.util.ArrayList;
import java.util.List;

/** Rows of softmax and what is computed like it. */
final class LikelihoodRows {
    private static final Values SCORES = Values.between(-3, 3);
    private static final Values WIDE = Values.between(-60, 60);

    /** Scores that are left out, and rows of nothing else. */
    private static final Values MASKED =
            Values.cycling(1, Double.NEGATIVE_INFINITY, 2, 3, Double.NEGATIVE_INFINITY, 0.5);

    private static final Tolerance TOLERANCE = Tolerance.ulps(16).orEpsilons(16);

    private LikelihoodRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (int dim = 0; dim < 3; dim++) {
            addAlong(dim, rows);
        }
        rows.add(row("softmax of long rows", new Likelihood.Softmax(1), WIDE, 3, 5003));
        rows.add(row("logSoftmax of long rows", new Likelihood.LogSoftmax(1), WIDE, 3, 5003));
        rows.add(row("softmax of nothing", new Likelihood.Softmax(1), SCORES, 0, 3));
        rows.add(row("softmax along nothing", new Likelihood.Softmax(1), SCORES, 3, 0));
        rows.add(row("logSoftmax along nothing", new Likelihood.LogSoftmax(1), SCORES, 3, 0));
        Likelihood.LogSumExp both = new Likelihood.LogSumExp(Axes.of(0, 2));
        rows.add(row("logSumExp over two dimensions", both, SCORES, 2, 2, 3).withGradient());
        Likelihood.LogSumExp none = new Likelihood.LogSumExp(Axes.of());
        rows.add(row("logSumExp over no dimensions", none, SCORES, 2, 3).withGradient());
        Likelihood.LogSumExp last = new Likelihood.LogSumExp(Axes.of(1));
        Values lowest = Values.cycling(Double.NEGATIVE_INFINITY);
        rows.add(row("logSumExp of nothing but minus infinity", last, lowest, 2, 3));
        addCrossEntropies(rows);
        return rows;
    }

    private static void addAlong(int dim, List<Row> rows) {
        String along = " along " + dim;
        List<Likelihood> ops =
                List.of(
                        new Likelihood.Softmax(dim),
                        new Likelihood.LogSoftmax(dim),
                        new Likelihood.LogSumExp(Axes.of(dim)));
        for (Likelihood op : ops) {
            rows.add(row(op.name() + along, op, SCORES, 2, 3, 2).withGradient());
            rows.add(row(op.name() + along + " of wide scores", op, WIDE, 4, 5, 37));
            rows.add(row(op.name() + along + " of masked scores", op, MASKED, 3, 5, 7));
        }
        Values probabilities = Values.between(0, 1);
        Values logarithms = Values.between(-5, 0);
        addGradient(new Likelihood.SoftmaxGradient(dim), along, probabilities, rows);
        addGradient(new Likelihood.LogSoftmaxGradient(dim), along, logarithms, rows);
    }

    private static void addGradient(Likelihood op, String along, Values ofResult, List<Row> rows) {
        for (long[] shape : new long[][] {{2, 3, 2}, {4, 5, 37}}) {
            Row row =
                    row(
                            op.name() + along + " of " + shape[2],
                            op,
                            Operand.of(ofResult, shape),
                            Operand.of(SCORES, shape));
            rows.add(shape[2] == 2 ? row.withGradient() : row);
        }
    }

    private static void addCrossEntropies(List<Row> rows) {
        Likelihood.CrossEntropy plain = new Likelihood.CrossEntropy(0, -100);
        Likelihood.CrossEntropy smooth = new Likelihood.CrossEntropy(0.1, -100);
        for (DType index : List.of(DType.I64, DType.I32)) {
            rows.add(crossEntropy("crossEntropy by " + index, plain, index, 3, 4, 2));
            rows.add(crossEntropy("crossEntropy, smoothed, by " + index, smooth, index, 3, 4, 2));
        }
        rows.add(
                row("crossEntropy of one", plain, Operand.of(SCORES, 5), target(DType.I64))
                        .withGradient());
        rows.add(
                row(
                        "crossEntropy of wide scores",
                        smooth,
                        Operand.of(WIDE, 37, 4),
                        target(DType.I64, 37)));
        for (double smoothing : new double[] {0, 0.1}) {
            var gradient = new Likelihood.CrossEntropyGradient(smoothing, -100);
            rows.add(crossEntropyGradient(gradient, 3, 4).withGradient());
            rows.add(crossEntropyGradient(gradient, 3, 4, 2).withGradient());
            rows.add(crossEntropyGradient(gradient, 5).withGradient());
            rows.add(crossEntropyGradient(gradient, 37, 40));
        }
        rows.add(
                row(
                        "crossEntropy of nothing",
                        plain,
                        Operand.of(SCORES, 0, 4),
                        target(DType.I64, 0)));
    }

    private static Row crossEntropy(
            String name, Likelihood op, DType index, long count, long classes, long extent) {
        return row(
                        name,
                        op,
                        Operand.of(SCORES, count, classes, extent),
                        target(index, count, extent))
                .withGradient();
    }

    /** Of operands that need not belong together: the rule is the same. */
    private static Row crossEntropyGradient(Likelihood op, long... scores) {
        long[] targets = new long[scores.length - 1];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = scores[i == 0 ? 0 : i + 1];
        }
        return row(
                op.name() + " of " + scores.length + " dimensions, " + scores[0] + ", " + op,
                op,
                Operand.of(SCORES, scores),
                target(DType.I64, targets),
                Operand.of(Values.between(3, 4), targets),
                Operand.of(Values.between(0, 1), targets),
                Operand.of(SCORES, targets));
    }

    private static Operand target(DType index, long... shape) {
        return Operand.of(index, Values.cycling(0, 3, -100, 2, 1), shape);
    }

    private static Row row(String name, Composite op, Values values, long... shape) {
        return row(name, op, Operand.of(values, shape));
    }

    private static Row row(String name, Composite op, Operand... operands) {
        return Row.of(name, op, Row.FLOATING, TOLERANCE, operands);
    }
}
