package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Derivatives;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Derivatives of products whose factors may be zero, where dividing by a factor is no way out. */
@ExtendWith(OnReference.class)
final class ProductsWithZerosTest {
    private static final double[] NONE = {2, 3, -1.5, 0.5, 4, 3, 1.2};
    private static final double[] ONE = {2, 3, 0, 0.5, 4, 3, 1.2};
    private static final double[] TWO = {2, 0, -1.5, 0.5, 0, 3, 1.2};
    private static final double[] ENDS = {0, 3, -1.5, 0.5, 4, 3, 0};
    private static final double[] NEIGHBOURS = {2, 3, 0, 0, 4, 3, 1.2};

    @Test
    void runningProductsHaveTheirFirstThreeDerivatives() {
        for (double[] x : List.of(NONE, ONE, TWO, ENDS, NEIGHBOURS)) {
            for (boolean reverse : List.of(false, true)) {
                Prim.Scan op = new Prim.Scan(Prim.Scan.Kind.PROD, 0, reverse);
                checkThree(in -> Engine.apply(op, in), Tensor.of(x, x.length));
            }
        }
    }

    @Test
    void productsHaveTheirFirstThreeDerivatives() {
        for (double[] x : List.of(NONE, ONE, TWO, ENDS, NEIGHBOURS)) {
            checkThree(in -> new Tensor[] {in[0].prod(false)}, Tensor.of(x, x.length));
        }
    }

    @Test
    void productsOfRowsAndColumns() {
        Tensor x = Tensor.of(new double[] {1, 0, 3, 0, 2, 0, 4, 1.5, 0, 2, 3, 0}, 3, 2, 2);

        checkThree(in -> new Tensor[] {in[0].prod(false, 0)}, x);
        checkThree(in -> new Tensor[] {in[0].prod(true, 2, 0)}, x);
        checkThree(in -> new Tensor[] {in[0].cumprod(1)}, x);
        checkThree(in -> new Tensor[] {in[0].flip(0).cumprod(0)}, x);
    }

    private static void checkThree(Graph.Program program, Tensor x) {
        GradientCheck.check(program, x);
        GradientCheck.checkSecond(program, x);
        GradientCheck.checkSecond(in -> new Tensor[] {slope(program, in[0])}, x);
    }

    private static Tensor slope(Graph.Program program, Tensor x) {
        return Derivatives.gradient(in -> weighted(program.apply(in)[0])).apply(x);
    }

    private static Tensor weighted(Tensor y) {
        Tensor weights = Tensor.arange(DType.F64, y.shape().elementCount()).mul(0.37).add(1);
        return y.mul(weights.reshape(y.shape())).sum();
    }

    @Test
    void aPairOfZerosHasASecondDerivativeAndNoFirst() {
        Tensor x = Tensor.of(new double[] {0, 5, 0}, 3);

        assertArrayEquals(
                new double[3], Derivatives.gradient(in -> in.prod(false)).apply(x).toDoubleArray());
        assertArrayEquals(
                new double[] {0, 0, 5, 0, 0, 0, 5, 0, 0},
                Derivatives.hessian(in -> in.prod(false), x).toDoubleArray());
        assertArrayEquals(
                new double[] {0, 0, 5, 0, 0, 0, 5, 0, 0},
                Derivatives.hessian(in -> in.cumprod(0).slice(0, 2, 3), x).toDoubleArray());
    }

    @Test
    void runningProductsOfAnyLengthMatchTheirDefinition() {
        for (int count : new int[] {1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 64, 100}) {
            matchesItsDefinition(count);
        }
    }

    private static void matchesItsDefinition(int count) {
        double[] x = new double[count];
        double[] g = new double[count];
        for (int i = 0; i < count; i++) {
            x[i] = i % 11 == 6 ? 0 : 0.7 + 0.05 * (i % 13);
            g[i] = 1 + i % 5;
        }
        Tensor variable = Autograd.variable(Tensor.of(x, count));

        double[] actual =
                Autograd.gradients(
                                variable.cumprod(0).mul(Tensor.of(g, count)).sum(),
                                List.of(variable))
                        .getFirst()
                        .toDoubleArray();

        for (int i = 0; i < count; i++) {
            double expected = 0;
            double without = 1;
            for (int j = 0; j < count; j++) {
                without *= j == i ? 1 : x[j];
                expected += j >= i ? g[j] * without : 0;
            }
            assertEquals(expected, actual[i], 1e-12 * Math.abs(expected), "element " + i);
        }
    }

    @Test
    void narrowFloatsAreMultipliedInF32() {
        for (DType dtype : List.of(DType.F16, DType.BF16)) {
            double[] x = {1, 1.5, 0.5, 2, 1.25, 0.75, 1.5, 1};
            Tensor wide = Autograd.variable(Tensor.of(x, 8));
            Tensor narrow = Autograd.variable(Tensor.of(x, 8).cast(dtype));
            double[] expected =
                    Autograd.gradients(wide.cumprod(0).sum(), List.of(wide))
                            .getFirst()
                            .cast(dtype)
                            .toDoubleArray();

            Tensor gradient =
                    Autograd.gradients(narrow.cumprod(0).sum(), List.of(narrow)).getFirst();

            assertEquals(dtype, gradient.dtype());
            assertArrayEquals(expected, gradient.toDoubleArray());
        }
    }
}
