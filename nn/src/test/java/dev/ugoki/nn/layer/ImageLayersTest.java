package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.Init;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

class ImageLayersTest {
    private static final Key KEY = Key.of(13);

    @Test
    void aDepthwiseConvolutionKeepsChannelsApart() {
        Conv2d conv = Conv2d.depthwise(2, 1, Convolutions.Settings.DEFAULT, KEY);
        conv.weight().assign(Tensor.of(new float[] {2, 3}, 2, 1, 1, 1));
        conv.bias().assign(Tensor.of(new float[] {0, 1}, 2));
        Tensor y = conv.apply(Tensor.of(new float[] {1, 10}, 1, 2, 1, 1));
        assertArrayEquals(new float[] {2, 31}, y.toFloatArray());
    }

    @Test
    void poolsTakeANumberOfEachWindow() {
        Tensor x = Tensor.arange(DType.F32, 16).reshape(1, 1, 4, 4);
        var windows = Resampling.Windows.of(2, 2);
        assertArrayEquals(new float[] {5, 7, 13, 15}, Pooling.max(windows).apply(x).toFloatArray());
        assertArrayEquals(
                new float[] {2.5f, 4.5f, 10.5f, 12.5f},
                Pooling.average(windows).apply(x).toFloatArray());
        assertArrayEquals(
                new float[] {7.5f}, Pooling.adaptiveAverage(1, 1).apply(x).toFloatArray());
        assertEquals(Shape.of(1, 16), new Flatten().apply(x).shape());
    }

    @Test
    void spatialSoftmaxPointsToWhereAChannelIsActive() {
        double[] image = new double[2 * 3 * 5];
        // The first channel at row 0, column 4; the second at row 2, column 2.
        image[4] = 1000;
        image[15 + 2 * 5 + 2] = 1000;
        SpatialSoftmax softmax = Init.withDType(DType.F64, () -> new SpatialSoftmax(3, 5));
        Tensor points = softmax.apply(Tensor.of(image, 1, 2, 3, 5));
        assertEquals(Shape.of(1, 2, 2), points.shape());
        assertArrayEquals(new double[] {1, -1, 0, 1}, points.toDoubleArray(), 1e-6);
        assertThrows(
                IllegalArgumentException.class,
                () -> softmax.apply(Tensor.zeros(DType.F64, 1, 2, 5, 3)));
    }

    @Test
    void spatialSoftmaxHasTheStateOfLeRobot() {
        SpatialSoftmax softmax = new SpatialSoftmax(8, 3, 5, 4, KEY);
        assertEquals(
                List.of("pos_grid", "nets.weight", "nets.bias"),
                List.copyOf(softmax.stateDict().keySet()));
        assertEquals(Shape.of(15, 2), softmax.stateDict().get("pos_grid").shape());
        assertEquals(Shape.of(2, 4, 2), softmax.apply(Tensor.zeros(DType.F32, 2, 8, 3, 5)).shape());
    }

    @Test
    void gradientsOfSpatialSoftmaxAreRight() {
        SpatialSoftmax softmax =
                Init.withDType(DType.F64, () -> new SpatialSoftmax(3, 2, 3, 2, KEY));
        GradientCheck.check(
                in -> new Tensor[] {softmax.apply(in[0])},
                Random.normal(KEY, DType.F64, 2, 3, 2, 3));
    }

    @Test
    void patchesAreProjectedRowByRow() {
        PatchEmbedding embedding = new PatchEmbedding(1, 2, 1, KEY);
        var named = embedding.namedParameters();
        named.get("weight").assign(Tensor.of(new float[] {1, 10, 100, 1000}, 1, 1, 2, 2));
        Tensor x = Tensor.arange(DType.F32, 8).reshape(1, 1, 2, 4);
        Tensor y = embedding.apply(x);
        assertEquals(Shape.of(1, 2, 1), y.shape());
        assertArrayEquals(new float[] {5410, 7632}, y.toFloatArray());
        assertThrows(
                IllegalArgumentException.class,
                () -> embedding.apply(Tensor.zeros(DType.F32, 1, 1, 2, 3)));
    }
}
