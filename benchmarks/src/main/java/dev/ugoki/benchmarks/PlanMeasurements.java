package dev.ugoki.benchmarks;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.OptimizerStep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Programs that are compiled to plans: chains of operations, and policies that act. */
final class PlanMeasurements {
    private static final long WIDTH = 512;
    private static final double EPSILON = 1e-5;
    private static final Key KEY = Key.of(0);

    private static final List<Double> FUSED = List.of(2.5);
    private static final List<Double> OF_ROWS = List.of(1.8);
    private static final List<Double> AGAINST_EAGER = List.of(1.3);
    private static final List<Double> AGAINST_TORCH = List.of(3.0);
    private static final List<Double> AGAINST_ONNX = List.of(1.5);

    private PlanMeasurements() {}

    static List<Group> groups() {
        List<Size> sizes =
                List.of(new Size("1e4", 20), new Size("1e6", 1954), new Size("1e7", 19_532));
        List<Measurement> against = new ArrayList<>();
        List<Measurement> own = new ArrayList<>();
        for (Size size : sizes) {
            against.add(
                    chain(
                            "plan-chain-",
                            size,
                            FUSED,
                            TorchScript.of(
                                    4, "torch.add(torch.gelu(torch.add(torch.mul(a, b), c)), d)")));
            against.add(layerNorm(size));
            against.add(softmax(size));
            against.add(adamW(size));
            own.add(
                    chain(
                            "plan-chain-own-",
                            size,
                            AGAINST_EAGER,
                            new OwnBaseline(Ours.of(PlanMeasurements::chain))));
        }
        List<Acting<?>> policies = List.of(mlp(), unet(), act());
        return List.of(
                new Group("Compiled programs against libtorch eager", against),
                new Group("Compiled programs against our own eager", own),
                new Group(
                        "Policies that act, batch 1, compiled, against libtorch",
                        policies.stream().map(Acting::againstTorch).toList()),
                new Group(
                        "Policies that act, batch 1, compiled, against ONNX Runtime",
                        policies.stream().map(Acting::againstOnnx).toList()));
    }

    private record Size(String name, long rows) {
        long elements() {
            return rows * WIDTH;
        }
    }

    private static Tensor chain(Tensor[] in) {
        return in[0].mul(in[1]).add(in[2]).gelu().add(in[3]);
    }

    private static Measurement chain(String name, Size size, List<Double> goals, Rival rival) {
        Input each = Input.of(size.rows(), WIDTH);
        return new Measurement(
                name + size.name(),
                "gelu(x * w + b) + r, " + size.name(),
                goals,
                List.of(each, each, each, each),
                Ours.Compiled.of(PlanMeasurements::chain),
                rival,
                0,
                20.0 * size.elements());
    }

    private static Measurement layerNorm(Size size) {
        return new Measurement(
                "plan-layerNorm-" + size.name(),
                "layerNorm, " + size.name(),
                OF_ROWS,
                List.of(Input.of(size.rows(), WIDTH), Input.of(WIDTH), Input.of(WIDTH)),
                Ours.Compiled.of(in -> Normalizations.layerNorm(in[0], 1, in[1], in[2], EPSILON)),
                TorchScript.of(3, "torch.layer_norm(a, [512], b, c, 1e-05)"),
                0,
                8.0 * size.elements());
    }

    private static Measurement softmax(Size size) {
        return new Measurement(
                "plan-softmax-" + size.name(),
                "softmax, " + size.name(),
                OF_ROWS,
                List.of(Input.of(size.rows(), WIDTH)),
                Ours.Compiled.of(in -> in[0].softmax(-1)),
                TorchScript.of(1, "torch.softmax(a, -1)"),
                0,
                8.0 * size.elements());
    }

    /** As at the first step; what the corrections are does not change how long it takes. */
    private static Measurement adamW(Size size) {
        return new Measurement(
                "plan-adamw-" + size.name(),
                "AdamW, " + size.name() + " parameters",
                FUSED,
                List.of(Input.of(size.elements()), Input.of(size.elements())),
                new Ours.Compiled(PlanMeasurements::adamW),
                new TorchScript(
                        2,
                        List.of(
                                "w = torch.clone(a)",
                                "m = torch.zeros_like(a)",
                                "v = torch.zeros_like(a)"),
                        List.of(
                                "d = torch.mul_(w, 0.99999)",
                                "d = torch.lerp_(m, b, 0.1)",
                                "d = torch.addcmul_(torch.mul_(v, 0.999), b, b, value=0.001)",
                                "d = torch.add_(torch.div_(torch.sqrt(v), 0.0316227766016838),"
                                        + " 1e-08)",
                                "d = torch.addcdiv_(w, m, d, value=-0.01)",
                                "r = [w]")),
                0,
                28.0 * size.elements());
    }

    private static Ours.Compiled.Ready adamW(Tensor[] in) {
        Tensor parameter = in[0].copy();
        Tensor first = Tensor.zeros(DType.F32, parameter.extent(0));
        Tensor second = Tensor.zeros(DType.F32, parameter.extent(0));
        double[] values = {1e-3, 0.9, 0.999, 1e-8, 0.01, 1 - 0.9, 1 - 0.999};
        Tensor[] operands = new Tensor[4 + values.length];
        operands[0] = parameter;
        operands[1] = in[1];
        operands[2] = first;
        operands[3] = second;
        for (int i = 0; i < values.length; i++) {
            operands[4 + i] = Tensor.full(DType.F64, Shape.SCALAR, values[i]);
        }
        Graph.Program step =
                _ -> {
                    Engine.update(new OptimizerStep.AdamWStep(), operands);
                    return new Tensor[0];
                };
        return new Ours.Compiled.Ready(Ugoki.compile(step).bind(), new Tensor[] {parameter});
    }

    private static Acting<Sequential> mlp() {
        TorchNetwork torch = new TorchNetwork(Input.of(1, 64));
        String x = torch.let("torch.relu(%s)", torch.linear(torch.data(0), "0", 64, 256));
        x = torch.let("torch.relu(%s)", torch.linear(x, "2", 256, 256));
        String y = torch.linear(x, "4", 256, 14);
        return new Acting<>(
                "mlp",
                "MLP 64-256-256-14",
                torch,
                y,
                1,
                () ->
                        new Sequential(
                                new Linear(64, 256, KEY),
                                Activation.relu(),
                                new Linear(256, 256, KEY),
                                Activation.relu(),
                                new Linear(256, 14, KEY)),
                (network, in) -> network.apply(in[0]));
    }

    private static Acting<ConditionalUnet1d> unet() {
        int conditioning = 40;
        TorchNetwork torch =
                new TorchNetwork(
                        Input.of(1, 16, 2), Input.between(0, 100, 1), Input.of(1, conditioning));
        String y = TorchUnet.apply(torch, 2, conditioning, 64, List.of(64L, 128L, 256L));
        return new Acting<>(
                "unet",
                "PushT U-Net 64/128/256, one pass",
                torch,
                y,
                3,
                () ->
                        ConditionalUnet1d.Config.of(2, conditioning)
                                .withChannels(64, 128, 256)
                                .withStepWidth(64)
                                .build(KEY),
                (network, in) -> network.apply(in[0], in[1], in[2]));
    }

    private static Acting<ActPolicy> act() {
        TorchAct.Sizes sizes = new TorchAct.Sizes(32, 14, 7, 100, 14);
        int width = 128;
        int heads = 4;
        int hidden = 512;
        int encoders = 4;
        TorchNetwork torch =
                new TorchNetwork(Input.of(1, sizes.state()), Input.of(1, sizes.environment()));
        String y = TorchAct.apply(torch, sizes, width, heads, hidden, encoders);
        ActPolicy.Config config =
                ActPolicy.Config.of(sizes.state(), sizes.actions())
                        .withEnvironment(sizes.environment())
                        .withChunk(sizes.chunk())
                        .withLayers(
                                new ActPolicy.Layers(
                                        width,
                                        heads,
                                        hidden,
                                        ActPolicy.Nonlinearity.RELU,
                                        encoders,
                                        1,
                                        false,
                                        0))
                        .withVae(new ActPolicy.Vae(false, sizes.latent(), 0, 0));
        return new Acting<>(
                "act",
                "ACT, 128 wide, chunk of 100",
                torch,
                y,
                2,
                () -> {
                    ActPolicy policy = config.build(KEY);
                    policy.eval();
                    return policy;
                },
                (policy, in) ->
                        policy.sample(Observations.ofState(in[0]).withEnvironment(in[1]), KEY));
    }

    /** What a network computes of the data. */
    private interface Function<M> {
        Tensor apply(M network, Tensor[] data);
    }

    /**
     * A policy that acts, once for each rival.
     *
     * @param y libtorch's name of the result
     * @param dataCount how many inputs are no weights
     */
    private record Acting<M extends Module>(
            String name,
            String what,
            TorchNetwork torch,
            String y,
            int dataCount,
            Supplier<M> network,
            Function<M> function) {
        private Graph.Program program(Tensor[] inputs) {
            M model = network.get();
            torch.fill(model, inputs);
            return in -> new Tensor[] {function.apply(model, in)};
        }

        private Measurement against(String rivalName, List<Double> goals, Rival rival) {
            Ours ours =
                    new Ours.Compiled(
                            inputs ->
                                    Ours.Compiled.Ready.of(
                                            Ugoki.compile(program(inputs))
                                                    .bind(Arrays.copyOf(inputs, dataCount))));
            return new Measurement(
                    "infer-" + name + rivalName, what, goals, torch.inputs(), ours, rival, 0, 0);
        }

        Measurement againstTorch() {
            return against("", AGAINST_TORCH, torch.inference(y));
        }

        Measurement againstOnnx() {
            return against("-onnx", AGAINST_ONNX, new OnnxProgram(dataCount, this::program));
        }
    }
}
