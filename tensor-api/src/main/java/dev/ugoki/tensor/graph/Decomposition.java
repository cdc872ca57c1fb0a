package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.StopGradient;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces composites that a backend has no kernel for by what they are made of, in the bodies of
 * loops too. Each is traced once for operands of the same types.
 */
public final class Decomposition implements GraphPass {
    /** Says of which composites the backend has a kernel. */
    @FunctionalInterface
    public interface Kernels {
        boolean has(Composite composite, TensorType... operands);
    }

    private record Call(Op op, List<TensorType> operands) {}

    private final Kernels kernels;
    private final Map<Call, Graph> parts = new HashMap<>();

    public Decomposition(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public Graph apply(Graph graph) {
        return GraphPass.rewritten(
                graph,
                (node, operands, types, target) ->
                        write(node.op(), operands, operandTypes(graph, node), types, target));
    }

    private static List<TensorType> operandTypes(Graph graph, Graph.Node node) {
        return node.operands().stream().map(graph::typeOf).toList();
    }

    private List<Integer> write(
            Op op,
            List<Integer> operands,
            List<TensorType> operandTypes,
            List<TensorType> types,
            GraphBuilder target) {
        return switch (op) {
            case StopGradient stop
                    when !kernels.has(stop, operandTypes.toArray(TensorType[]::new)) ->
                    operands;
            case Prim.Loop loop ->
                    target.add(new Prim.Loop(apply(loop.body()), loop.steps()), operands, types);
            case Prim prim -> target.add(prim, operands, types);
            case Composite composite
                    when !operands.isEmpty()
                            && kernels.has(composite, operandTypes.toArray(TensorType[]::new)) ->
                    target.add(composite, operands, types);
            case Composite composite -> inline(partsOf(composite, operandTypes), operands, target);
        };
    }

    private Graph partsOf(Composite composite, List<TensorType> operandTypes) {
        Call call = new Call(composite, operandTypes);
        Graph known = parts.get(call);
        if (known == null) {
            TensorType[] in = operandTypes.toArray(TensorType[]::new);
            known = apply(Graph.trace(composite::decompose, in));
            parts.put(call, known);
        }
        return known;
    }

    /** Writes a whole program into another, on given operands. */
    private static List<Integer> inline(Graph parts, List<Integer> operands, GraphBuilder target) {
        int[] places = new int[parts.valueCount()];
        Arrays.fill(places, -1);
        for (int i = 0; i < operands.size(); i++) {
            places[i] = operands.get(i);
        }
        for (Graph.Capture capture : parts.captures()) {
            places[capture.value()] = target.capture(capture.tensor());
        }
        for (Graph.Node node : parts.nodes()) {
            List<Integer> made =
                    target.add(
                            node.op(),
                            node.operands().stream().map(value -> places[value]).toList(),
                            node.results().stream().map(parts::typeOf).toList());
            for (int i = 0; i < made.size(); i++) {
                places[node.results().get(i)] = made.get(i);
            }
        }
        return parts.results().stream().map(value -> places[value]).toList();
    }
}
