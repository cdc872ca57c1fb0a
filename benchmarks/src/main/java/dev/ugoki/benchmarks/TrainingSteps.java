package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

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
    private static final double LEARNING_RATE = 1e-4;

    /**
     * Of the gradients: rounding moves inputs of a relu across 0, and so those of the first layers
     * are a hundredth off those in F64, ours and libtorch's alike.
     */
    private static final double RESNET_TOLERANCE = 0.03;

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
                        torch.step(loss, LEARNING_RATE),
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
                torch.step(loss, LEARNING_RATE),
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
                        torch.step(loss, LEARNING_RATE),
                        0,
                        0)
                .withTolerance(RESNET_TOLERANCE)
                .comparingMemory();
    }

    /** A step of a network whose parameters take their values from the inputs after the data. */
    private static <M extends Module> Ours step(
            TorchNetwork torch, Supplier<M> network, Loss<M> loss) {
        return inputs -> {
            M model = network.get();
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
            Tensor[] data = Arrays.copyOf(inputs, dataCount);
            Optimizer optimizer = Optimizer.of(model, AdamW.of(LEARNING_RATE));
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
}
