package dev.ugoki.examples;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

/** The README's example: a small network learns where a two-jointed arm's hand is. */
public final class Quickstart {
    private Quickstart() {}

    /** Trains for 500 steps and prints the loss now and then. */
    public static void main(String[] arguments) {
        System.out.printf("last loss %.5f%n", train(500));
    }

    static double train(int steps) {
        Key key = Key.of(42);
        var model =
                new Sequential(
                        new Linear(2, 64, key.fold(0)),
                        Activation.silu(),
                        new Linear(64, 2, key.fold(1)));
        var optimizer = Optimizer.of(model, AdamW.of(1e-2));
        double loss = Double.NaN;
        for (int step = 0; step < steps; step++) {
            try (TensorScope _ = TensorScope.open()) {
                Tensor angles = Random.uniformBetween(-2, 2, key.fold(2 + step), DType.F32, 256, 2);
                Tensor elbow = angles.slice(1, 0, 1);
                Tensor hand = angles.sum(true, 1);
                Tensor position =
                        Tensor.concat(1, elbow.cos().add(hand.cos()), elbow.sin().add(hand.sin()));
                var result =
                        Autograd.valueAndGrad(
                                () -> Losses.mse(model.apply(angles), position, Reduction.MEAN),
                                optimizer.parameters());
                optimizer.step(result.gradients());
                loss = result.value().item();
            }
        }
        return loss;
    }
}
