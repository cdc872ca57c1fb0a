package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

class NetworksTest {
    private static final Key KEY = Key.of(1);

    @Test
    void parameterCountsAreThoseOfTheRecipe() {
        assertEquals(2_143_776, count(() -> ResidualMlp.Config.of(40, 32).build(KEY)));
        assertEquals(2_488_864, count(() -> ResidualMlp.Config.ofDenoiser(40, 32).build(KEY)));
    }

    @Test
    void parameterCountsAreThoseOfDiffusionPolicy() {
        var config = ConditionalUnet1d.Config.of(2, 40);
        assertEquals(
                4_231_554,
                count(() -> config.withChannels(64, 128, 256).withStepWidth(64).build(KEY)));
        var paper = config.withChannels(256, 512, 1024).withStepWidth(256);
        assertEquals(65_783_298, count(() -> paper.build(KEY)));
        var five = ConditionalUnet1d.Config.of(2, 10).withChannels(256, 512, 1024);
        assertEquals(65_353_218, count(() -> five.withStepWidth(256).build(KEY)));
    }

    private static long count(java.util.function.Supplier<Module> network) {
        return Module.sketch(network).parameterCount();
    }

    @Test
    void theLastWeightOfABlockStartsSmall() {
        var named = ResidualMlp.Config.of(3, 2).withWidth(64).build(KEY).namedParameters();
        assertEquals(1 / 8.0, largest(named.get("blocks.0.up.weight").tensor()), 0.01);
        assertEquals(0.3 / 8, largest(named.get("blocks.0.down.weight").tensor()), 0.003);
    }

    private static double largest(Tensor tensor) {
        return tensor.abs().max(false).item();
    }

    @Test
    void aDenoiserTakesItsStepAndAPlainNetworkDoesNot() {
        Tensor x = Tensor.ones(DType.F32, 2, 5);
        ResidualMlp plain = new ResidualMlp.Config(5, 4, 8, 1, 0).build(KEY);
        ResidualMlp denoiser = new ResidualMlp.Config(5, 4, 8, 1, 4).build(KEY);
        assertEquals(Shape.of(2, 4), plain.apply(x).shape());
        Tensor steps = Tensor.of(new float[] {0, 50}, 2);
        float[] rows = denoiser.apply(x, steps).toFloatArray();
        assertTrue(rows[0] != rows[4], "the step changes nothing");
        assertThrows(IllegalStateException.class, () -> denoiser.apply(x));
        assertThrows(IllegalStateException.class, () -> plain.apply(x, steps));
    }

    @Test
    void theSamplesOfABatchDoNotMix() {
        ConditionalUnet1d unet = small();
        Tensor noisy = Random.normal(KEY.fold(1), DType.F32, 3, 8, 2);
        Tensor steps = Tensor.of(new float[] {1, 7, 90}, 3);
        Tensor conditioning = Random.normal(KEY.fold(2), DType.F32, 3, 5);
        Tensor all = unet.apply(noisy, steps, conditioning);
        assertEquals(noisy.shape(), all.shape());
        Tensor second =
                unet.apply(noisy.slice(0, 1, 2), steps.slice(0, 1, 2), conditioning.slice(0, 1, 2));
        assertArrayEquals(all.slice(0, 1, 2).toFloatArray(), second.toFloatArray(), 1e-5f);
    }

    @Test
    void aChunkMustBeHalvable() {
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                small().apply(
                                                Tensor.zeros(DType.F32, 1, 6, 2),
                                                Tensor.zeros(DType.F32, 1),
                                                Tensor.zeros(DType.F32, 1, 5)));
        assertTrue(error.getMessage().contains("multiple of 4"), error.getMessage());
    }

    private static ConditionalUnet1d small() {
        return ConditionalUnet1d.Config.of(2, 5)
                .withChannels(8, 8, 16)
                .withGroups(4)
                .withStepWidth(8)
                .build(KEY);
    }
}
