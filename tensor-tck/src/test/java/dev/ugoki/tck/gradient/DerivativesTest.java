package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Derivatives;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;
import java.util.function.UnaryOperator;

@ExtendWith(OnReference.class)
final class DerivativesTest {
    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    /** The place of the hand of an arm of two links: [2] joints to [2]. */
    private static Tensor hand(Tensor joints) {
        Tensor first = joints.slice(0, 0, 1);
        Tensor both = joints.sum(true, 0);
        return Tensor.concat(
                0, first.cos().mul(2).add(both.cos()), first.sin().mul(2).add(both.sin()));
    }

    private static double[] handJacobian(double a, double b) {
        return new double[] {
            -2 * Math.sin(a) - Math.sin(a + b),
            -Math.sin(a + b),
            2 * Math.cos(a) + Math.cos(a + b),
            Math.cos(a + b)
        };
    }

    @Test
    void gradientsOfGradientsOfGradients() {
        UnaryOperator<Tensor> derivative = x -> x.sin();
        double x = 0.7;
        double[] expected = {Math.sin(x), Math.cos(x), -Math.sin(x), -Math.cos(x), Math.sin(x)};
        for (double each : expected) {
            assertEquals(each, derivative.apply(of(x)).item(), 1e-15);
            derivative = Derivatives.gradient(derivative);
        }
    }

    @Test
    void aJacobianIsOneRowForEachValue() {
        Tensor jacobian = Derivatives.jacobian(DerivativesTest::hand, of(0.3, 1.1));

        assertArrayEquals(new long[] {2, 2}, jacobian.shape().toArray());
        assertArrayEquals(handJacobian(0.3, 1.1), jacobian.toDoubleArray(), 1e-15);
    }

    @Test
    void aJacobianHasTheShapesOfValueAndInput() {
        Tensor x = Tensor.arange(DType.F64, 6).reshape(2, 3);

        Tensor jacobian = Derivatives.jacobian(in -> in.square().sum(false, 0), x);

        assertArrayEquals(new long[] {3, 2, 3}, jacobian.shape().toArray());
        assertEquals(2 * 4, jacobian.toDoubleArray()[6 + 3 + 1]);
        assertEquals(0, jacobian.toDoubleArray()[6 + 3 + 2]);
        assertEquals(
                0, Derivatives.jacobian(in -> in.slice(0, 0, 0), of(1, 2)).shape().elementCount());
    }

    @Test
    void aHessianIsSymmetric() {
        Tensor hessian = Derivatives.hessian(x -> x.prod(false).add(x.pow(3).sum()), of(2, 3, 5));

        assertArrayEquals(
                new double[] {12, 5, 3, 5, 18, 2, 3, 2, 30}, hessian.toDoubleArray(), 1e-12);
    }

    @Test
    void theHessianOfALinearFunctionIsZero() {
        assertArrayEquals(
                new double[4], Derivatives.hessian(x -> x.mul(3).sum(), of(1, 2)).toDoubleArray());
    }

    @Test
    void productsFromBothSides() {
        Tensor joints = of(0.3, 1.1);
        double[] j = handJacobian(0.3, 1.1);
        Graph.Program program = in -> new Tensor[] {hand(in[0]), in[0].mul(in[1]).sum()};
        List<Tensor> inputs = List.of(joints, of(2, 3));

        var pulled = Derivatives.vjp(program, inputs, List.of(of(1, 10), of(5).sum()));
        var pushed = Derivatives.jvp(program, inputs, List.of(of(1, 10), of(0, 1)));

        assertArrayEquals(hand(joints).toDoubleArray(), pulled.values().get(0).toDoubleArray());
        assertArrayEquals(
                new double[] {j[0] + 10 * j[2] + 10, j[1] + 10 * j[3] + 15},
                pulled.products().get(0).toDoubleArray(),
                1e-12);
        assertArrayEquals(new double[] {1.5, 5.5}, pulled.products().get(1).toDoubleArray(), 1e-12);
        assertArrayEquals(
                new double[] {j[0] + 10 * j[1], j[2] + 10 * j[3]},
                pushed.products().get(0).toDoubleArray(),
                1e-12);
        assertEquals(2 + 30 + 1.1, pushed.products().get(1).item(), 1e-12);
    }

    @Test
    void tangentsGoThroughCompositesAndBranches() {
        Graph.Program program =
                in ->
                        new Tensor[] {
                            Normalizations.layerNorm(in[0], 1, null, null, 1e-5)
                                    .gelu()
                                    .matmul(in[1])
                                    .softmax(-1)
                                    .relu()
                        };
        Tensor x = Tensor.arange(DType.F64, 6).mul(0.3).sin().reshape(2, 3);
        Tensor w = Tensor.arange(DType.F64, 12).mul(0.7).cos().reshape(3, 4);
        Tensor dx = Tensor.arange(DType.F64, 6).cos().reshape(2, 3);
        Tensor dw = Tensor.arange(DType.F64, 12).sin().reshape(3, 4);
        double step = 1e-6;

        double[] actual =
                Derivatives.jvp(program, List.of(x, w), List.of(dx, dw))
                        .products()
                        .getFirst()
                        .toDoubleArray();

        Tensor above = program.apply(x.add(dx.mul(step)), w.add(dw.mul(step)))[0];
        Tensor below = program.apply(x.sub(dx.mul(step)), w.sub(dw.mul(step)))[0];
        assertArrayEquals(above.sub(below).div(2 * step).toDoubleArray(), actual, 1e-8);
    }

    @Test
    void derivativesCanBeDifferentiatedInTurn() {
        GradientCheck.check(
                in -> new Tensor[] {Derivatives.jacobian(DerivativesTest::hand, in[0])},
                of(0.3, 1.1));
        GradientCheck.check(
                in -> new Tensor[] {Derivatives.hessian(x -> x.exp().sum().log(), in[0])},
                of(0.3, 1.1));
        GradientCheck.check(
                in ->
                        Derivatives.jvp(
                                        at -> new Tensor[] {at[0].sin().mul(at[0])},
                                        List.of(in[0]),
                                        List.of(in[1]))
                                .products()
                                .toArray(Tensor[]::new),
                of(0.3, 1.1),
                of(2, -1));
        GradientCheck.check(
                in ->
                        Derivatives.vjp(
                                        at -> new Tensor[] {at[0].sin().mul(at[0])},
                                        List.of(in[0]),
                                        List.of(in[1]))
                                .products()
                                .toArray(Tensor[]::new),
                of(0.3, 1.1),
                of(2, -1));
    }

    @Test
    void aPenaltyOnAGradientReachesTheParameters() {
        Parameter weight = new Parameter(of(2, 3));
        Tensor x = of(0.5, -1);

        // The slope in x is w * cos(w x), penalized by its square.
        Tensor gradient =
                Autograd.valueAndGrad(
                                () ->
                                        Derivatives.gradient(
                                                        at -> at.mul(weight.tensor()).sin().sum())
                                                .apply(x)
                                                .square()
                                                .sum(),
                                List.of(weight))
                        .gradients()
                        .getFirst();

        double[] expected = new double[2];
        for (int i = 0; i < 2; i++) {
            double w = 2 + i;
            double wx = w * x.toDoubleArray()[i];
            double slope = w * Math.cos(wx);
            expected[i] = 2 * slope * (Math.cos(wx) - wx * Math.sin(wx));
        }
        assertArrayEquals(expected, gradient.toDoubleArray(), 1e-12);
    }

    @Test
    void derivativesAreFollowedWhereSomebodyFollows() {
        UnaryOperator<Tensor> slope = Derivatives.gradient(x -> x.square().sum());
        Tensor followed = Autograd.variable(of(1, 2));

        assertNull(slope.apply(of(1, 2)).lineage());
        assertNotNull(slope.apply(followed).lineage());
        assertNull(Autograd.noGrad(() -> slope.apply(followed)).lineage());
        assertArrayEquals(
                new double[] {2, 4}, Autograd.noGrad(() -> slope.apply(followed)).toDoubleArray());
    }

    @Test
    void insideNoGradNothingElseStays() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor jacobian =
                    Autograd.noGrad(
                            () -> Derivatives.jacobian(DerivativesTest::hand, of(0.3, 1.1)));
            assertArrayEquals(handJacobian(0.3, 1.1), jacobian.toDoubleArray(), 1e-15);
        }
    }

    @Test
    void wrongArgumentsAreRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Derivatives.gradient(x -> x.mul(2)).apply(of(1, 2)));
        assertThrows(
                IllegalArgumentException.class,
                () -> Derivatives.jacobian(x -> x, Tensor.zeros(DType.I64, 2)));
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Derivatives.jvp(in -> in, List.of(of(1)), List.of(of(1, 2))))
                        .getMessage();
        assertTrue(message.startsWith("jvp: input 0 is F64[1], its tangent F64[2]"), () -> message);
    }
}
