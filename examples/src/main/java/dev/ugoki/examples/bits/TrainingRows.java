package dev.ugoki.examples.bits;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Networks that learn for a few steps with AdamW: their parameters and losses. */
final class TrainingRows {
    private static final int STEPS = 3;

    private TrainingRows() {}

    static List<BitRow> all() {
        return List.of(
                row("perceptron", TrainingRows::perceptron, 259, 33),
                row("transformer block", Block::new, 5, 47, 64),
                row("convolutions", TrainingRows::pyramid, 6, 3, 33, 31));
    }

    private static BitRow row(String name, Supplier<Layer> network, long... samples) {
        return new BitRow(
                "training: " + name,
                () -> train(network, Random.normal(Key.of(100), DType.F32, samples)));
    }

    private static List<Tensor> train(Supplier<Layer> network, Tensor x) {
        Layer model = network.get();
        Optimizer optimizer = Optimizer.of(model, AdamW.of(1e-3));
        List<Tensor> results = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            var result =
                    Autograd.valueAndGrad(
                            () -> {
                                Tensor y = model.apply(x);
                                Tensor wanted =
                                        Random.normal(Key.of(9), DType.F32, y.shape().toArray());
                                return Losses.mse(y, wanted, Reduction.MEAN);
                            },
                            optimizer.parameters());
            optimizer.step(result.gradients());
            results.add(result.value());
        }
        for (Parameter parameter : model.parameters()) {
            results.add(parameter.tensor().detach());
        }
        return results;
    }

    private static Layer perceptron() {
        Key key = Key.of(101);
        return new Sequential(
                new Linear(33, 130, key.fold(0)),
                Activation.silu(),
                new LayerNorm(130),
                new Linear(130, 70, key.fold(1)),
                Activation.gelu(),
                new Linear(70, 7, key.fold(2)));
    }

    private static Layer pyramid() {
        Key key = Key.of(102);
        Convolutions.Settings same = Convolutions.Settings.DEFAULT.withPadding(1);
        return new Sequential(
                new Conv2d(3, 16, 3, same, key.fold(0)),
                new GroupNorm(4, 16),
                Activation.relu(),
                new Conv2d(16, 32, 3, same.withStride(2), key.fold(1)),
                Activation.mish(),
                new Conv2d(32, 8, 1, Convolutions.Settings.DEFAULT, key.fold(2)));
    }

    /** Attention and a perceptron, each after a normalization and beside a shortcut. */
    private static final class Block extends Layer {
        private static final int WIDTH = 64;

        private final LayerNorm first = child("norm1", new LayerNorm(WIDTH));
        private final LayerNorm second = child("norm2", new LayerNorm(WIDTH));
        private final MultiheadAttention attention =
                child("attention", new MultiheadAttention.Config(WIDTH, 4).build(Key.of(103)));
        private final Sequential perceptron =
                child(
                        "perceptron",
                        new Sequential(
                                new Linear(WIDTH, 4 * WIDTH, Key.of(104)),
                                Activation.gelu(),
                                new Linear(4 * WIDTH, WIDTH, Key.of(105))));

        @Override
        public Tensor apply(Tensor x) {
            Tensor n = first.apply(x);
            Tensor y = x.add(attention.apply(n, n, n, MultiheadAttention.Mask.CAUSAL));
            return y.add(perceptron.apply(second.apply(y)));
        }
    }
}
