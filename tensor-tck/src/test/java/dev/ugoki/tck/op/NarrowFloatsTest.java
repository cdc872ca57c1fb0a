package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/** Methods of several steps round once in F16 and BF16; sums of integers have room. */
@ExtendWith(OnReference.class)
final class NarrowFloatsTest {
    private static final Map<String, UnaryOperator<Tensor>> METHODS =
            Map.ofEntries(
                    Map.entry("sum", x -> x.sum(false, 1)),
                    Map.entry("mean", x -> x.mean(false, 1)),
                    Map.entry("var", x -> x.var(1, false, 1)),
                    Map.entry("std", x -> x.std(0, true, 0)),
                    Map.entry("logSumExp", x -> x.logSumExp(false, 1)),
                    Map.entry("cosineSimilarity", x -> x.cosineSimilarity(x.flip(0), 1, 1e-8)),
                    Map.entry("mse", x -> Losses.mse(x, x.flip(0), Reduction.MEAN)),
                    Map.entry("l1", x -> Losses.l1(x, x.flip(1), Reduction.SUM)),
                    Map.entry("smoothL1", x -> Losses.smoothL1(x, x.flip(1), 0.7, Reduction.MEAN)),
                    Map.entry("huber", x -> Losses.huber(x, x.flip(1), 0.7, Reduction.NONE)),
                    Map.entry(
                            "bceWithLogits",
                            x -> Losses.bceWithLogits(x, x.gt(0).cast(x.dtype()), Reduction.MEAN)),
                    Map.entry(
                            "crossEntropy",
                            x -> Losses.crossEntropy(x, Tensor.arange(DType.I64, 7))),
                    Map.entry(
                            "klDiv",
                            x ->
                                    Losses.klDiv(
                                            x.abs().neg(),
                                            x.flip(0).abs().mul(0.125),
                                            Reduction.SUM)));

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void methodsOfSeveralStepsAreWithinTheLastBit(DType narrow) {
        Tensor x = random().cast(narrow);

        METHODS.forEach(
                (name, method) -> {
                    Tensor result = method.apply(x);
                    Tensor exact = method.apply(x.cast(DType.F64));

                    assertEquals(narrow, result.dtype(), name);
                    double[] found = result.toDoubleArray();
                    double[] expected = exact.toDoubleArray();
                    for (int i = 0; i < found.length; i++) {
                        double bit = lastBit(expected[i], narrow);
                        // Half of it for rounding, and F32's errors besides.
                        double error = Math.abs(found[i] - expected[i]);
                        assertTrue(
                                error <= 0.51 * bit, name + ": " + found[i] + ", " + expected[i]);
                    }
                });
    }

    private static Tensor random() {
        return Tensor.of(new SplittableRandom(3).doubles(7 * 31, -2, 2).toArray(), 7, 31);
    }

    private static double lastBit(double x, DType narrow) {
        return Math.scalb(1.0, Math.getExponent(x) - (narrow == DType.F16 ? 10 : 7));
    }

    @Test
    void aMeanInF16DoesNotOverflowOnTheWay() {
        Tensor x = Tensor.full(DType.F16, dev.ugoki.tensor.Shape.of(300), 1000);

        assertEquals(1000, x.mean().item());
        assertEquals(Double.POSITIVE_INFINITY, x.sum().item());
    }

    @ParameterizedTest
    @EnumSource(names = {"I64", "I32", "I8", "U8", "BOOL"})
    void integersAreSummedAndMultipliedAsI64(DType dtype) {
        Tensor ones = Tensor.ones(dtype, 2, 300);

        assertEquals(DType.I64, ones.sum().dtype());
        assertEquals(600, ones.sum().item());
        assertEquals(1, ones.prod(false, 0).toLongArray()[0]);
        assertEquals(300, ones.cumsum(1).toLongArray()[299]);
        assertEquals(DType.I64, ones.cumprod(1).dtype());
    }

    @Test
    void aMeanOfIntegersIsRefused() {
        var e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Tensor.of(new long[] {1, 2}, 2).mean());

        assertTrue(e.getMessage().contains("x.cast(DType.F32)"), e.getMessage());
    }

    @Test
    void integersAreRoundedOnceToNarrowFloats() {
        // To F64 it would be the half way between two BF16s, and then go to the even one.
        long aboveHalfWay = (1L << 62) + (1L << 54) + 1;

        assertEquals(
                0x1.02p62f,
                NarrowFloats.fromBF16(
                        NarrowFloats.toBF16(NarrowFloats.roundedToOdd(aboveHalfWay))));
        assertEquals(
                0x1p62f,
                NarrowFloats.fromBF16(
                        NarrowFloats.toBF16(NarrowFloats.roundedToOdd(aboveHalfWay - 1))));
        assertEquals(
                0x1.02p62,
                Tensor.of(new long[] {aboveHalfWay}, 1).cast(DType.BF16).toDoubleArray()[0]);
    }
}
