package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A program of operations in single-assignment form: values are numbered, inputs first, and each
 * node makes new ones of earlier ones.
 *
 * <p>Made by {@link #trace}; run by {@link #evaluate}; prints as one line for each node. Immutable,
 * equal by content (captured tensors by identity).
 */
public final class Graph {
    /** A function of tensors, such as a model's forward pass. */
    @FunctionalInterface
    public interface Program {
        Tensor[] apply(Tensor... inputs);
    }

    /** One operation of a program, with the numbers of its operands and results. */
    public record Node(Op op, List<Integer> operands, List<Integer> results) {}

    /**
     * A tensor that the program reads without being given it, such as a parameter: a live input,
     * and followed where the tensor is.
     */
    public record Capture(int value, Tensor tensor) {}

    /**
     * A captured tensor that the program changes in place, as an optimizer does: at the end of a
     * run it holds {@code value}. What the program reads of it before is what it held until then.
     *
     * @param capture the number of the captured value
     * @param value the number of the value that it gets
     */
    public record Update(int capture, int value) {}

    private final List<TensorType> types;
    private final int inputCount;
    private final List<Capture> captures;
    private final List<Node> nodes;
    private final List<Integer> results;
    private final List<Update> updates;

    Graph(
            List<TensorType> types,
            int inputCount,
            List<Capture> captures,
            List<Node> nodes,
            List<Integer> results,
            List<Update> updates) {
        this.types = types;
        this.inputCount = inputCount;
        this.captures = captures;
        this.nodes = nodes;
        this.results = results;
        this.updates = updates;
    }

    /**
     * Runs {@code program} once on tensors without values and writes down what it does. Shapes and
     * dtypes must not depend on values: reading one throws.
     */
    public static Graph trace(Program program, TensorType... inputs) {
        return new Tracer().run(program, inputs);
    }

    /** Runs the program, operation by operation; its results have the usual lineages. */
    public Tensor[] evaluate(Tensor... inputs) {
        if (inputs.length != inputCount) {
            throw new IllegalArgumentException(
                    "graph: takes " + inputCount + " inputs, not " + inputs.length);
        }
        // What the program makes of nothing goes where its inputs are.
        if (inputCount > 0
                && inputs[0].payload() instanceof Stored
                && !inputs[0].device().equals(Device.current())) {
            return inputs[0].device().call(() -> run(inputs));
        }
        return run(inputs);
    }

    private Tensor[] run(Tensor[] inputs) {
        Tensor[] values = new Tensor[types.size()];
        for (int i = 0; i < inputCount; i++) {
            if (!inputs[i].type().equals(types.get(i))) {
                throw new IllegalArgumentException(
                        "graph: input "
                                + i
                                + " must be "
                                + types.get(i)
                                + ", not "
                                + inputs[i].type());
            }
            values[i] = inputs[i];
        }
        for (Capture capture : captures) {
            values[capture.value()] = capture.tensor();
        }
        for (Node node : nodes) {
            Tensor[] operands =
                    node.operands().stream().map(number -> values[number]).toArray(Tensor[]::new);
            Tensor[] made = Engine.apply(node.op(), operands);
            for (int i = 0; i < node.results().size(); i++) {
                values[node.results().get(i)] = made[i];
            }
        }
        Tensor[] made = results.stream().map(number -> values[number]).toArray(Tensor[]::new);
        update(values);
        return made;
    }

    /** All new values stand before the first tensor changes: one may be a view of another. */
    private void update(Tensor[] values) {
        Tensor[] news = new Tensor[updates.size()];
        for (int i = 0; i < news.length; i++) {
            Tensor value = values[updates.get(i).value()].withLineage(null);
            news[i] = updates.size() > 1 ? value.copy() : value;
        }
        for (int i = 0; i < news.length; i++) {
            Tensor target = values[updates.get(i).capture()].withLineage(null);
            Engine.update(new Overwrite(), target, news[i]);
        }
    }

    /**
     * The same program, which takes what this one captures as further inputs, in that order.
     *
     * @throws IllegalStateException if it updates tensors: inside of another program, such as the
     *     body of a loop, nothing can
     */
    public Graph withCapturesAsInputs() {
        if (!updates.isEmpty()) {
            throw new IllegalStateException(
                    "graph: a program inside of another, such as the body of a loop, cannot update"
                            + " "
                            + types.get(updates.getFirst().capture())
                            + "; carry it as a value, and update it after the loop");
        }
        int[] renumbered = new int[types.size()];
        List<TensorType> reordered = new ArrayList<>(types.subList(0, inputCount));
        for (int number = 0; number < inputCount; number++) {
            renumbered[number] = number;
        }
        for (Capture capture : captures) {
            renumbered[capture.value()] = reordered.size();
            reordered.add(types.get(capture.value()));
        }
        List<Node> renamed = new ArrayList<>(nodes.size());
        for (Node node : nodes) {
            for (int result : node.results()) {
                renumbered[result] = reordered.size();
                reordered.add(types.get(result));
            }
            renamed.add(
                    new Node(
                            node.op(),
                            renumber(node.operands(), renumbered),
                            renumber(node.results(), renumbered)));
        }
        return new Graph(
                List.copyOf(reordered),
                inputCount + captures.size(),
                List.of(),
                List.copyOf(renamed),
                renumber(results, renumbered),
                List.of());
    }

    private static List<Integer> renumber(List<Integer> numbers, int[] renumbered) {
        return numbers.stream().map(number -> renumbered[number]).toList();
    }

    public TensorType[] inputTypes() {
        return types.subList(0, inputCount).toArray(TensorType[]::new);
    }

    public TensorType[] resultTypes() {
        return results.stream().map(types::get).toArray(TensorType[]::new);
    }

    /** The type of value {@code number}. */
    public TensorType typeOf(int number) {
        return types.get(number);
    }

    public List<Capture> captures() {
        return captures;
    }

    public List<Node> nodes() {
        return nodes;
    }

    /** The numbers of the values that are the program's results. */
    public List<Integer> results() {
        return results;
    }

    /** What the program changes in place, in any order; every tensor at most once. */
    public List<Update> updates() {
        return updates;
    }

    /** How many values there are: inputs, captured ones, and results of nodes. */
    public int valueCount() {
        return types.size();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Graph that
                && inputCount == that.inputCount
                && types.equals(that.types)
                && captures.equals(that.captures)
                && nodes.equals(that.nodes)
                && results.equals(that.results)
                && updates.equals(that.updates);
    }

    @Override
    public int hashCode() {
        return Objects.hash(inputCount, types, nodes, results);
    }

    /** The name and, but for the kind that the name tells, the settings: {@code slice[..]}. */
    static String describe(Op op) {
        if (op instanceof Prim.Loop loop) {
            return "loop[steps=" + loop.steps() + "]";
        }
        String record = op.toString();
        int settings = record.indexOf('[');
        if (settings < 0) {
            return op.name();
        }
        String all = record.substring(settings + 1, record.length() - 1);
        if (all.startsWith("kind=")) {
            int rest = all.indexOf(", ");
            all = rest < 0 ? "" : all.substring(rest + 2);
        }
        return all.isEmpty() ? op.name() : op.name() + "[" + all + "]";
    }

    /**
     * One line for the inputs, one for each node ({@code %2: F32[3] = add(%0, %1)}), one for the
     * results; the body of a loop follows it, indented.
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("graph(");
        for (int i = 0; i < inputCount; i++) {
            text.append(i == 0 ? "" : ", ").append(describe(i));
        }
        text.append(")\n");
        for (Capture capture : captures) {
            text.append("  ").append(describe(capture.value())).append(" = captured\n");
        }
        for (Node node : nodes) {
            text.append("  ");
            for (int i = 0; i < node.results().size(); i++) {
                text.append(i == 0 ? "" : ", ").append(describe(node.results().get(i)));
            }
            text.append(" = ").append(describe(node.op())).append('(');
            for (int i = 0; i < node.operands().size(); i++) {
                text.append(i == 0 ? "%" : ", %").append(node.operands().get(i));
            }
            text.append(")\n");
            if (node.op() instanceof Prim.Loop loop) {
                text.append(loop.body().toString().indent(4));
            }
        }
        for (Update update : updates) {
            text.append("  update %").append(update.capture());
            text.append(" with %").append(update.value()).append('\n');
        }
        text.append("  return");
        for (int i = 0; i < results.size(); i++) {
            text.append(i == 0 ? " %" : ", %").append(results.get(i));
        }
        return text.append('\n').toString();
    }

    private String describe(int number) {
        return "%" + number + ": " + types.get(number);
    }
}
