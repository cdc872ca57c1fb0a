package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Statistics;
import dev.ugoki.tensor.Statistics.Between;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Statistics against numbers of NumPy 1.24 and PyTorch 1.13. */
@ExtendWith(OnReference.class)
class StatisticsTest {
    private static Tensor x() {
        return Tensor.of(new double[] {3, 1, 4, 1, 5, 9, 2, 6}, 2, 4);
    }

    private static Tensor apart() {
        return Tensor.of(new double[] {3, 1, 4, 1.5, 5, 9, 2, 6}, 2, 4);
    }

    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    private static void near(Tensor actual, double... expected) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-14);
    }

    private static void smooth(Graph.Program program, Tensor... inputs) {
        GradientCheck.check(program, inputs);
        GradientCheck.checkSecond(program, inputs);
    }

    @Test
    void quantilesLieBetweenElementsAsNumPyHasIt() {
        near(Statistics.quantile(x(), 0.3, 1, false, Between.LINEAR), 1, 4.7);
        near(Statistics.quantile(x(), 0.3, -1, false, Between.LOWER), 1, 2);
        near(Statistics.quantile(x(), 0.3, 1, false, Between.HIGHER), 1, 5);
        near(Statistics.quantile(x(), 0.3, 1, false, Between.MIDPOINT), 1, 3.5);
        near(Statistics.quantile(x(), 0.3, 1, false, Between.NEAREST), 1, 5);
        near(Statistics.quantile(x(), 0, 1, false, Between.LINEAR), 1, 2);
        near(Statistics.quantile(x(), 1, 1, false, Between.LINEAR), 4, 9);
        assertEquals(
                Shape.of(3, 2, 1),
                Statistics.quantiles(x(), new double[] {0.1, 0.5, 0.9}, 1, true, Between.LINEAR)
                        .shape());
        GradientCheck.check(
                in -> new Tensor[] {Statistics.quantile(in[0], 0.3, 1, false, Between.LINEAR)},
                apart());
        assertThrows(
                IllegalArgumentException.class,
                () -> Statistics.quantile(x(), 1.5, 1, false, Between.LINEAR));
    }

    @Test
    void theMedianIsTheMiddle() {
        near(Statistics.median(x(), 1, false), 2, 5.5);
        near(Statistics.median(of(3, 9, 1)), 3);
        near(Statistics.median(of(3, Double.NaN, 1)), Double.NaN);
        assertEquals(Shape.of(1, 4), Statistics.median(x(), 0, true).shape());
    }

    @Test
    void theKthElementKnowsItsPlace() {
        Tensor.Sorted second = Statistics.kthSmallest(x(), 2, 1, false);
        near(second.values(), 1, 5);
        assertArrayEquals(new long[] {3, 0}, second.indices().toLongArray());
        assertThrows(
                IllegalArgumentException.class, () -> Statistics.kthSmallest(x(), 5, 1, false));
    }

    @Test
    void variablesVaryTogether() {
        near(Statistics.covariance(x(), 1), 2.25, -23 / 6.0, -23 / 6.0, 25 / 3.0);
        double r = -0.8852704127574261;
        near(Statistics.correlation(x()), 1, r, r, 1);
        smooth(in -> new Tensor[] {Statistics.covariance(in[0], 1)}, apart());
    }

    @Test
    void nanIsLeftOut() {
        Tensor x = Tensor.of(new double[] {1, Double.NaN, 3, Double.NaN}, 2, 2);
        near(Statistics.nanSum(x, false, 0), 4, 0);
        near(Statistics.nanMean(x, false, 0), 2, Double.NaN);
        near(Statistics.nanMean(x, false), 2);
        Tensor variable = Autograd.variable(x);
        Tensor sum = Statistics.nanSum(variable, false);
        near(Autograd.gradients(sum, List.of(variable)).getFirst(), 1, 0, 1, 0);
    }

    @Test
    void extentsAndMoments() {
        Statistics.Extremes extremes = Statistics.extremes(x(), false, 1);
        near(extremes.least(), 1, 2);
        near(extremes.most(), 4, 9);
        near(Statistics.peakToPeak(x(), false, 1), 3, 7);
        Statistics.Moments moments = Statistics.moments(x(), 1, false, 1);
        near(moments.mean(), 2.25, 5.5);
        near(moments.variance(), 2.25, 25 / 3.0);
        Tensor standard = Statistics.standardize(x(), 0, 0, 1);
        near(standard.mean(false, 1), 0, 0);
        near(standard.std(0, false, 1), 1, 1);
        smooth(in -> new Tensor[] {Statistics.standardize(in[0], 1, 1e-3, 1)}, apart());
    }

    @Test
    void differencesAndIntegrals() {
        near(Statistics.diff(x(), 2, 1), 5, -6, -11, 11);
        assertEquals(Shape.of(0, 4), Statistics.diff(x(), 2, 0).shape());
        assertEquals(Shape.of(0, 4), Statistics.diff(x(), 3, 0).shape());
        near(Statistics.trapezoid(x(), 0.5, 1), 3.5, 8.25);
        Tensor places = of(0, 1, 3, 3.5);
        near(Statistics.trapezoid(x(), places, 1), 8.25, 20);
        near(Statistics.trapezoid(x(), places.expand(2, 4), -1), 8.25, 20);
        near(Statistics.cumulativeTrapezoid(x(), places, 1), 2, 7, 8.25, 7, 18, 20);
        near(Statistics.cumulativeTrapezoid(x(), 0.5, 0), 2, 2.5, 1.5, 1.75);
        smooth(in -> new Tensor[] {Statistics.trapezoid(in[0], in[1], 1)}, x(), places);
        assertThrows(IllegalArgumentException.class, () -> Statistics.trapezoid(x(), of(1, 2), 1));
    }

    @Test
    void runningLogarithmsOfSumsStandLargeScores() {
        Tensor scores = of(-1000, 1, 800, -3, 802);
        near(scores.logCumSumExp(0), -1000, 1, 800, 800, 802.126928011043);
        near(
                of(Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0).logCumSumExp(0),
                Double.NEGATIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                0);
        smooth(in -> new Tensor[] {in[0].logCumSumExp(1)}, apart());
        Tensor masked = Autograd.variable(of(Double.NEGATIVE_INFINITY, 0, 0));
        Tensor sum = masked.logCumSumExp(0).slice(0, 1, 3).sum();
        near(Autograd.gradients(sum, List.of(masked)).getFirst(), 0, 1.5, 0.5);
    }

    @Test
    void runningExtremes() {
        near(x().cummax(1), 3, 3, 4, 4, 5, 9, 9, 9);
        near(x().cummin(1), 3, 1, 1, 1, 5, 5, 2, 2);
        GradientCheck.check(in -> new Tensor[] {in[0].cummax(1), in[0].cummin(0)}, apart());
    }

    @Test
    void extremesKnowTheirPlaces() {
        Tensor.Sorted largest = x().maxAlong(1, false);
        near(largest.values(), 4, 9);
        assertArrayEquals(new long[] {2, 1}, largest.indices().toLongArray());
        assertEquals(Shape.of(2, 1), x().minAlong(1, true).indices().shape());
        assertEquals(5, x().argmax().item());
        assertEquals(1, x().argmin().item());
        near(x().topk(2, 1, false).values(), 1, 1, 2, 5);
        // The gradient of equal elements goes to the first alone.
        Tensor x = Autograd.variable(of(1, 1));
        near(Autograd.gradients(x.maxAlong(0, false).values(), List.of(x)).getFirst(), 1, 0);
    }
}
