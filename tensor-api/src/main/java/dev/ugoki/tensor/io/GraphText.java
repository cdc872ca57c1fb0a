package dev.ugoki.tensor.io;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes a program as the text that {@link GraphParser} reads:
 *
 * <pre>
 * ugoki graph 1
 * input %0 F32[1,5] "observation"
 * weight %1 F32[3,5] "network.weight"
 * %2 F32[1,3] = linear(%0, %1)
 * %3 F32[1,3] = loop[steps=10](%2) {
 *   input %0 I64[] "input0"
 *   input %1 F32[1,3] "input1"
 *   %2 F32[1,3] = unary[kind=TANH](%1)
 *   result %2 "result0"
 * }
 * result %3 "action"
 * </pre>
 *
 * An operation goes by its record's name, with the record's components as attributes. Values are
 * numbered, within a loop's body anew. A result's type stands before it, to be checked. A weight
 * that the program changes has a line {@code update %1 with %9}.
 */
final class GraphText {
    static final String HEADER = "ugoki graph";
    static final int VERSION = 1;

    private final StringBuilder text = new StringBuilder();
    private final NamedGraph named;
    private final String margin;

    private GraphText(NamedGraph named, String margin) {
        this.named = named;
        this.margin = margin;
    }

    /** The whole text, with its header. */
    static String of(NamedGraph named) {
        return HEADER + " " + VERSION + "\n" + new GraphText(named, "").body();
    }

    private String body() {
        Graph graph = named.graph();
        for (int i = 0; i < named.inputs().size(); i++) {
            line("input " + typed(i), named.inputs().get(i));
        }
        for (int i = 0; i < named.weights().size(); i++) {
            line("weight " + typed(graph.captures().get(i).value()), named.weights().get(i));
        }
        graph.nodes().forEach(this::node);
        for (Graph.Update update : graph.updates()) {
            text.append(margin).append("update %").append(update.capture());
            text.append(" with %").append(update.value()).append('\n');
        }
        for (int i = 0; i < named.results().size(); i++) {
            line("result %" + graph.results().get(i), named.results().get(i));
        }
        return text.toString();
    }

    private void line(String start, String name) {
        text.append(margin).append(start).append(' ').append(quoted(name)).append('\n');
    }

    private String typed(int value) {
        return "%" + value + " " + named.graph().typeOf(value);
    }

    private void node(Graph.Node node) {
        text.append(margin)
                .append(
                        node.results().stream()
                                .map(this::typed)
                                .collect(Collectors.joining(", ", "", " = ")))
                .append(operation(node.op()))
                .append(
                        node.operands().stream()
                                .map(number -> "%" + number)
                                .collect(Collectors.joining(", ", "(", ")")));
        if (node.op() instanceof Prim.Loop loop) {
            text.append(" {\n")
                    .append(new GraphText(NamedGraph.of(loop.body()), margin + "  ").body())
                    .append(margin)
                    .append('}');
        }
        text.append('\n');
    }

    private static String operation(Op op) {
        return record((Record) op);
    }

    private static String record(Record record) {
        StringBuilder attributes = new StringBuilder();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            if (component.getType() != Graph.class) {
                attributes
                        .append(attributes.isEmpty() ? "" : ", ")
                        .append(component.getName())
                        .append('=')
                        .append(attribute(valueOf(record, component)));
            }
        }
        String name = OperationRecords.name(record.getClass());
        return attributes.isEmpty() ? name : name + "[" + attributes + "]";
    }

    private static Object valueOf(Record record, RecordComponent component) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("component " + component + " of " + record, e);
        }
    }

    private static String attribute(Object value) {
        return switch (value) {
            case Device device -> quoted(device.toString());
            case Enum<?> constant -> constant.name();
            case Shape shape -> shape.toString();
            case Axes axes -> axes.toString().replace(" ", "");
            case List<?> list ->
                    list.stream()
                            .map(GraphText::attribute)
                            .collect(Collectors.joining(", ", "[", "]"));
            case Float number -> Double.toString(number);
            case Double number -> number.toString();
            case Number number -> Long.toString(number.longValue());
            case Boolean truth -> truth.toString();
            case Record record -> record(record);
            default ->
                    throw new IllegalStateException(
                            "an attribute of " + value.getClass() + " has no text");
        };
    }

    /** In double quotes, with the escapes of JSON. */
    static String quoted(String name) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : name.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029' || c == '\u0085') {
                quoted.append("\\u%04x".formatted((int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
