package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.stream.Stream;

class MatrixProductTest {
    /** Sentinel around results: a kernel must write C and nothing else. */
    private static final float UNTOUCHED = 12345.678f;

    record Case(int m, int n, int k, boolean transposeA, boolean transposeB, boolean accumulate) {
        int lda() {
            return (transposeA ? m : k) + 3;
        }

        int ldb() {
            return (transposeB ? k : n) + 5;
        }

        int ldc() {
            return n + 7;
        }

        int aSize() {
            return (transposeA ? k : m) * lda();
        }

        int bSize() {
            return (transposeB ? n : k) * ldb();
        }

        int cSize() {
            return m * ldc();
        }

        int aIndex(int row, int column) {
            return transposeA ? column * lda() + row : row * lda() + column;
        }

        int bIndex(int row, int column) {
            return transposeB ? column * ldb() + row : row * ldb() + column;
        }
    }

    static Stream<Case> cases() {
        int[][] shapes = {
            {1, 1, 1},
            {1, 17, 9},
            {2, 130, 70},
            {3, 33, 40},
            {5, 31, 257},
            {7, 200, 64},
            {8, 129, 300},
            {9, 15, 33},
            {13, 47, 19},
            {31, 200, 100},
            {64, 64, 64},
            {65, 97, 270},
            {100, 50, 30},
            {2, 1200, 600},
            {8, 700, 300},
            {20, 500, 150},
            {150, 130, 120},
            {250, 1, 40},
            {1, 2000, 700},
            {6, 600, 301},
            {4, 400, 800}
        };
        return Stream.of(shapes)
                .flatMap(
                        shape ->
                                Stream.of(0, 1, 2, 3, 4, 7)
                                        .map(
                                                bits ->
                                                        new Case(
                                                                shape[0],
                                                                shape[1],
                                                                shape[2],
                                                                (bits & 1) != 0,
                                                                (bits & 2) != 0,
                                                                (bits & 4) != 0)));
    }

    @AfterEach
    void allThreads() {
        ThreadPool.shared().setThreads(2);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void productsAreRightWithOneAndTwoThreadsAlike(Case shape) {
        float[] a = Floats.normal(shape.aSize(), 1);
        float[] b = Floats.normal(shape.bSize(), 2);
        float[] before = initialC(shape);
        ThreadPool.shared().setThreads(1);
        float[] alone = multiply(shape, a, b, before);
        assertRight(shape, a, b, before, alone);
        ThreadPool.shared().setThreads(2);
        assertArrayEquals(alone, multiply(shape, a, b, before));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void doubleProductsAreRightWithOneAndTwoThreadsAlike(Case shape) {
        double[] a = Floats.toDoubles(Floats.normal(shape.aSize(), 1));
        double[] b = Floats.toDoubles(Floats.normal(shape.bSize(), 2));
        double[] before = Floats.toDoubles(initialC(shape));
        ThreadPool.shared().setThreads(1);
        double[] alone = multiplyDoubles(shape, a, b, before);
        for (int row = 0; row < shape.m(); row++) {
            for (int column = 0; column < shape.ldc(); column++) {
                int index = row * shape.ldc() + column;
                double expected =
                        column < shape.n() ? expected(shape, a, b, before, row, column) : UNTOUCHED;
                assertEquals(expected, alone[index], 1e-12 * (1 + shape.k()));
            }
        }
        ThreadPool.shared().setThreads(2);
        assertArrayEquals(alone, multiplyDoubles(shape, a, b, before));
    }

    private static float[] initialC(Case shape) {
        float[] c = new float[shape.cSize()];
        for (int i = 0; i < c.length; i++) {
            c[i] = i % shape.ldc() < shape.n() ? i % 5 - 2 : UNTOUCHED;
        }
        return c;
    }

    private static void assertRight(Case shape, float[] a, float[] b, float[] before, float[] c) {
        double[] x = Floats.toDoubles(a);
        double[] y = Floats.toDoubles(b);
        double[] z = Floats.toDoubles(before);
        for (int row = 0; row < shape.m(); row++) {
            for (int column = 0; column < shape.ldc(); column++) {
                float actual = c[row * shape.ldc() + column];
                if (column < shape.n()) {
                    assertEquals(
                            expected(shape, x, y, z, row, column),
                            actual,
                            2e-6 * (1 + shape.k()),
                            () -> shape.toString());
                } else {
                    assertEquals(UNTOUCHED, actual, () -> "beside C: " + shape);
                }
            }
        }
    }

    private static double expected(
            Case shape, double[] a, double[] b, double[] before, int row, int column) {
        double sum = shape.accumulate() ? before[row * shape.ldc() + column] : 0;
        for (int i = 0; i < shape.k(); i++) {
            sum += a[shape.aIndex(row, i)] * b[shape.bIndex(i, column)];
        }
        return sum;
    }

    private static float[] multiply(Case s, float[] a, float[] b, float[] before) {
        long x = Floats.of(a);
        long y = Floats.of(b);
        long z = Floats.of(before);
        MatrixProduct.f32(
                s.m,
                s.n,
                s.k,
                x,
                s.lda(),
                s.transposeA,
                y,
                s.ldb(),
                s.transposeB,
                z,
                s.ldc(),
                s.accumulate);
        return taken(x, y, z, before.length);
    }

    private static float[] taken(long a, long b, long c, int count) {
        float[] result = Floats.read(c, count);
        NativeMemory.free(a);
        NativeMemory.free(b);
        NativeMemory.free(c);
        return result;
    }

    private static double[] multiplyDoubles(Case s, double[] a, double[] b, double[] before) {
        long x = Floats.of(a);
        long y = Floats.of(b);
        long z = Floats.of(before);
        MatrixProduct.f64(
                s.m,
                s.n,
                s.k,
                x,
                s.lda(),
                s.transposeA,
                y,
                s.ldb(),
                s.transposeB,
                z,
                s.ldc(),
                s.accumulate);
        double[] result = Floats.readDoubles(z, before.length);
        NativeMemory.free(x);
        NativeMemory.free(y);
        NativeMemory.free(z);
        return result;
    }

    @Test
    void batchesAreProductsOneByOne() {
        int batch = 11;
        int m = 6;
        int n = 20;
        int k = 35;
        float[] a = Floats.normal(batch * m * k, 3);
        float[] b = Floats.normal(batch * k * n, 4);
        float[] expected = new float[batch * m * n];
        float[] expectedShared = new float[batch * m * n];
        for (int item = 0; item < batch; item++) {
            put(expected, item, m, n, single(m, n, k, a, item * m * k, b, item * k * n));
            put(expectedShared, item, m, n, single(m, n, k, a, item * m * k, b, 0));
        }
        long x = Floats.of(a);
        long y = Floats.of(b);
        long z = NativeMemory.allocate(4L * batch * m * n);
        MatrixProduct.f32Batch(
                batch, m, n, k, x, k, m * k, false, y, n, k * n, false, z, n, m * n, false);
        assertArrayEquals(expected, Floats.read(z, expected.length));
        long[] aOffsets = new long[batch];
        long[] bOffsets = new long[batch];
        long[] cOffsets = new long[batch];
        for (int item = 0; item < batch; item++) {
            aOffsets[item] = (long) item * m * k;
            bOffsets[item] = (long) item * k * n;
            cOffsets[item] = (long) (batch - 1 - item) * m * n;
        }
        MatrixProduct.f32Batch(
                m, n, k, x, k, aOffsets, false, y, n, bOffsets, false, z, n, cOffsets, false);
        float[] reversed = Floats.read(z, expected.length);
        for (int item = 0; item < batch; item++) {
            for (int i = 0; i < m * n; i++) {
                assertEquals(expected[item * m * n + i], reversed[(batch - 1 - item) * m * n + i]);
            }
        }
        MatrixProduct.f32Batch(
                batch, m, n, k, x, k, m * k, false, y, n, 0, false, z, n, m * n, false);
        assertArrayEquals(expectedShared, Floats.read(z, expected.length), 1e-4f);
        NativeMemory.free(x);
        NativeMemory.free(y);
        NativeMemory.free(z);
    }

    private static void put(float[] all, int item, int m, int n, float[] c) {
        System.arraycopy(c, 0, all, item * m * n, m * n);
    }

    private static float[] single(int m, int n, int k, float[] a, int aFrom, float[] b, int bFrom) {
        long x = Floats.of(a);
        long y = Floats.of(b);
        long z = NativeMemory.allocate(4L * m * n);
        MatrixProduct.f32(m, n, k, x + 4L * aFrom, k, false, y + 4L * bFrom, n, false, z, n, false);
        return taken(x, y, z, m * n);
    }

    @Test
    void anEmptySumIsZeroOrLeavesC() {
        long c = Floats.of(1f, 2f, 3f, 4f, 5f, 6f);
        MatrixProduct.f32(2, 2, 0, 0, 1, false, 0, 2, false, c, 3, true);
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, Floats.read(c, 6));
        MatrixProduct.f32(2, 2, 0, 0, 1, false, 0, 2, false, c, 3, false);
        assertArrayEquals(new float[] {0, 0, 3, 0, 0, 6}, Floats.read(c, 6));
        MatrixProduct.f32(0, 2, 5, 0, 5, false, 0, 2, false, c, 3, false);
        MatrixProduct.f32(2, 0, 5, 0, 5, false, 0, 2, false, c, 3, false);
        assertArrayEquals(new float[] {0, 0, 3, 0, 0, 6}, Floats.read(c, 6));
        NativeMemory.free(c);
    }

    @Test
    void rowsOfDistanceZeroAreOneRowRepeated() {
        long a = Floats.of(1f, 2f);
        long b = Floats.of(1f, 10f, 100f, 1000f);
        long c = NativeMemory.allocate(4 * 6);
        MatrixProduct.f32(3, 2, 2, a, 0, false, b, 2, false, c, 2, false);
        assertArrayEquals(new float[] {201, 2010, 201, 2010, 201, 2010}, Floats.read(c, 6));
        NativeMemory.free(a);
        NativeMemory.free(b);
        NativeMemory.free(c);
    }

    @Test
    void warmProductsMakeNoGarbage() {
        assumeTrue(VectorModule.isUsable(), "without vectors there is other code");
        long memory = NativeMemory.allocate(4 << 20);
        NativeMemory.clear(memory, 4 << 20);
        long c = NativeMemory.allocate(4 * 70 * 600);
        int[][] shapes = {
            {8, 8, 8}, {1, 256, 256}, {1, 1024, 1000}, {64, 128, 130}, {70, 600, 300}
        };
        for (int[] s : shapes) {
            for (boolean transposeB : new boolean[] {false, true}) {
                Runnable product =
                        () ->
                                MatrixProduct.f32(
                                        s[0],
                                        s[1],
                                        s[2],
                                        memory,
                                        s[2],
                                        false,
                                        memory,
                                        transposeB ? s[2] : s[1],
                                        transposeB,
                                        c,
                                        s[1],
                                        false);
                long bytes = Allocation.bytesPerCall(product);
                assertTrue(bytes == 0, () -> bytes + " bytes for " + java.util.Arrays.toString(s));
            }
        }
        NativeMemory.free(memory);
        NativeMemory.free(c);
    }
}
