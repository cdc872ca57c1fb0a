package dev.ugoki.nn;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * What a module costs for inputs of given types: parameters, floating-point operations and memory,
 * for each module in it. It prints as a tree.
 *
 * <pre>{@code
 * TensorType batch = new TensorType(DType.F32, Shape.of(8, 3, 224, 224));
 * System.out.println(ModuleSummary.of(network, batch));
 * }</pre>
 *
 * <p>Nothing is computed: the module is traced, in evaluation. Products, convolutions and attention
 * count 2 for each multiplication with its addition, reductions 1 for each element that they read,
 * all else 1 for each element that it computes; what only moves elements counts nothing. The
 * activations are the results of all operations together, but for views: about what training keeps
 * for gradients.
 *
 * <p>An operation belongs to the module whose parameters it reads. One that reads none belongs to
 * the innermost module that has both the parameters read before and those read next.
 *
 * @param rows the modules, in the order of the tree; each with all that is in it
 */
public record ModuleSummary(List<Row> rows) {
    public ModuleSummary {
        rows = List.copyOf(rows);
    }

    /**
     * What a module costs.
     *
     * @param name dotted; empty for the outermost module
     * @param kind with settings
     * @param parameters how many numbers are learned
     * @param stateBytes of parameters and buffers
     * @param operations floating-point ones
     * @param activationBytes of results
     */
    public record Row(
            String name,
            String kind,
            long parameters,
            long stateBytes,
            long operations,
            long activationBytes) {
        private int depth() {
            return name.isEmpty() ? 0 : 1 + (int) name.chars().filter(c -> c == '.').count();
        }

        private String[] cells() {
            String own = name.substring(name.lastIndexOf('.') + 1);
            return new String[] {
                "  ".repeat(depth()) + (own.isEmpty() ? "" : own + ": ") + kind,
                String.format(Locale.ROOT, "%,d", parameters),
                scaled(stateBytes, 1024, "B", "KiB", "MiB", "GiB", "TiB"),
                scaled(operations, 1000, "", "K", "M", "G", "T"),
                scaled(activationBytes, 1024, "B", "KiB", "MiB", "GiB", "TiB")
            };
        }

        private static String scaled(long value, int step, String... units) {
            double scaled = value;
            int unit = 0;
            while (scaled >= step && unit < units.length - 1) {
                scaled /= step;
                unit++;
            }
            String number =
                    unit == 0 ? Long.toString(value) : String.format(Locale.ROOT, "%.2f", scaled);
            return units[unit].isEmpty() ? number : number + " " + units[unit];
        }
    }

    /** What a layer costs for one input. */
    public static ModuleSummary of(Layer layer, TensorType input) {
        return of(layer, inputs -> new Tensor[] {layer.apply(inputs[0])}, input);
    }

    /** What a module costs in a program that runs it. */
    public static ModuleSummary of(Module module, Graph.Program program, TensorType... inputs) {
        SummaryTracer tracer = new SummaryTracer(module);
        return module.inEvaluation(
                () -> {
                    Graph.trace(values -> tracer.watch(() -> program.apply(values)), inputs);
                    return tracer.summary();
                });
    }

    /**
     * What a module would cost. It is built without values, however large it is.
     *
     * @param build makes the module
     * @param run runs it
     */
    public static <M extends Module> ModuleSummary ofSketch(
            Supplier<M> build, BiFunction<M, Tensor[], Tensor[]> run, TensorType... inputs) {
        List<ModuleSummary> made = new ArrayList<>(1);
        Graph.trace(
                values -> {
                    M module = build.get();
                    module.eval();
                    SummaryTracer tracer = new SummaryTracer(module);
                    Tensor[] results = tracer.watch(() -> run.apply(module, values));
                    made.add(tracer.summary());
                    return results;
                },
                inputs);
        return made.getFirst();
    }

    /** The costs of the whole module. */
    public Row total() {
        return rows.getFirst();
    }

    /** A tree with a line for each module, and what its numbers mean above. */
    @Override
    public String toString() {
        List<String[]> lines = new ArrayList<>();
        lines.add(new String[] {"module", "parameters", "state", "FLOPs", "activations"});
        rows.forEach(row -> lines.add(row.cells()));
        int[] widths = new int[lines.getFirst().length];
        for (String[] line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line[i].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] line : lines) {
            text.append(text.isEmpty() ? "" : "\n");
            text.append(line[0]).append(" ".repeat(widths[0] - line[0].length()));
            for (int i = 1; i < widths.length; i++) {
                text.append("  ").append(" ".repeat(widths[i] - line[i].length())).append(line[i]);
            }
        }
        return text.toString();
    }
}
