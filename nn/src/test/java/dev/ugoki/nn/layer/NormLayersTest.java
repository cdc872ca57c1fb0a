package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.io.HostArray;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

class NormLayersTest {
    private static final Key KEY = Key.of(5);

    private static Tensor doubles(long... shape) {
        return Random.normal(KEY, DType.F64, shape);
    }

    private static <T> T inDoubles(Supplier<T> build) {
        return Init.withDType(DType.F64, build);
    }

    /** Fills all parameters and buffers with numbers between 0.5 and 1.5. */
    static <M extends Module> M filled(M module) {
        Map<String, HostArray> state = new LinkedHashMap<>();
        long number = 0;
        for (Map.Entry<String, HostArray> each : module.stateDict().entrySet()) {
            HostArray values = each.getValue();
            if (values.dtype().isFloating()) {
                Tensor drawn =
                        Random.uniformBetween(
                                0.5, 1.5, KEY.fold(number++), DType.F64, values.shape().toArray());
                double[] filled = drawn.toDoubleArray();
                state.put(each.getKey(), HostArray.of(values.shape(), filled));
            } else {
                state.put(each.getKey(), values);
            }
        }
        module.load(state);
        return module;
    }

    // ---- batch normalization ----

    @Test
    void inTrainingBatchesAreNormalizedByThemselves() {
        BatchNorm1d norm = inDoubles(() -> new BatchNorm1d(2, 0, 0.25));
        Tensor x = Tensor.of(new double[] {1, 10, 3, 30}, 2, 2);
        assertArrayEquals(new double[] {-1, -1, 1, 1}, norm.apply(x).toDoubleArray(), 1e-12);
        // Means 2 and 20, variances of n - 1: 2 and 200.
        var state = norm.stateDict();
        assertArrayEquals(new double[] {0.5, 5}, state.get("running_mean").toDoubles(), 1e-12);
        assertArrayEquals(
                new double[] {0.75 + 0.5, 0.75 + 50}, state.get("running_var").toDoubles(), 1e-12);
        assertEquals(1, state.get("num_batches_tracked").longAt(0));
    }

    @Test
    void inEvaluationTheRunningStatisticsNormalizeAndStay() {
        BatchNorm1d norm = inDoubles(() -> new BatchNorm1d(2, 0, 0.25));
        norm.apply(Tensor.of(new double[] {1, 10, 3, 30}, 2, 2));
        norm.eval();
        var before = norm.stateDict();
        Tensor y = norm.apply(Tensor.of(new double[] {0.5, 5}, 1, 2));
        assertArrayEquals(new double[] {0, 0}, y.toDoubleArray(), 1e-12);
        assertEquals(before, norm.stateDict());
    }

    @Test
    void runningStatisticsComeNearThoseOfTheData() {
        BatchNorm2d norm = new BatchNorm2d(3);
        for (int i = 0; i < 100; i++) {
            Tensor x = Random.normal(KEY.fold(i), DType.F32, 4, 3, 5, 5).mul(2).add(7);
            norm.apply(x);
        }
        for (double mean : norm.stateDict().get("running_mean").toDoubles()) {
            assertEquals(7, mean, 0.2);
        }
        for (double variance : norm.stateDict().get("running_var").toDoubles()) {
            assertEquals(4, variance, 0.5);
        }
    }

    @Test
    void whatBatchNormCannotNormalizeIsRefused() {
        BatchNorm2d norm = new BatchNorm2d(2);
        var one =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> norm.apply(Tensor.zeros(DType.F32, 1, 2, 1, 1)));
        assertTrue(one.getMessage().contains("two elements"), one.getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> norm.apply(Tensor.zeros(DType.F32, 4, 2)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new BatchNorm1d(2).apply(Tensor.zeros(DType.F32, 4, 2, 1, 1)));
    }

    @Test
    void aTraceCarriesTheUpdateOfRunningStatistics() {
        BatchNorm1d eager = new BatchNorm1d(3);
        BatchNorm1d traced = new BatchNorm1d(3);
        Tensor x = Random.normal(KEY, DType.F32, 4, 3);
        Map<String, HostArray> before = traced.stateDict();
        Graph graph = Graph.trace(in -> new Tensor[] {twice(traced, in[0])}, x.type());
        assertEquals(before, traced.stateDict());
        for (int run = 0; run < 3; run++) {
            Tensor y = twice(eager, x);
            assertArrayEquals(y.toFloatArray(), graph.evaluate(x)[0].toFloatArray());
            assertEquals(eager.stateDict(), traced.stateDict());
        }
        assertEquals(6, traced.stateDict().get("num_batches_tracked").longAt(0));
    }

    /** Updates of one program follow one another: the second starts from what the first left. */
    private static Tensor twice(BatchNorm1d norm, Tensor x) {
        return norm.apply(norm.apply(x).mul(3).add(1));
    }

    @Test
    void aStateWithoutTheNumberOfBatchesLoads() {
        Map<String, HostArray> old = new LinkedHashMap<>(filled(new BatchNorm2d(3)).stateDict());
        old.remove("num_batches_tracked");
        BatchNorm2d norm = new BatchNorm2d(3);
        norm.load(old);
        assertEquals(old.get("running_var"), norm.stateDict().get("running_var"));
        old.remove("running_var");
        assertThrows(IllegalArgumentException.class, () -> norm.load(old));
    }

    static Stream<Layer> foldable() {
        return Stream.of(
                filled(new FrozenBatchNorm2d(6)), filled(new BatchNorm2d(6)), new BatchNorm2d(6));
    }

    @ParameterizedTest
    @MethodSource("foldable")
    void aFoldedConvolutionGivesWhatBothGave(Layer norm) {
        norm.eval();
        Tensor x = Random.normal(KEY, DType.F32, 2, 4, 7, 7);
        Convolutions.Settings settings =
                Convolutions.Settings.DEFAULT.withStride(2).withPadding(1).withGroups(2);
        for (boolean bias : new boolean[] {true, false}) {
            Conv2d convolution = new Conv2d(4, 6, 3, settings, bias, KEY);
            Conv2d folded = ((FoldableNorm) norm).foldInto(convolution);
            assertArrayEquals(
                    norm.apply(convolution.apply(x)).toFloatArray(),
                    folded.apply(x).toFloatArray(),
                    1e-5f);
        }
    }

    @Test
    void aFrozenNormHasNoParametersAndDoesNotMove() {
        FrozenBatchNorm2d norm = filled(new FrozenBatchNorm2d(2));
        var before = norm.stateDict();
        Tensor x = Random.normal(KEY, DType.F32, 2, 2, 3, 3);
        float[] trained = norm.apply(x).toFloatArray();
        norm.eval();
        assertArrayEquals(trained, norm.apply(x).toFloatArray());
        assertEquals(before, norm.stateDict());
        assertEquals(0, norm.parameterCount());
        assertEquals(
                List.of("weight", "bias", "running_mean", "running_var"),
                List.copyOf(before.keySet()));
    }

    @Test
    void aFrozenNormTakesTheStateOfABatchNorm() {
        BatchNorm2d norm = filled(new BatchNorm2d(3));
        norm.eval();
        FrozenBatchNorm2d frozen = new FrozenBatchNorm2d(3);
        frozen.load(norm.stateDict());
        Tensor x = Random.normal(KEY, DType.F32, 2, 3, 4, 4);
        assertArrayEquals(norm.apply(x).toFloatArray(), frozen.apply(x).toFloatArray());
        Map<String, HostArray> other = new LinkedHashMap<>(frozen.stateDict());
        other.put("batches", HostArray.of(Shape.SCALAR, 1L));
        assertThrows(IllegalArgumentException.class, () -> frozen.load(other));
    }

    // ---- norms of the last dimension ----

    @Test
    void rmsNormScalesByTheRootOfTheMeanOfSquares() {
        RmsNorm norm = inDoubles(() -> new RmsNorm(2, 0));
        RmsNorm aroundOne = inDoubles(() -> RmsNorm.aroundOne(2, 0));
        Tensor x = Tensor.of(new double[] {3, 4}, 1, 2);
        double root = Math.sqrt(12.5);
        double[] expected = {3 / root, 4 / root};
        assertArrayEquals(expected, norm.apply(x).toDoubleArray(), 1e-12);
        assertArrayEquals(expected, aroundOne.apply(x).toDoubleArray(), 1e-12);
        aroundOne.namedParameters().get("weight").assign(Tensor.of(new double[] {1, 0}, 2));
        assertArrayEquals(
                new double[] {6 / root, 4 / root}, aroundOne.apply(x).toDoubleArray(), 1e-12);
    }

    @Test
    void newAdaptiveNormsAreNormsWithAClosedGate() {
        Tensor x = doubles(2, 3, 4);
        Tensor condition = doubles(2, 5);
        var layerNorm = inDoubles(() -> new AdaptiveLayerNorm(4, 5, 1e-6));
        var adapted = layerNorm.apply(x, condition);
        LayerNorm plain = inDoubles(() -> new LayerNorm(4, 1e-6));
        assertArrayEquals(plain.apply(x).toDoubleArray(), adapted.normed().toDoubleArray(), 1e-12);
        assertEquals(0, adapted.gate().abs().max(false).item());
        var rmsNorm = inDoubles(() -> new AdaptiveRmsNorm(4, 5, 1e-6));
        RmsNorm plainRms = inDoubles(() -> new RmsNorm(4, 1e-6));
        var adaptedRms = rmsNorm.apply(x, condition);
        assertArrayEquals(
                plainRms.apply(x).toDoubleArray(), adaptedRms.normed().toDoubleArray(), 1e-12);
        assertEquals(0, adaptedRms.gate().abs().max(false).item());
    }

    @Test
    void adaptiveNormsTakeScaleShiftAndGateFromTheCondition() {
        Tensor x = Tensor.of(new double[] {-1, 1, 2, 2}, 1, 2, 2);
        Tensor condition = Tensor.of(new double[] {1}, 1, 1);
        var rmsNorm = inDoubles(() -> new AdaptiveRmsNorm(2, 1, 0));
        // scale 1 and 2, shift 10 and 20, gate 5 and 6
        rmsNorm.namedParameters()
                .get("dense.weight")
                .assign(Tensor.of(new double[] {1, 2, 10, 20, 5, 6}, 6, 1));
        var rms = rmsNorm.apply(x, condition);
        assertArrayEquals(
                new double[] {-2 + 10, 3 + 20, 2 + 10, 3 + 20},
                rms.normed().toDoubleArray(),
                1e-12);
        assertArrayEquals(new double[] {5, 6}, rms.gate().toDoubleArray());

        var layerNorm = inDoubles(() -> new AdaptiveLayerNorm(2, 1, 0));
        double silu = 1 / (1 + Math.exp(-1));
        // shift 1 and 2, scale 10 and 20, gate 5 and 6, each times silu(1)
        layerNorm
                .namedParameters()
                .get("linear.weight")
                .assign(Tensor.of(new double[] {1, 2, 10, 20, 5, 6}, 6, 1).div(silu));
        var layer = layerNorm.apply(x.slice(1, 0, 1), condition);
        assertArrayEquals(new double[] {-11 + 1, 21 + 2}, layer.normed().toDoubleArray(), 1e-9);
        assertArrayEquals(new double[] {5, 6}, layer.gate().toDoubleArray(), 1e-12);
    }

    @Test
    void filmScalesAndShiftsChannels() {
        Film film = inDoubles(() -> new Film(2, 1));
        Tensor x = Tensor.of(new double[] {1, 2, 3, 4}, 1, 2, 2);
        Tensor condition = Tensor.of(new double[] {2}, 1, 1);
        assertArrayEquals(x.toDoubleArray(), film.apply(x, condition).toDoubleArray());
        film.namedParameters()
                .get("linear.weight")
                .assign(Tensor.of(new double[] {1, 0, 0, 5}, 4, 1));
        assertArrayEquals(
                new double[] {3, 6, 13, 14}, film.apply(x, condition).toDoubleArray(), 1e-12);
    }

    @Test
    void gradientsOfAdaptiveNormsAreRight() {
        var layerNorm = filled(inDoubles(() -> new AdaptiveLayerNorm(4, 3, 1e-5)));
        var rmsNorm = filled(inDoubles(() -> new AdaptiveRmsNorm(4, 3, 1e-5)));
        Film film = filled(inDoubles(() -> new Film(4, 3)));
        GradientCheck.check(
                in -> {
                    var layer = layerNorm.apply(in[0], in[1]);
                    var rms = rmsNorm.apply(in[0], in[1]);
                    Tensor scaled = film.apply(in[0].transpose(1, 2), in[1]);
                    return new Tensor[] {
                        layer.normed(), layer.gate(), rms.normed(), rms.gate(), scaled
                    };
                },
                doubles(2, 3, 4),
                doubles(2, 3));
    }

    @Test
    void gradientsOfBatchNormAreRight() {
        BatchNorm2d norm = filled(inDoubles(() -> new BatchNorm2d(2)));
        GradientCheck.check(in -> new Tensor[] {norm.apply(in[0])}, doubles(3, 2, 2, 2));
        norm.eval();
        GradientCheck.check(in -> new Tensor[] {norm.apply(in[0])}, doubles(3, 2, 2, 2));
    }
}
