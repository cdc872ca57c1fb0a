package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A program whose inputs, results and weights have names: what is written into a file and read from
 * one.
 *
 * <pre>{@code
 * Graph graph = Graph.trace(in -> new Tensor[] {policy.act(in[0])}, observation);
 * NamedGraph named =
 *         NamedGraph.of(graph).withInputs("observation").withResults("action").withWeights(weights);
 * SavedGraph.write(folder, named);
 * }</pre>
 *
 * @param graph the program
 * @param inputs a name for each input
 * @param results a name for each result
 * @param weights a name for each of {@link Graph#captures}, in their order
 */
public record NamedGraph(
        Graph graph, List<String> inputs, List<String> results, List<String> weights) {
    /**
     * A program with names.
     *
     * @throws IllegalArgumentException if a name is missing, empty or given twice among its kind
     */
    public NamedGraph {
        inputs = checked("inputs", graph.inputTypes().length, inputs);
        results = checked("results", graph.results().size(), results);
        weights = checked("weights", graph.captures().size(), weights);
    }

    private static List<String> checked(String kind, int count, List<String> names) {
        if (names.size() != count) {
            throw new IllegalArgumentException(
                    "graph: has "
                            + count
                            + " "
                            + kind
                            + ", but "
                            + names.size()
                            + " names: "
                            + names);
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (name.isEmpty() || !seen.add(name)) {
                throw new IllegalArgumentException(
                        "graph: names of " + kind + " must differ and not be empty: " + names);
            }
        }
        return List.copyOf(names);
    }

    /** The program with the names {@code input0}, {@code result0}, {@code weight0} and so on. */
    public static NamedGraph of(Graph graph) {
        return new NamedGraph(
                graph,
                numbered("input", graph.inputTypes().length),
                numbered("result", graph.results().size()),
                numbered("weight", graph.captures().size()));
    }

    private static List<String> numbered(String name, int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(name + i);
        }
        return names;
    }

    /** The same with these names of inputs. */
    public NamedGraph withInputs(String... names) {
        return new NamedGraph(graph, List.of(names), results, weights);
    }

    /** The same with these names of results. */
    public NamedGraph withResults(String... names) {
        return new NamedGraph(graph, inputs, List.of(names), weights);
    }

    /**
     * The same with the weights named as in {@code tensors}, such as a module's parameters and
     * buffers by name. What is not among them, such as tables that a layer makes, keeps its name;
     * and so does what is captured once more, as by a gradient.
     */
    public NamedGraph withWeights(Map<String, Tensor> tensors) {
        Map<Object, String> byPayload = new IdentityHashMap<>();
        tensors.forEach((name, tensor) -> byPayload.put(tensor.payload(), name));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < weights.size(); i++) {
            Object payload = graph.captures().get(i).tensor().payload();
            String name = byPayload.remove(payload);
            names.add(name == null ? weights.get(i) : name);
        }
        return new NamedGraph(graph, inputs, results, names);
    }

    /** The weights by name. */
    public Tensor weight(String name) {
        int at = weights.indexOf(name);
        if (at < 0) {
            throw new IllegalArgumentException(
                    "graph: there is no weight '" + name + "'; there are " + weights);
        }
        return graph.captures().get(at).tensor();
    }
}
