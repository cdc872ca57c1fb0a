package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.plan.Plan;

/** Where to begin. */
public final class Ugoki {
    private Ugoki() {}

    /**
     * A plan of a function of tensors: traced once for each kind of inputs, then run with the same
     * bits, in fewer passes over memory. See {@link Plan}.
     */
    public static Plan compile(Graph.Program function) {
        return Plan.of(function);
    }
}
