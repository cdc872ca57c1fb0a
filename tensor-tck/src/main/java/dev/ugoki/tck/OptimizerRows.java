package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Overwrite;

import java.util.ArrayList;
import java.util.List;

/** Rows of what changes parameters; these are also run in place. */
final class OptimizerRows {
    private static final Values ANY = Values.between(-2, 2);
    private static final Tolerance TOLERANCE = Tolerance.ulps(16).orEpsilons(4);

    private OptimizerRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (long[] shape : new long[][] {{2, 3}, {5, 67}, {}, {0, 3}}) {
            String of = Operand.of(ANY, shape).shape().toString();
            Operand any = Operand.of(ANY, shape);
            Operand positive = Operand.of(Values.between(0.01, 2), shape);
            for (boolean nesterov : new boolean[] {false, true}) {
                rows.add(
                        row(
                                (nesterov ? "sgdStep, nesterov, of " : "sgdStep of ") + of,
                                new OptimizerStep.SgdStep(nesterov),
                                List.of(any, any, any),
                                0.1,
                                0.9,
                                0.01));
            }
            List<Operand> tensors = List.of(any, any, any, positive);
            for (OptimizerStep op :
                    List.of(new OptimizerStep.AdamStep(), new OptimizerStep.AdamWStep())) {
                rows.add(
                        row(
                                op.name() + " of " + of,
                                op,
                                tensors,
                                1e-3,
                                0.9,
                                0.999,
                                1e-8,
                                0.01,
                                1 - Math.pow(0.9, 3),
                                1 - Math.pow(0.999, 3)));
            }
            rows.add(
                    row(
                            "movingAverageStep of " + of,
                            new OptimizerStep.MovingAverageStep(),
                            List.of(any, any),
                            0.99));
            rows.add(
                    Row.of(
                            "overwrite of " + of,
                            new Overwrite(),
                            Row.ALL,
                            Tolerance.BITS,
                            any,
                            any));
        }
        return rows;
    }

    private static Row row(
            String name, OptimizerStep op, List<Operand> tensors, double... settings) {
        List<Operand> operands = new ArrayList<>(tensors);
        for (double setting : settings) {
            operands.add(Operand.of(DType.F64, Values.cycling(setting)));
        }
        Row row = Row.of(name, op, Row.FLOATING, TOLERANCE, operands.toArray(Operand[]::new));
        long count = tensors.get(0).shape().elementCount();
        return count > 0 && count < 10 ? row.withGradient() : row;
    }
}
