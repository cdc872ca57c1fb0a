package com.example.perception;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.ModuleSummary;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code docs/networks-of-others.md} says. */
class NetworksOfOthersTest {
    private static final Key KEY = Key.of(1);

    @TempDir Path folder;

    private static Tensor pictures() {
        return Random.normal(KEY, DType.F32, 2, 3, 32, 32);
    }

    @Test
    void theBackboneIsThatOfTheFile() throws IOException {
        Path file = folder.resolve("resnet18.safetensors");
        ResNet trained = ResNet.Config.resNet18().build(KEY.fold(2));
        trained.save(file);
        GraspNetwork network = new GraspNetwork(KEY);
        network.loadBackbone(SafetensorsFile.read(file));
        assertEquals(
                trained.stateDict().get("layer4.1.conv2.weight"),
                network.stateDict().get("backbone.layer4.1.conv2.weight"));
        assertEquals(Shape.of(2, 1), network.apply(pictures()).shape());
    }

    @Test
    void foldedItGivesTheSame() {
        ResNet network = ResNet.Config.resNet18().build(KEY);
        network.eval();
        Tensor plain = network.apply(pictures());
        Tensor folded = network.folded().apply(pictures());
        float most = (float) (1e-4 * plain.abs().max(false).item());
        assertArrayEquals(plain.toFloatArray(), folded.toFloatArray(), most);
    }

    @Test
    void anAdapterOfTheHeadIsSmall() {
        GraspNetwork network = new GraspNetwork(KEY);
        Lora.attach(network, name -> name.equals("head"), Lora.Config.of(4), KEY);
        long adapted =
                Lora.parameters(network).values().stream()
                        .mapToLong(each -> each.type().shape().elementCount())
                        .sum();
        assertEquals(4 * 512 + 4, adapted);
    }

    @Test
    void theSummaryOnThePageIsWhatIsPrinted() throws IOException {
        TensorType batch = new TensorType(DType.F32, Shape.of(8, 3, 240, 320));
        String summary = ModuleSummary.of(new GraspNetwork(KEY), batch).toString();
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        String page = Files.readString(root.resolve("docs/networks-of-others.md"));
        for (String line : summary.lines().limit(6).toList()) {
            assertTrue(page.contains(line), () -> "not on the page: " + line);
        }
    }
}
