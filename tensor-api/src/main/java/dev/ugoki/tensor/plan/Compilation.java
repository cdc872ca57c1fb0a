package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.graph.CommonSubexpressions;
import dev.ugoki.tensor.graph.DeadCode;
import dev.ugoki.tensor.graph.Decomposition;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.GraphPass;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import java.util.List;

/** From a traced graph to steps: which passes run, and in which order. */
final class Compilation {
    private Compilation() {}

    /** The graph that steps are made of. */
    static Graph simplified(Backend backend, Graph graph) {
        GraphPass decomposition =
                new Decomposition(
                        (composite, types) ->
                                !(backend.supports(composite, types) instanceof Support.Decompose));
        Graph result = graph;
        for (GraphPass pass :
                List.of(
                        new CommonSubexpressions(),
                        new DeadCode(),
                        decomposition,
                        new CommonSubexpressions(),
                        new DeadCode())) {
            result = pass.apply(result);
        }
        return result;
    }

    /**
     * The steps of a simplified graph.
     *
     * @param joined whether operations on elements become joined kernels
     */
    static Steps steps(Backend backend, Graph graph, List<Stored> inputs, boolean joined) {
        Steps steps = ConstantFolding.apply(Lowering.lower(backend, graph, inputs));
        return Placement.apply(joined ? Endings.apply(Fusion.apply(steps)) : steps);
    }
}
