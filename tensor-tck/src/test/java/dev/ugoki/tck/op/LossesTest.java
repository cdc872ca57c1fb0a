package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Losses against numbers of PyTorch 1.13 in double precision. */
@ExtendWith(OnReference.class)
class LossesTest {
    private static final double[] X = {0.3, -1.2, 2.5, -0.7, 1.9, 0.1};
    private static final double[] B = {1, 0.5, -0.2, 0.4, -1.1, 0.9};
    private static final double[] P = {0.2, 0.9, 0.5, 0, 1, 0.35};
    private static final double[] Y = {0, 1, 0.3, 0, 1, 0.6};

    private static Tensor of(double... values) {
        return Tensor.of(values, 2, 3);
    }

    private static Tensor weights() {
        return Tensor.of(new double[] {0.5, 2, 1.25}, 3);
    }

    private static Tensor classes(long... classes) {
        return Tensor.of(classes, classes.length);
    }

    private static void near(Tensor actual, double... expected) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-13);
    }

    private static void smooth(Graph.Program loss, Tensor... inputs) {
        GradientCheck.check(loss, inputs);
        GradientCheck.checkSecond(loss, inputs);
    }

    @Test
    void crossEntropyOfProbabilitiesBoundsItsLogarithms() {
        near(
                Losses.bce(of(P), of(Y), Reduction.NONE),
                0.2231435513142097,
                0.10536051565782628,
                0.6931471805599453,
                0,
                0,
                0.8022064411361883);
        Tensor p = Autograd.variable(Tensor.of(new double[] {0, 1}, 2));
        Tensor wrong = Losses.bce(p, Tensor.of(new double[] {1, 0}, 2), Reduction.SUM);
        near(wrong, 200);
        near(Autograd.gradients(wrong, List.of(p)).getFirst(), 0, 0);
        smooth(
                in -> new Tensor[] {Losses.bce(in[0], of(Y), Reduction.MEAN)},
                of(0.2, 0.9, 0.5, 0.3, 0.8, 0.35));
    }

    @Test
    void positiveTargetsMayWeighMore() {
        near(
                Losses.bceWithLogits(of(X), of(Y), weights(), Reduction.NONE),
                0.854355244468527,
                2.9265649346760627,
                1.8348064643644908,
                0.40318604888545795,
                0.27877351656592125,
                0.7810561590846065);
        smooth(
                in -> new Tensor[] {Losses.bceWithLogits(in[0], in[1], weights(), Reduction.MEAN)},
                of(X),
                of(Y));
    }

    @Test
    void classesMayWeighDifferently() {
        near(
                Losses.crossEntropy(of(X), classes(2, 0), weights(), 0.1, -100, Reduction.MEAN),
                1.0594446587491415);
        near(
                Losses.crossEntropy(of(X), classes(2, -100), weights(), 0.1, -100, Reduction.NONE),
                0.4422040618339407,
                0);
        near(
                Losses.crossEntropyOfProbabilities(of(X), of(Y), weights(), 0.2, Reduction.MEAN),
                4.30138449859208);
        smooth(
                in -> {
                    Tensor target = classes(2, 0);
                    return new Tensor[] {
                        Losses.crossEntropy(in[0], target, in[2], 0.1, -100, Reduction.MEAN),
                        Losses.crossEntropyOfProbabilities(in[0], in[1], in[2], 0.1, Reduction.SUM)
                    };
                },
                of(X),
                of(Y),
                weights());
    }

    @Test
    void theWeightsOfEqualClassesChangeNothing() {
        Tensor ones = Tensor.of(new double[] {1, 1, 1}, 3);
        for (Reduction reduction : Reduction.values()) {
            Tensor plain = Losses.crossEntropy(of(X), classes(1, -100), 0.1, -100, reduction);
            Tensor weighted =
                    Losses.crossEntropy(of(X), classes(1, -100), ones, 0.1, -100, reduction);
            near(weighted, plain.toDoubleArray());
        }
    }

    @Test
    void logarithmsOfProbabilitiesAreLookedUp() {
        near(
                Losses.nll(of(X), classes(2, 0), weights(), -100, Reduction.MEAN),
                -1.5857142857142856);
        near(Losses.nll(of(X), classes(-100, 1), null, -100, Reduction.SUM), -1.9);
        assertThrows(
                IllegalArgumentException.class,
                () -> Losses.nll(of(X), classes(1), null, -100, Reduction.SUM).item());
    }

    @Test
    void theLikelihoodOfANormalDistribution() {
        Tensor variance = of(0.5, 1e-9, 2, 0.1, 1, 3);
        double[] losses =
                Losses.gaussianNll(of(X), of(Y), variance, true, 1e-6, Reduction.NONE)
                        .toDoubleArray();
        double[] expected = {
            0.6623649429247,
            2419994.011183255,
            2.4755121234846458,
            2.21764598670765,
            1.3239385332046725,
            1.5099113442053942
        };
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(new double[] {1}, new double[] {losses[i] / expected[i]}, 1e-9);
        }
        smooth(
                in ->
                        new Tensor[] {
                            Losses.gaussianNll(in[0], in[1], in[2], false, 1e-6, Reduction.MEAN)
                        },
                of(X),
                of(Y),
                of(0.5, 0.9, 2, 0.4, 1, 3));
    }

    @Test
    void pairsAndTriplesAreDrawnTogetherOrApart() {
        Tensor together = Tensor.of(new boolean[] {true, false}, 2);
        // PyTorch adds 1e-12 to the squared lengths; here they are bounded.
        assertArrayEquals(
                new double[] {1.252525554462248, 0.1382969593524107},
                Losses.cosineEmbedding(of(X), of(B), together, -0.9, Reduction.NONE)
                        .toDoubleArray(),
                1e-11);
        Tensor negative = of(0.2, 0.1, 0.7, -1, 0.3, 0.2);
        near(
                Losses.tripletMargin(of(X), of(B), negative, 1.5, Reduction.NONE),
                2.5438853390114815,
                3.1629824056664004);
        near(
                Losses.marginRanking(of(X), of(B), of(1, -1, 1, 1, 1, 1), 0.5, Reduction.NONE),
                1.2,
                0,
                0,
                1.6,
                0,
                1.3);
        smooth(
                in ->
                        new Tensor[] {
                            Losses.tripletMargin(in[0], in[1], in[2], 1.5, Reduction.MEAN),
                            Losses.cosineEmbedding(in[0], in[1], together, -0.9, Reduction.MEAN)
                        },
                of(X),
                of(B),
                negative);
        Tensor same = Autograd.variable(of(X));
        Tensor loss = Losses.tripletMargin(same, of(X), negative, 9, Reduction.SUM);
        for (double each : Autograd.gradients(loss, List.of(same)).getFirst().toDoubleArray()) {
            assertTrue(Double.isFinite(each));
        }
    }

    @Test
    void whatIsHardCountsMore() {
        near(
                Losses.focalWithLogits(of(X), of(Y), 0.25, 2, Reduction.NONE),
                0.21144280217762274,
                0.21606475634337302,
                0.49208853379088724,
                0.033292892805980745,
                0.0005898922566135932,
                0.0754637003830464);
        near(
                Losses.focalWithLogits(of(X), of(Y), -1, 0, Reduction.MEAN),
                Losses.bceWithLogits(of(X), of(Y), Reduction.MEAN).toDoubleArray());
        smooth(
                in -> new Tensor[] {Losses.focalWithLogits(in[0], of(Y), 0.25, 2, Reduction.MEAN)},
                of(X));
    }

    @Test
    void masksOverlap() {
        near(
                Losses.dice(of(P), of(Y), 1, Reduction.NONE),
                0.20512820512820518,
                0.13417721518987347);
        Tensor none = of(0, 0, 0, 0, 0, 0);
        near(Losses.dice(none, none, 1, Reduction.NONE), 0, 0);
        smooth(in -> new Tensor[] {Losses.dice(in[0], in[1], 1, Reduction.MEAN)}, of(P), of(Y));
    }

    @Test
    void partnersFindEachOther() {
        Tensor scale = Tensor.of(new double[] {3}, 1).reshape();
        Tensor bias = Tensor.of(new double[] {-0.5}, 1).reshape();
        near(Losses.contrastive(of(X), of(B), scale), 3.1174699270398687);
        near(Losses.sigmoidContrastive(of(X), of(B), scale, bias), 3.6225503697586023);
        smooth(
                in ->
                        new Tensor[] {
                            Losses.contrastive(in[0], in[1], in[2]),
                            Losses.sigmoidContrastive(in[0], in[1], in[2], in[3])
                        },
                of(X),
                of(B),
                scale,
                bias);
    }
}
