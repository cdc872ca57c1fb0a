package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.TensorType;

import java.util.Arrays;
import java.util.List;

/**
 * A change of a program that leaves all it computes as it is, to the last bit, and the layouts of
 * its values too.
 */
@FunctionalInterface
public interface GraphPass {
    /** The changed program. */
    Graph apply(Graph graph);

    /** How a pass writes one node into the new program. */
    @FunctionalInterface
    interface Rule {
        /**
         * The results of {@code node} as values of the new program.
         *
         * @param operands of the node, as values of the new program
         * @param types of the node's results
         */
        List<Integer> write(
                Graph.Node node,
                List<Integer> operands,
                List<TensorType> types,
                GraphBuilder target);
    }

    /** The program written anew, each node by {@code rule}; inputs and captures stay. */
    static Graph rewritten(Graph graph, Rule rule) {
        GraphBuilder target = new GraphBuilder();
        int[] places = new int[graph.valueCount()];
        Arrays.fill(places, -1);
        for (int input = 0; input < graph.inputTypes().length; input++) {
            places[input] = target.input(graph.typeOf(input));
        }
        for (Graph.Capture capture : graph.captures()) {
            places[capture.value()] = target.capture(capture.tensor());
        }
        for (Graph.Node node : graph.nodes()) {
            List<TensorType> types = node.results().stream().map(graph::typeOf).toList();
            List<Integer> made = rule.write(node, placed(node.operands(), places), types, target);
            for (int i = 0; i < made.size(); i++) {
                places[node.results().get(i)] = made.get(i);
            }
        }
        return target.build(
                placed(graph.results(), places),
                graph.updates().stream()
                        .map(
                                update ->
                                        new Graph.Update(
                                                places[update.capture()], places[update.value()]))
                        .toList());
    }

    private static List<Integer> placed(List<Integer> values, int[] places) {
        return values.stream().map(value -> places[value]).toList();
    }
}
