package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.PadMode;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Resampling.Windows;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Interpolate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Pooling and resampling against numbers of PyTorch 1.13 in double precision. */
@ExtendWith(OnReference.class)
class ResamplingTest {
    /** {@code 7 i mod 13}: every value among its neighbours is another one. */
    private static Tensor image() {
        Tensor count = Tensor.arange(DType.F64, 30).mul(7);
        return count.floorMod(13).reshape(1, 1, 5, 6);
    }

    private static Tensor corner() {
        return image().slice(2, 0, 2).slice(3, 0, 3);
    }

    private static void near(Tensor actual, double... expected) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-13);
    }

    @Test
    void windowsMayReachBeyondTheEnd() {
        Windows windows = Windows.of(3, 3).withStride(2, 2).withPadding(1, 1).withCeil(true);
        Tensor.Sorted largest = Resampling.maxPoolWithIndices(image(), windows);
        near(largest.values(), 10, 11, 12, 12, 10, 11, 12, 12, 12, 10, 11, 8);
        near(largest.indices().cast(DType.F64), 7, 9, 11, 11, 7, 9, 11, 11, 24, 20, 22, 29);
        double third = 1 / 3.0;
        near(
                Resampling.avgPool(image(), windows, true),
                2 + 2 / 9.0,
                4 + 5 / 9.0,
                5 + 2 / 9.0,
                3.5,
                3 + 4 / 9.0,
                5 + 5 / 9.0,
                6 + 5 / 9.0,
                3 + 1 / 6.0,
                3 + third,
                3 + third,
                4,
                2 + 1 / 6.0);
        near(
                Resampling.avgPool(image(), windows, false),
                5,
                6 + 5 / 6.0,
                7 + 5 / 6.0,
                10.5,
                5 + 1 / 6.0,
                5 + 5 / 9.0,
                6 + 5 / 9.0,
                6 + third,
                7.5,
                5,
                6,
                6.5);
        GradientCheck.check(
                in ->
                        new Tensor[] {
                            Resampling.avgPool(in[0], windows, true),
                            Resampling.avgPool(in[0], windows, false)
                        },
                image());
    }

    @Test
    void windowsMayBeDilated() {
        Windows windows = Windows.of(2, 2).withStride(1, 1).withPadding(1, 1).withDilation(2, 2);
        near(
                Resampling.maxPool(image(), windows),
                10,
                4,
                11,
                5,
                12,
                5,
                7,
                7,
                8,
                8,
                9,
                8,
                10,
                10,
                11,
                11,
                12,
                11,
                6,
                12,
                7,
                8,
                8,
                8,
                3,
                10,
                4,
                11,
                5,
                11);
    }

    @Test
    void aLastWindowOfNothingButPaddingIsRefused() {
        Tensor x = Tensor.zeros(DType.F32, 1, 1, 2);
        Windows windows = Windows.of(2).withStride(3).withCeil(true);
        assertEquals(Shape.of(1, 1, 1), Resampling.maxPool(x, windows).shape());
        assertThrows(
                IllegalArgumentException.class,
                () -> Resampling.maxPool(x, Windows.of(2).withPadding(2)));
        assertThrows(IllegalArgumentException.class, () -> Resampling.maxPool(x, Windows.of(2, 2)));
    }

    @Test
    void adaptiveMaximaTakeWindowsSpreadEvenly() {
        near(
                Resampling.adaptiveMaxPool(image(), 3, 4),
                10,
                10,
                11,
                12,
                10,
                10,
                11,
                12,
                12,
                10,
                11,
                11);
        near(Resampling.adaptiveMaxPool(image(), 1, 1), 12);
        Tensor x = Autograd.variable(Tensor.ones(DType.F64, 1, 1, 5));
        Tensor sum = Resampling.adaptiveMaxPool(x, 2).sum();
        near(Autograd.gradients(sum, List.of(x)).getFirst(), 1, 0, 1, 0, 0);
        assertThrows(IllegalArgumentException.class, () -> Resampling.adaptiveMaxPool(image(), 2));
    }

    @Test
    void cubicKernelsMayOvershoot() {
        near(
                Resampling.interpolate(corner(), Interpolate.Mode.CUBIC, false, 3, 5),
                -0.9324166666666666,
                2.887583333333333,
                6.739583333333336,
                3.5715833333333356,
                0.16358333333333366,
                0.828,
                4.648,
                8.5,
                5.332,
                1.924,
                2.588416666666665,
                6.408416666666664,
                10.260416666666668,
                7.092416666666667,
                3.6844166666666682);
        near(
                Resampling.interpolate(corner(), Interpolate.Mode.CUBIC, true, 3, 5),
                0,
                4.0625,
                7,
                4.65625,
                1,
                1.5,
                5.5625,
                8.5,
                6.15625,
                2.5,
                3,
                7.0625,
                10,
                7.65625,
                4);
    }

    @Test
    void theNearestElementIsTakenFromTheMiddleOfAPosition() {
        near(
                Resampling.interpolate(corner(), Interpolate.Mode.NEAREST_EXACT, false, 3, 5),
                0,
                0,
                7,
                1,
                1,
                3,
                3,
                10,
                4,
                4,
                3,
                3,
                10,
                4,
                4);
        assertThrows(
                IllegalArgumentException.class,
                () -> Resampling.interpolate(corner(), Interpolate.Mode.NEAREST_EXACT, true, 3, 5));
    }

    @Test
    void factorsScaleTheExtents() {
        Tensor twice = Resampling.interpolateBy(image(), Interpolate.Mode.LINEAR, false, 2, 1.5);
        assertEquals(Shape.of(1, 1, 10, 9), twice.shape());
        near(
                Resampling.interpolate(image(), Interpolate.Mode.LINEAR, false, 10, 9),
                twice.toDoubleArray());
    }

    @Test
    void edgesOfAllDimensionsAtOnce() {
        long[][] edges = {{0, 0}, {0, 0}, {1, 0}, {0, 2}};
        near(corner().pad(edges, PadMode.REPLICATE), 0, 7, 1, 1, 1, 0, 7, 1, 1, 1, 3, 10, 4, 4, 4);
        long[][] fewer = {{1, 1}};
        assertThrows(IllegalArgumentException.class, () -> corner().pad(fewer, PadMode.REFLECT));
    }

    @Test
    void instancesAreNormalizedByThemselves() {
        near(
                Normalizations.instanceNorm(corner(), null, null, 1e-5),
                -1.2126776115771383,
                0.824620775872454,
                -0.9216349847986252,
                -0.33954973124159876,
                1.6977486562079935,
                -0.04850710446308559);
    }

    @Test
    void lengthsBecomeOneAndNothingStaysNothing() {
        Tensor x = Tensor.of(new double[] {3, 4, 0, 0}, 2, 2);
        near(Normalizations.unitLength(x, -1, 1e-12), 0.6, 0.8, 0, 0);
        GradientCheck.check(
                in -> new Tensor[] {Normalizations.unitLength(in[0], 1, 1e-12)}, x.slice(0, 0, 1));
        Tensor rows = Tensor.of(new double[] {1, 2, 3, 4}, 1, 2, 2);
        near(Normalizations.rmsNorm(rows, 2, null, 0), rows.div(Math.sqrt(7.5)).toDoubleArray());
    }
}
