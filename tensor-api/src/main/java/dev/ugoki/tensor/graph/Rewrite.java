package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;

import java.util.function.Predicate;

/** Programs written anew, operation by operation. */
public final class Rewrite {
    private Rewrite() {}

    /**
     * The same program with every composite that is not {@code kept} replaced by what it is made
     * of, in the bodies of loops too.
     */
    public static Graph decomposed(Graph graph, Predicate<Composite> kept) {
        return Graph.trace(
                inputs -> {
                    Tensor[] values = values(graph, inputs);
                    for (Graph.Node node : graph.nodes()) {
                        Tensor[] operands =
                                node.operands().stream()
                                        .map(number -> values[number])
                                        .toArray(Tensor[]::new);
                        store(values, node, apply(node, operands, kept));
                    }
                    return graph.results().stream()
                            .map(number -> values[number])
                            .toArray(Tensor[]::new);
                },
                graph.inputTypes());
    }

    private static Tensor[] apply(Graph.Node node, Tensor[] operands, Predicate<Composite> kept) {
        return switch (node.op()) {
            case Prim.Loop loop ->
                    Engine.apply(
                            new Prim.Loop(decomposed(loop.body(), kept), loop.steps()), operands);
            case Prim prim -> Engine.apply(prim, operands);
            case Composite composite when kept.test(composite) -> Engine.apply(composite, operands);
            case Composite composite -> parts(composite, operands, kept);
        };
    }

    /** A composite's parts may be composites themselves, so they are looked at in their turn. */
    private static Tensor[] parts(
            Composite composite, Tensor[] operands, Predicate<Composite> kept) {
        TensorType[] types = new TensorType[operands.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = operands[i].type();
        }
        Graph parts = decomposed(Graph.trace(composite::decompose, types), kept);
        Tensor[] values = values(parts, operands);
        for (Graph.Node node : parts.nodes()) {
            Tensor[] inner =
                    node.operands().stream().map(number -> values[number]).toArray(Tensor[]::new);
            store(values, node, Engine.apply(node.op(), inner));
        }
        return parts.results().stream().map(number -> values[number]).toArray(Tensor[]::new);
    }

    private static Tensor[] values(Graph graph, Tensor[] inputs) {
        int count = inputs.length + graph.captures().size();
        for (Graph.Node node : graph.nodes()) {
            count += node.results().size();
        }
        Tensor[] values = new Tensor[count];
        System.arraycopy(inputs, 0, values, 0, inputs.length);
        for (Graph.Capture capture : graph.captures()) {
            values[capture.value()] = capture.tensor();
        }
        return values;
    }

    private static void store(Tensor[] values, Graph.Node node, Tensor[] made) {
        for (int i = 0; i < node.results().size(); i++) {
            values[node.results().get(i)] = made[i];
        }
    }
}
