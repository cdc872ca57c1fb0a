package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.ParameterGroup;
import dev.ugoki.nn.optim.Schedule;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Attention and the optimizer. */
final class NetworkMeasurements {
    private static final List<Double> ATTENTION = List.of(0.95, 0.95);
    private static final long PARAMETERS = 10_000_000;
    private static final int TENSORS = 200;

    private NetworkMeasurements() {}

    static List<Group> groups() {
        List<Measurement> attention = new ArrayList<>();
        for (long tokens : new long[] {100, 256, 512, 1024}) {
            attention.add(attention("attention-", ATTENTION, tokens, false));
            attention.add(attention("attention-", ATTENTION, tokens, true));
        }
        List<Measurement> growth = new ArrayList<>();
        for (long tokens = 128; tokens <= 8192; tokens *= 2) {
            growth.add(attention("attention-growth-", List.of(Double.NaN), tokens, false));
        }
        return List.of(
                new Group("Attention", attention),
                new Group(
                        "Optimizer",
                        List.of(
                                adamW("adamw", "torch.optim's loop over tensors", 1.5, loop()),
                                adamW(
                                        "adamw-fused",
                                        "libtorch's fused kernel",
                                        Double.NaN,
                                        fused()))),
                new Group("How attention grows", growth));
    }

    private static Measurement attention(
            String name, List<Double> goals, long tokens, boolean gradient) {
        Input each = Input.of(1, 8, tokens, 64);
        Ours.Function ours = in -> Attention.scaledDotProduct(in[0], in[1], in[2]);
        String torch = "torch.scaled_dot_product_attention(a, b, c, None, 0., False)";
        double flops = 4.0 * 8 * tokens * tokens * 64;
        return gradient
                ? new Measurement(
                        name + tokens + "-backward",
                        "8 heads of 64, %d tokens, forward and backward".formatted(tokens),
                        goals,
                        List.of(each, each, each, each),
                        Ours.gradient(3, ours),
                        TorchScript.gradient(4, 3, torch),
                        3.5 * flops,
                        0)
                : new Measurement(
                        name + tokens,
                        "8 heads of 64, %d tokens".formatted(tokens),
                        goals,
                        List.of(each, each, each),
                        Ours.of(ours),
                        TorchScript.of(3, torch),
                        flops,
                        0);
    }

    private static Measurement adamW(String name, String against, double goal, TorchScript torch) {
        return new Measurement(
                name,
                "AdamW, 10 M parameters in 200 tensors, against " + against,
                List.of(goal, goal),
                List.of(Input.of(PARAMETERS), Input.of(PARAMETERS)),
                NetworkMeasurements::optimizer,
                torch,
                0,
                28.0 * PARAMETERS);
    }

    private static java.util.function.Supplier<Tensor[]> optimizer(Tensor[] inputs) {
        SequencedMap<String, Parameter> parameters = new LinkedHashMap<>();
        List<Tensor> gradients = inputs[1].chunk(0, TENSORS);
        for (Tensor part : inputs[0].chunk(0, TENSORS)) {
            parameters.put("p" + parameters.size(), new Parameter(part));
        }
        AdamW rule = AdamW.of(1e-3).withWeightDecay(0.01);
        Optimizer optimizer =
                Optimizer.of(List.of(new ParameterGroup(parameters, rule)), Schedule.constant());
        return () -> {
            optimizer.step(gradients);
            return parameters.values().stream().map(Parameter::tensor).toArray(Tensor[]::new);
        };
    }

    private static List<String> state() {
        String size = Long.toString(PARAMETERS / TENSORS);
        return List.of(
                "p = torch.split(torch.clone(a), " + size + ")",
                "g = torch.split(b, " + size + ")",
                "m = torch.split(torch.zeros_like(a), " + size + ")",
                "v = torch.split(torch.zeros_like(a), " + size + ")");
    }

    private static TorchScript loop() {
        return new TorchScript(
                2,
                state(),
                List.of(
                        "for j in range(len(p)):",
                        "  w = p[j]",
                        "  s = v[j]",
                        "  d = torch.mul_(w, 0.99999)",
                        "  d = torch.lerp_(m[j], g[j], 0.1)",
                        "  d = torch.addcmul_(torch.mul_(s, 0.999), g[j], g[j], value=0.001)",
                        "  d = torch.add_(torch.div_(torch.sqrt(s), 0.0316227766016838), 1e-08)",
                        "  d = torch.addcdiv_(w, m[j], d, value=-0.01)",
                        "r = p"));
    }

    private static TorchScript fused() {
        List<String> before = new ArrayList<>(state());
        before.add("e = annotate(List[Tensor], [])");
        before.add("t = annotate(List[Tensor], [])");
        before.add("for j in range(len(p)):");
        before.add("  t = torch.append(t, torch.ones([]))");
        return new TorchScript(
                2,
                before,
                List.of(
                        "torch._fused_adamw_(p, g, m, v, e, t, lr=0.001, beta1=0.9, beta2=0.999,"
                                + " weight_decay=0.01, eps=1e-08, amsgrad=False, maximize=False)",
                        "r = p"));
    }
}
