package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.ModelCases;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;

class LayersTest {
    private static final Key KEY = Key.of(7);
    private static final Convolutions.Settings DEFAULT = Convolutions.Settings.DEFAULT;

    private static Tensor set(Layer layer, String name, float... values) {
        var parameter = layer.namedParameters().get(name);
        parameter.assign(Tensor.of(values, parameter.type().shape().toArray()));
        return parameter.tensor();
    }

    @Test
    void linearMultipliesWithItsTransposedWeight() {
        Linear linear = new Linear(3, 2, KEY);
        set(linear, "weight", 1, 2, 3, 4, 5, 6);
        set(linear, "bias", 10, 20);
        Tensor y = linear.apply(Tensor.of(new float[] {1, 0, -1}, 1, 3));
        assertArrayEquals(new float[] {8, 18}, y.toFloatArray());
        assertEquals(Shape.of(4, 5, 2), linear.apply(Tensor.zeros(DType.F32, 4, 5, 3)).shape());
    }

    @Test
    void linearWithoutBiasHasNone() {
        Linear linear = new Linear(3, 2, false, KEY);
        assertEquals(1, linear.parameters().size());
        assertArrayEquals(
                new float[] {0, 0}, linear.apply(Tensor.zeros(DType.F32, 1, 3)).toFloatArray());
    }

    @Test
    void linearStartsEvenlyWithinTheRootOfItsInputs() {
        Linear linear = new Linear(16, 400, KEY);
        float[] weight = linear.weight().tensor().toFloatArray();
        double bound = 0.25;
        double squares = 0;
        for (float each : weight) {
            assertTrue(Math.abs(each) <= bound, () -> "was " + each);
            squares += each * each;
        }
        assertEquals(bound * bound / 3, squares / weight.length, 0.001);
        float[] bias = linear.bias().tensor().toFloatArray();
        assertNotEquals(weight[0], bias[0]);
    }

    @Test
    void layerNormBringsRowsToMeanZeroAndVarianceOne() {
        LayerNorm norm = new LayerNorm(2, 0);
        set(norm, "weight", 1, 2);
        set(norm, "bias", 0, 5);
        Tensor y = norm.apply(Tensor.of(new float[] {1, 3, 10, 4}, 2, 2));
        assertArrayEquals(new float[] {-1, 7, 1, 3}, y.toFloatArray(), 1e-5f);
    }

    @Test
    void groupNormTakesTheChannelsOfAGroupTogether() {
        GroupNorm norm = new GroupNorm(1, 2, 0);
        set(norm, "weight", 1, 10);
        set(norm, "bias", 0, 1);
        Tensor y = norm.apply(Tensor.of(new float[] {1, 1, 3, 3}, 1, 2, 2));
        assertArrayEquals(new float[] {-1, -1, 11, 11}, y.toFloatArray(), 1e-5f);
        assertThrows(IllegalArgumentException.class, () -> new GroupNorm(3, 4));
    }

    @Test
    void embeddingTakesRows() {
        Embedding embedding = new Embedding(3, 2, KEY);
        set(embedding, "weight", 1, 2, 3, 4, 5, 6);
        Tensor y = embedding.apply(Tensor.of(new long[] {2, 0, 2}, 3, 1));
        assertEquals(Shape.of(3, 1, 2), y.shape());
        assertArrayEquals(new float[] {5, 6, 1, 2, 5, 6}, y.toFloatArray());
    }

    @Test
    void embeddingStartsNormal() {
        float[] values = new Embedding(100, 100, KEY).weight().tensor().toFloatArray();
        double mean = 0;
        double squares = 0;
        for (float each : values) {
            mean += each / values.length;
            squares += (double) each * each / values.length;
        }
        assertEquals(0, mean, 0.04);
        assertEquals(1, squares, 0.06);
    }

    @Test
    void conv1dSlidesItsKernel() {
        Conv1d conv = new Conv1d(1, 2, 3, DEFAULT.withPadding(1).withStride(2), KEY);
        set(conv, "weight", 1, 2, 3, 0, 1, 0);
        set(conv, "bias", 0, 100);
        Tensor y = conv.apply(Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 4));
        assertEquals(Shape.of(1, 2, 2), y.shape());
        assertArrayEquals(new float[] {8, 20, 101, 103}, y.toFloatArray());
    }

    @Test
    void conv2dSlidesItsKernel() {
        Conv2d conv = new Conv2d(1, 1, 2, DEFAULT, false, KEY);
        set(conv, "weight", 1, 10, 100, 1000);
        Tensor y = conv.apply(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 1, 1, 2, 3));
        assertArrayEquals(new float[] {5421, 6532}, y.toFloatArray());
    }

    @Test
    void convTranspose1dSpreadsItsKernel() {
        ConvTranspose1d conv =
                new ConvTranspose1d(1, 1, 4, DEFAULT.withStride(2).withPadding(1), KEY);
        set(conv, "weight", 1, 2, 3, 4);
        set(conv, "bias", 0);
        Tensor y = conv.apply(Tensor.of(new float[] {1, 10}, 1, 1, 2));
        // 1 2 13 24 30 40, less one at each end.
        assertArrayEquals(new float[] {2, 13, 24, 30}, y.toFloatArray());
    }

    @Test
    void convTranspose1dGetsLongerByItsOutputPadding() {
        Convolutions.Settings settings = DEFAULT.withStride(2);
        ConvTranspose1d conv = new ConvTranspose1d(2, 4, 3, settings.withGroups(2), 1, true, KEY);
        assertEquals(Shape.of(2, 2, 3), conv.namedParameters().get("weight").type().shape());
        assertEquals(Shape.of(1, 4, 12), conv.apply(Tensor.zeros(DType.F32, 1, 2, 5)).shape());
    }

    @Test
    void channelsMustFillTheGroups() {
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> new Conv1d(4, 6, 3, DEFAULT.withGroups(4), KEY));
        assertTrue(error.getMessage().contains("6 channels"), error.getMessage());
    }

    @Test
    void activationsAreThoseOfTheirNames() {
        Tensor x = Tensor.of(new double[] {-1, 0, 2}, 3);
        assertActivation(Activation.relu(), x, 0, 0, 2);
        assertActivation(Activation.silu(), x, -0.2689414213699951, 0, 1.7615941559557649);
        assertActivation(Activation.gelu(), x, -0.15865525393145707, 0, 1.9544997361036416);
        assertActivation(Activation.geluTanh(), x, -0.15880800939172324, 0, 1.954597694087775);
        assertActivation(Activation.mish(), x, -0.3034014613784218, 0, 1.9439589595339946);
    }

    private static void assertActivation(Layer layer, Tensor x, double... expected) {
        assertArrayEquals(expected, layer.apply(x).toDoubleArray(), 1e-7, layer.toString());
    }

    @Test
    void sinusoidsGoFromOneToATenThousandth() {
        Tensor y = SinusoidalEmbedding.ofWidth(4).apply(Tensor.of(new float[] {0, 3}, 2));
        assertEquals(Shape.of(2, 4), y.shape());
        double[] expected = {0, 0, 1, 1, Math.sin(3), Math.sin(3e-4), Math.cos(3), Math.cos(3e-4)};
        assertArrayEquals(expected, y.toDoubleArray(), 1e-6);
        assertThrows(IllegalArgumentException.class, () -> SinusoidalEmbedding.ofWidth(5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"flowTimeEmbedding/0", "flowTimeEmbedding/1"})
    void periodsAreThoseOfFlowMatching(String id) throws IOException {
        var expected = ModelCases.read(id);
        var config = expected.config().json();
        SinusoidalEmbedding embedding =
                SinusoidalEmbedding.ofPeriods(
                        config.get("dim").asInt(),
                        config.get("minPeriod").asDouble(),
                        config.get("maxPeriod").asDouble());
        // The times were rounded to F32 after the results had been computed of them, and the
        // shortest period turns half a step of theirs into more than the case's own tolerance.
        double steepest = 2 * Math.PI / config.get("minPeriod").asDouble();
        double rounding = steepest * Math.ulp(1f) / 4;
        assertArrayEquals(
                expected.output("embedding").toDoubles(),
                embedding.apply(expected.input("time")).toDoubleArray(),
                rounding + 1e-6);
    }

    static Stream<Layer> layersWithParameters() {
        return Stream.of(
                new Linear(6, 3, KEY),
                new LayerNorm(6),
                new GroupNorm(2, 4),
                new Conv1d(4, 6, 3, DEFAULT.withPadding(1), KEY),
                new ConvTranspose1d(4, 2, 4, DEFAULT.withStride(2).withPadding(1), KEY),
                new Sequential(new Linear(6, 5, KEY), Activation.mish(), new Linear(5, 2, KEY)));
    }

    @ParameterizedTest
    @MethodSource("layersWithParameters")
    void everyParameterHasAGradient(Layer layer) {
        float[] values = new float[2 * 4 * 6];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(1.7 * i * i);
        }
        Tensor x = Tensor.of(values, 2, 4, 6);
        var step =
                Autograd.valueAndGrad(
                        () -> {
                            Tensor y = layer.apply(x);
                            Tensor weights = Tensor.arange(DType.F32, y.shape().elementCount());
                            return y.mul(weights.sin().reshape(y.shape())).sum();
                        },
                        layer.parameters());
        for (int i = 0; i < step.gradients().size(); i++) {
            float[] gradient = step.gradients().get(i).toFloatArray();
            boolean some = false;
            for (float each : gradient) {
                some |= each != 0;
            }
            assertTrue(some, "no gradient in parameter " + i + " of " + layer);
        }
        assertEquals(layer.parameters().size(), step.gradients().size());
        assertEquals(
                layer.parameters().stream().map(each -> each.type().shape()).toList(),
                step.gradients().stream().map(Tensor::shape).toList(),
                Arrays.toString(values));
    }
}
