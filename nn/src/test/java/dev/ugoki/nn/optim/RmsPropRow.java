package dev.ugoki.nn.optim;

import dev.ugoki.tck.Operand;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.Tolerance;
import dev.ugoki.tck.Values;
import dev.ugoki.tensor.DType;

/** A step of RMSprop for the kit; its record is hidden in this package. */
public final class RmsPropRow {
    private static final Operand ANY = Operand.of(Values.between(-2, 2), 5, 7);

    public static final Row ROW =
            Row.of(
                    "rmsPropStep",
                    new RmsPropStep(),
                    Row.FLOATING,
                    Tolerance.ulps(16).orEpsilons(4),
                    ANY,
                    ANY,
                    Operand.of(Values.between(0.01, 2), 5, 7),
                    ANY,
                    setting(1e-2),
                    setting(0.99),
                    setting(1e-8),
                    setting(0.01),
                    setting(0.9));

    private RmsPropRow() {}

    private static Operand setting(double value) {
        return Operand.of(DType.F64, Values.cycling(value));
    }
}
