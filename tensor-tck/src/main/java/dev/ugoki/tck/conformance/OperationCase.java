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
            Map<String, Tensor> bases = bases();
            List<Tensor> results =
                    OperationTable.apply(
                            group(), new Attributes(node.required("attrs")), arguments(bases));
            Deviation worst = compareResults(comparison, results);
            return node.has("grads")
                    ? worst.or(compareGradients(comparison, bases, results))
                    : worst;
        }
    }

    private Map<String, Tensor> bases() {
        Map<String, Tensor> bases = new LinkedHashMap<>();
        for (JsonNode input : node.required("inputs")) {
            String name = input.required("name").asText();
            Tensor base = tensor(array(input.required("tensor")));
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

    private Deviation compareResults(Comparison comparison, List<Tensor> results) {
        JsonNode expected = node.required("outputs");
        if (results.size() != expected.size()) {
            throw new MismatchException(results.size() + " results, expected " + expected.size());
        }
        Deviation worst = Deviation.NONE;
        for (int i = 0; i < results.size(); i++) {
            Tensor result = results.get(i);
            worst = worst.or(comparison.compare("result " + i, result, array(expected.get(i))));
        }
        return worst;
    }

    private Deviation compareGradients(
            Comparison comparison, Map<String, Tensor> bases, List<Tensor> results) {
        List<Tensor> outputs = new ArrayList<>();
        List<Tensor> cotangents = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            JsonNode cotangent = node.required("cotangents").required(i);
            if (!cotangent.isNull()) {
                outputs.add(results.get(i));
                cotangents.add(tensor(array(cotangent)));
            }
        }
        Gradients gradients = Autograd.backward(outputs, cotangents);
        Deviation worst = Deviation.NONE;
        for (Map.Entry<String, JsonNode> expected : node.required("grads").properties()) {
            String name = expected.getKey();
            Tensor base = bases.get(name);
            if (base == null) {
                throw new IllegalArgumentException("there is no input '" + name + "'");
            }
            Deviation deviation =
                    comparison.compare(
                            "gradient of " + name, gradients.of(base), array(expected.getValue()));
            worst = worst.or(deviation);
        }
        return worst;
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
