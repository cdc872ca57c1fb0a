package dev.ugoki.embodied.onnx;

import dev.ugoki.embodied.onnx.OnnxModel.Attribute;
import dev.ugoki.embodied.onnx.OnnxModel.Extent;
import dev.ugoki.embodied.onnx.OnnxModel.Node;
import dev.ugoki.embodied.onnx.OnnxModel.Program;
import dev.ugoki.embodied.onnx.OnnxModel.Value;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes a graph of a model. What does not depend on the model's inputs, such as shapes and folded
 * weights, is computed at once; each other node is traced by itself, and at the end all of them
 * together.
 */
final class OnnxImport {
    /** Operands with more numbers are no shapes, and are not looked into. */
    private static final long MOST_KNOWN = 4096;

    private final Path file;
    private final long version;
    private final Map<String, Long> dimensions;

    private OnnxImport(Path file, long version, Map<String, Long> dimensions) {
        this.file = file;
        this.version = version;
        this.dimensions = dimensions;
    }

    /** A value while a program is read: known now, or of a type that is. */
    private record Found(TensorType type, @Nullable Tensor constant) {}

    /** A node as a small graph, with the names of what it takes and gives. */
    private record Step(Graph graph, List<String> takes, List<String> gives) {}

    static NamedGraph importModel(Path file, OnnxModel model, Map<String, Long> dimensions)
            throws FileFormatException {
        requireKnown(file, model);
        long version = model.operatorSets().getOrDefault("", 0L);
        return new OnnxImport(file, version, dimensions).program(model.program());
    }

    private static void requireKnown(Path file, OnnxModel model) throws FileFormatException {
        Set<String> unknown = new LinkedHashSet<>();
        collectUnknown(model.program(), unknown);
        if (!unknown.isEmpty()) {
            throw new FileFormatException(
                    file,
                    "uses operators that are not supported: "
                            + String.join(", ", unknown)
                            + "; export the model without them");
        }
        Long version = model.operatorSets().get("");
        if (version == null || version < 7) {
            throw new FileFormatException(
                    file,
                    "is of operator set "
                            + version
                            + "; 7 is the oldest that is supported: convert the model");
        }
    }

    private static void collectUnknown(Program program, Set<String> unknown) {
        for (Node node : program.nodes()) {
            if (!node.domain().isEmpty()) {
                unknown.add(node.domain() + "." + node.describe());
            } else if (OnnxOperators.find(node.operator()) == null) {
                unknown.add(node.describe());
            }
            for (Attribute attribute : node.attributes().values()) {
                if (attribute instanceof Attribute.Body(Program body)) {
                    collectUnknown(body, unknown);
                }
            }
        }
    }

    private NamedGraph program(Program program) throws FileFormatException {
        Map<String, Found> values = new LinkedHashMap<>();
        for (Map.Entry<String, HostArray> weight : program.initializers().entrySet()) {
            Tensor tensor = OnnxOperators.tensor(weight.getValue());
            values.put(weight.getKey(), new Found(tensor.type(), tensor));
        }
        Map<Tensor, String> weightNames = new IdentityHashMap<>();
        values.forEach((name, found) -> weightNames.put(require(found.constant()), name));
        List<String> inputs = new ArrayList<>();
        List<TensorType> types = new ArrayList<>();
        for (Value input : program.inputs()) {
            // Old files name weights among the inputs too.
            if (!values.containsKey(input.name())) {
                TensorType type = typeOf(input);
                values.put(input.name(), new Found(type, null));
                inputs.add(input.name());
                types.add(type);
            }
        }
        List<Step> steps = steps(program, values);
        List<String> outputs = program.outputs().stream().map(Value::name).toList();
        Graph graph = compose(inputs, types, values, steps, outputs);
        return named(graph, inputs, outputs, weightNames);
    }

    private static Tensor require(@Nullable Tensor tensor) {
        if (tensor == null) {
            throw new IllegalStateException("checked before");
        }
        return tensor;
    }

    private TensorType typeOf(Value input) throws FileFormatException {
        DType dtype = input.type() == null ? null : input.type().dtype();
        if (dtype == null || input.extents() == null) {
            throw new FileFormatException(
                    file,
                    "input '"
                            + input.name()
                            + "' is of type "
                            + input.type()
                            + ", or its number of dimensions is not given; neither is supported");
        }
        long[] extents = new long[input.extents().size()];
        for (int i = 0; i < extents.length; i++) {
            Extent extent = input.extents().get(i);
            extents[i] =
                    extent.value() >= 0
                            ? extent.value()
                            : dimensions.getOrDefault(extent.name(), 1L);
        }
        try {
            return new TensorType(dtype, Shape.of(extents));
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "input '" + input.name() + "': " + e.getMessage());
        }
    }

    /** Runs what can be run, and traces the rest node by node. */
    private List<Step> steps(Program program, Map<String, Found> values)
            throws FileFormatException {
        List<Step> steps = new ArrayList<>();
        for (Node node : program.nodes()) {
            try {
                step(node, values, steps);
            } catch (RuntimeException e) {
                // Whatever a damaged file asks for, its node is named.
                FileFormatException problem =
                        new FileFormatException(file, node.describe() + ": " + e.getMessage());
                problem.initCause(e);
                throw problem;
            }
        }
        return steps;
    }

    private void step(Node node, Map<String, Found> values, List<Step> steps)
            throws FileFormatException {
        List<String> names = new ArrayList<>(node.inputs());
        Map<String, Graph> bodies = new HashMap<>();
        for (Map.Entry<String, Attribute> attribute : node.attributes().entrySet()) {
            if (attribute.getValue() instanceof Attribute.Body(Program body)) {
                bodies.put(attribute.getKey(), body(node, body, values, names));
            }
        }
        Found[] found = new Found[names.size()];
        OnnxCall.Known[] known = new OnnxCall.Known[found.length];
        List<String> takes = new ArrayList<>();
        List<TensorType> types = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            known[i] = OnnxCall.Known.NOTHING;
            if (names.get(i).isEmpty()) {
                continue;
            }
            found[i] = find(node, names.get(i), values);
            if (found[i].constant() == null) {
                takes.add(names.get(i));
                types.add(found[i].type());
            } else {
                known[i] = known(found[i].constant());
            }
        }
        OnnxOperators.Meaning meaning = OnnxOperators.find(node.operator());
        if (meaning == null) {
            throw new IllegalStateException("checked before");
        }
        @Nullable Tensor[] none = new @Nullable Tensor[found.length];
        OnnxCall call = new OnnxCall(node, version, none, known, bodies);
        if (takes.isEmpty() || node.operator().equals("Shape")) {
            runNow(call, meaning, found, values);
            return;
        }
        Graph graph =
                Graph.trace(
                        traced -> {
                            @Nullable Tensor[] operands = new @Nullable Tensor[found.length];
                            int next = 0;
                            for (int i = 0; i < operands.length; i++) {
                                if (found[i] != null) {
                                    operands[i] =
                                            found[i].constant() == null
                                                    ? traced[next++]
                                                    : found[i].constant();
                                }
                            }
                            return meaning.of(call.with(operands));
                        },
                        types.toArray(TensorType[]::new));
        store(node, graph.resultTypes(), new @Nullable Tensor[graph.results().size()], values);
        steps.add(new Step(graph, takes, node.outputs()));
    }

    private static void runNow(
            OnnxCall call,
            OnnxOperators.Meaning meaning,
            Found[] found,
            Map<String, Found> values) {
        @Nullable Tensor[] operands = new @Nullable Tensor[found.length];
        for (int i = 0; i < operands.length; i++) {
            if (found[i] != null) {
                // Of what is not known, only the shape is asked for.
                operands[i] =
                        found[i].constant() != null
                                ? found[i].constant()
                                : Tensor.full(DType.BOOL, Shape.SCALAR, 0)
                                        .expand(found[i].type().shape());
            }
        }
        Tensor[] results = meaning.of(call.with(operands));
        TensorType[] types = new TensorType[results.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = results[i].type();
        }
        store(call.node(), types, results, values);
    }

    private static void store(
            Node node, TensorType[] types, @Nullable Tensor[] results, Map<String, Found> values) {
        if (types.length < node.outputs().size()) {
            throw new IllegalArgumentException(
                    "gives " + types.length + " results, not " + node.outputs().size());
        }
        for (int i = 0; i < node.outputs().size(); i++) {
            String name = node.outputs().get(i);
            if (!name.isEmpty() && values.put(name, new Found(types[i], results[i])) != null) {
                throw new IllegalArgumentException("value '" + name + "' is made twice");
            }
        }
    }

    private static Found find(Node node, String name, Map<String, Found> values) {
        Found found = values.get(name);
        if (found == null) {
            throw new IllegalArgumentException("value '" + name + "' is used before it is made");
        }
        return found;
    }

    private static OnnxCall.Known known(Tensor constant) {
        if (constant.shape().elementCount() > MOST_KNOWN) {
            return OnnxCall.Known.NOTHING;
        }
        return constant.dtype().isFloating()
                ? new OnnxCall.Known(null, constant.toDoubleArray())
                : new OnnxCall.Known(constant.toLongArray(), asDoubles(constant.toLongArray()));
    }

    private static double[] asDoubles(long[] wholes) {
        return Arrays.stream(wholes).asDoubleStream().toArray();
    }

    /**
     * A loop's body as a graph that takes the step, what is carried, and then everything that it
     * refers to outside, whose names are added to the node's operands.
     */
    private Graph body(Node node, Program body, Map<String, Found> outer, List<String> operands)
            throws FileFormatException {
        if (!node.operator().equals("Loop") || operands.size() < 2) {
            throw new IllegalArgumentException("has a graph within it, which only a Loop may");
        }
        int carried = operands.size() - 2;
        if (body.inputs().size() != carried + 2 || body.outputs().size() != carried + 1) {
            throw new IllegalArgumentException(
                    "a Loop that collects the results of its steps is not supported");
        }
        Map<String, Found> values = new LinkedHashMap<>(outer);
        List<String> inputs = new ArrayList<>();
        List<TensorType> types = new ArrayList<>();
        String step = body.inputs().get(0).name();
        String condition = body.inputs().get(1).name();
        take(step, new TensorType(DType.I64, Shape.SCALAR), inputs, types, values);
        values.put(condition, new Found(new TensorType(DType.BOOL, Shape.SCALAR), yes()));
        for (int i = 0; i < carried; i++) {
            TensorType type = find(node, operands.get(i + 2), outer).type();
            take(body.inputs().get(i + 2).name(), type, inputs, types, values);
        }
        requireTrue(node, operands.get(1), outer);
        Set<String> used = new LinkedHashSet<>();
        body.nodes().forEach(each -> used.addAll(each.inputs()));
        body.outputs().forEach(each -> used.add(each.name()));
        for (Map.Entry<String, HostArray> weight : body.initializers().entrySet()) {
            Tensor tensor = OnnxOperators.tensor(weight.getValue());
            values.put(weight.getKey(), new Found(tensor.type(), tensor));
        }
        for (String name : used) {
            Found found = outer.get(name);
            if (found != null && found == values.get(name) && found.constant() == null) {
                take(name, found.type(), inputs, types, values);
                operands.add(name);
            }
        }
        List<Step> steps = steps(body, values);
        List<String> outputs = body.outputs().stream().map(Value::name).toList();
        requireTrue(node, outputs.getFirst(), values);
        return compose(inputs, types, values, steps, outputs.subList(1, outputs.size()));
    }

    private static Tensor yes() {
        return Tensor.of(new boolean[] {true}).reshape();
    }

    private static void take(
            String name,
            TensorType type,
            List<String> inputs,
            List<TensorType> types,
            Map<String, Found> values) {
        inputs.add(name);
        types.add(type);
        values.put(name, new Found(type, null));
    }

    private static void requireTrue(Node node, String condition, Map<String, Found> values) {
        if (condition.isEmpty()) {
            return;
        }
        Tensor constant = find(node, condition, values).constant();
        if (constant == null || constant.longItem() != 1) {
            throw new IllegalArgumentException(
                    "a Loop that may end early is not supported: its condition must be true");
        }
    }

    private static Graph compose(
            List<String> inputs,
            List<TensorType> types,
            Map<String, Found> values,
            List<Step> steps,
            List<String> outputs)
            throws FileFormatException {
        return Graph.trace(
                given -> {
                    Map<String, Tensor> made = new HashMap<>();
                    values.forEach(
                            (name, found) -> {
                                if (found.constant() != null) {
                                    made.put(name, found.constant());
                                }
                            });
                    for (int i = 0; i < given.length; i++) {
                        made.put(inputs.get(i), given[i]);
                    }
                    for (Step step : steps) {
                        run(step, made);
                    }
                    return outputs.stream()
                            .map(
                                    name -> {
                                        Tensor result = made.get(name);
                                        if (result == null) {
                                            throw new IllegalArgumentException(
                                                    "the result '" + name + "' is not made");
                                        }
                                        return result;
                                    })
                            .toArray(Tensor[]::new);
                },
                types.toArray(TensorType[]::new));
    }

    private static void run(Step step, Map<String, Tensor> made) {
        Graph graph = step.graph();
        Map<Integer, Tensor> values = new HashMap<>();
        for (int i = 0; i < step.takes().size(); i++) {
            values.put(i, made.get(step.takes().get(i)));
        }
        for (Graph.Capture capture : graph.captures()) {
            values.put(capture.value(), capture.tensor());
        }
        for (Graph.Node node : graph.nodes()) {
            Tensor[] operands = node.operands().stream().map(values::get).toArray(Tensor[]::new);
            Tensor[] results = Engine.apply(node.op(), operands);
            for (int i = 0; i < results.length; i++) {
                values.put(node.results().get(i), results[i]);
            }
        }
        for (int i = 0; i < step.gives().size(); i++) {
            made.put(step.gives().get(i), values.get(graph.results().get(i)));
        }
    }

    private static NamedGraph named(
            Graph graph, List<String> inputs, List<String> outputs, Map<Tensor, String> weights) {
        List<String> names = new ArrayList<>();
        Set<String> taken = new HashSet<>(weights.values());
        int number = 0;
        for (Graph.Capture capture : graph.captures()) {
            String name = weights.get(capture.tensor());
            while (name == null) {
                String next = "constant" + number++;
                name = taken.add(next) ? next : null;
            }
            names.add(name);
        }
        return new NamedGraph(graph, inputs, outputs, names);
    }
}
