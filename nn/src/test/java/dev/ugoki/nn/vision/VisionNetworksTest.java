package dev.ugoki.nn.vision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.FrozenBatchNorm2d;
import dev.ugoki.nn.layer.GroupNorm;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class VisionNetworksTest {
    private static final Key KEY = Key.of(17);

    private static Tensor images(long size) {
        return Random.normal(KEY, DType.F32, 2, 3, size, size);
    }

    /** A network with one block in each stage, which is built quickly. */
    private static ResNet.Config shallow(ResNet.Block block) {
        return new ResNet.Config(block, List.of(1, 1, 1, 1), BatchNorm2d::new, 5, false);
    }

    private static long parameters(ResNet.Config config) {
        return Module.sketch(() -> config.build(KEY)).parameterCount();
    }

    /** A network whose statistics are not those of a new one. */
    private static ResNet withStatistics(ResNet network) {
        Map<String, HostArray> state = new LinkedHashMap<>(network.stateDict());
        state.replaceAll(
                (name, values) ->
                        name.contains("running") || name.contains("bn")
                                ? varied(values, name)
                                : values);
        network.load(state);
        return network;
    }

    private static HostArray varied(HostArray values, String name) {
        if (!values.dtype().isFloating()) {
            return values;
        }
        float[] varied = values.toFloats();
        for (int i = 0; i < varied.length; i++) {
            varied[i] += 0.3f * (float) Math.sin(i + name.length());
        }
        return HostArray.of(values.shape(), varied);
    }

    @Test
    void parameterCountsAreThePublishedOnes() {
        assertEquals(11_689_512, parameters(ResNet.Config.resNet18()));
        assertEquals(21_797_672, parameters(ResNet.Config.resNet34()));
        assertEquals(25_557_032, parameters(ResNet.Config.resNet50()));
        assertEquals(11_176_512, parameters(ResNet.Config.resNet18().withoutHead()));
        assertEquals(
                86_567_656,
                Module.sketch(() -> VisionTransformer.Config.base16(1000).build(KEY))
                        .parameterCount());
        int[][] cifar = {{20, 269_722}, {32, 464_154}, {44, 658_586}, {56, 853_018}};
        for (int[] each : cifar) {
            assertEquals(
                    each[1],
                    Module.sketch(() -> new CifarResNet(each[0], 10, KEY)).parameterCount());
        }
    }

    @Test
    void theConvolutionsOfActsBackboneLearn() {
        ResNet.Config backbone =
                ResNet.Config.resNet18().withoutHead().withNorm(FrozenBatchNorm2d::new);
        assertEquals(11_166_912, parameters(backbone));
    }

    @Test
    void featuresAreAThirtySecondOfTheImageRoundedUp() {
        ResNet network = shallow(ResNet.Block.BASIC).withoutHead().build(KEY);
        network.eval();
        assertEquals(
                Shape.of(2, 512, 2, 3),
                network.apply(Random.normal(KEY, DType.F32, 2, 3, 40, 70)).shape());
        assertEquals(512, network.channels());
    }

    @Test
    void aFoldedNetworkGivesTheSame() {
        ResNet network = withStatistics(shallow(ResNet.Block.BASIC).build(KEY));
        network.eval();
        ResNet folded = network.folded();
        float[] expected = network.apply(images(32)).toFloatArray();
        float[] actual = folded.apply(images(32)).toFloatArray();
        double scale = 0;
        for (float each : expected) {
            scale = Math.max(scale, Math.abs(each));
        }
        assertArrayEquals(expected, actual, (float) (1e-4 * scale));
        assertTrue(folded.stateDict().keySet().stream().noneMatch(name -> name.contains("bn")));
        assertThrows(
                IllegalStateException.class,
                () ->
                        shallow(ResNet.Block.BASIC)
                                .withNorm(channels -> new GroupNorm(16, channels))
                                .build(KEY)
                                .folded());
    }

    @Test
    void asASequenceTheLayersHaveNumbers() {
        ResNet network =
                shallow(ResNet.Block.BASIC)
                        .withoutHead()
                        .withNorm(channels -> new GroupNorm((int) channels / 16, channels))
                        .build(KEY);
        Sequential sequence = network.sequence();
        for (String name :
                List.of(
                        "0.weight",
                        "1.bias",
                        "4.0.conv1.weight",
                        "5.0.downsample.1.weight",
                        "7.0.bn2.bias")) {
            assertTrue(sequence.stateDict().containsKey(name), name);
        }
        assertArrayEquals(
                network.apply(images(32)).toFloatArray(),
                sequence.apply(images(32)).toFloatArray());
    }

    @Test
    void aDilatedLastStageKeepsTheSize() {
        ResNet.Config config = shallow(ResNet.Block.BOTTLENECK).withoutHead();
        assertThrows(
                IllegalArgumentException.class,
                () -> ResNet.Config.resNet18().withDilateLast(true));
        ResNet dilated = config.withDilateLast(true).build(KEY);
        dilated.eval();
        assertEquals(Shape.of(2, 2048, 2, 2), dilated.apply(images(32)).shape());
    }

    @Test
    void aResNetLearns() {
        CifarResNet network = new CifarResNet(8, 4, KEY);
        var step =
                Autograd.valueAndGrad(
                        () -> network.apply(images(32)).square().mean(), network.parameters());
        for (Tensor gradient : step.gradients()) {
            assertTrue(gradient.abs().max(false).item() > 0);
        }
        assertThrows(IllegalArgumentException.class, () -> new CifarResNet(18, 10, KEY));
    }

    @Test
    void aSiglipEncoderGivesATokenForEachPatch() {
        SiglipVision.Config config = new SiglipVision.Config(30, 8, 2, 2, 16, 24);
        SiglipVision network = config.build(KEY);
        assertEquals(Shape.of(2, 9, 16), network.apply(images(30)).shape());
        var names = network.stateDict().keySet();
        for (String name :
                List.of(
                        "embeddings.patch_embedding.weight",
                        "embeddings.position_embedding.weight",
                        "encoder.layers.1.self_attn.out_proj.bias",
                        "encoder.layers.0.mlp.fc1.weight",
                        "encoder.layers.0.layer_norm2.bias",
                        "post_layernorm.weight")) {
            assertTrue(names.contains(name), name);
        }
        assertThrows(IllegalArgumentException.class, () -> network.apply(images(32)));
    }

    @Test
    void aVisionTransformerWithoutHeadGivesItsClassToken() {
        VisionTransformer.Config config = new VisionTransformer.Config(16, 8, 1, 2, 8, 16, 0, 0);
        VisionTransformer network = config.build(KEY);
        assertEquals(Shape.of(2, 8), network.apply(images(16)).shape());
        assertEquals(Shape.of(2, 5, 8), network.tokens(images(16)).shape());
        assertThrows(
                IllegalArgumentException.class,
                () -> new VisionTransformer.Config(20, 8, 1, 2, 8, 16, 0, 0));
    }
}
