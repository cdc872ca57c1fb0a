package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A network for libtorch, written layer by layer: each method adds lines and gives the name of what
 * they compute. Parameters have the names that ours have.
 */
final class TorchNetwork {
    /** Weights of norms are near 1. */
    private static final double LOW = 0.5;

    private static final double HIGH = 1.5;
    private static final double BIAS = 0.1;

    private final int dataCount;
    private final List<Input> inputs;
    private final List<String> names = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private int variables;

    /** A network that is fed with these. */
    TorchNetwork(Input... data) {
        dataCount = data.length;
        inputs = new ArrayList<>(List.of(data));
    }

    /** The name of a datum. */
    String data(int place) {
        return TorchScript.name(place);
    }

    /** Data, then parameters. */
    List<Input> inputs() {
        return List.copyOf(inputs);
    }

    /** In the order of the inputs. */
    List<String> parameterNames() {
        return List.copyOf(names);
    }

    /** The name of an expression's value. */
    String let(String expression, Object... arguments) {
        String name = "x" + variables++;
        lines.add(name + " = " + expression.formatted(arguments));
        return name;
    }

    String linear(String x, String name, long in, long out) {
        String weight = weight(name + ".weight", out, in);
        return let("torch.linear(%s, %s, %s)", x, weight, bias(name + ".bias", out));
    }

    String conv1d(String x, String name, long in, long out, long kernel, int stride, int padding) {
        String weight = weight(name + ".weight", out, in, kernel);
        return let(
                "torch.conv1d(%s, %s, %s, [%d], [%d], [1], 1)",
                x, weight, bias(name + ".bias", out), stride, padding);
    }

    /** Kernel 4, stride 2: twice as long. */
    String doubled(String x, String name, long channels) {
        String weight = weight(name + ".weight", channels, channels, 4);
        return let(
                "torch.conv_transpose1d(%s, %s, %s, [2], [1], [0], 1, [1])",
                x, weight, bias(name + ".bias", channels));
    }

    /** Without a bias. */
    String conv2d(String x, String name, long in, long out, long kernel, int stride, int padding) {
        String weight = weight(name + ".weight", out, in, kernel, kernel);
        return let(
                "torch.conv2d(%s, %s, None, [%d, %d], [%d, %d], [1, 1], 1)",
                x, weight, stride, stride, padding, padding);
    }

    String layerNorm(String x, String name, long width) {
        String weight = scale(name, width);
        return let(
                "torch.layer_norm(%s, [%d], %s, %s, 1e-05)",
                x, width, weight, bias(name + ".bias", width));
    }

    String groupNorm(String x, String name, int groups, long channels) {
        String weight = scale(name, channels);
        return let(
                "torch.group_norm(%s, %d, %s, %s, 1e-05)",
                x, groups, weight, bias(name + ".bias", channels));
    }

    /** By statistics of the batch. */
    String batchNorm(String x, String name, long channels) {
        String weight = scale(name, channels);
        return let(
                "torch.batch_norm(%s, %s, %s, None, None, True, 0.1, 1e-05, False)",
                x, weight, bias(name + ".bias", channels));
    }

    /** {@link dev.ugoki.nn.layer.SinusoidalEmbedding#ofWidth}, of {@code step [n]}. */
    String embedding(String step, long width) {
        double rate = -Math.log(1e4) / (width / 2.0 - 1);
        String frequencies =
                let("torch.exp(torch.mul(torch.arange(%d, dtype=7), %s))", width / 2, rate);
        String angles =
                let("torch.mul(torch.unsqueeze(torch.to(%s, 7), -1), %s)", step, frequencies);
        return let("torch.to(torch.cat([torch.sin(%s), torch.cos(%s)], 1), 6)", angles, angles);
    }

    String parameter(String name, Input values) {
        names.add(name);
        inputs.add(values);
        return "w" + (names.size() - 1);
    }

    /** Evenly within {@code 1 / sqrt(inputs of one output)}. */
    String weight(String name, long... shape) {
        long fanIn = 1;
        for (int i = 1; i < shape.length; i++) {
            fanIn *= shape[i];
        }
        double bound = 1 / Math.sqrt(fanIn);
        return parameter(name, Input.between(-bound, bound, shape));
    }

    String bias(String name, long width) {
        return parameter(name, Input.between(-BIAS, BIAS, width));
    }

    private String scale(String name, long width) {
        return parameter(name + ".weight", Input.between(LOW, HIGH, width));
    }

    /** The program of a network that acts: {@code y} alone. */
    TorchScript inference(String y) {
        List<String> before = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            before.add("w" + i + " = " + TorchScript.name(dataCount + i));
        }
        List<String> repeated = new ArrayList<>(lines);
        repeated.add("r = [" + y + "]");
        return new TorchScript(inputs.size(), before, repeated);
    }

    /** Gives a network of ours the values of the inputs after the data. */
    void fill(Module network, Tensor[] values) {
        SequencedMap<String, Parameter> named = network.namedParameters();
        if (!named.keySet().equals(Set.copyOf(names))) {
            throw new IllegalStateException(
                    "our parameters are " + named.keySet() + ", libtorch's " + names);
        }
        for (int i = 0; i < names.size(); i++) {
            Objects.requireNonNull(named.get(names.get(i))).assign(values[dataCount + i]);
        }
    }

    /**
     * The program of a step: loss, gradients, and libtorch's fused AdamW; its results are the loss
     * and the gradients, parameter by parameter.
     */
    TorchScript step(String loss, AdamW rule) {
        List<String> repeated = repeated(loss, rule);
        repeated.add("r = [y]");
        repeated.add("for j in range(len(gs)):");
        repeated.add("  r = torch.append(r, gs[j])");
        return new TorchScript(inputs.size(), before(), repeated);
    }

    /**
     * The same, followed by a moving average of the parameters; the results are the loss and
     * AdamW's means of gradients.
     *
     * @param kept how much of the average stays
     */
    TorchScript stepWithAverage(String loss, AdamW rule, double kept) {
        List<String> before = before();
        before.add("qs = annotate(List[Tensor], [])");
        before.add("for j in range(len(ps)):");
        before.add("  qs = torch.append(qs, torch.clone(ps[j]))");
        List<String> repeated = repeated(loss, rule);
        repeated.add("torch._foreach_lerp_(qs, ps, " + (1 - kept) + ")");
        repeated.add("r = [y]");
        repeated.add("for j in range(len(ms)):");
        repeated.add("  r = torch.append(r, ms[j])");
        return new TorchScript(inputs.size(), before, repeated);
    }

    private List<String> before() {
        List<String> before = new ArrayList<>();
        for (String list : List.of("p", "m", "v", "e", "t")) {
            before.add(list + "s = annotate(List[Tensor], [])");
        }
        for (int i = 0; i < names.size(); i++) {
            String input = TorchScript.name(dataCount + i);
            before.add("u" + i + " = torch.clone(" + input + ")");
            before.add("w" + i + " = torch.requires_grad_(torch.detach(u" + i + "), True)");
            before.add("ps = torch.append(ps, u" + i + ")");
            before.add("ms = torch.append(ms, torch.zeros_like(u" + i + "))");
            before.add("vs = torch.append(vs, torch.zeros_like(u" + i + "))");
            before.add("ts = torch.append(ts, torch.zeros([]))");
        }
        return before;
    }

    private List<String> repeated(String loss, AdamW rule) {
        List<String> repeated = new ArrayList<>(lines);
        repeated.add("y = " + loss);
        repeated.add(
                "g = torch.grad([y], ["
                        + IntStream.range(0, names.size())
                                .mapToObj(i -> "w" + i)
                                .collect(Collectors.joining(", "))
                        + "])");
        repeated.add("gs = annotate(List[Tensor], [])");
        repeated.add("for o in g:");
        repeated.add("  gs = torch.append(gs, unchecked_cast(Tensor, o))");
        repeated.add("torch._foreach_add_(ts, 1)");
        repeated.add(
                ("torch._fused_adamw_(ps, gs, ms, vs, es, ts, lr=%s, beta1=%s, beta2=%s,"
                                + " weight_decay=%s, eps=%s, amsgrad=False, maximize=False)")
                        .formatted(
                                rule.learningRate(),
                                rule.beta1(),
                                rule.beta2(),
                                rule.weightDecay(),
                                rule.epsilon()));
        return repeated;
    }
}
