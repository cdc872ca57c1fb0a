package dev.ugoki.benchmarks.foundations;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;
import java.util.Locale;

/**
 * Operations with several results, residuals for the gradient and updates in place, end to end: a
 * layer normalization trained by AdamW on the reference backend and on the CPU.
 */
final class ResultsAndUpdates {
    private static final int STEPS = 20;

    private ResultsAndUpdates() {}

    static List<Foundations.Finding> ask() {
        boolean[] inPlace = new boolean[2];
        float[] reference = Device.parse("reference").call(() -> train(inPlace, 0));
        float[] cpu = Device.cpu().call(() -> train(inPlace, 1));
        double worst = 0;
        for (int i = 0; i < cpu.length; i++) {
            worst = Math.max(worst, Math.abs(cpu[i] - reference[i]));
        }
        return List.of(
                new Foundations.Finding(
                        "Layer normalization (three results, two of them residuals) trained for "
                                + STEPS
                                + " steps by AdamW (three results in place): CPU against reference",
                        "differ by rounding; parameters keep their memory",
                        String.format(
                                Locale.ROOT,
                                "%.1e at most; memory kept: %b and %b",
                                worst,
                                inPlace[0],
                                inPlace[1])));
    }

    private static float[] train(boolean[] inPlace, int index) {
        try (TensorScope _ = TensorScope.open()) {
            LayerNorm norm = new LayerNorm(32);
            Tensor x = Random.normal(Key.of(7), DType.F32, 64, 32);
            Optimizer optimizer = Optimizer.of(norm, AdamW.of(1e-2));
            Parameter weight = optimizer.parameters().getFirst();
            long before = ((Stored) weight.tensor().payload()).storage().address();
            for (int step = 0; step < STEPS; step++) {
                var found =
                        Autograd.valueAndGrad(
                                () -> norm.apply(x).sub(1).square().mean(), optimizer.parameters());
                optimizer.step(found.gradients());
            }
            long after = ((Stored) weight.tensor().payload()).storage().address();
            inPlace[index] = before == after;
            return weight.tensor().toFloatArray();
        }
    }
}
