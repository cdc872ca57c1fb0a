package dev.ugoki.tensor.graph;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Leaves out nodes that no result and no update depends on, and captured tensors that none reads.
 */
public final class DeadCode implements GraphPass {
    public DeadCode() {}

    @Override
    public Graph apply(Graph graph) {
        BitSet needed = new BitSet(graph.valueCount());
        graph.results().forEach(needed::set);
        for (Graph.Update update : graph.updates()) {
            needed.set(update.capture());
            needed.set(update.value());
        }
        for (Graph.Node node : graph.nodes().reversed()) {
            if (node.results().stream().anyMatch(needed::get)) {
                node.operands().forEach(needed::set);
            }
        }
        return kept(graph, needed);
    }

    private static Graph kept(Graph graph, BitSet needed) {
        GraphBuilder target = new GraphBuilder();
        int[] places = new int[graph.valueCount()];
        for (int input = 0; input < graph.inputTypes().length; input++) {
            places[input] = target.input(graph.typeOf(input));
        }
        for (Graph.Capture capture : graph.captures()) {
            if (needed.get(capture.value())) {
                places[capture.value()] = target.capture(capture.tensor());
            }
        }
        for (Graph.Node node : graph.nodes()) {
            if (node.results().stream().anyMatch(needed::get)) {
                List<Integer> made =
                        target.add(
                                node.op(),
                                placed(node.operands(), places),
                                node.results().stream().map(graph::typeOf).toList());
                for (int i = 0; i < made.size(); i++) {
                    places[node.results().get(i)] = made.get(i);
                }
            }
        }
        List<Graph.Update> updates = new ArrayList<>();
        for (Graph.Update update : graph.updates()) {
            updates.add(new Graph.Update(places[update.capture()], places[update.value()]));
        }
        return target.build(placed(graph.results(), places), updates);
    }

    private static List<Integer> placed(List<Integer> values, int[] places) {
        return values.stream().map(value -> places[value]).toList();
    }
}
