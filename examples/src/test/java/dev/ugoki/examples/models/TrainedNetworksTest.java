package dev.ugoki.examples.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.nn.HostTensors;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.BatchNorm1d;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Flatten;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.vision.CifarResNet;
import dev.ugoki.tck.conformance.FormulaValues;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.PytorchFile;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

import javax.imageio.ImageIO;

/** Networks that others trained, loaded from their files, say what they said there. */
class TrainedNetworksTest {
    private static final Key KEY = Key.of(0);

    private static Path shared(String name) {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        Assumptions.assumeTrue(root != null, "not inside the project");
        Path file = root.resolveSibling("shared").resolve("data").resolve(name);
        Assumptions.assumeTrue(Files.exists(file), "skipped: there is no " + file);
        return file;
    }

    // ---- handwritten digits ----

    /** Three convolutions and two linear layers. */
    private static final class DigitNetwork extends Layer {
        private final Conv2d first = child("conv1", convolution(1, 8));
        private final Conv2d second = child("conv2", convolution(8, 16));
        private final Conv2d third = child("conv3", convolution(16, 24));
        private final BatchNorm2d norm = child("norm1", new BatchNorm2d(24));
        private final Linear inner = child("fc1", new Linear(24 * 22 * 22, 32, KEY));
        private final Linear outer = child("fc2", new Linear(32, 10, KEY));
        private final BatchNorm1d outerNorm = child("norm2", new BatchNorm1d(10));
        private final Activation relu = Activation.relu();

        private static Conv2d convolution(int in, int out) {
            return new Conv2d(in, out, 3, Convolutions.Settings.DEFAULT, KEY);
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor y = x;
            for (Conv2d convolution : List.of(first, second, third)) {
                y = relu.apply(convolution.apply(y));
            }
            y = new Flatten().apply(norm.apply(y));
            return outerNorm.apply(outer.apply(relu.apply(inner.apply(y))));
        }
    }

    @ParameterizedTest
    @CsvSource({"mnist.safetensors, 10000, 9917", "mnist.pt, 2000, 1976"})
    void theDigitNetworkIsRightAsOftenAsInPyTorch(String name, int count, int expected)
            throws IOException {
        Path file = shared("mnist_t10k/" + name);
        DigitNetwork network = new DigitNetwork();
        network.load(name.endsWith(".pt") ? PytorchFile.read(file) : SafetensorsFile.read(file));
        network.eval();
        byte[] images = gunzipped("mnist_t10k/t10k-images-idx3-ubyte.gz");
        byte[] labels = gunzipped("mnist_t10k/t10k-labels-idx1-ubyte.gz");
        int right = 0;
        int batch = 500;
        for (int start = 0; start < count; start += batch) {
            try (TensorScope _ = TensorScope.open()) {
                float[] pixels = new float[batch * 28 * 28];
                for (int i = 0; i < pixels.length; i++) {
                    double grey = (images[16 + start * 28 * 28 + i] & 0xff) / 255.0;
                    pixels[i] = (float) ((grey - 0.1307) / 0.3081);
                }
                long[] classes =
                        network.apply(Tensor.of(pixels, batch, 1, 28, 28))
                                .argmax(1, false)
                                .toLongArray();
                for (int i = 0; i < batch; i++) {
                    right += classes[i] == labels[8 + start + i] ? 1 : 0;
                }
            }
        }
        assertEquals(expected, right);
    }

    private static byte[] gunzipped(String name) throws IOException {
        try (var in = new GZIPInputStream(Files.newInputStream(shared(name)))) {
            return in.readAllBytes();
        }
    }

    // ---- small photographs ----

    private static CifarResNet cifar(int depth, String file) throws IOException {
        CifarResNet network = new CifarResNet(depth, 10, KEY);
        network.load(
                PytorchFile.open(shared("resnet_cifar10/pretrained_models/" + file))
                        .arrays("state_dict.module."));
        network.eval();
        return network;
    }

    private static JsonNode golden() throws IOException {
        return new ObjectMapper()
                .readTree(shared("resnet_cifar10/golden_logits.json").toFile())
                .required("items");
    }

    /** Pixels by ImageNet's means and deviations, {@code [n, 3, 32, 32]}. */
    private static Tensor photographs(JsonNode items) throws IOException {
        double[] mean = {0.485, 0.456, 0.406};
        double[] deviation = {0.229, 0.224, 0.225};
        float[] pixels = new float[items.size() * 3 * 32 * 32];
        int at = 0;
        for (JsonNode item : items) {
            BufferedImage image =
                    ImageIO.read(
                            shared("resnet_cifar10/" + item.required("file").asText()).toFile());
            for (int channel = 0; channel < 3; channel++) {
                for (int y = 0; y < 32; y++) {
                    for (int x = 0; x < 32; x++) {
                        int level = image.getRGB(x, y) >> (16 - 8 * channel) & 0xff;
                        pixels[at++] =
                                (float) ((level / 255.0 - mean[channel]) / deviation[channel]);
                    }
                }
            }
        }
        return Tensor.of(pixels, items.size(), 3, 32, 32);
    }

    @Test
    void resNet20GivesTheLogitsOfTheOriginal() throws IOException {
        JsonNode items = golden();
        assertEquals(200, items.size());
        CifarResNet network = cifar(20, "resnet20-12fca82f.th");
        double[] logits = network.apply(photographs(items)).toDoubleArray();
        double worst = 0;
        int at = 0;
        for (JsonNode item : items) {
            for (JsonNode expected : item.required("logits")) {
                worst = Math.max(worst, Math.abs(expected.doubleValue() - logits[at++]));
            }
        }
        double most = worst;
        assertTrue(most <= 1e-3, () -> "off by " + most);
    }

    /** Logits of a tensor that is filled by formula, drawn from PyTorch in F64. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "20 | resnet20-12fca82f.th | -6.215120 -1.707207 11.511149 0.035108 -0.320619"
                        + " -7.768912 9.144208 -1.420370 -2.135119 -1.110551",
                "32 | resnet32-d509ac18.th | 0.053783 -1.857910 7.277962 0.872471 2.814444"
                        + " -7.491517 9.365535 -8.310149 -3.099701 0.393464",
                "44 | resnet44-014dd654.th | -6.892065 -2.301603 7.983062 5.889585 4.570889"
                        + " -6.982195 11.343768 -4.738814 -3.638952 -5.387385",
                "56 | resnet56-4bfd9763.th | -6.948806 -1.736575 6.069795 6.213252 -0.348939"
                        + " -0.200651 4.641353 -2.725292 -1.963550 -2.977285"
            })
    void networksOfEveryDepthLoadFromTheOldestFiles(int depth, String file, String logits)
            throws IOException {
        HostArray filled = FormulaValues.of("photograph", Shape.of(1, 3, 32, 32), 1.5, 0.2);
        Tensor actual = cifar(depth, file).apply(HostTensors.fromHost(filled));
        double[] expected =
                Arrays.stream(logits.split(" ")).mapToDouble(Double::parseDouble).toArray();
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-3);
    }
}
