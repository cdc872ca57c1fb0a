package dev.ugoki.benchmarks;

import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Functions of each element and of rows, forward and backward. */
final class ElementwiseMeasurements {
    private static final long WIDTH = 512;
    private static final double EPSILON = 1e-5;

    /** What other libraries have too, by its name in ONNX. */
    private static final Map<String, String> OPERATORS =
            Map.of(
                    "add", "Add", "exp", "Exp", "tanh", "Tanh", "gelu", "Gelu", "softmax",
                    "Softmax");

    private ElementwiseMeasurements() {}

    static List<Group> groups() {
        return List.of(
                new Group("Functions of 1e5 elements, which a cache holds", all(196)),
                new Group("Functions of 1e7 elements, which no cache holds", all(19_532)),
                new Group("A small operation through the whole public path", List.of(add16())));
    }

    private static List<Measurement> all(long rows) {
        List<Measurement> all = new ArrayList<>();
        all.addAll(unary("exp", rows, Tensor::exp, "torch.exp(a)", "torch.exp(a, out=o)"));
        all.addAll(unary("tanh", rows, Tensor::tanh, "torch.tanh(a)", "torch.tanh(a, out=o)"));
        all.addAll(
                unary(
                        "gelu",
                        rows,
                        Tensor::gelu,
                        "torch.gelu(a)",
                        "torch.gelu(a, approximate=\"none\", out=o)"));
        all.addAll(
                unary(
                        "softmax",
                        rows,
                        x -> x.softmax(-1),
                        "torch.softmax(a, -1)",
                        "torch.softmax(a, -1, None, out=o)"));
        all.addAll(add(rows));
        all.addAll(layerNorm(rows));
        all.addAll(crossEntropy(rows));
        return all;
    }

    private static Measurement add16() {
        return new Measurement(
                "add-16",
                "16 + 16 floats through the whole public path",
                List.of(10.0),
                List.of(Input.of(16), Input.of(16)),
                Ours.of(in -> in[0].add(in[1])),
                Libtorch.Call.ADD,
                0,
                0);
    }

    private interface Unary {
        Tensor apply(Tensor x);
    }

    private static List<Measurement> unary(
            String name, long rows, Unary function, String eager, String out) {
        Input x = Input.of(rows, WIDTH);
        return three(
                name,
                rows,
                List.of(x),
                1,
                in -> function.apply(in[0]),
                eager,
                TorchScript.out(1, out),
                2);
    }

    private static List<Measurement> add(long rows) {
        Input x = Input.of(rows, WIDTH);
        return three(
                "add",
                rows,
                List.of(x, x),
                2,
                in -> in[0].add(in[1]),
                "torch.add(a, b)",
                TorchScript.out(2, "torch.add(a, b, alpha=1, out=o)"),
                3);
    }

    private static List<Measurement> layerNorm(long rows) {
        List<String> before =
                List.of(
                        "o = torch.empty_like(a)",
                        "m = torch.empty([%d, 1])".formatted(rows),
                        "s = torch.empty([%d, 1])".formatted(rows));
        List<String> repeated =
                List.of(
                        "t = torch.native_layer_norm(a, [512], b, c, 1e-05, out0=o, out1=m,"
                                + " out2=s)",
                        "r = [o]");
        return three(
                "layerNorm",
                rows,
                List.of(Input.of(rows, WIDTH), Input.of(WIDTH), Input.of(WIDTH)),
                3,
                in -> Normalizations.layerNorm(in[0], 1, in[1], in[2], EPSILON),
                "torch.layer_norm(a, [512], b, c, 1e-05)",
                new TorchScript(3, before, repeated),
                2);
    }

    private static List<Measurement> crossEntropy(long rows) {
        List<Input> inputs = List.of(Input.of(rows, WIDTH), Input.classes(WIDTH, rows));
        String loss = "torch.cross_entropy_loss(a, b, None, 1, -100, 0.)";
        Ours.Function ours = in -> Losses.crossEntropy(in[0], in[1]);
        double bytes = 4.0 * rows * WIDTH;
        String size = size(rows);
        List<Input> withCotangent = new ArrayList<>(inputs);
        withCotangent.add(Input.of());
        return List.of(
                new Measurement(
                        "crossEntropy-" + size,
                        "crossEntropy, " + size,
                        List.of(eagerGoal(rows)),
                        inputs,
                        Ours.of(ours),
                        TorchScript.of(2, loss),
                        0,
                        bytes),
                new Measurement(
                        "crossEntropy-backward-" + size,
                        "crossEntropy forward and backward, " + size,
                        List.of(eagerGoal(rows)),
                        withCotangent,
                        Ours.gradient(1, ours),
                        TorchScript.gradient(3, 1, loss),
                        0,
                        2 * bytes));
    }

    /** Against the eager form and that with a given result; and forward with backward. */
    private static List<Measurement> three(
            String name,
            long rows,
            List<Input> inputs,
            int variables,
            Ours.Function ours,
            String eager,
            TorchScript out,
            int streams) {
        String size = size(rows);
        double bytes = 4.0 * rows * WIDTH * streams;
        List<Input> withCotangent = new ArrayList<>(inputs);
        withCotangent.add(Input.of(rows, WIDTH));
        List<Measurement> three = new ArrayList<>();
        three.add(
                new Measurement(
                                name + "-out-" + size,
                                name + " against libtorch's out-variant, " + size,
                                List.of(1.0),
                                inputs,
                                Ours.of(ours),
                                out,
                                0,
                                bytes)
                        .withOperator(OPERATORS.getOrDefault(name, "")));
        if (rows > 1000) {
            three.add(
                    new Measurement(
                            name + "-" + size,
                            name + ", " + size,
                            List.of(2.0),
                            inputs,
                            Ours.of(ours),
                            TorchScript.of(inputs.size(), eager),
                            0,
                            bytes));
        }
        three.add(
                new Measurement(
                        name + "-backward-" + size,
                        name + " forward and backward, " + size,
                        List.of(eagerGoal(rows)),
                        withCotangent,
                        Ours.gradient(variables, ours),
                        TorchScript.gradient(withCotangent.size(), variables, eager),
                        0,
                        bytes));
        return three;
    }

    /** The goal against the eager form: page faults cost libtorch much where tensors are large. */
    private static double eagerGoal(long rows) {
        return rows > 1000 ? 2.0 : 1.0;
    }

    private static String size(long rows) {
        return rows > 1000 ? "1e7" : "1e5";
    }
}
