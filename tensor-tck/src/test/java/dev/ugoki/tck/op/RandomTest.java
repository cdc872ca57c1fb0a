package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.RandomDraw;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

class RandomTest {
    private static final Device REFERENCE = new Device("reference", 0);
    private static final Key KEY = Key.of(42);
    private static final int COUNT = 20_000;

    private static double[] draw(java.util.function.Supplier<Tensor> draw) {
        return REFERENCE.call(() -> draw.get().toDoubleArray());
    }

    /** Word i of the key's bits. */
    private static int word(int index) {
        return Philox.block(KEY.words(), index / 4)[index % 4];
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    }

    @Test
    void uniformNumbersAreTheUpperBitsOfWords() {
        double[] drawn = draw(() -> Random.uniform(KEY, DType.F32, 3, 5));
        double[] expected =
                IntStream.range(0, 15).mapToDouble(i -> (word(i) >>> 8) * 0x1p-24).toArray();
        assertArrayEquals(expected, drawn);
    }

    @Test
    void wideUniformNumbersTakeTwoWords() {
        double[] drawn = draw(() -> Random.uniform(KEY, DType.F64, 7));
        double[] expected =
                IntStream.range(0, 7)
                        .mapToDouble(
                                i ->
                                        ((word(2 * i) >>> 5) * 0x1p26 + (word(2 * i + 1) >>> 6))
                                                * 0x1p-53)
                        .toArray();
        assertArrayEquals(expected, drawn);
    }

    @Test
    void uniformNumbersOfEveryDtypeStayBelowOneAndFillTheRange() {
        for (DType dtype : new DType[] {DType.F64, DType.F32, DType.F16, DType.BF16}) {
            double[] drawn = draw(() -> Random.uniform(KEY, dtype, COUNT));
            assertTrue(Arrays.stream(drawn).allMatch(v -> v >= 0 && v < 1), dtype.toString());
            assertEquals(0.5, mean(drawn), 0.01, dtype.toString());
            assertEquals(1 / 12.0, variance(drawn), 0.003, dtype.toString());
        }
    }

    @Test
    void differentKeysDrawDifferentNumbersAndTheSameKeyTheSame() {
        double[] first = draw(() -> Random.uniform(KEY, DType.F32, 8));
        assertArrayEquals(first, draw(() -> Random.uniform(Key.of(42), DType.F32, 8)));
        assertFalse(Arrays.equals(first, draw(() -> Random.uniform(KEY.fold(0), DType.F32, 8))));
    }

    @Test
    void integersAreTheUpperHalfOfWordTimesCount() {
        long[] drawn = REFERENCE.call(() -> Random.integers(KEY, -5, 10, 12).toLongArray());
        long[] expected =
                IntStream.range(0, 12)
                        .mapToLong(i -> ((word(i) & 0xFFFFFFFFL) * 15 >>> 32) - 5)
                        .toArray();
        assertArrayEquals(expected, drawn);
    }

    @Test
    void integersOfWideRangesStayWithin() {
        long low = -3;
        long high = (1L << 50) + 11;
        long[] drawn = REFERENCE.call(() -> Random.integers(KEY, low, high, 1000).toLongArray());
        assertTrue(LongStream.of(drawn).allMatch(v -> v >= low && v < high));
        assertTrue(LongStream.of(drawn).anyMatch(v -> v > 1L << 49));
    }

    @Test
    void normalNumbersHaveTheMomentsOfTheDistribution() {
        for (DType dtype : new DType[] {DType.F64, DType.F32, DType.F16}) {
            double[] drawn = draw(() -> Random.normal(KEY, dtype, COUNT));
            assertEquals(0, mean(drawn), 0.02, dtype.toString());
            assertEquals(1, variance(drawn), 0.03, dtype.toString());
            double fourth = Arrays.stream(drawn).map(v -> v * v * v * v).average().orElseThrow();
            assertEquals(3, fourth, 0.2, dtype.toString());
        }
    }

    @Test
    void normalNumbersAreTheQuantilesOfWords() {
        double[] narrow = draw(() -> Random.normal(KEY, DType.F32, 100));
        double[] wide = draw(() -> Random.normal(KEY, DType.F64, 100));
        for (int i = 0; i < 100; i++) {
            assertEquals(NormalQuantile.ofWord(word(i)), narrow[i]);
            assertEquals(NormalQuantile.ofWords(word(2 * i), word(2 * i + 1)), wide[i]);
        }
    }

    @Test
    void decomposedNormalNumbersAgreeWithTheirDefinition() {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            RandomDraw op = new RandomDraw.RandomNormal(dtype, Shape.of(4000));
            double[] defined = draw(() -> Random.normal(KEY, dtype, 4000));
            double[] decomposed = draw(() -> op.decompose(KEY.asTensor())[0]);
            double relative = dtype == DType.F32 ? 1e-6 : 1e-13;
            for (int i = 0; i < defined.length; i++) {
                double allowed = relative * (Math.abs(defined[i]) + 1e-3);
                assertEquals(defined[i], decomposed[i], allowed, dtype + " " + i);
            }
        }
    }

    @Test
    void truncatedNormalNumbersStayWithinTheirBounds() {
        double[] drawn = draw(() -> Random.truncatedNormal(KEY, DType.F32, -2, 1, COUNT));
        assertTrue(Arrays.stream(drawn).allMatch(v -> v >= -2 && v <= 1));
        // The density's values at the bounds over the probability between them.
        double density2 = Math.exp(-2) / Math.sqrt(2 * Math.PI);
        double density1 = Math.exp(-0.5) / Math.sqrt(2 * Math.PI);
        assertEquals((density2 - density1) / (0.841344746 - 0.022750132), mean(drawn), 0.02);
    }

    @Test
    void aPermutationHoldsEveryNumberOnce() {
        long[] drawn = REFERENCE.call(() -> Random.permutation(KEY, 100).toLongArray());
        assertFalse(Arrays.equals(LongStream.range(0, 100).toArray(), drawn));
        Arrays.sort(drawn);
        assertArrayEquals(LongStream.range(0, 100).toArray(), drawn);
    }

    @Test
    void categoriesComeAsOftenAsTheirProbabilitiesSay() {
        double[] drawn =
                draw(
                        () -> {
                            float[] logs = {0, (float) Math.log(2), (float) Math.log(5)};
                            Tensor logits = Tensor.of(logs, 1, 3).expand(COUNT, 3);
                            return Random.categorical(KEY, logits);
                        });
        for (int category = 0; category < 3; category++) {
            double each = category;
            double share = Arrays.stream(drawn).filter(v -> v == each).count() / (double) COUNT;
            assertEquals(new double[] {0.125, 0.25, 0.625}[category], share, 0.015);
        }
    }

    @Test
    void dropoutKeepsTheMean() {
        double[] drawn = draw(() -> Random.dropout(KEY, Tensor.ones(DType.F32, COUNT), 0.25));
        assertTrue(Arrays.stream(drawn).allMatch(v -> v == 0 || v == (float) (1 / 0.75)));
        assertEquals(1, mean(drawn), 0.02);
    }

    @Test
    void hopelessArgumentsAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> Random.bernoulli(KEY, 1.5, 3));
        assertThrows(IllegalArgumentException.class, () -> Random.integers(KEY, 4, 4, 3));
        assertThrows(
                IllegalArgumentException.class,
                () -> Random.truncatedNormal(KEY, DType.F32, 1, -1, 3));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> REFERENCE.run(() -> Random.uniform(KEY, DType.I32, 3)));
        assertTrue(e.getMessage().startsWith("uniform: cannot draw I32"), e.getMessage());
    }
}
