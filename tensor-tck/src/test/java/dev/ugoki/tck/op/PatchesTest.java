package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Patches;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.GridSample;
import dev.ugoki.tensor.op.Interpolate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Windows, pixels as channels, and sampling at a grid; values drawn from PyTorch. */
@ExtendWith(OnReference.class)
final class PatchesTest {
    private static final Patches.Windows STRIDED =
            Patches.Windows.of(2, 2).withDilation(1, 2).withPadding(1, 0).withStride(2, 1);

    private static Tensor count(long... shape) {
        Shape whole = Shape.of(shape);
        return Tensor.arange(DType.F64, whole.elementCount()).reshape(whole);
    }

    private static void same(Tensor actual, Shape shape, double... elements) {
        assertEquals(shape, actual.shape());
        assertArrayEquals(elements, actual.toDoubleArray(), 1e-5);
    }

    private static void checkGradients(Graph.Program program, Tensor... inputs) {
        GradientCheck.check(program, inputs);
        GradientCheck.checkSecond(program, inputs);
    }

    private static String wrong(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }

    @Test
    void windowsBecomeColumns() {
        same(
                Patches.unfold(count(1, 2, 3, 4), STRIDED),
                Shape.of(1, 8, 4),
                0,
                0,
                4,
                5,
                0,
                0,
                6,
                7,
                0,
                1,
                8,
                9,
                2,
                3,
                10,
                11,
                0,
                0,
                16,
                17,
                0,
                0,
                18,
                19,
                12,
                13,
                20,
                21,
                14,
                15,
                22,
                23);
    }

    @Test
    void columnsAddUpWhereWindowsOverlap() {
        same(
                Patches.fold(count(1, 8, 3).add(1), Patches.Windows.of(2, 2), 2, 4),
                Shape.of(1, 2, 2, 4),
                1,
                6,
                8,
                6,
                7,
                18,
                20,
                12,
                13,
                30,
                32,
                18,
                19,
                42,
                44,
                24);
        same(
                Patches.fold(count(1, 4, 4).add(1), STRIDED, 3, 4),
                Shape.of(1, 1, 3, 4),
                9,
                10,
                13,
                14,
                3,
                4,
                7,
                8,
                11,
                12,
                15,
                16);
    }

    @Test
    void aConvolutionIsAProductWithColumnsInAnyNumberOfDimensions() {
        Tensor signal = count(2, 3, 7);
        Tensor weight = count(4, 3, 2).sub(5);
        Patches.Windows windows = Patches.Windows.of(2).withStride(2).withPadding(1);
        Tensor product = weight.reshape(4, 6).matmul(Patches.unfold(signal, windows));
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withStride(2).withPadding(1);
        Tensor convolved = Convolutions.conv1d(signal, weight, null, settings);
        same(product, convolved.shape(), convolved.toDoubleArray());
        Tensor volume = count(1, 1, 2, 3, 2);
        Tensor kernel = count(1, 1, 2, 2, 1);
        Tensor columns = Patches.unfold(volume, Patches.Windows.of(2, 2, 1));
        Tensor expected = Convolutions.conv3d(volume, kernel, null, Convolutions.Settings.DEFAULT);
        same(
                kernel.reshape(1, 4).matmul(columns).reshape(expected.shape()),
                expected.shape(),
                expected.toDoubleArray());
    }

    @Test
    void gradientsGoBackThroughWindows() {
        checkGradients(
                in -> new Tensor[] {Patches.unfold(in[0], STRIDED).square()},
                count(1, 2, 3, 4).mul(0.1));
        checkGradients(
                in -> new Tensor[] {Patches.fold(in[0], STRIDED, 3, 4).square()},
                count(1, 4, 4).mul(0.1));
    }

    @Test
    void channelsBecomePixelsAndPixelsChannels() {
        double[] shuffled = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};
        Tensor channels = count(1, 8, 1, 2);
        same(Resampling.pixelShuffle(channels, 2), Shape.of(1, 2, 2, 4), shuffled);
        same(Resampling.pixelUnshuffle(count(1, 2, 2, 4), 2), Shape.of(1, 8, 1, 2), shuffled);
        Tensor x = count(2, 3, 18, 2, 5);
        Tensor back = Resampling.pixelUnshuffle(Resampling.pixelShuffle(x, 3), 3);
        same(back, x.shape(), x.toDoubleArray());
    }

    @Test
    void aGridSaysWhereAnImageIsSampled() {
        Tensor grid = Tensor.of(new double[] {-1.2, -0.3, 0.1, 0.4, 0.9, 1.3}, 1, 1, 3, 2);
        checkSamples(
                grid,
                Interpolate.Mode.LINEAR,
                GridSample.Outside.ZEROS,
                false,
                0.43999955,
                23.59834862,
                1.27690542);
        checkSamples(
                grid,
                Interpolate.Mode.LINEAR,
                GridSample.Outside.ZEROS,
                true,
                3.9199996,
                20.08159828,
                25.02770233);
        checkSamples(
                grid,
                Interpolate.Mode.LINEAR,
                GridSample.Outside.BORDER,
                false,
                4.39999962,
                23.59834862,
                36.48287201);
        checkSamples(
                grid,
                Interpolate.Mode.LINEAR,
                GridSample.Outside.BORDER,
                true,
                5.5999999,
                20.08159828,
                35.75385666);
        checkSamples(
                grid, Interpolate.Mode.NEAREST, GridSample.Outside.ZEROS, false, 0, 31.62277603, 0);
        checkSamples(
                grid,
                Interpolate.Mode.NEAREST,
                GridSample.Outside.ZEROS,
                true,
                8,
                14.69693851,
                36.48287201);
        checkSamples(
                grid,
                Interpolate.Mode.NEAREST,
                GridSample.Outside.BORDER,
                false,
                8,
                31.62277603,
                36.48287201);
        Tensor place = Tensor.of(new double[] {0.3, -0.2, 0.5}, 1, 1, 1, 1, 3);
        Tensor inVolume =
                Resampling.gridSample(
                        count(1, 1, 2, 2, 2),
                        place,
                        Interpolate.Mode.LINEAR,
                        GridSample.Outside.ZEROS,
                        true);
        same(inVolume, Shape.of(1, 1, 1, 1, 1), 4.45);
    }

    private static void checkSamples(
            Tensor grid,
            Interpolate.Mode mode,
            GridSample.Outside outside,
            boolean alignCorners,
            double... expected) {
        Tensor image = count(1, 1, 3, 4).pow(1.5);
        Tensor samples = Resampling.gridSample(image, grid, mode, outside, alignCorners);
        same(samples, Shape.of(1, 1, 1, 3), expected);
    }

    @Test
    void placesFarAwayOrUnknownHarmNothingElse() {
        Tensor image =
                count(1, 1, 2, 2)
                        .add(1)
                        .with(
                                Double.POSITIVE_INFINITY,
                                dev.ugoki.tensor.Index.all(),
                                dev.ugoki.tensor.Index.all(),
                                dev.ugoki.tensor.Index.at(1),
                                dev.ugoki.tensor.Index.at(1));
        double[] places = {1e300, 0, -0.9, -0.9, Double.NaN, 0};
        Tensor grid = Tensor.of(places, 1, 1, 3, 2);
        Tensor samples =
                Resampling.gridSample(
                        image, grid, Interpolate.Mode.LINEAR, GridSample.Outside.ZEROS, false);
        assertArrayEquals(new double[] {0, 0.36, Double.NaN}, samples.toDoubleArray(), 1e-12);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Tensor x = count(2, 3, 4);
        Patches.Windows pair = Patches.Windows.of(2, 2);
        assertTrue(wrong(() -> Patches.unfold(x, pair)).contains("unsqueeze adds a batch"));
        assertTrue(
                wrong(() -> Patches.unfold(x, Patches.Windows.of(5)))
                        .contains("fits into spatial dimension 0 of extent 4"));
        assertTrue(wrong(() -> Patches.Windows.of(0)).contains("kernel must be from 1"));
        assertTrue(wrong(() -> pair.withStride(1)).contains("one number for each"));
        assertTrue(wrong(() -> Patches.fold(x, pair, 2)).contains("a size of 2 extents"));
        assertTrue(wrong(() -> Patches.fold(x, pair, 2, 4)).contains("columns are F64[2,3,4]"));
        assertTrue(wrong(() -> Resampling.pixelShuffle(x, 2)).contains("do not divide by 4"));
        assertTrue(wrong(() -> Resampling.pixelUnshuffle(x, 2)).contains("by the factor 2"));
        assertTrue(
                wrong(
                                () ->
                                        Resampling.gridSample(
                                                x,
                                                x,
                                                Interpolate.Mode.LINEAR,
                                                GridSample.Outside.ZEROS,
                                                false))
                        .contains("the grid must be [2,out..,1]"));
    }
}
