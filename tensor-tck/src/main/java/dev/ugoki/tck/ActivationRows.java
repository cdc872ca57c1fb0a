package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of activations and of their gradients. */
final class ActivationRows {
    private static final List<Activation> ALL =
            List.of(
                    new Activation.Relu(),
                    new Activation.LeakyRelu(0.1),
                    new Activation.Elu(1.5),
                    new Activation.Silu(),
                    new Activation.Gelu(),
                    new Activation.GeluTanh(),
                    new Activation.Mish(),
                    new Activation.Softplus(),
                    new Activation.LogSigmoid(),
                    new Activation.Hardswish(),
                    new Activation.Relu6(),
                    new Activation.Hardsigmoid(),
                    new Activation.Hardtanh(-0.05, 2.75),
                    new Activation.Selu(),
                    new Activation.Celu(1.5),
                    new Activation.Threshold(0.05, -2),
                    new Activation.Softsign(),
                    new Activation.Tanhshrink(),
                    new Activation.Softshrink(0.05),
                    new Activation.Hardshrink(0.05));

    /** Off the kinks at 0 and 3, and those near them. */
    private static final Values SMOOTH = Values.eitherSign(0.1, 2.5);

    private static final Values WIDE = Values.between(-12, 12);
    private static final Values ENDS =
            Values.cycling(0, -0.0, 50, -50, Double.NaN, 1e4, -1e4, 3, -3, 1e-30);
    private static final Tolerance TOLERANCE = Tolerance.ulps(16).orEpsilons(8);

    private ActivationRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (Activation op : ALL) {
            String name = op.name();
            Activation.Gradient gradient = new Activation.Gradient(op);
            rows.add(row(name, op, Operand.of(SMOOTH, 2, 3)).withGradient());
            rows.add(row(name + " of wide values", op, Operand.of(WIDE, 3, 5, 67)));
            rows.add(row(name + " at the ends", op, Operand.of(ENDS, 20)));
            rows.add(row(name + " of a scalar", op, Operand.of(SMOOTH)));
            rows.add(row(name + " of nothing", op, Operand.of(SMOOTH, 0, 2)));
            rows.add(both(gradient.name(), gradient, SMOOTH, 2, 3).withGradient());
            rows.add(both(gradient.name() + " of wide values", gradient, WIDE, 3, 5, 67));
            rows.add(both(gradient.name() + " at the ends", gradient, ENDS, 20));
        }
        rows.add(
                Row.of(
                        "gelu of much",
                        new Activation.Gelu(),
                        Set.of(DType.F32),
                        TOLERANCE,
                        Operand.of(WIDE, 211, 307)));
        for (ElementaryGradient op :
                List.of(
                        new ElementaryGradient.TanhGradient(),
                        new ElementaryGradient.SigmoidGradient())) {
            rows.add(both(op.name(), op, SMOOTH, 2, 3).withGradient());
            rows.add(both(op.name() + " of many", op, SMOOTH, 3, 5, 67));
            rows.add(both(op.name() + " of nothing", op, SMOOTH, 0, 2));
        }
        return rows;
    }

    private static Row row(String name, Activation op, Operand operand) {
        return Row.of(name, op, Row.FLOATING, TOLERANCE, operand);
    }

    private static Row both(String name, Composite op, Values values, long... shape) {
        return Row.of(
                name,
                op,
                Row.FLOATING,
                TOLERANCE.orEpsilons(32),
                Operand.of(values, shape),
                Operand.of(Values.between(-2, 2), shape));
    }
}
