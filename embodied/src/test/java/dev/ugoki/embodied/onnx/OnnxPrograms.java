package dev.ugoki.embodied.onnx;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyGraph;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.PolicyScales;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.embodied.train.SmallTask;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.DiffusionPolicy;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.NoiseSchedule;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Programs that are written as ONNX files, with inputs for each. */
final class OnnxPrograms {
    /** A program, inputs, and how far apart two runtimes may be. */
    record Program(String name, NamedGraph graph, Tensor[] inputs, double tolerance) {
        Tensor[] expected() {
            return graph.graph().evaluate(inputs);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private OnnxPrograms() {}

    /** Each row of the conformance kit that F32 is for, or I64 or BOOL where F32 is not. */
    static List<Program> operations() {
        List<Row> rows = new ArrayList<>(PrimitiveRows.all());
        rows.addAll(CompositeRows.all());
        List<Program> programs = new ArrayList<>();
        for (Row row : rows) {
            DType dtype = dtypeOf(row);
            if (isForInference(row.op().apply(dtype))) {
                programs.add(program(row, dtype));
            }
        }
        return programs;
    }

    private static DType dtypeOf(Row row) {
        for (DType dtype : List.of(DType.F32, DType.I64, DType.BOOL)) {
            if (row.dtypes().contains(dtype)) {
                return dtype;
            }
        }
        return row.dtypes().iterator().next();
    }

    /** Randomness and linear algebra are not ONNX's, and nobody exports training. */
    private static boolean isForInference(dev.ugoki.tensor.op.Op op) {
        boolean isLinearAlgebra = op instanceof Prim prim && prim.isOptional();
        return !isLinearAlgebra
                && !(op instanceof OptimizerStep)
                && !(op instanceof RandomDraw)
                && !(op instanceof Prim.RandomBits)
                && !(op instanceof Prim.ConvFilterGrad)
                && !op.name().endsWith("Gradient");
    }

    private static Program program(Row row, DType dtype) {
        java.util.Random random = new java.util.Random(5);
        Tensor[] inputs =
                row.operands().stream()
                        .map(
                                operand -> {
                                    DType to = operand.dtypeIn(dtype);
                                    int count = Math.toIntExact(operand.shape().elementCount());
                                    double[] values = new double[count];
                                    for (int i = 0; i < count; i++) {
                                        values[i] = operand.values().at(random, i).doubleValue();
                                    }
                                    return Tensor.of(values, operand.shape().toArray()).cast(to);
                                })
                        .toArray(Tensor[]::new);
        TensorType[] types = new TensorType[inputs.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = inputs[i].type();
        }
        // Only the first result: others are often there for gradients.
        Graph graph =
                Graph.trace(in -> new Tensor[] {Engine.apply(row.op().apply(dtype), in)[0]}, types);
        return new Program(row.name(), NamedGraph.of(graph), inputs, 1e-4);
    }

    /** A sampler whose steps are a loop. */
    static Program loop() {
        Tensor weight = Tensor.of(new float[] {0.5f, -0.25f, 0.75f, 0.1f}, 2, 2);
        TensorType row = new TensorType(DType.F32, Shape.of(1, 2));
        TensorType step = new TensorType(DType.I64, Shape.SCALAR);
        Graph body =
                Graph.trace(
                        in -> {
                            Tensor time = in[0].cast(DType.F32).mul(-0.1).add(1);
                            Tensor velocity = in[1].matmul(in[3]).tanh().mul(time).add(in[2]);
                            return new Tensor[] {in[1].sub(velocity.mul(0.1)), in[2]};
                        },
                        step,
                        row,
                        row,
                        weight.type());
        Graph graph =
                Graph.trace(
                        in ->
                                new Tensor[] {
                                    Engine.apply(new Prim.Loop(body, 10), in[0], in[1], weight)[0]
                                },
                        row,
                        row);
        Tensor[] inputs = {
            Tensor.of(new float[] {1.5f, -0.5f}, 1, 2), Tensor.of(new float[] {0.2f, 0.3f}, 1, 2)
        };
        return new Program("loop", NamedGraph.of(graph), inputs, 1e-5);
    }

    /** PushT's U-Net as it is trained: 64, 128 and 256 channels, sampled in 10 steps. */
    static Program pushT() {
        return policy(SmallTask.config(NetworkConfig.Unet.DEFAULT));
    }

    /** Policies with normalization and sampler, in the robot's units. */
    static List<Program> policies() {
        List<Program> programs = new ArrayList<>();
        NetworkConfig unet =
                new NetworkConfig.Unet(
                        List.of(16, 32), 5, 8, 16, FlowPolicy.Config.DEFAULT.withSteps(4));
        NetworkConfig median =
                new NetworkConfig.Flow(
                        16, 2, 8, FlowPolicy.Config.DEFAULT.withSteps(2).withDraws(16));
        for (NetworkConfig network : List.of(SmallTask.REGRESSION, SmallTask.FLOW, unet, median)) {
            programs.add(policy(SmallTask.config(network)));
        }
        return programs;
    }

    /** ACT with an image, 128 wide, and a visual diffusion policy that draws nothing on its way. */
    static List<Program> visual() {
        PolicyNetwork act =
                new PolicyNetwork.Act(
                        20,
                        new ActPolicy.Layers(
                                128, 4, 256, ActPolicy.Nonlinearity.RELU, 2, 1, false, 0.1),
                        ActPolicy.Vae.DEFAULT,
                        null);
        PolicyNetwork.Diffusion usual = PolicyNetwork.Diffusion.DEFAULT;
        PolicyNetwork diffusion =
                new PolicyNetwork.Diffusion(
                        2,
                        8,
                        List.of(56, 60),
                        false,
                        true,
                        8,
                        true,
                        new VisualDiffusionPolicy.Unet(List.of(16, 32), 3, 4, 8, true),
                        new PolicyNetwork.Diffusion.Noise(
                                DiffusionSampler.Kind.DDIM,
                                100,
                                "squaredcos_cap_v2",
                                0.0001,
                                0.02,
                                DiffusionSampler.Prediction.NOISE,
                                1),
                        4,
                        true);
        return List.of(visual(act), visual(diffusion));
    }

    private static Program visual(PolicyNetwork network) {
        PolicyFeature state =
                new PolicyFeature("observation.state", PolicyFeature.Kind.STATE, List.of(6));
        PolicyFeature image =
                new PolicyFeature(
                        "observation.images.top", PolicyFeature.Kind.VISUAL, List.of(3, 64, 64));
        PolicyFeature action = new PolicyFeature("action", PolicyFeature.Kind.ACTION, List.of(4));
        PolicyConfig config =
                PolicyConfig.of(
                        List.of(state, image),
                        action,
                        Map.of(
                                PolicyFeature.Kind.STATE, Normalization.MEAN_STD,
                                PolicyFeature.Kind.VISUAL, Normalization.MEAN_STD,
                                PolicyFeature.Kind.ACTION, Normalization.MIN_MAX),
                        3,
                        network);
        RobotPolicy policy =
                RobotPolicy.create(
                        config,
                        PolicyScales.of(config, statistics(state, image, action)),
                        Key.of(5));
        policy.network().module().eval();
        NamedGraph graph = PolicyGraph.of(policy);
        List<Tensor> inputs = new ArrayList<>();
        for (TensorType type : graph.graph().inputTypes()) {
            Key key = Key.of(inputs.size());
            boolean isKey = type.dtype() == DType.I32;
            inputs.add(
                    isKey ? key.asTensor() : Random.normal(key, DType.F32, type.shape().toArray()));
        }
        return new Program(
                network.getClass().getSimpleName(), graph, inputs.toArray(Tensor[]::new), 1e-4);
    }

    private static DatasetStatistics statistics(PolicyFeature... features) {
        List<FeatureStatistics> all = new ArrayList<>();
        for (PolicyFeature feature : features) {
            Map<Statistic, double[]> values = new LinkedHashMap<>();
            for (Statistic statistic : Statistic.values()) {
                double[] numbers = new double[feature.width()];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = 0.5 + 0.1 * i + 0.2 * statistic.ordinal();
                }
                values.put(statistic, numbers);
            }
            all.add(FeatureStatistics.of(feature.name(), 20, values));
        }
        return DatasetStatistics.of(all);
    }

    /** Diffusion policies' samplers, with all their noise as inputs: 4 steps of each kind. */
    static List<Program> diffusion() {
        List<Program> programs = new ArrayList<>();
        for (DiffusionSampler.Kind kind : DiffusionSampler.Kind.values()) {
            programs.add(diffusion(kind));
        }
        return programs;
    }

    private static Program diffusion(DiffusionSampler.Kind kind) {
        ConditionalUnet1d network =
                ConditionalUnet1d.Config.of(2, 10)
                        .withChannels(16, 32)
                        .withGroups(4)
                        .withStepWidth(16)
                        .build(Key.of(4));
        DiffusionSampler sampler =
                new DiffusionSampler(
                        NoiseSchedule.squaredCosine(100),
                        kind,
                        4,
                        DiffusionSampler.Prediction.NOISE,
                        1);
        DiffusionPolicy policy = new DiffusionPolicy(network, 8, 2, sampler);
        policy.eval();
        Graph graph =
                Graph.trace(
                        in -> {
                            Iterator<Tensor> noise = in[2].unbind(0).iterator();
                            return new Tensor[] {policy.sample(in[0], in[1], noise::next)};
                        },
                        new TensorType(DType.F32, Shape.of(1, 10)),
                        new TensorType(DType.F32, Shape.of(1, 8, 2)),
                        new TensorType(DType.F32, Shape.of(4, 1, 8, 2)));
        NamedGraph named =
                NamedGraph.of(graph)
                        .withInputs("conditioning", "start", "noise")
                        .withResults("actions");
        Tensor[] inputs = {
            Random.normal(Key.of(1), DType.F32, 1, 10),
            Random.normal(Key.of(2), DType.F32, 1, 8, 2),
            Random.normal(Key.of(3), DType.F32, 4, 1, 8, 2)
        };
        return new Program(kind.toString(), named, inputs, 1e-4);
    }

    private static Program policy(PolicyConfig config) {
        RobotPolicy policy =
                RobotPolicy.create(config, PolicyScales.of(config, SmallTask.frames(1)), Key.of(3));
        policy.network().module().eval();
        NamedGraph graph = PolicyGraph.of(policy);
        java.util.Random random = new java.util.Random(11);
        List<Tensor> inputs = new ArrayList<>();
        for (TensorType type : graph.graph().inputTypes()) {
            double[] values = new double[Math.toIntExact(type.shape().elementCount())];
            for (int i = 0; i < values.length; i++) {
                values[i] = inputs.isEmpty() ? 40 + 2 * i : random.nextGaussian();
            }
            inputs.add(Tensor.of(values, type.shape().toArray()).cast(type.dtype()));
        }
        return new Program(
                ((PolicyNetwork.Chunk) config.network()).head().getClass().getSimpleName(),
                graph,
                inputs.toArray(Tensor[]::new),
                1e-4);
    }
}
