package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.HostTensors;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.MovingAverage;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.nn.policy.Chunks;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.nn.policy.ResidualMlp;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;

/** Whole steps of training: loss, gradients, and an update by AdamW. */
final class TrainingSteps {
    private static final List<Double> GOALS = List.of(1.0);
    private static final List<Double> NONE = List.of(Double.NaN);
    private static final List<Double> GOALS_OF_POLICIES = List.of(1.0, 1.0);
    private static final AdamW RULE = AdamW.of(1e-4);

    /** As {@code ugoki train pusht} trains. */
    private static final AdamW RULE_OF_POLICIES =
            AdamW.of(1e-3).withBetas(0.9, 0.99).withWeightDecay(1e-6);

    private static final double KEPT = 0.999;
    private static final int BATCH_OF_POLICIES = 512;
    private static final int OBSERVED = 40;
    private static final int LENGTH = 16;
    private static final int ACTIONS = 2;

    private static final Key KEY = Key.of(0);

    private TrainingSteps() {}

    /** The loss of a network whose data are the first inputs. */
    private interface Loss<M> {
        Tensor of(M network, Tensor[] data);
    }

    static List<Group> groups() {
        List<Measurement> growth = new ArrayList<>();
        for (long batch = 1; batch <= 512; batch *= 8) {
            growth.add(unet("step-unet-growth-" + batch, batch, NONE));
        }
        return List.of(
                new Group(
                        "Steps of training",
                        List.of(
                                transformer(),
                                unet("step-unet", 64, GOALS).comparingMemory(),
                                resNet())),
                new Group(
                        "Steps of training small policies, as ugoki train pusht makes them",
                        List.of(
                                regression("step-policy-l1", false),
                                flow("step-policy-flow", false),
                                flow("step-policy-flow-compiled", true))),
                new Group("How a step of training grows with the batch", growth));
    }

    private static Measurement transformer() {
        int batch = 8;
        int tokens = 128;
        int width = 256;
        Input data = Input.of(batch, tokens, width);
        TorchNetwork torch = new TorchNetwork(data, data);
        String y = Transformer.torch(torch, torch.data(0), width, 4, batch, tokens);
        String loss = "torch.mse_loss(" + y + ", " + torch.data(1) + ", 1)";
        return new Measurement(
                        "step-transformer",
                        "transformer of 4 layers, width 256, 128 tokens, batch 8",
                        GOALS,
                        torch.inputs(),
                        step(
                                torch,
                                () -> new Transformer(width, 4, KEY),
                                (network, in) ->
                                        Losses.mse(network.apply(in[0]), in[1], Reduction.MEAN)),
                        torch.step(loss, RULE),
                        0,
                        0)
                .comparingMemory();
    }

    private static Measurement unet(String name, long batch, List<Double> goals) {
        int length = 16;
        int conditioning = 40;
        Input actions = Input.of(batch, length, 2);
        TorchNetwork torch =
                new TorchNetwork(
                        actions,
                        Input.between(0, 100, batch),
                        Input.of(batch, conditioning),
                        actions);
        String y = TorchUnet.apply(torch, 2, conditioning, 64, List.of(64L, 128L, 256L));
        String loss = "torch.mse_loss(" + y + ", " + torch.data(3) + ", 1)";
        return new Measurement(
                name,
                "PushT U-Net 64/128/256, batch " + batch,
                goals,
                torch.inputs(),
                step(
                        torch,
                        () ->
                                ConditionalUnet1d.Config.of(2, conditioning)
                                        .withChannels(64, 128, 256)
                                        .withStepWidth(64)
                                        .build(KEY),
                        (network, in) ->
                                Losses.mse(
                                        network.apply(in[0], in[1], in[2]), in[3], Reduction.MEAN)),
                torch.step(loss, RULE),
                0,
                0);
    }

    private static Measurement resNet() {
        long batch = 8;
        TorchNetwork torch =
                new TorchNetwork(
                        Input.of(batch, 3, 96, 96), Input.classes(ResNet18.CLASSES, batch));
        String y = ResNet18.torch(torch, torch.data(0));
        String loss =
                "torch.cross_entropy_loss(" + y + ", " + torch.data(1) + ", None, 1, -100, 0.)";
        return new Measurement(
                        "step-resnet18",
                        "ResNet-18, 96 px, batch 8",
                        GOALS,
                        torch.inputs(),
                        step(
                                torch,
                                () -> new ResNet18(KEY),
                                (network, in) -> Losses.crossEntropy(network.apply(in[0]), in[1])),
                        torch.step(loss, RULE),
                        0,
                        0)
                // Rounding moves inputs of a relu across 0.
                .judgedInF64()
                .comparingMemory();
    }

    private static Measurement regression(String name, boolean compiled) {
        TorchNetwork torch = new TorchNetwork(observed(), chunk());
        String y = TorchResidualMlp.apply(torch, torch.data(0), OBSERVED, LENGTH * ACTIONS);
        String loss = "torch.l1_loss(%s, %s, 1)".formatted(asChunk(y), torch.data(1));
        return policy(
                name,
                "residual MLP, absolute error",
                torch,
                loss,
                compiled,
                () ->
                        new RegressionPolicy(
                                ResidualMlp.Config.of(OBSERVED, LENGTH * ACTIONS).build(KEY),
                                LENGTH,
                                ACTIONS),
                (policy, in) -> policy.loss(Chunks.of(in[0], in[1]), KEY));
    }

    private static Measurement flow(String name, boolean compiled) {
        TorchNetwork torch =
                new TorchNetwork(
                        observed(), chunk(), chunk(), Input.between(0, 1, BATCH_OF_POLICIES));
        String velocity = torch.let("torch.sub(%s, %s)", torch.data(2), torch.data(1));
        String noisy =
                torch.let(
                        "torch.add(%s, torch.mul(torch.reshape(%s, [-1, 1, 1]), %s))",
                        torch.data(1), torch.data(3), velocity);
        String flat = torch.let("torch.reshape(%s, [-1, %d])", noisy, LENGTH * ACTIONS);
        String x = torch.let("torch.cat([%s, %s], 1)", torch.data(0), flat);
        String step = torch.let("torch.mul(%s, 100.)", torch.data(3));
        String y =
                TorchResidualMlp.apply(
                        torch, x, step, OBSERVED + LENGTH * ACTIONS, LENGTH * ACTIONS);
        String loss = "torch.mse_loss(%s, %s, 1)".formatted(asChunk(y), velocity);
        return policy(
                name,
                "residual MLP, flow matching",
                torch,
                loss,
                compiled,
                () ->
                        new FlowPolicy(
                                ResidualMlp.Config.ofDenoiser(OBSERVED, LENGTH * ACTIONS)
                                        .build(KEY),
                                LENGTH,
                                ACTIONS,
                                FlowPolicy.Config.DEFAULT),
                (policy, in) -> policy.loss(Chunks.of(in[0], in[1]), in[2], in[3]));
    }

    private static Input observed() {
        return Input.of(BATCH_OF_POLICIES, OBSERVED);
    }

    private static Input chunk() {
        return Input.of(BATCH_OF_POLICIES, LENGTH, ACTIONS);
    }

    private static String asChunk(String y) {
        return "torch.reshape(%s, [-1, %d, %d])".formatted(y, LENGTH, ACTIONS);
    }

    /**
     * A step with AdamW and a moving average; {@code compiled} as one plan. The results that are
     * compared are the loss and AdamW's means of gradients.
     */
    private static <M extends Module> Measurement policy(
            String name,
            String what,
            TorchNetwork torch,
            String torchLoss,
            boolean compiled,
            Supplier<M> network,
            Loss<M> loss) {
        Ours ours =
                inputs -> {
                    M model = network.get();
                    List<Parameter> parameters = parameters(model, torch, inputs);
                    Tensor[] data = Arrays.copyOf(inputs, inputs.length - parameters.size());
                    Optimizer optimizer = Optimizer.of(model, RULE_OF_POLICIES);
                    MovingAverage average =
                            new MovingAverage(model, MovingAverage.Decay.constant(KEPT));
                    if (compiled) {
                        PlannedStep step =
                                PlannedStep.of(optimizer, (in, _) -> loss.of(model, in))
                                        .withAverage(average);
                        return () -> {
                            double value = step.run(KEY, KEY, data);
                            return results(value, optimizer, parameters);
                        };
                    }
                    return () -> {
                        var step =
                                Autograd.valueAndGrad(
                                        () -> loss.of(model, data), optimizer.parameters());
                        double value = step.value().item();
                        optimizer.step(step.gradients());
                        average.update();
                        return results(value, optimizer, parameters);
                    };
                };
        return new Measurement(
                name,
                what
                        + ", batch "
                        + BATCH_OF_POLICIES
                        + ", AdamW and a moving average"
                        + (compiled ? ", compiled" : ""),
                GOALS_OF_POLICIES,
                torch.inputs(),
                ours,
                torch.stepWithAverage(torchLoss, RULE_OF_POLICIES, KEPT),
                0,
                0);
    }

    /** What is compared, after the first step; later ones are timed and give nothing. */
    private static Tensor[] results(double loss, Optimizer optimizer, List<Parameter> parameters) {
        if (optimizer.stepCount() > 1) {
            return new Tensor[0];
        }
        List<Tensor> results = new ArrayList<>(List.of(Tensor.of(new float[] {(float) loss})));
        SequencedMap<String, HostArray> state = optimizer.stateDict();
        for (Parameter parameter : parameters) {
            int place = optimizer.parameters().indexOf(parameter);
            HostArray mean = Objects.requireNonNull(state.get("state/%d/exp_avg".formatted(place)));
            results.add(HostTensors.fromHost(mean));
        }
        return results.toArray(Tensor[]::new);
    }

    /** A step of a network whose parameters take their values from the inputs after the data. */
    private static <M extends Module> Ours step(
            TorchNetwork torch, Supplier<M> network, Loss<M> loss) {
        return inputs -> {
            M model = network.get();
            List<Parameter> parameters = parameters(model, torch, inputs);
            Tensor[] data = Arrays.copyOf(inputs, inputs.length - parameters.size());
            Optimizer optimizer = Optimizer.of(model, RULE);
            List<Integer> places =
                    optimizer.parameters().stream().map(parameters::indexOf).toList();
            return () -> {
                var step = Autograd.valueAndGrad(() -> loss.of(model, data), parameters);
                optimizer.step(places.stream().map(step.gradients()::get).toList());
                List<Tensor> results = new ArrayList<>(List.of(step.value()));
                results.addAll(step.gradients());
                return results.toArray(Tensor[]::new);
            };
        };
    }

    /** The model's parameters in libtorch's order, with the values of the inputs after the data. */
    private static List<Parameter> parameters(Module model, TorchNetwork torch, Tensor[] inputs) {
        SequencedMap<String, Parameter> named = model.namedParameters();
        List<String> names = torch.parameterNames();
        if (!named.keySet().equals(Set.copyOf(names))) {
            throw new IllegalStateException(
                    "our parameters are " + named.keySet() + ", libtorch's " + names);
        }
        int dataCount = inputs.length - names.size();
        List<Parameter> parameters = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            Parameter parameter = Objects.requireNonNull(named.get(names.get(i)));
            parameter.assign(inputs[dataCount + i]);
            parameters.add(parameter);
        }
        return parameters;
    }
}
