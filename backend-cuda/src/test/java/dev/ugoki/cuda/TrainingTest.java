package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** A small network of everything learns as it does on the CPU. */
final class TrainingTest {
    private static final int STEPS = 20;
    private static final int BATCH = 6;
    private static final int LENGTH = 9;
    private static final int WIDTH = 16;
    private static final int CLASSES = 5;

    /** Weights: of a convolution, a normalization, attention, two linear layers. */
    private static final long[][] SHAPES = {
        {WIDTH, 4, 3},
        {WIDTH},
        {WIDTH},
        {WIDTH, WIDTH},
        {WIDTH, WIDTH},
        {2 * WIDTH, WIDTH},
        {2 * WIDTH},
        {CLASSES, 2 * WIDTH},
        {CLASSES}
    };

    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    private static Tensor loss(Tensor x, Tensor targets, List<Tensor> w) {
        Prim.Window same = new Prim.Window(1, 1, 1, 1);
        Tensor h = Engine.one(new Prim.Conv(List.of(same), 1), x, w.get(0)).transpose(1, 2);
        h = Engine.apply(new Normalization.LayerNorm(1, 1e-5), h, w.get(1), w.get(2))[0];
        Tensor q = Engine.one(new Linear(), h, w.get(3));
        Tensor k = Engine.one(new Linear(), h, w.get(4));
        h = h.add(Engine.apply(new ScaledDotProductAttention(0.25, true), q, k, h)[0]);
        h = Engine.one(new Activation.Gelu(), Engine.one(new Linear(), h, w.get(5), w.get(6)));
        Tensor scores = Engine.one(new Linear(), h.mean(false, 1), w.get(7), w.get(8));
        return Engine.apply(new Likelihood.CrossEntropy(0.1, -100), scores, targets)[0].mean();
    }

    private static List<Double> losses() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor x = Random.normal(Key.of(1), DType.F32, BATCH, 4, LENGTH);
            Tensor targets = Tensor.of(new long[] {0, 1, 2, 3, 4, 2}, BATCH);
            List<Tensor[]> parameters = new ArrayList<>();
            for (int i = 0; i < SHAPES.length; i++) {
                Tensor values = Random.normal(Key.of(10 + i), DType.F32, SHAPES[i]).mul(0.3);
                Tensor zeros = Tensor.zeros(DType.F32, SHAPES[i]);
                parameters.add(new Tensor[] {values, zeros, zeros.copy()});
            }
            List<Double> losses = new ArrayList<>();
            for (int step = 1; step <= STEPS; step++) {
                try (TensorScope _ = TensorScope.open()) {
                    losses.add(step(x, targets, parameters, step));
                }
            }
            return losses;
        }
    }

    private static double step(Tensor x, Tensor targets, List<Tensor[]> parameters, int step) {
        List<Tensor> variables =
                parameters.stream().map(each -> Autograd.variable(each[0])).toList();
        Tensor loss = loss(x, targets, variables);
        List<Tensor> gradients = Autograd.gradients(loss, variables);
        double[] values = {
            1e-2, 0.9, 0.999, 1e-8, 0.01, 1 - Math.pow(0.9, step), 1 - Math.pow(0.999, step)
        };
        List<Tensor> settings = new ArrayList<>();
        for (double value : values) {
            settings.add(Tensor.full(DType.F64, Shape.SCALAR, value));
        }
        for (int i = 0; i < parameters.size(); i++) {
            Tensor[] each = parameters.get(i);
            List<Tensor> operands =
                    new ArrayList<>(List.of(each[0], gradients.get(i).detach(), each[1], each[2]));
            operands.addAll(settings);
            Engine.update(new OptimizerStep.AdamWStep(), operands.toArray(Tensor[]::new));
        }
        return loss.item();
    }

    @Test
    void twentyStepsGiveTheLossesOfTheCpu() {
        List<Double> expected = Device.cpu().call(TrainingTest::losses);
        List<Double> actual = new Device(CudaProvider.KIND, 0).call(TrainingTest::losses);
        for (int i = 0; i < STEPS; i++) {
            assertEquals(expected.get(i), actual.get(i), 1e-4);
        }
        assertTrue(actual.getLast() < 0.8 * actual.getFirst(), actual::toString);
    }
}
