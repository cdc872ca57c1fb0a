package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Derivatives;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Gradients at ties, kinks, poles and empty places: what users are told in the Javadoc of each
 * operation. What holds for the gradient holds for the one that can be differentiated again.
 */
@ExtendWith(OnReference.class)
final class SpecialPointsTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    /** The gradient of the sum of {@code function}, which must be the same in both forms. */
    private static double[] slopes(UnaryOperator<Tensor> function, double... x) {
        Tensor variable = Autograd.variable(of(x));
        Tensor sum = function.apply(variable).sum();
        double[] plain = Autograd.gradients(sum, List.of(variable)).getFirst().toDoubleArray();
        Tensor again = Autograd.gradientsToDifferentiate(sum, List.of(variable)).getFirst();
        assertArrayEquals(plain, again.toDoubleArray());
        return plain;
    }

    /** The diagonal of the second derivatives of the sum of {@code function}. */
    private static double[] curvatures(UnaryOperator<Tensor> function, double... x) {
        double[] hessian =
                Derivatives.hessian(in -> function.apply(in).sum(), of(x)).toDoubleArray();
        double[] diagonal = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            diagonal[i] = hessian[i * x.length + i];
        }
        return diagonal;
    }

    private static void assertSlopes(
            double[] expected, UnaryOperator<Tensor> function, double... x) {
        assertArrayEquals(expected, slopes(function, x), 1e-12);
    }

    private static void assertCurvatures(
            double[] expected, UnaryOperator<Tensor> function, double... x) {
        assertArrayEquals(expected, curvatures(function, x), 1e-12);
    }

    // ---- ties ----

    @Test
    void equalExtremesShareTheGradientOfAReduction() {
        assertSlopes(new double[] {0, .5, .5, 0}, x -> x.max(false), 1, 3, 3, 2);
        assertSlopes(new double[] {.25, .25, .25, .25}, x -> x.min(false), 2, 2, 2, 2);
    }

    @Test
    void equalOperandsShareTheGradientOfAnExtreme() {
        Tensor other = of(1, 2, 3);
        assertSlopes(new double[] {0, .5, 1}, x -> x.minimum(other), 2, 2, 2);
        assertSlopes(new double[] {1, .5, 0}, x -> x.maximum(other), 2, 2, 2);
    }

    @Test
    void anInfiniteCotangentDoesNotSpoilTheLoser() {
        UnaryOperator<Tensor> steep = x -> x.maximum(of(0, 1)).sqrt();
        assertSlopes(new double[] {INFINITY / 2, 0}, x -> steep.apply(x), 0, -1);
        assertSlopes(new double[] {INFINITY, 0}, x -> x.min(false).sqrt(), 0, 1);
    }

    @Test
    void sortedElementsSendTheirGradientWhereTheyCameFrom() {
        Tensor weights = of(1, 2, 3, 4);
        // Equal elements keep their order.
        assertSlopes(
                new double[] {3, 1, 4, 2}, x -> x.sort(0, false).values().mul(weights), 5, 2, 5, 2);
        assertSlopes(
                new double[] {1, 0, 2, 0}, x -> x.topk(2, 0).values().mul(of(1, 2)), 5, 2, 5, 2);
    }

    @Test
    void theLatestOfEqualRunningExtremesHasTheGradient() {
        Prim.Scan highest = new Prim.Scan(Prim.Scan.Kind.MAX, 0, false);
        Prim.Scan lowestFromTheEnd = new Prim.Scan(Prim.Scan.Kind.MIN, 0, true);
        assertSlopes(new double[] {2, 0, 1, 2, 0}, x -> Engine.one(highest, x), 2, 1, 2, 2, 0);
        assertSlopes(
                new double[] {1, 1, 0, 2, 1}, x -> Engine.one(lowestFromTheEnd, x), 1, 1, 3, 2, 3);
    }

    @Test
    void clampPassesAtItsBounds() {
        assertSlopes(new double[] {0, 1, 1, 1, 0}, x -> x.clamp(-1, 1), -2, -1, 0, 1, 2);
    }

    @Test
    void kinkedActivationsTakeTheirDocumentedSide() {
        assertSlopes(new double[] {0, 0, 1}, Tensor::relu, -1, 0, 1);
        assertSlopes(new double[] {.2, .2, 1}, x -> x.leakyRelu(.2), -1, 0, 1);
        assertSlopes(new double[] {-1, 0, 1}, Tensor::abs, -2, 0, 2);
        assertSlopes(new double[] {0, 0, 0}, Tensor::sign, -2, 0, 2);
        assertSlopes(new double[] {0, 1}, Tensor::hardswish, -3, 3);
    }

    // ---- powers ----

    @Test
    void powersHaveTheirDerivativesAtZero() {
        assertSlopes(new double[] {0, 4}, x -> x.pow(2), 0, 2);
        assertSlopes(new double[] {1, 1}, x -> x.pow(1), 0, 2);
        assertSlopes(new double[] {0, 0}, x -> x.pow(0), 0, 2);
        assertSlopes(new double[] {INFINITY}, x -> x.pow(.5), 0);
        assertCurvatures(new double[] {2, 2}, x -> x.pow(2), 0, 2);
        assertCurvatures(new double[] {0, 12}, x -> x.pow(3), 0, 2);
        assertCurvatures(new double[] {0, 0}, x -> x.pow(1), 0, 2);
        assertCurvatures(new double[] {0, 0}, x -> x.pow(0), 0, 2);
        assertCurvatures(new double[] {2}, Tensor::square, 0);
    }

    @Test
    void allHigherDerivativesOfASquareVanishAtZero() {
        UnaryOperator<Tensor> derivative = x -> x.pow(2);
        double[] expected = {0, 0, 2, 0, 0, 0};
        for (double each : expected) {
            assertEquals(each, derivative.apply(of(0)).item());
            UnaryOperator<Tensor> before = derivative;
            derivative = Derivatives.gradient(x -> before.apply(x).sum());
        }
    }

    @Test
    void theExponentHasAGradientWhereTheBaseIsZero() {
        assertSlopes(new double[] {0, 0}, b -> of(0, 0).pow(b), 0, 2);
        assertSlopes(new double[] {2 * Math.log(2)}, b -> of(2).pow(b), 1);
        assertTrue(Double.isNaN(slopes(b -> of(-2).pow(b), 2)[0]));
    }

    @Test
    void bothDerivativesOfAPowerAreRightWhereTheExponentIsZero() {
        GradientCheck.checkSecond(in -> new Tensor[] {in[0].pow(in[1])}, of(2, 3), of(0, 1));
    }

    // ---- poles ----

    @Test
    void rootsAndLogarithmsAreSteepAtZero() {
        assertSlopes(new double[] {INFINITY}, Tensor::sqrt, 0);
        assertSlopes(new double[] {INFINITY}, Tensor::log, 0);
        assertSlopes(new double[] {INFINITY, INFINITY}, Tensor::asin, -1, 1);
    }

    @Test
    void anAngleHasNoGradientAtTheOrigin() {
        assertSlopes(new double[] {0, 1}, y -> y.atan2(of(0, 1)), 0, 0);
        assertSlopes(new double[] {0, -1}, x -> of(0, 1).atan2(x), 0, 0);
    }

    @Test
    void anAngleHasItsGradientHoweverSmallOrLargeThePoint() {
        assertSlopes(new double[] {5e199}, y -> y.atan2(of(1e-200)), 1e-200);
        assertSlopes(new double[] {5e-301}, y -> y.atan2(of(1e300)), 1e300);
        Tensor y = Autograd.variable(of(300).cast(DType.F16));
        Tensor angle = y.atan2(of(300).cast(DType.F16));
        assertEquals(
                1.0 / 600, Autograd.gradients(angle.sum(), List.of(y)).getFirst().item(), 2e-6);
        GradientCheck.checkSecond(
                in -> new Tensor[] {in[0].atan2(in[1])}, of(1, -2, 0, 3), of(1, .5, -2, -3));
    }

    @Test
    void quotientsByZeroAreNoNumbers() {
        assertTrue(Double.isNaN(slopes(x -> x.div(x), 0)[0]));
        assertSlopes(new double[] {INFINITY}, x -> x.div(of(0)), 1);
        // Replacing the divisor first keeps everything finite.
        UnaryOperator<Tensor> safe =
                x -> of(1).div(x.maskedFill(x.eq(0), 1)).maskedFill(x.eq(0), 0);
        assertSlopes(new double[] {0}, safe, 0);
    }

    // ---- branches that are not taken ----

    @Test
    void aBranchThatIsNotTakenCanStillSpoilTheGradient() {
        UnaryOperator<Tensor> trap = x -> x.gt(0).select(x.sqrt(), x.scalarLike(0));
        UnaryOperator<Tensor> safe = x -> x.maskedFill(x.le(0), 1).sqrt().maskedFill(x.le(0), 0);

        assertTrue(Double.isNaN(slopes(trap, 0, 4)[0]));
        assertSlopes(new double[] {0, .25}, safe, 0, 4);
        assertSlopes(new double[] {0, .25}, safe, -1, 4);
    }

    @Test
    void maskedElementsHaveNoGradient() {
        assertSlopes(
                new double[] {0, 1, 0}, x -> x.maskedFill(x.ne(2), -INFINITY).max(false), 1, 2, 3);
    }

    // ---- statistics ----

    @Test
    void constantsHaveNoSpread() {
        assertSlopes(new double[] {0, 0, 0}, x -> x.var(1, false), 2, 2, 2);
        assertSlopes(new double[] {0, 0, 0}, x -> x.std(1, false), 2, 2, 2);
        assertCurvatures(new double[] {2. / 3, 2. / 3, 2. / 3}, x -> x.var(1, false), 2, 2, 2);
        assertCurvatures(new double[] {0, 0, 0}, x -> x.std(1, false), 2, 2, 2);
    }

    @Test
    void scoresOfMinusInfinityTakeNoPart() {
        double[] x = {0, -INFINITY, Math.log(3)};
        Tensor weights = of(1, 2, 3);
        assertSlopes(new double[] {.25, 0, .75}, each -> each.logSumExp(false), x);
        assertSlopes(new double[] {-.375, 0, .375}, each -> each.softmax(0).mul(weights), x);
        assertCurvatures(new double[] {.1875, 0, .1875}, each -> each.logSumExp(false), x);
    }

    @Test
    void logSumExpOfNothingButMinusInfinityHasGradientZero() {
        assertSlopes(new double[] {0, 0}, x -> x.logSumExp(false), -INFINITY, -INFINITY);
    }

    @Test
    void aSoftmaxOfNothingButMinusInfinityIsNoNumber() {
        double[] y = of(-INFINITY, -INFINITY).softmax(0).toDoubleArray();
        assertTrue(Double.isNaN(y[0]) && Double.isNaN(y[1]));
    }

    @Test
    void largeScoresAreSafe() {
        assertSlopes(new double[] {.5, .5}, x -> x.logSumExp(false), 1e4, 1e4);
        assertSlopes(new double[] {1, 0}, Tensor::softplus, 1e4, -1e4);
        assertSlopes(new double[] {0, 1}, Tensor::logSigmoid, 1e4, -1e4);
    }
}
