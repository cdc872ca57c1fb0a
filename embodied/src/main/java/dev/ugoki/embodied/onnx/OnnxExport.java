package dev.ugoki.embodied.onnx;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a graph as ONNX nodes. What each operation becomes stands in {@link OnnxPrimitives} and
 * {@link OnnxComposites}; a composite that is not there becomes what it is made of. Operations
 * whose results nobody uses are left out.
 *
 * <p>Nodes go into a body: that of the model, or that of a loop, which refers to values outside by
 * their names. Weights and constants are the model's.
 */
final class OnnxExport {
    static final int OPERATOR_SET = 18;
    private static final int FILE_VERSION = 8;

    /** The nodes of a graph or of a loop's body, in order. */
    private final List<ProtobufMessage> nodes = new ArrayList<>();

    /** What is common to the whole model. */
    private final Model model;

    private OnnxExport(Model model) {
        this.model = model;
    }

    private static final class Model {
        private final Set<String> names = new HashSet<>();
        private final List<ProtobufMessage> initializers = new ArrayList<>();
        private final Map<Object, String> weights = new IdentityHashMap<>();
        private final Map<Object, String> constants = new HashMap<>();
        private final Set<String> unsupported = new LinkedHashSet<>();
        private int number;

        String newName(String hint) {
            String name;
            do {
                name = hint + number++;
            } while (!names.add(name));
            return name;
        }
    }

    /** A value while nodes are written. */
    record Named(String name, TensorType type) {}

    /** The whole file. */
    static ProtobufMessage model(NamedGraph named) {
        Graph graph = named.graph();
        if (!graph.updates().isEmpty()) {
            throw new UnsupportedOperationException(
                    "onnx: the program changes its weights, which no ONNX model does");
        }
        Model model = new Model();
        reserve(named, model);
        OnnxExport export = new OnnxExport(model);
        ProtobufMessage program = new ProtobufMessage();
        Map<Integer, Named> values = new HashMap<>();
        List<ProtobufMessage> inputs = new ArrayList<>();
        for (int i = 0; i < named.inputs().size(); i++) {
            Named input = new Named(named.inputs().get(i), graph.typeOf(i));
            values.put(i, input);
            inputs.add(value(input));
        }
        boolean[] needed = needed(graph, allResults(graph));
        for (int i = 0; i < named.weights().size(); i++) {
            Graph.Capture capture = graph.captures().get(i);
            if (needed[capture.value()]) {
                String name = named.weights().get(i);
                name = named.inputs().contains(name) ? model.newName(name + "_") : name;
                values.put(capture.value(), export.weight(name, capture.tensor()));
            }
        }
        export.write(graph, values, needed);
        List<ProtobufMessage> outputs = new ArrayList<>();
        for (int i = 0; i < named.results().size(); i++) {
            Named result = export.value(values, graph.results().get(i));
            String name = named.results().get(i);
            name = named.inputs().contains(name) ? model.newName(name + "_") : name;
            export.node("Identity", List.of(result.name()), List.of(name));
            outputs.add(value(new Named(name, result.type())));
        }
        if (!model.unsupported.isEmpty()) {
            throw new UnsupportedOperationException(
                    "onnx: these operations have no counterpart: "
                            + String.join("; ", model.unsupported));
        }
        export.nodes.forEach(node -> program.message(1, node));
        program.text(2, "ugoki");
        model.initializers.forEach(initializer -> program.message(5, initializer));
        inputs.forEach(input -> program.message(11, input));
        outputs.forEach(output -> program.message(12, output));
        return new ProtobufMessage()
                .integer(1, FILE_VERSION)
                .text(2, "ugoki")
                .message(7, program)
                .message(8, new ProtobufMessage().integer(2, OPERATOR_SET));
    }

    private static void reserve(NamedGraph named, Model model) {
        model.names.addAll(named.inputs());
        model.names.addAll(named.results());
        model.names.addAll(named.weights());
    }

    private static boolean[] allResults(Graph graph) {
        boolean[] all = new boolean[graph.results().size()];
        Arrays.fill(all, true);
        return all;
    }

    /** Which values are used, if of the results these are. */
    static boolean[] needed(Graph graph, boolean[] results) {
        int count = graph.inputTypes().length + graph.captures().size();
        for (Graph.Node node : graph.nodes()) {
            count += node.results().size();
        }
        boolean[] needed = new boolean[count];
        for (int i = 0; i < results.length; i++) {
            needed[graph.results().get(i)] |= results[i];
        }
        for (Graph.Node node : graph.nodes().reversed()) {
            if (node.results().stream().anyMatch(result -> needed[result])) {
                node.operands().forEach(operand -> needed[operand] = true);
            }
        }
        return needed;
    }

    private void write(Graph graph, Map<Integer, Named> values, boolean[] needed) {
        for (Graph.Node node : graph.nodes()) {
            boolean[] wanted = new boolean[node.results().size()];
            boolean any = false;
            for (int i = 0; i < wanted.length; i++) {
                wanted[i] = needed[node.results().get(i)];
                any |= wanted[i];
            }
            if (!any) {
                continue;
            }
            List<Named> operands =
                    node.operands().stream().map(number -> value(values, number)).toList();
            TensorType[] types =
                    node.results().stream().map(graph::typeOf).toArray(TensorType[]::new);
            List<Named> results = write(node, operands, types, wanted);
            for (int i = 0; i < wanted.length; i++) {
                if (wanted[i]) {
                    values.put(node.results().get(i), results.get(i));
                }
            }
        }
    }

    private Named value(Map<Integer, Named> values, int number) {
        Named value = values.get(number);
        if (value == null) {
            throw new IllegalStateException("value %" + number + " is used before it is made");
        }
        return value;
    }

    private List<Named> write(
            Graph.Node node, List<Named> operands, TensorType[] types, boolean[] wanted) {
        return switch (node.op()) {
            case Prim.Loop loop -> loop(loop, operands, types);
            case Prim prim -> {
                List<Named> results = OnnxPrimitives.write(this, prim, operands, types[0]);
                if (results.isEmpty()) {
                    yield unsupported(prim.name(), types);
                }
                yield results;
            }
            case Composite composite -> {
                boolean onlyFirst = true;
                for (int i = 1; i < wanted.length; i++) {
                    onlyFirst &= !wanted[i];
                }
                Named first =
                        onlyFirst
                                ? OnnxComposites.write(this, composite, operands, types[0])
                                : null;
                if (first == null) {
                    yield parts(composite, operands, wanted);
                }
                List<Named> results = new ArrayList<>();
                for (TensorType type : types) {
                    results.add(new Named(first.name(), type));
                }
                yield results;
            }
        };
    }

    /** Writes on, so that all that cannot be written is found. */
    private List<Named> unsupported(String operation, TensorType[] types) {
        model.unsupported.add(operation + " (" + Arrays.toString(types) + ")");
        List<Named> results = new ArrayList<>();
        for (TensorType type : types) {
            results.add(new Named("unsupported", type));
        }
        return results;
    }

    /** A composite as what it is made of, in place. */
    private List<Named> parts(Composite composite, List<Named> operands, boolean[] wanted) {
        TensorType[] types = operands.stream().map(Named::type).toArray(TensorType[]::new);
        Graph parts = Graph.trace(composite::decompose, types);
        boolean[] needed = needed(parts, wanted);
        Map<Integer, Named> values = new HashMap<>();
        for (int i = 0; i < types.length; i++) {
            values.put(i, operands.get(i));
        }
        for (Graph.Capture capture : parts.captures()) {
            if (needed[capture.value()]) {
                values.put(
                        capture.value(),
                        weight(model.newName(composite.name() + "_"), capture.tensor()));
            }
        }
        write(parts, values, needed);
        List<Named> results = new ArrayList<>();
        for (int i = 0; i < wanted.length; i++) {
            int number = parts.results().get(i);
            results.add(wanted[i] ? value(values, number) : new Named("", parts.typeOf(number)));
        }
        return results;
    }

    /** A Loop whose body is given the step, a condition, and what is carried. */
    private List<Named> loop(Prim.Loop loop, List<Named> operands, TensorType[] types) {
        Graph body = loop.body();
        OnnxExport inner = new OnnxExport(model);
        ProtobufMessage program = new ProtobufMessage();
        Map<Integer, Named> values = new HashMap<>();
        List<ProtobufMessage> inputs = new ArrayList<>();
        Named step = new Named(model.newName("step"), body.typeOf(0));
        Named go = new Named(model.newName("go"), new TensorType(DType.BOOL, Shape.SCALAR));
        values.put(0, step);
        inputs.add(value(step));
        inputs.add(value(go));
        for (int i = 0; i < operands.size(); i++) {
            Named operand = operands.get(i);
            if (i < types.length) {
                operand = new Named(model.newName("carried"), operand.type());
                inputs.add(value(operand));
            }
            values.put(i + 1, operand);
        }
        inner.write(body, values, needed(body, allResults(body)));
        List<ProtobufMessage> outputs = new ArrayList<>();
        outputs.add(value(inner.renamed(go, "on")));
        for (int number : body.results()) {
            outputs.add(value(inner.renamed(value(values, number), "next")));
        }
        inner.nodes.forEach(each -> program.message(1, each));
        program.text(2, model.newName("body"));
        inputs.forEach(input -> program.message(11, input));
        outputs.forEach(output -> program.message(12, output));
        List<String> names = new ArrayList<>();
        names.add(wholes(Shape.SCALAR, loop.steps()).name());
        names.add("");
        for (int i = 0; i < types.length; i++) {
            names.add(operands.get(i).name());
        }
        List<Named> results = new ArrayList<>();
        for (TensorType type : types) {
            results.add(new Named(model.newName("v"), type));
        }
        node("Loop", names, results.stream().map(Named::name).toList(), graph("body", program));
        return results;
    }

    private Named renamed(Named value, String hint) {
        Named renamed = new Named(model.newName(hint), value.type());
        node("Identity", List.of(value.name()), List.of(renamed.name()));
        return renamed;
    }

    // ---- what the tables write with ----

    /** A node with one result. */
    Named node(
            String operator, TensorType type, List<Named> operands, ProtobufMessage... settings) {
        Named result = new Named(model.newName("v"), type);
        node(
                operator,
                operands.stream().map(Named::name).toList(),
                List.of(result.name()),
                settings);
        return result;
    }

    /** A node of which only result {@code index} is used. */
    Named nodeResult(
            String operator,
            TensorType type,
            int index,
            List<Named> operands,
            ProtobufMessage... settings) {
        List<String> outputs = new ArrayList<>();
        for (int i = 0; i <= index; i++) {
            outputs.add(model.newName("v"));
        }
        node(operator, operands.stream().map(Named::name).toList(), outputs, settings);
        return new Named(outputs.getLast(), type);
    }

    private void node(
            String operator,
            List<String> operands,
            List<String> results,
            ProtobufMessage... settings) {
        ProtobufMessage node = new ProtobufMessage();
        operands.forEach(operand -> node.text(1, operand));
        results.forEach(result -> node.text(2, result));
        node.text(3, operator + nodes.size()).text(4, operator);
        for (ProtobufMessage setting : settings) {
            node.message(5, setting);
        }
        nodes.add(node);
    }

    /** A setting that is a whole number. */
    static ProtobufMessage whole(String name, long value) {
        return new ProtobufMessage().text(1, name).integer(3, value).integer(20, 2);
    }

    /** A setting that is a number. */
    static ProtobufMessage decimal(String name, double value) {
        return new ProtobufMessage().text(1, name).number(2, (float) value).integer(20, 1);
    }

    /** A setting that is a text. */
    static ProtobufMessage text(String name, String value) {
        return new ProtobufMessage().text(1, name).text(4, value).integer(20, 3);
    }

    /** A setting that is a list of whole numbers. */
    static ProtobufMessage wholes(String name, long... values) {
        ProtobufMessage setting = new ProtobufMessage().text(1, name);
        for (long value : values) {
            setting.integer(8, value);
        }
        return setting.integer(20, 7);
    }

    private static ProtobufMessage graph(String name, ProtobufMessage program) {
        return new ProtobufMessage().text(1, name).message(6, program).integer(20, 5);
    }

    /** A constant of whole numbers, I64. */
    Named wholes(Shape shape, long... values) {
        TensorType type = new TensorType(DType.I64, shape);
        List<Long> key = Arrays.stream(values).boxed().toList();
        String name =
                model.constants.computeIfAbsent(
                        List.of(shape, key),
                        _ -> {
                            MemorySegment bytes = Arena.ofAuto().allocate(8L * values.length, 8);
                            for (int i = 0; i < values.length; i++) {
                                bytes.setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
                            }
                            String made = model.newName("c");
                            initializer(made, type, bytes);
                            return made;
                        });
        return new Named(name, type);
    }

    /** A list of whole numbers as a constant. */
    Named list(long... values) {
        return wholes(Shape.of(values.length), values);
    }

    /** A constant that is one number. */
    Named scalar(DType dtype, Number value) {
        TensorType type = new TensorType(dtype, Shape.SCALAR);
        String name =
                model.constants.computeIfAbsent(
                        List.of(dtype, value),
                        _ -> {
                            String made = model.newName("c");
                            Tensor tensor = Tensor.full(dtype, Shape.SCALAR, value);
                            initializer(made, type, tensor.toMemory());
                            return made;
                        });
        return new Named(name, type);
    }

    private Named weight(String name, Tensor tensor) {
        String known =
                model.weights.computeIfAbsent(
                        tensor.payload(),
                        _ -> {
                            initializer(name, tensor.type(), tensor.detach().toMemory());
                            return name;
                        });
        return new Named(known, tensor.type());
    }

    private void initializer(String name, TensorType type, MemorySegment bytes) {
        ProtobufMessage tensor = new ProtobufMessage();
        for (long extent : type.shape().toArray()) {
            tensor.integer(1, extent);
        }
        tensor.integer(2, OnnxType.of(type.dtype()).number()).text(8, name).bytes(9, bytes);
        model.initializers.add(tensor);
    }

    private static ProtobufMessage value(Named value) {
        ProtobufMessage shape = new ProtobufMessage();
        for (long extent : value.type().shape().toArray()) {
            shape.message(1, new ProtobufMessage().integer(1, extent));
        }
        ProtobufMessage tensor =
                new ProtobufMessage()
                        .integer(1, OnnxType.of(value.type().dtype()).number())
                        .message(2, shape);
        return new ProtobufMessage()
                .text(1, value.name())
                .message(2, new ProtobufMessage().message(1, tensor));
    }
}
