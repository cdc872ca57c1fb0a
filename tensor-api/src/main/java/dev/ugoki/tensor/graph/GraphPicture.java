package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.op.Prim;

import java.util.HashMap;
import java.util.Map;

/** Programs as pictures, in the language of Graphviz: {@code dot -Tsvg program.dot}. */
public final class GraphPicture {
    private GraphPicture() {}

    /**
     * A box for each operation, an ellipse for each input, captured tensor, result and update,
     * arrows with the types of what flows; the body of a loop is a picture of its own beside it.
     */
    public static String dot(Graph graph) {
        StringBuilder text = new StringBuilder("digraph program {\n");
        text.append("  rankdir=TB; node [shape=box, fontname=\"sans-serif\", fontsize=10];\n");
        new Writer(graph, "", text).write();
        return text.append("}\n").toString();
    }

    private static final class Writer {
        private final Graph graph;
        private final String prefix;
        private final StringBuilder text;
        private final Map<Integer, String> sources = new HashMap<>();

        Writer(Graph graph, String prefix, StringBuilder text) {
            this.graph = graph;
            this.prefix = prefix;
            this.text = text;
        }

        void write() {
            for (int i = 0; i < graph.inputTypes().length; i++) {
                source(i, "input " + i);
            }
            for (Graph.Capture capture : graph.captures()) {
                source(capture.value(), "captured");
            }
            for (int i = 0; i < graph.nodes().size(); i++) {
                node(i, graph.nodes().get(i));
            }
            for (int i = 0; i < graph.results().size(); i++) {
                end("r" + i, "result " + i, graph.results().get(i));
            }
            for (int i = 0; i < graph.updates().size(); i++) {
                Graph.Update update = graph.updates().get(i);
                end("u" + i, "update of %" + update.capture(), update.value());
            }
        }

        private void source(int value, String name) {
            String id = prefix + "v" + value;
            sources.put(value, id);
            String type = graph.typeOf(value).toString();
            box(id, name + "\\n" + type, true);
        }

        private void node(int number, Graph.Node node) {
            String id = prefix + "n" + number;
            box(id, Graph.describe(node.op()).replace("\"", "'"), false);
            for (int operand : node.operands()) {
                arrow(operand, id);
            }
            node.results().forEach(result -> sources.put(result, id));
            if (node.op() instanceof Prim.Loop loop) {
                text.append("  subgraph \"cluster_").append(id).append("\" {\n");
                text.append("  label=\"body\";\n");
                new Writer(loop.body(), id + "_", text).write();
                text.append("  }\n");
            }
        }

        private void end(String name, String label, int value) {
            box(prefix + name, label, true);
            arrow(value, prefix + name);
        }

        private void box(String id, String label, boolean round) {
            text.append("  ").append(id).append(" [label=\"").append(label).append('"');
            text.append(round ? ", shape=ellipse];\n" : "];\n");
        }

        private void arrow(int value, String to) {
            text.append("  ").append(sources.get(value)).append(" -> ").append(to);
            text.append(" [label=\"").append(graph.typeOf(value)).append("\"];\n");
        }
    }
}
