package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.PadMode;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What the conformance cases leave out: other modes, empty tensors, edges, and errors. */
class TensorOperationsTest {
    private static final Device REFERENCE = new Device("reference", 0);

    private static double[] values(Supplier<Tensor> result) {
        return REFERENCE.call(() -> result.get().toDoubleArray());
    }

    private static Tensor count(long... shape) {
        return Tensor.arange(DType.F32, Shape.of(shape).elementCount()).reshape(Shape.of(shape));
    }

    private static String error(Runnable action) {
        return assertThrows(IllegalArgumentException.class, () -> REFERENCE.run(action))
                .getMessage();
    }

    @Test
    void circularPaddingGoesRound() {
        assertArrayEquals(
                new double[] {2, 3, 0, 1, 2, 3, 0},
                values(() -> count(4).pad(0, 2, 1, PadMode.CIRCULAR)));
    }

    @Test
    void reflectionDoesNotReachBeyondTheOtherEnd() {
        String message = error(() -> count(3).pad(0, 3, 0, PadMode.REFLECT));
        assertTrue(message.contains("3 before") && message.contains("at most 2"), message);
    }

    @Test
    void einsumWithoutAnArrowSortsTheLettersThatOccurOnce() {
        double[] implicit = values(() -> Tensor.einsum("ba", count(2, 3)));
        assertArrayEquals(values(() -> count(2, 3).transpose(0, 1)), implicit);
        assertArrayEquals(
                values(() -> count(2, 3).matmul(count(3, 2))),
                values(() -> Tensor.einsum("ij,jk", count(2, 3), count(3, 2))));
    }

    @Test
    void einsumTakesDiagonalsOfSeveralLetters() {
        double[] expected = new double[2 * 3];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 3; j++) {
                expected[i * 3 + j] = ((i * 3 + j) * 2 + i) * 3 + j;
            }
        }
        assertArrayEquals(expected, values(() -> Tensor.einsum("ijij->ij", count(2, 3, 2, 3))));
        assertArrayEquals(
                new double[] {0 + 13 + 26}, values(() -> Tensor.einsum("iii->", count(3, 3, 3))));
    }

    @Test
    void einsumBroadcastsWhatAnEllipsisStandsFor() {
        double[] sum = values(() -> Tensor.einsum("...i,...i->...", count(2, 1, 4), count(3, 4)));
        double[] expected = values(() -> count(2, 1, 4).mul(count(3, 4)).sum(false, -1));
        assertArrayEquals(expected, sum);
    }

    @Test
    void einsumNamesWhatDoesNotFit() {
        assertTrue(
                error(() -> Tensor.einsum("ij,jk->ik", count(2, 3), count(4, 2)))
                        .contains("'j' stands for extents 3 and 4"));
        assertTrue(error(() -> Tensor.einsum("ij->ik", count(2, 3))).contains("'k'"));
        assertTrue(error(() -> Tensor.einsum("ijk->i", count(2, 3))).contains("'ijk'"));
        assertTrue(error(() -> Tensor.einsum("i,j->i", count(2))).contains("1 operands"));
    }

    @Test
    void aRowThatMayAttendToNothingGivesZeroAndFiniteGradients() {
        REFERENCE.run(
                () -> {
                    Tensor q = Autograd.variable(count(1, 2, 4));
                    Tensor k = Autograd.variable(count(1, 3, 4).add(1));
                    Tensor mask =
                            Tensor.of(new boolean[] {false, false, false, true, true, false}, 2, 3);
                    Tensor y = Attention.scaledDotProduct(q, k, k, mask, false);
                    double[] values = y.toDoubleArray();
                    assertArrayEquals(new double[4], java.util.Arrays.copyOf(values, 4));
                    for (Tensor gradient : Autograd.gradients(y.sum(), List.of(q, k))) {
                        for (double value : gradient.toDoubleArray()) {
                            assertTrue(Double.isFinite(value));
                        }
                    }
                });
    }

    @Test
    void targetsThatAreIgnoredGiveNoLossAndNoGradient() {
        REFERENCE.run(
                () -> {
                    Tensor logits = Autograd.variable(count(3, 2));
                    Tensor target = Tensor.of(new long[] {1, -100, 0}, 3);
                    Tensor loss = Losses.crossEntropy(logits, target, 0, -100, Reduction.NONE);
                    assertEquals(0, loss.toDoubleArray()[1]);
                    double[] gradient =
                            Autograd.gradients(Losses.crossEntropy(logits, target), List.of(logits))
                                    .getFirst()
                                    .toDoubleArray();
                    double away = 0.5 / (1 + Math.E);
                    double[] expected = {away, -away, 0, 0, -0.5 + away, 0.5 - away};
                    assertArrayEquals(expected, gradient, 1e-6);
                });
    }

    @Test
    void aLossNeverBroadcasts() {
        String message = error(() -> Losses.mse(count(4, 1), count(4), Reduction.MEAN));
        assertEquals(
                "mse: prediction F32[4,1] and target F32[4] must have one floating dtype and one"
                        + " shape; cast, reshape or expand one of them",
                message);
    }

    @Test
    void aTransposedConvolutionUndoesTheExtentsOfAConvolution() {
        REFERENCE.run(
                () -> {
                    for (long padding = 0; padding < 3; padding++) {
                        for (long more = 0; more < 3; more++) {
                            Convolutions.Settings settings =
                                    Convolutions.Settings.DEFAULT
                                            .withStride(2)
                                            .withDilation(3)
                                            .withPadding(padding);
                            Tensor y =
                                    Convolutions.convTranspose1d(
                                            count(1, 1, 4), count(1, 2, 3), null, settings, more);
                            long extent = 3 * 2 - 2 * padding + 3 * 2 + 1 + more;
                            assertEquals(Shape.of(1, 2, extent), y.shape());
                        }
                    }
                });
    }

    @Test
    void outputPaddingUncoversWhatPaddingCutsOff() {
        Convolutions.Settings whole = Convolutions.Settings.DEFAULT.withStride(3);
        double[] full =
                values(
                        () ->
                                Convolutions.convTranspose1d(
                                        count(1, 1, 3), count(1, 1, 4), null, whole));
        double[] padded =
                values(
                        () ->
                                Convolutions.convTranspose1d(
                                        count(1, 1, 3),
                                        count(1, 1, 4),
                                        null,
                                        whole.withPadding(1),
                                        2));
        // From 1 to one element beyond the end, where there is nothing.
        double[] expected = java.util.Arrays.copyOfRange(full, 1, full.length + 1);
        assertArrayEquals(expected, padded);
    }

    @Test
    void averagesMayLeavePaddingOut() {
        double[] values =
                values(
                        () ->
                                Resampling.avgPool(
                                        count(1, 1, 3),
                                        new long[] {2},
                                        new long[] {1},
                                        new long[] {1},
                                        false));
        assertArrayEquals(new double[] {0, 0.5, 1.5, 2}, values);
    }

    @Test
    void emptyTensorsPassThrough() {
        REFERENCE.run(
                () -> {
                    Tensor empty = Tensor.zeros(DType.F32, 0, 3);
                    Map<String, Tensor> results =
                            Map.of(
                                    "softmax", empty.softmax(0),
                                    "logSoftmax", empty.logSoftmax(1),
                                    "relu", empty.relu(),
                                    "cumsum", empty.cumsum(0),
                                    "sort", empty.sort(0, true).values(),
                                    "roll", empty.roll(2, 0),
                                    "flip", empty.flip(0),
                                    "linear", empty.linear(Tensor.zeros(DType.F32, 3, 3), null),
                                    "layerNorm",
                                            dev.ugoki.tensor.Normalizations.layerNorm(
                                                    empty, 1, null, null, 1e-5));
                    results.forEach(
                            (name, result) -> assertEquals(Shape.of(0, 3), result.shape(), name));
                    assertEquals(
                            Shape.of(2, 3),
                            Tensor.zeros(DType.F32, 2, 0)
                                    .matmul(Tensor.zeros(DType.F32, 0, 3))
                                    .shape());
                    Tensor image = Tensor.zeros(DType.F32, 0, 2, 4, 4);
                    assertEquals(
                            Shape.of(0, 2, 2, 2), Resampling.adaptiveAvgPool(image, 2, 2).shape());
                    long[] two = {2, 2};
                    assertEquals(
                            Shape.of(0, 2, 2, 2),
                            Resampling.maxPool(image, two, two, new long[2]).shape());
                });
    }

    @Test
    void varianceOfOneElementHasNoCorrection() {
        assertArrayEquals(new double[] {Double.NaN}, values(() -> count(1).var(1, false)));
        assertArrayEquals(new double[] {0}, values(() -> count(1).var(0, false)));
    }

    @Test
    void theGradientOfADeviationOfEqualElementsIsZero() {
        REFERENCE.run(
                () -> {
                    Tensor x = Autograd.variable(Tensor.ones(DType.F32, 3));
                    Tensor deviation = x.std(1, false);
                    assertEquals(0, deviation.item());
                    Tensor gradient = Autograd.gradients(deviation, List.of(x)).getFirst();
                    assertArrayEquals(new double[3], gradient.toDoubleArray());
                });
    }

    @Test
    void everyMaximumOfAPoolHasItsPlaceEvenInNothingButInfinities() {
        REFERENCE.run(
                () -> {
                    Tensor x =
                            Autograd.variable(
                                    Tensor.full(
                                            DType.F32,
                                            Shape.of(1, 1, 4),
                                            Double.NEGATIVE_INFINITY));
                    long[] two = {2};
                    Tensor y = Resampling.maxPool(x, two, two, new long[] {1});
                    double[] gradient =
                            Autograd.gradients(y.sum(), List.of(x)).getFirst().toDoubleArray();
                    assertEquals(3, java.util.Arrays.stream(gradient).sum());
                });
    }

    @Test
    void errorsNameTheOperationTheOperandsAndTheFix() {
        assertEquals(
                "softmax: dimension 2 is not one of the 2 dimensions of F32[2,3]; take one from -2"
                        + " to 1",
                error(() -> count(2, 3).softmax(2)));
        assertEquals(
                "gelu: operand 0 must be floating; cast it: x.cast(DType.F32); operands I64[3]",
                error(() -> Tensor.arange(DType.I64, 3).gelu()));
        assertTrue(
                error(() -> count(2, 3).linear(count(4, 2), null))
                        .startsWith("linear: the weight must have shape [out,3]"));
        assertTrue(
                error(() -> count(2, 3).split(1, 1, 1))
                        .contains("extents [1, 1] do not add up to the 3"));
        assertTrue(error(() -> count(3).topk(4, 0)).contains("k is 4"));
        assertTrue(error(() -> count(3).tril(0)).startsWith("tril: needs rows and columns"));
        assertTrue(error(() -> Tensor.stack(0, count(3), count(2))).contains("tensor 1 is F32[2]"));
        assertTrue(error(() -> count(2).clamp(1, -1)).contains("lower bound 1.0 exceeds"));
    }

    @Test
    void numbersGoToTheDeviceOfTheTensor() {
        Tensor x = REFERENCE.call(() -> count(3));
        // Outside of the device's scope the current device is another one.
        assertEquals(REFERENCE, x.scalarLike(1).device());
        assertEquals(REFERENCE, x.add(1).softplus().device());
    }
}
