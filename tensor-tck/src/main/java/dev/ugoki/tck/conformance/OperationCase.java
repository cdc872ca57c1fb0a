package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Gradients;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One operation on given inputs: its results, and the gradients of {@code sum(result * cotangent)}
 * in the tensors that the inputs are views of.
 */
final class OperationCase implements ConformanceCase {
    private final JsonNode node;
    private final Map<String, HostArray> arrays;

    /**
     * @param node a line of {@code cases.jsonl}
     * @param arrays the tensors that it names
     */
    OperationCase(JsonNode node, Map<String, HostArray> arrays) {
        this.node = node;
        this.arrays = arrays;
    }

    @Override
    public String id() {
        return node.path("id").asText();
    }

    @Override
    public String group() {
        return node.path("op").asText();
    }

    @Override
    public Deviation run() {
        try (TensorScope _ = TensorScope.open()) {
            Comparison comparison =
                    new Comparison(
                            node.required("rtol").doubleValue(),
                            node.required("atol").doubleValue());
            List<Tensor> given = new ArrayList<>();
            for (JsonNode input : node.required("inputs")) {
                given.add(tensor(array(input.required("tensor"))));
            }
            Tensor[] inputs = given.toArray(Tensor[]::new);
            Tensor[] found = program(inputs);
            Deviation worst = compare(comparison, found);
            Compiled.check(this::program, inputs, found);
            return worst;
        }
    }

    /** The results, then the gradients in the order in which they are expected. */
    private Tensor[] program(Tensor... inputs) {
        Map<String, Tensor> bases = bases(inputs);
        List<Tensor> results =
                OperationTable.apply(
                        group(), new Attributes(node.required("attrs")), arguments(bases));
        List<Tensor> all = new ArrayList<>(results);
        if (node.has("grads") && results.size() == node.required("outputs").size()) {
            all.addAll(gradients(bases, results));
        }
        return all.stream().map(Tensor::detach).toArray(Tensor[]::new);
    }

    private Map<String, Tensor> bases(Tensor[] inputs) {
        Map<String, Tensor> bases = new LinkedHashMap<>();
        for (JsonNode input : node.required("inputs")) {
            String name = input.required("name").asText();
            Tensor base = inputs[bases.size()];
            boolean followed = node.path("grads").has(name);
            bases.put(name, followed ? Autograd.variable(base) : base);
        }
        return bases;
    }

    private Tensor[] arguments(Map<String, Tensor> bases) {
        List<Tensor> arguments = new ArrayList<>();
        for (JsonNode input : node.required("inputs")) {
            Tensor argument = Objects.requireNonNull(bases.get(input.required("name").asText()));
            for (JsonNode step : input.path("view")) {
                argument = view(argument, step);
            }
            arguments.add(argument);
        }
        return arguments.toArray(Tensor[]::new);
    }

    private static Tensor view(Tensor base, JsonNode step) {
        return switch (step.path(0).asText()) {
            case "permute" -> base.permute(Attributes.toInts(Attributes.listOf(step.path(1))));
            case "flip" -> base.flip(Attributes.toInts(Attributes.listOf(step.path(1))));
            case "expand" -> base.expand(Attributes.listOf(step.path(1)));
            case "slice" ->
                    base.slice(
                            step.required(1).intValue(),
                            step.required(2).longValue(),
                            step.required(3).longValue(),
                            step.required(4).longValue());
            default -> throw new UnsupportedOperationException("there is no view " + step);
        };
    }

    private Deviation compare(Comparison comparison, Tensor[] found) {
        JsonNode expected = node.required("outputs");
        int gradients = node.path("grads").size();
        if (found.length != expected.size() + gradients) {
            throw new MismatchException(
                    found.length + " results, expected " + (expected.size() + gradients));
        }
        Deviation worst = Deviation.NONE;
        for (int i = 0; i < expected.size(); i++) {
            worst = worst.or(comparison.compare("result " + i, found[i], array(expected.get(i))));
        }
        int next = expected.size();
        for (Map.Entry<String, JsonNode> gradient : node.path("grads").properties()) {
            String name = "gradient of " + gradient.getKey();
            worst = worst.or(comparison.compare(name, found[next++], array(gradient.getValue())));
        }
        return worst;
    }

    private List<Tensor> gradients(Map<String, Tensor> bases, List<Tensor> results) {
        List<Tensor> outputs = new ArrayList<>();
        List<Tensor> cotangents = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            JsonNode cotangent = node.required("cotangents").required(i);
            if (!cotangent.isNull()) {
                outputs.add(results.get(i));
                cotangents.add(tensor(array(cotangent)));
            }
        }
        Gradients found = Autograd.backward(outputs, cotangents);
        List<Tensor> gradients = new ArrayList<>();
        for (Map.Entry<String, JsonNode> expected : node.required("grads").properties()) {
            Tensor base = bases.get(expected.getKey());
            if (base == null) {
                throw new IllegalArgumentException("there is no input '" + expected.getKey() + "'");
            }
            gradients.add(found.of(base));
        }
        return gradients;
    }

    private static Tensor tensor(HostArray array) {
        return Tensor.of(new TensorType(array.dtype(), array.shape()), array.bytes());
    }

    private HostArray array(JsonNode key) {
        HostArray array = arrays.get(key.asText());
        if (array == null) {
            throw new IllegalArgumentException("there is no tensor '" + key.asText() + "'");
        }
        return array;
    }
}
