package dev.ugoki.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.AnomalyException;
import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.LayerNorm;
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
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.function.Supplier;

/** Where a network goes wrong, the line that called the layer is named. */
class AnomalyInModelTest {
    private final Key key = Key.of(3);
    private final Linear first = new Linear(4, 8, key.fold(0));
    private final Sequential model =
            new Sequential(
                    first,
                    Activation.silu(),
                    new LayerNorm(8),
                    new Dropout(0.1),
                    new Linear(8, 2, key.fold(1)));
    private final Tensor x = Random.normal(key.fold(2), DType.F32, 16, 4);
    private final Tensor y = Random.normal(key.fold(3), DType.F32, 16, 2);

    private Tensor predict() {
        return RandomScope.call(key.fold(4), () -> model.apply(x));
    }

    @Test
    void aTrainingStepIsWatchedWhole() {
        var optimizer = Optimizer.of(model, AdamW.of(1e-2));
        Autograd.detectNonFinite(
                () -> {
                    var step =
                            Autograd.valueAndGrad(
                                    () -> Losses.mse(predict(), y, Reduction.MEAN),
                                    optimizer.parameters());
                    optimizer.step(step.gradients());
                    return step;
                });
    }

    @Test
    void aSpoiledWeightIsNamedWithItsLayerAndWhoCalledIt() {
        Tensor weight = first.parameters().getFirst().tensor().detach();
        first.parameters()
                .getFirst()
                .assign(weight.maskedFill(weight.eq(weight.max(false)), Double.NaN));

        AnomalyException e =
                assertThrows(AnomalyException.class, () -> Autograd.detectAnomalies(this::predict));

        assertEquals("linear", e.operation());
        assertTrue(e.getMessage().contains("operand 1: F32[8,4], 1 NaN"), e.getMessage());
        assertTrue(
                e.getMessage().contains("called at dev.ugoki.examples.AnomalyInModelTest."),
                e.getMessage());
        assertTrue(
                e.getMessage().contains("in dev.ugoki.nn.layer.Linear.apply(Linear.java:"),
                e.getMessage());
    }

    @Test
    void aLossThatIsTooSteepIsFoundInItsGradient() {
        Supplier<?> pass =
                () -> Autograd.valueAndGrad(this::distanceToTheFirst, model.parameters());
        AnomalyException infinity =
                assertThrows(AnomalyException.class, () -> Autograd.detectNonFinite(pass));
        AnomalyException nan =
                assertThrows(AnomalyException.class, () -> Autograd.detectAnomalies(pass));

        assertEquals("sqrt", infinity.operation());
        // The square before it multiplies the infinite slope by 0.
        assertEquals("mul", nan.operation());
        for (AnomalyException each : List.of(infinity, nan)) {
            assertTrue(
                    each.getMessage().contains("AnomalyInModelTest.distanceToTheFirst("),
                    each.getMessage());
        }
    }

    /** The first prediction's distance to itself is 0, and its slope there infinite. */
    private Tensor distanceToTheFirst() {
        Tensor predictions = predict();
        Tensor change = predictions.sub(predictions.slice(0, 0, 1));
        return change.square().sum(false, 1).sqrt().mean();
    }

    @Test
    void checkpointsOfLayersDrawTheSameNumbersAgain() {
        List<float[]> plain = gradients(false);
        List<float[]> saved = gradients(true);
        for (int i = 0; i < plain.size(); i++) {
            assertArrayEquals(plain.get(i), saved.get(i), 0);
        }
    }

    private List<float[]> gradients(boolean checkpoint) {
        Supplier<Tensor> loss = () -> RandomScope.call(key.fold(4), () -> loss(checkpoint));
        return Autograd.detectAnomalies(() -> Autograd.valueAndGrad(loss, model.parameters()))
                .gradients()
                .stream()
                .map(Tensor::toFloatArray)
                .toList();
    }

    private Tensor loss(boolean checkpoint) {
        Graph.Program program = in -> new Tensor[] {model.apply(in[0])};
        Tensor[] predictions =
                checkpoint
                        ? RandomScope.checkpoint(program, x)
                        : RandomScope.call(RandomScope.nextKey(), () -> program.apply(x));
        return Losses.mse(predictions[0], y, Reduction.MEAN);
    }
}
