package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Activations against numbers of PyTorch 1.13 in double precision. */
@ExtendWith(OnReference.class)
class ActivationsTest {
    private static Tensor x() {
        return of(-4, -2, -0.3, 0, 0.6, 7);
    }

    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    private static void near(Tensor actual, double... expected) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-14);
    }

    @Test
    void boundedOnes() {
        near(x().relu6(), 0, 0, 0, 0, 0.6, 6);
        near(x().hardsigmoid(), 0, 1 / 6.0, 0.45, 0.5, 0.6, 1);
        near(x().hardtanh(-2, 0.6), -2, -2, -0.3, 0, 0.6, 0.6);
        near(x().softsign(), -0.8, -2 / 3.0, -0.23076923076923075, 0, 0.375, 0.875);
        near(of(Double.POSITIVE_INFINITY).softsign(), 1);
    }

    @Test
    void exponentialOnes() {
        near(
                x().selu(),
                -1.7258986281898945,
                -1.5201664685956948,
                -0.45566731537912203,
                0,
                0.6304205924132883,
                7.354906911488364);
        near(
                x().celu(1.5),
                -1.3957748231657976,
                -1.10460429282641,
                -0.27190387038302727,
                0,
                0.6,
                7);
    }

    @Test
    void shrinkingOnes() {
        near(x().softshrink(0.5), -3.5, -1.5, 0, 0, 0.1, 6.5);
        near(x().hardshrink(0.5), -4, -2, 0, 0, 0.6, 7);
        near(x().threshold(0.1, -9), -9, -9, -9, -9, 0.6, 7);
        near(
                x().tanhshrink(),
                -3.000670700260933,
                -1.035972419924183,
                -0.008687387548409087,
                0,
                0.06295043300196468,
                6.0000016630560555);
    }

    @Test
    void learnedSlopesAreOneForAllOrOneForEachChannel() {
        Tensor x = of(0.3, -1.2, 2.5, -0.7, 1.9, 0.1).reshape(2, 3);
        near(x.prelu(of(0.1, 0.2, 0.3)), 0.3, -0.24, 2.5, -0.07, 1.9, 0.1);
        near(x.prelu(of(0.5)), 0.3, -0.6, 2.5, -0.35, 1.9, 0.1);
        assertThrows(IllegalArgumentException.class, () -> x.prelu(of(0.1, 0.2)));
        GradientCheck.check(in -> new Tensor[] {in[0].prelu(in[1])}, x, of(0.1, 0.2, 0.3));
    }

    @Test
    void gatesMultiplyTheFirstHalfByAFunctionOfTheSecond() {
        Tensor x = of(1, 2, 0.5, -1);
        near(x.glu(0), 0.6224593312018546, 0.5378828427399902);
        near(x.swiglu(0), 0.5 * 0.6224593312018546, -0.5378828427399902);
        near(x.geglu(0), 0.5 * 0.6914624612740131, -2 * 0.15865525393145707);
        for (var gate :
                List.<java.util.function.UnaryOperator<Tensor>>of(
                        t -> t.glu(-1), t -> t.swiglu(-1), t -> t.geglu(-1), t -> t.softmin(-1))) {
            GradientCheck.check(in -> new Tensor[] {gate.apply(in[0])}, x);
            GradientCheck.checkSecond(in -> new Tensor[] {gate.apply(in[0])}, x);
        }
    }

    @Test
    void softplusIsSmoothAtZero() {
        Tensor x = Autograd.variable(of(0));
        Tensor slope = Autograd.gradientsToDifferentiate(x.softplus().sum(), List.of(x)).getFirst();
        assertEquals(0.5, slope.item());
        assertEquals(0.25, Autograd.gradients(slope.sum(), List.of(x)).getFirst().item());
    }
}
