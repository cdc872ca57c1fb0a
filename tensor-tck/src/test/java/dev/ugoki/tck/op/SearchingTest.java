package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Searching;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Searching and counting, with values drawn from NumPy and PyTorch. */
@ExtendWith(OnReference.class)
final class SearchingTest {
    private static final double NAN = Double.NaN;

    private static Tensor vector(double... values) {
        return Tensor.of(values, values.length);
    }

    private static void same(Tensor actual, double... elements) {
        assertArrayEquals(elements, actual.toDoubleArray());
    }

    private static String wrong(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }

    @Test
    void valuesFindTheirPlaceOnEitherSideOfEqualOnes() {
        Tensor sorted = vector(1, 2, 2, 3, NAN);
        Tensor values = vector(0, 1, 2, 2.5, 3, 9, NAN);
        same(Searching.searchSorted(sorted, values, false), 0, 0, 1, 3, 3, 4, 4);
        same(Searching.searchSorted(sorted, values, true), 0, 1, 3, 3, 4, 4, 5);
        same(Searching.bucketize(values, vector(), false), new double[7]);
    }

    @Test
    void eachRowIsSearchedForItsOwnValues() {
        Tensor sorted = Tensor.of(new long[] {1, 3, 5, 7, 9, 2, 4, 6, 8, 10}, 2, 5);
        Tensor values = Tensor.of(new long[] {3, 6, 9, 3, 6, 11}, 2, 3);
        same(Searching.searchSorted(sorted, values, false), 1, 3, 4, 1, 2, 5);
        same(Searching.searchSorted(sorted, values, true), 2, 3, 5, 1, 3, 5);
        Tensor grid = Searching.searchSorted(sorted.select(0, 0), values, false);
        assertEquals(Shape.of(2, 3), grid.shape());
        assertEquals(DType.I64, grid.dtype());
    }

    @Test
    void bisectionFindsWhatCountingFindsForEveryExtent() {
        SplittableRandom random = new SplittableRandom(7);
        for (int extent = 1; extent < 40; extent++) {
            double[] sorted = random.ints(extent, 0, 20).mapToDouble(i -> i).sorted().toArray();
            double[] values = random.ints(30, -1, 21).mapToDouble(i -> i).toArray();
            double[] left = new double[30];
            double[] right = new double[30];
            for (int i = 0; i < 30; i++) {
                double value = values[i];
                left[i] = Arrays.stream(sorted).filter(each -> each < value).count();
                right[i] = Arrays.stream(sorted).filter(each -> each <= value).count();
            }
            same(Searching.searchSorted(vector(sorted), vector(values), false), left);
            same(Searching.searchSorted(vector(sorted), vector(values), true), right);
        }
    }

    @Test
    void aProgramSearches() {
        TensorType type = new TensorType(DType.F64, Shape.of(3));
        Graph graph =
                Graph.trace(
                        in -> new Tensor[] {Searching.searchSorted(in[0], in[1], true)},
                        type,
                        type);
        same(graph.evaluate(vector(1, 2, 3), vector(2, 0, 5))[0], 2, 0, 3);
    }

    @Test
    void distinctValuesComeInOrderWithPlacesAndCounts() {
        Tensor x = Tensor.of(new double[] {3, 1, 2, 1, 3, 3}, 2, 3);
        Searching.Unique unique = Searching.unique(x);
        same(unique.values(), 1, 2, 3);
        same(unique.inverse(), 2, 0, 1, 0, 2, 2);
        assertEquals(x.shape(), unique.inverse().shape());
        same(unique.counts(), 2, 1, 3);
        Searching.Unique withNaN = Searching.unique(vector(1, NAN, 0, NAN));
        same(withNaN.values(), 0, 1, NAN);
        same(withNaN.inverse(), 1, 2, 0, 2);
        same(withNaN.counts(), 1, 1, 2);
        same(Searching.unique(Tensor.of(new boolean[] {true, false, true}, 3)).values(), 0, 1);
        same(Searching.unique(vector()).values());
    }

    @Test
    void runsOfEqualValuesAreTakenTogether() {
        Searching.Unique runs = Searching.uniqueConsecutive(vector(3, 3, 1, 3, 2, 2));
        same(runs.values(), 3, 1, 3, 2);
        same(runs.inverse(), 0, 0, 1, 2, 3, 3);
        same(runs.counts(), 2, 1, 1, 2);
    }

    @Test
    void theGradientOfADistinctValueGoesToItsFirstElement() {
        Tensor x = Autograd.variable(vector(3, 1, 3, 2));
        Tensor sum = Searching.unique(x).values().mul(vector(10, 20, 30)).sum();
        same(Autograd.gradients(sum, List.of(x)).getFirst(), 10 * 0 + 30, 10, 0, 20);
    }

    @Test
    void numbersAreCountedAndWeighed() {
        Tensor x = Tensor.of(new int[] {1, 3, 1, 0}, 2, 2);
        same(Searching.bincount(x), 1, 2, 0, 1);
        same(Searching.bincount(x, null, 6), 1, 2, 0, 1, 0, 0);
        same(Searching.bincount(Tensor.of(new long[0], 0)));
        Tensor weights = Tensor.of(new double[] {0.5, 1, 2, 4}, 2, 2);
        same(Searching.bincount(x, weights, 4), 4, 2.5, 0, 1);
        GradientCheck.check(in -> new Tensor[] {Searching.bincount(x, in[0], 4).square()}, weights);
    }

    @Test
    void aHistogramsLastIntervalHoldsItsUpperEnd() {
        Tensor x = vector(1, 2, 1, 4, 0, -1, 3.5, 2.99, NAN);
        same(Searching.histogram(x, 4, 0, 4), 1, 2, 2, 2);
        same(Searching.histogram(x.cast(DType.F32), 4, 0, 4), 1, 2, 2, 2);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Tensor x = vector(1, 2);
        Tensor index = Tensor.of(new long[] {0, 1}, 2);
        assertTrue(wrong(() -> Searching.searchSorted(x, index, false)).contains("one dtype"));
        assertTrue(
                wrong(() -> Searching.searchSorted(x.reshape(2, 1), x.reshape(1, 2), false))
                        .contains("sorted F64[2,1], values F64[1,2]"));
        assertTrue(wrong(() -> Searching.bucketize(x, x.reshape(1, 2), true)).contains("rank 1"));
        assertTrue(wrong(() -> Searching.bincount(x)).contains("must be I64 or I32"));
        assertTrue(wrong(() -> Searching.bincount(index, vector(1), 2)).contains("one weight"));
        assertTrue(wrong(() -> Searching.histogram(x, 0, 0, 1)).contains("at least one bin"));
        assertTrue(wrong(() -> Searching.histogram(x, 3, 1, 1)).contains("low < high"));
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> Searching.bincount(Tensor.of(new long[] {-1}, 1)));
    }

    @Test
    void distinctValuesAreNotKnownUnderATrace() {
        TensorType type = new TensorType(DType.F64, Shape.of(3));
        String message =
                assertThrows(
                                IllegalStateException.class,
                                () ->
                                        Graph.trace(
                                                in ->
                                                        new Tensor[] {
                                                            Searching.unique(in[0]).values()
                                                        },
                                                type))
                        .getMessage();
        assertTrue(message.startsWith("unique: the shape of the result depends on"), message);
    }
}
