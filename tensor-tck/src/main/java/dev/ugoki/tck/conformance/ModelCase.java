package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A module, optimizer, policy or a part of one: a configuration, the parameters and inputs, and
 * what the original computed of them in F64. A {@link ModelKind} builds it and checks.
 */
public final class ModelCase implements ConformanceCase {
    private static final Tensor[] NONE = {};

    private final JsonNode node;
    private final Map<String, HostArray> arrays;
    private final Map<String, ModelKind> kinds;
    private CaseSettings config;
    private final Set<String> used = new HashSet<>();
    private Deviation worst = Deviation.NONE;

    /**
     * @param node a line of {@code models.jsonl}
     * @param arrays the tensors that it names, among others
     */
    ModelCase(JsonNode node, Map<String, HostArray> arrays, Map<String, ModelKind> kinds) {
        this.node = node;
        this.arrays = arrays;
        this.kinds = kinds;
        this.config = new CaseSettings(node.path("config"));
    }

    @Override
    public String id() {
        return node.path("id").asText();
    }

    /** The kind of module. */
    @Override
    public String group() {
        return node.path("kind").asText();
    }

    @Override
    public Deviation run() {
        ModelKind kind = kinds.get(group());
        if (kind == null) {
            throw new UnsupportedOperationException("there is no module '" + group() + "'");
        }
        config = new CaseSettings(node.required("config"));
        used.clear();
        worst = Deviation.NONE;
        try (TensorScope _ = TensorScope.open()) {
            kind.run(this);
        }
        requireAllUsed();
        return worst;
    }

    // ---- what is given ----

    /** The settings. */
    public CaseSettings config() {
        return config;
    }

    /** Whether there is an input of a name. */
    public boolean hasInput(String name) {
        return node.path("inputs").has(name);
    }

    /** The names of all inputs. */
    public List<String> inputNames() {
        List<String> names = new ArrayList<>();
        node.path("inputs").fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** The input of a name, on the current device. */
    public Tensor input(String name) {
        used.add("input " + name);
        HostArray array = stored(node.path("inputs"), "input", name);
        return Tensor.of(new TensorType(array.dtype(), array.shape()), array.bytes());
    }

    /** The parameters and buffers by the original's names, filled by {@link FormulaValues}. */
    public Map<String, HostArray> parameters() {
        used.add("parameters");
        Map<String, HostArray> filled = new LinkedHashMap<>();
        for (JsonNode each : node.path("parameters")) {
            String name = each.required("name").asText();
            Shape shape = Shape.of(Attributes.listOf(each.required("shape")));
            double scale = each.required("scale").doubleValue();
            double offset = each.required("offset").doubleValue();
            filled.put(name, FormulaValues.of(name, shape, scale, offset));
        }
        return filled;
    }

    private HostArray stored(JsonNode keys, String what, String name) {
        String key = keys.path(name).asText();
        if (!keys.has(name)) {
            throw new IllegalArgumentException("the case has no " + what + " '" + name + "'");
        }
        HostArray array = arrays.get(key);
        if (array == null) {
            throw new IllegalArgumentException("there is no tensor '" + key + "'");
        }
        return array;
    }

    // ---- what is expected ----

    /** Whether an output of a name is expected. */
    public boolean hasOutput(String name) {
        return node.path("outputs").has(name);
    }

    /** What is expected as the output of a name; reading it does not count as checking it. */
    public HostArray output(String name) {
        return stored(node.path("outputs"), "output", name);
    }

    /**
     * Compares {@code actual} with the output of a name.
     *
     * @throws MismatchException if they differ
     */
    public void checkOutput(String name, Tensor actual) {
        used.add("output " + name);
        note(comparison().compare(name, actual, output(name)));
    }

    /** Whether a loss is expected. */
    public boolean hasLoss() {
        return node.hasNonNull("loss");
    }

    /**
     * Compares the value of a loss, and its gradient in each parameter of which the case knows one:
     * the gradient's norm, its sum, and its product with a probe.
     *
     * <p>A gradient may be off by the relative tolerance of its norm. By how much its sum then is
     * off depends on the direction: at most by the square root of its size times as much, and that
     * far where errors have one sign (behind a normalization of a small batch they have). The signs
     * of a probe have nothing to do with those of errors: its product is hardly ever off by eight
     * times the error.
     *
     * @param named the parameters by the original's names
     * @throws MismatchException if they differ, or there is no parameter of a name
     */
    public void checkLoss(Supplier<Tensor> loss, Map<String, Parameter> named) {
        used.add("loss");
        List<String> names = new ArrayList<>(named.keySet());
        List<Parameter> parameters = new ArrayList<>(named.values());
        var found = Autograd.valueAndGrad(loss, parameters);
        Compiled.check(_ -> all(Autograd.valueAndGrad(loss, parameters)), NONE, all(found));
        checkNumber("loss", node.required("loss").doubleValue(), found.value().item(), 0);
        Set<String> missing = new TreeSet<>();
        node.path("gradients").fieldNames().forEachRemaining(missing::add);
        for (int i = 0; i < names.size(); i++) {
            if (missing.remove(names.get(i))) {
                checkGradient(names.get(i), found.gradients().get(i));
            }
        }
        if (!missing.isEmpty()) {
            throw new MismatchException("no parameters of the names " + missing);
        }
    }

    private static Tensor[] all(Autograd.ValueAndGrad found) {
        List<Tensor> all = new ArrayList<>();
        all.add(found.value());
        all.addAll(found.gradients());
        return all.toArray(Tensor[]::new);
    }

    private void checkGradient(String name, Tensor gradient) {
        JsonNode expected = node.required("gradients").required(name);
        double[] values = gradient.toDoubleArray();
        float[] probe = FormulaValues.floats("probe/" + name, gradient.shape(), 1, 0);
        double squares = 0;
        double sum = 0;
        double dot = 0;
        for (int i = 0; i < values.length; i++) {
            squares += values[i] * values[i];
            sum += values[i];
            dot += values[i] * probe[i];
        }
        double norm = expected.required("norm").doubleValue();
        String what = "gradient of " + name + ": ";
        checkNumber(what + "norm", norm, Math.sqrt(squares), 0);
        double aligned = norm * Math.sqrt(values.length);
        checkNumber(what + "sum", expected.required("sum").doubleValue(), sum, aligned);
        checkNumber(
                what + "product with the probe",
                expected.required("dot").doubleValue(),
                dot,
                8 * norm);
    }

    /**
     * Compares a part of the loss.
     *
     * @throws MismatchException if they differ
     */
    public void checkLossPart(String name, Tensor actual) {
        used.add("lossPart " + name);
        checkNumber(name, node.path("lossParts").required(name).doubleValue(), actual.item(), 0);
    }

    /** Compares numbers; an error is measured by {@code scale} where that is larger. */
    private void checkNumber(String name, double expected, double actual, double scale) {
        double difference = Math.abs(actual - expected);
        double allowed = number("atol") + number("rtol") * Math.max(Math.abs(expected), scale);
        if (!(difference <= allowed)) {
            throw new MismatchException(name + " is " + actual + ", expected " + expected);
        }
        note(new Deviation(difference, difference / allowed));
    }

    private Comparison comparison() {
        return new Comparison(number("rtol"), number("atol"));
    }

    private double number(String name) {
        return node.required(name).doubleValue();
    }

    private void note(Deviation deviation) {
        worst = worst.or(deviation);
    }

    /** Nothing that the case says may be left out. */
    private void requireAllUsed() {
        if (!config.unread().isEmpty()) {
            throw new UnsupportedOperationException("unknown settings " + config.unread());
        }
        List<String> left = new ArrayList<>();
        node.path("inputs").fieldNames().forEachRemaining(name -> left.add("input " + name));
        node.path("outputs").fieldNames().forEachRemaining(name -> left.add("output " + name));
        node.path("lossParts").fieldNames().forEachRemaining(name -> left.add("lossPart " + name));
        if (hasLoss()) {
            left.add("loss");
        }
        if (!node.path("parameters").isEmpty()) {
            left.add("parameters");
        }
        left.removeAll(used);
        if (!left.isEmpty()) {
            throw new UnsupportedOperationException("not used or not checked: " + left);
        }
    }
}
