package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

class InitTest {
    private static final Key KEY = Key.of(23);

    private static double deviation(Tensor values) {
        return Math.sqrt(values.cast(DType.F64).square().mean().item());
    }

    private static double largest(Tensor values) {
        return values.abs().max(false).item();
    }

    @Test
    void evenNumbersReachTheirBound() {
        Tensor xavier = Init.xavierUniform(KEY, 100, 50, 50, 100);
        assertEquals(Math.sqrt(6.0 / 150), largest(xavier), 1e-3);
        Tensor kaiming = Init.kaimingUniform(KEY, Init.leakyReluGain(0), 100, 50, 100);
        assertEquals(Math.sqrt(6.0 / 100), largest(kaiming), 1e-3);
        assertEquals(Math.sqrt(2.0 / 100), deviation(kaiming), 2e-3);
    }

    @Test
    void normalNumbersHaveTheirDeviation() {
        assertEquals(
                Math.sqrt(2.0 / 150), deviation(Init.xavierNormal(KEY, 100, 50, 50, 100)), 2e-3);
        assertEquals(
                Math.sqrt(2.0 / 100),
                deviation(Init.kaimingNormal(KEY, Init.leakyReluGain(0), 100, 50, 100)),
                3e-3);
        assertEquals(Math.sqrt(1.0), Init.leakyReluGain(1), 1e-12);
    }

    @Test
    void cutNormalNumbersStayWithinTwoDeviations() {
        Tensor values = Init.truncatedNormal(KEY, 0.02, 100, 100);
        assertTrue(largest(values) <= 0.04 * (1 + 1e-6));
        // The variance of a normal number between -2 and 2 is 0.7737 of the uncut one's.
        assertEquals(0.02 * Math.sqrt(0.7737), deviation(values), 5e-4);
    }

    @Test
    void orthogonalMatricesHaveOrthogonalRowsOrColumns() {
        for (long[] shape : new long[][] {{6, 6}, {9, 4}, {4, 9}, {4, 3, 2, 2}}) {
            Tensor matrix = Init.withDType(DType.F64, () -> Init.orthogonal(KEY, 3, shape));
            assertEquals(Shape.of(shape), matrix.shape());
            Tensor flat = matrix.flatten(1, -1);
            Tensor tall = flat.extent(0) < flat.extent(1) ? flat.transpose(0, 1) : flat;
            Tensor products = tall.transpose(0, 1).matmul(tall);
            long n = products.extent(0);
            double[] expected = new double[(int) (n * n)];
            for (int i = 0; i < n; i++) {
                expected[(int) (i * n + i)] = 9;
            }
            assertArrayEquals(expected, products.toDoubleArray(), 1e-10);
        }
        assertThrows(IllegalArgumentException.class, () -> Init.orthogonal(KEY, 1, 5));
    }
}
