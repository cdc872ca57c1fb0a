package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.Flatten;
import dev.ugoki.nn.layer.GroupedQueryAttention;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.transformer.LlamaDecoder;
import dev.ugoki.nn.transformer.LlamaModel;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.junit.jupiter.api.Test;

class ModuleSummaryTest {
    private static final Key KEY = Key.of(29);

    private static TensorType floats(long... shape) {
        return new TensorType(DType.F32, Shape.of(shape));
    }

    private static ModuleSummary.Row row(ModuleSummary summary, String name) {
        return summary.rows().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void productsAndConvolutionsCountTwoForEachMultiplication() {
        Sequential network =
                new Sequential(
                        new Conv2d(3, 8, 3, Convolutions.Settings.DEFAULT, false, KEY),
                        Activation.relu(),
                        new Flatten(),
                        new Linear(8 * 4 * 4, 10, false, KEY));
        ModuleSummary summary = ModuleSummary.of(network, floats(2, 3, 6, 6));
        assertEquals(2 * (2 * 8 * 16) * 27, row(summary, "0").operations());
        assertEquals(2 * (2 * 10) * 128, row(summary, "3").operations());
        // The ReLU reads no parameters: it is between 0 and 3, in the sequence.
        long all = row(summary, "0").operations() + row(summary, "3").operations() + 2 * 8 * 16;
        assertEquals(all, summary.total().operations());
        assertEquals(4 * (2 * 8 * 16 + 2 * 8 * 16 + 2 * 10), summary.total().activationBytes());
        assertEquals(4 * (216 + 1280), summary.total().stateBytes());
    }

    @Test
    void attentionBelongsToTheModuleAroundItsProjections() {
        GroupedQueryAttention attention =
                GroupedQueryAttention.Config.decoder(16, 4, 4, 4).build(KEY);
        ModuleSummary summary =
                ModuleSummary.of(
                        attention,
                        in -> new Tensor[] {attention.apply(in[0], GroupedQueryAttention.View.ALL)},
                        floats(1, 10, 16));
        long projections = 4 * 2 * 10 * 16 * 16;
        long attended = 2 * 2 * 4 * 10 * 10 * 4;
        long total = summary.total().operations();
        assertTrue(total >= projections + attended, () -> "was " + total);
        assertTrue(total < projections + attended + 20 * 4 * 10 * 10, () -> "was " + total);
        assertEquals(2 * 10 * 16 * 16, row(summary, "q_proj").operations());
    }

    /** 1.8 G multiplications are published for ResNet-18 and images of 224. */
    @Test
    void aResNetTakesWhatIsPublished() {
        ResNet network = ResNet.Config.resNet18().build(KEY);
        ModuleSummary summary = ModuleSummary.of(network, floats(1, 3, 224, 224));
        double multiplications = summary.total().operations() / 2.0;
        assertEquals(1.82e9, multiplications, 0.02e9);
        assertEquals(11_689_512, summary.total().parameters());
        String text = summary.toString();
        assertTrue(text.contains("layer4: Sequential"), text);
        assertTrue(text.lines().findFirst().orElseThrow().contains("FLOPs"), text);
    }

    @Test
    void modesAreAsBefore() {
        Sequential network = new Sequential(new Dropout(0.5), new Dropout(0.5));
        network.get(1).eval();
        ModuleSummary.of(network, floats(3));
        assertTrue(network.isTraining());
        assertTrue(network.get(0).isTraining());
        assertFalse(network.get(1).isTraining());
    }

    @Test
    void aSketchOfAnySizeHasASummary() {
        LlamaModel.Config config =
                new LlamaModel.Config(257_152, 2048, 18, 8, 1, 256, 16_384, 10_000, 1e-6);
        ModuleSummary summary =
                ModuleSummary.ofSketch(
                        () -> new LlamaDecoder(config, KEY),
                        (decoder, in) -> new Tensor[] {decoder.apply(in[0])},
                        new TensorType(DType.I64, Shape.of(1, 100)));
        long layers = 18L * (2048 * (2 * 2048 + 2 * 256) + 3 * 2048 * 16_384L);
        long head = 257_152L * 2048;
        assertEquals(2 * head + layers + 37 * 2048, summary.total().parameters());
        double expected = 2.0 * 100 * (layers + head);
        assertEquals(1, summary.total().operations() / expected, 0.02);
    }
}
