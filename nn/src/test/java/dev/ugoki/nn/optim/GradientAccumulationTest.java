package dev.ugoki.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

class GradientAccumulationTest {
    private final Linear layer = new Linear(5, 3, Key.of(1));
    private final Tensor x = Random.normal(Key.of(2), DType.F32, 12, 5);
    private final Tensor y = Random.normal(Key.of(3), DType.F32, 12, 3);

    private Tensor loss(int from, int count) {
        return Losses.mse(
                layer.apply(x.narrow(0, from, count)), y.narrow(0, from, count), Reduction.MEAN);
    }

    @Test
    void partsGiveTheGradientOfTheWhole() {
        var whole = Autograd.valueAndGrad(() -> loss(0, 12), layer.parameters());
        var parts =
                GradientAccumulation.valueAndGrad(4, part -> loss(3 * part, 3), layer.parameters());
        assertEquals(whole.value().item(), parts.value().item(), 1e-6);
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(
                    whole.gradients().get(i).toFloatArray(),
                    parts.gradients().get(i).toFloatArray(),
                    1e-6f);
        }
    }

    @Test
    void noPartIsNoBatch() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        GradientAccumulation.valueAndGrad(
                                0, part -> loss(0, 12), layer.parameters()));
    }
}
