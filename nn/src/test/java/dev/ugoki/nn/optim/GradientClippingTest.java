package dev.ugoki.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

class GradientClippingTest {
    private static final List<Tensor> GRADIENTS =
            List.of(Tensor.of(new float[] {3, 0}, 2), Tensor.of(new float[] {0, 0, 4, 12}, 2, 2));

    @Test
    void gradientsAreScaledTogetherToTheLargestNorm() {
        var clipped = GradientClipping.byGlobalNorm(GRADIENTS, 6.5);
        assertEquals(13, clipped.norm().item(), 1e-6);
        assertArrayEquals(new float[] {1.5f, 0}, clipped.gradients().get(0).toFloatArray(), 1e-6f);
        assertArrayEquals(
                new float[] {0, 0, 2, 6}, clipped.gradients().get(1).toFloatArray(), 1e-6f);
    }

    @Test
    void smallGradientsStayAsTheyAre() {
        var clipped = GradientClipping.byGlobalNorm(GRADIENTS, 14);
        assertArrayEquals(
                GRADIENTS.get(1).toFloatArray(), clipped.gradients().get(1).toFloatArray());
    }

    @Test
    void whatIsNotANumberShowsInTheNorm() {
        List<Tensor> broken = List.of(Tensor.of(new float[] {1, Float.NaN}, 2));
        assertTrue(Double.isNaN(GradientClipping.globalNorm(broken).item()));
    }

    @Test
    void aNormOfZeroIsRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> GradientClipping.byGlobalNorm(GRADIENTS, 0));
        assertThrows(
                IllegalArgumentException.class, () -> GradientClipping.byGlobalNorm(List.of(), 1));
    }
}
