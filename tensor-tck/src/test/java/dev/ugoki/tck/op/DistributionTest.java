package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.spi.ErrorFunction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;

/**
 * Draws against the distributions that they claim, with fixed keys: the test of Kolmogorov and
 * Smirnov for numbers, that of Pearson for classes. A right sampler fails such a test with
 * probability 1e-4; these keys do not.
 */
@ExtendWith(OnReference.class)
class DistributionTest {
    private static final int COUNT = 10_000;
    private static final Key KEY = Key.of(20260);

    /** The limit of {@code sqrt(n) D} that is exceeded with probability {@code 2 exp(-2 x^2)}. */
    private static final double LIMIT = 2.225;

    private static void follows(DoubleUnaryOperator distribution, Tensor draws) {
        double[] sorted = draws.toDoubleArray();
        Arrays.sort(sorted);
        double farthest = 0;
        for (int i = 0; i < sorted.length; i++) {
            double expected = distribution.applyAsDouble(sorted[i]);
            farthest = Math.max(farthest, expected - (double) i / sorted.length);
            farthest = Math.max(farthest, (i + 1.0) / sorted.length - expected);
        }
        double statistic = Math.sqrt(sorted.length) * farthest;
        assertTrue(statistic < LIMIT, "sqrt(n) D = " + statistic);
    }

    private static double normal(double x) {
        return ErrorFunction.erfc(-x * Math.sqrt(0.5)) / 2;
    }

    @Test
    void theTestItselfTellsDistributionsApart() {
        Tensor uniform = Random.uniform(KEY, DType.F64, COUNT);
        follows(x -> x, uniform);
        assertThrows(AssertionError.class, () -> follows(x -> Math.pow(x, 1.1), uniform));
    }

    @Test
    void normalAndExponentialNumbers() {
        follows(DistributionTest::normal, Random.normal(KEY, DType.F32, COUNT));
        follows(x -> 1 - Math.exp(-x), Random.exponential(KEY, DType.F32, COUNT));
        follows(x -> Math.exp(-Math.exp(-x)), Random.gumbel(KEY, DType.F32, COUNT));
    }

    @Test
    void truncatedNormalNumbersAreRightInTheMiddleAndInTheTails() {
        double infinity = Double.POSITIVE_INFINITY;
        double[][] bounds = {{-2, 2}, {-0.1, 9}, {1, infinity}, {-infinity, -3}, {0.2, 0.3}};
        for (double[] each : bounds) {
            double from = normal(each[0]);
            double to = normal(each[1]);
            Tensor draws = Random.truncatedNormal(KEY, DType.F64, each[0], each[1], COUNT);
            follows(x -> (normal(x) - from) / (to - from), draws);
        }
        // Far out, where the probabilities below 8 and below 9 are both 1 in F64.
        double above8 = normal(-8);
        double above9 = normal(-9);
        Tensor far = Random.truncatedNormal(KEY, DType.F32, 8, 9, COUNT);
        follows(x -> (above8 - normal(-x)) / (above8 - above9), far);
        Tensor farther = Random.truncatedNormal(KEY, DType.F64, -36, -35, COUNT);
        follows(x -> (normal(x) - normal(-36)) / (normal(-35) - normal(-36)), farther);
    }

    @Test
    void truncatedNormalNumbersNeverLeaveTheirBoundsInAnyDtype() {
        for (DType dtype : new DType[] {DType.F64, DType.F32, DType.F16, DType.BF16}) {
            for (double low : new double[] {-0.1, 0.1, 2.3}) {
                double high = low + 0.1;
                double[] draws =
                        Random.truncatedNormal(KEY, dtype, low, high, 2000).toDoubleArray();
                for (double draw : draws) {
                    assertTrue(draw >= low && draw <= high, dtype + " " + draw);
                }
            }
        }
    }

    @Test
    void betweenBoundsThatHoldNothingThereIsNoDraw() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Random.truncatedNormal(KEY, DType.F64, 50, 51, 3));
        assertThrows(
                IllegalArgumentException.class,
                () -> Random.truncatedNormal(KEY, DType.BF16, 1.0001, 1.0002, 3));
    }

    @Test
    void gammaNumbers() {
        follows(x -> 1 - Math.exp(-x) * (1 + x), gamma(2));
        follows(x -> ErrorFunction.erf(Math.sqrt(x)), gamma(0.5));
        follows(x -> 1 - Math.exp(-x), gamma(1));
        // Of many degrees of freedom (Wilson, Hilferty: the distribution of chi-square, 1931).
        double a = 1000;
        double spread = 1 / (9 * a);
        follows(x -> normal((Math.cbrt(x / a) - 1 + spread) / Math.sqrt(spread)), gamma(a));
    }

    private static Tensor gamma(double a) {
        return Random.gamma(KEY, Tensor.full(DType.F64, Shape.of(COUNT), a));
    }

    @Test
    void aGammaNumberForEachConcentration() {
        Tensor a = Tensor.of(new double[] {0.3, 4}, 2, 1).expand(2, COUNT);
        double[] means = Random.gamma(KEY, a).mean(false, 1).toDoubleArray();
        assertArrayEquals(new double[] {0.3, 4}, means, 0.1);
        Tensor wrong = Tensor.of(new double[] {-0.5, 0, Double.NaN}, 3);
        assertTrue(Random.gamma(KEY, wrong).isNan().all(false).item() == 1);
    }

    @Test
    void betaNumbers() {
        follows(x -> Math.pow(x, 1.5), Random.beta(KEY, 1.5, 1, DType.F32, COUNT));
        follows(x -> 1 - Math.pow(1 - x, 0.3), Random.beta(KEY, 1, 0.3, DType.F64, COUNT));
        follows(x -> x * x * (6 - 8 * x + 3 * x * x), Random.beta(KEY, 2, 3, DType.F32, COUNT));
        follows(
                x -> 2 / Math.PI * Math.asin(Math.sqrt(x)),
                Random.beta(KEY, 0.5, 0.5, DType.F64, COUNT));
        // Where plain gamma draws would all underflow.
        double[] tiny = Random.beta(KEY, 1e-4, 1e-4, DType.F64, 1000).toDoubleArray();
        assertTrue(Arrays.stream(tiny).allMatch(x -> x >= 0 && x <= 1));
        assertEquals(0.5, Arrays.stream(tiny).average().orElseThrow(), 0.06);
        assertThrows(IllegalArgumentException.class, () -> Random.beta(KEY, 0, 1, DType.F32, 1));
    }

    @Test
    void tracedDrawsHaveTheSameBits() {
        TensorType concentration = new TensorType(DType.F64, Shape.of(200));
        Tensor a = Random.uniformBetween(0.1, 3, KEY.fold(9), DType.F64, 200);
        Graph.Program program =
                in -> {
                    Key key = Key.of(in[0]);
                    return new Tensor[] {
                        Random.gamma(key.fold(0), in[1]),
                        Random.beta(key.fold(1), 2, 3, DType.F32, 50),
                        Random.truncatedNormal(key.fold(2), DType.F32, 1, 4, 50),
                        Random.categorical(key.fold(3), in[1])
                    };
                };
        Tensor[] eager = program.apply(KEY.asTensor(), a);
        Tensor[] traced =
                Graph.trace(program, TypeRules.KEY, concentration).evaluate(KEY.asTensor(), a);
        for (int i = 0; i < eager.length; i++) {
            assertArrayEquals(eager[i].toDoubleArray(), traced[i].toDoubleArray());
        }
    }

    /** Pearson's statistic, which is below n + 4 sqrt(2n) + 9 almost always. */
    private static void counts(double[] probabilities, long[] classes) {
        double statistic = 0;
        for (int i = 0; i < probabilities.length; i++) {
            long each = i;
            double expected = probabilities[i] * classes.length;
            double counted = LongStream.of(classes).filter(c -> c == each).count();
            statistic += (counted - expected) * (counted - expected) / expected;
        }
        double degrees = probabilities.length - 1;
        assertTrue(statistic < degrees + 4 * Math.sqrt(2 * degrees) + 9, "chi-square " + statistic);
    }

    @Test
    void classesComeAsOftenAsTheyShould() {
        double[] probabilities = {0.05, 0.2, 0.5, 0.25};
        Tensor scores = Tensor.of(probabilities, 4).log().add(3);
        Tensor rows = scores.expand(COUNT, 4);
        counts(probabilities, Random.categorical(KEY, rows).toLongArray());
        counts(probabilities, Random.categorical(KEY, scores, COUNT, true).toLongArray());
        Tensor weights = Tensor.of(new double[] {1, 4, 10, 5}, 4);
        counts(probabilities, Random.multinomial(KEY, weights, COUNT, true).toLongArray());
        double[] even = new double[10];
        Arrays.fill(even, 0.1);
        counts(even, Random.integers(KEY, 0, 10, COUNT).toLongArray());
    }

    @Test
    void withoutReplacementClassesComeOnceAndInOrderOfTheDraws() {
        double[] probabilities = {0.05, 0.2, 0.5, 0.25};
        Tensor scores = Tensor.of(probabilities, 4).log().expand(COUNT, 4);
        Tensor pairs = Random.categorical(KEY, scores, 2, false);
        counts(probabilities, pairs.slice(1, 0, 1).toLongArray());
        double[] second = new double[4];
        for (int j = 0; j < 4; j++) {
            for (int i = 0; i < 4; i++) {
                double rest = probabilities[j] / (1 - probabilities[i]);
                second[j] += i == j ? 0 : probabilities[i] * rest;
            }
        }
        counts(second, pairs.slice(1, 1, 2).toLongArray());
        long[] all = Random.categorical(KEY, scores.slice(0, 0, 1), 4, false).toLongArray();
        Arrays.sort(all);
        assertArrayEquals(new long[] {0, 1, 2, 3}, all);
        assertThrows(
                IllegalArgumentException.class, () -> Random.categorical(KEY, scores, 5, false));
    }

    @Test
    void impossibleClassesAreNeverDrawn() {
        Tensor scores = Tensor.of(new double[] {Double.NEGATIVE_INFINITY, 0, -800}, 3);
        long[] drawn = Random.categorical(KEY, scores, COUNT, true).toLongArray();
        assertTrue(LongStream.of(drawn).allMatch(c -> c == 1));
    }

    @Test
    void coinsForEachProbability() {
        Tensor p = Tensor.of(new float[] {0, 0.25f, 1}, 3, 1).expand(3, COUNT);
        double[] shares = Random.bernoulli(KEY, p).cast(DType.F64).mean(false, 1).toDoubleArray();
        assertEquals(0, shares[0]);
        assertEquals(0.25, shares[1], 0.015);
        assertEquals(1, shares[2]);
    }

    @Test
    void shufflingKeepsRowsTogetherAndMovesThemEvenly() {
        Tensor rows = Tensor.arange(DType.I64, 12).reshape(4, 3);
        long[] shuffled = Random.shuffle(KEY, rows, 0).toLongArray();
        for (int row = 0; row < 4; row++) {
            assertEquals(shuffled[3 * row] + 2, shuffled[3 * row + 2]);
        }
        long[] first = new long[1000];
        Arrays.setAll(first, i -> Random.permutation(KEY.fold(i), 5).toLongArray()[0]);
        counts(new double[] {0.2, 0.2, 0.2, 0.2, 0.2}, first);
    }

    @Test
    void integersOfNarrowDtypes() {
        Tensor drawn = Random.integers(KEY, DType.U8, 0, 256, COUNT);
        assertEquals(DType.U8, drawn.dtype());
        assertEquals(255, drawn.max(false).item());
        assertFalse(drawn.lt(3).any(false).item() == 0);
        assertThrows(
                IllegalArgumentException.class, () -> Random.integers(KEY, DType.I8, 0, 129, 3));
        assertEquals(127, Random.integers(KEY, DType.I8, 127, 128, 1).item());
    }
}
