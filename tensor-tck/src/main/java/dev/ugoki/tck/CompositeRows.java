package dev.ugoki.tck;

import java.util.ArrayList;
import java.util.List;

/**
 * The rows of the composites that come with tensor-api. A backend without a kernel for one runs its
 * decomposition, so that the row tests that; gradients are those that the composite gives, and
 * those of its decomposition.
 */
public final class CompositeRows {
    private CompositeRows() {}

    /** All of them; names are unique, among those of primitives too. */
    public static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(ActivationRows.all());
        rows.addAll(MathFunctionRows.all());
        rows.addAll(LikelihoodRows.all());
        rows.addAll(NormalizationRows.all());
        rows.addAll(NetworkRows.all());
        rows.addAll(OptimizerRows.all());
        rows.addAll(RandomRows.all());
        return List.copyOf(rows);
    }
}
