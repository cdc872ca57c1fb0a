package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedProductTest {
    private static final float UNTOUCHED = 12345.678f;

    @AfterEach
    void allThreads() {
        ThreadPool.shared().setThreads(2);
    }

    @Test
    void tilesOfEverySizeHaveTheBitsOfTheScalarProduct() {
        int depth = 21;
        for (int rows = 1; rows <= Tile.ROWS; rows++) {
            for (int columns = 1; columns <= Tile.COLUMNS; columns++) {
                int width = Tile.width(columns);
                float[] a = Floats.normal(rows * depth, 1);
                float[] b = Floats.normal(depth * width, 2);
                for (boolean accumulate : new boolean[] {false, true}) {
                    float[] before = filled(rows, columns, columns + 3);
                    long x = Floats.of(a);
                    long y = Floats.of(b);
                    long expected = Floats.of(before);
                    long actual = Floats.of(before);
                    long cRow = 4L * (columns + 3);
                    new ScalarProduct()
                            .tile(
                                    rows,
                                    columns,
                                    depth,
                                    x,
                                    4,
                                    4L * rows,
                                    y,
                                    4L * width,
                                    4,
                                    expected,
                                    cRow,
                                    accumulate);
                    Tile.run(rows, columns, depth, x, y, actual, cRow, accumulate);
                    String tile = rows + "x" + columns;
                    float[] wanted = Floats.read(expected, before.length);
                    assertArrayEquals(wanted, Floats.read(actual, before.length), tile);
                    awaitCompiled(rows, columns);
                    copy(before, actual);
                    Tile.run(rows, columns, depth, x, y, actual, cRow, accumulate);
                    assertArrayEquals(wanted, Floats.read(actual, before.length), tile);
                    free(x, y, expected, actual);
                }
            }
        }
    }

    private static void awaitCompiled(int rows, int columns) {
        while (!Tile.isReady(rows, columns)) {
            Thread.onSpinWait();
        }
    }

    private static void copy(float[] values, long target) {
        for (int i = 0; i < values.length; i++) {
            NativeMemory.setFloat(target + 4L * i, values[i]);
        }
    }

    private static float[] filled(int rows, int columns, int ldc) {
        float[] c = new float[rows * ldc];
        for (int i = 0; i < c.length; i++) {
            c[i] = i % ldc < columns ? i % 7 - 3 : UNTOUCHED;
        }
        return c;
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "14, 32, 256",
        "15, 33, 257",
        "3, 5, 600",
        "29, 100, 64",
        "100, 31, 513",
        "300, 200, 300",
        "2100, 40, 20",
        "20, 2100, 30",
        "57, 513, 400"
    })
    void productsHaveTheBitsOfTheScalarProduct(int m, int n, int k) {
        for (int bits = 0; bits < 8; bits++) {
            boolean transposeA = (bits & 1) != 0;
            boolean transposeB = (bits & 2) != 0;
            boolean accumulate = (bits & 4) != 0;
            float[] before = filled(m, n, n + 5);
            long a = Floats.of(Floats.normal(m * k, 3));
            long b = Floats.of(Floats.normal(k * n, 4));
            long expected = Floats.of(before);
            long actual = Floats.of(before);
            long aRow = transposeA ? 4 : 4L * k;
            long aColumn = transposeA ? 4L * m : 4;
            long bRow = transposeB ? 4 : 4L * n;
            long bColumn = transposeB ? 4L * k : 4;
            long cRow = 4L * (n + 5);
            new ScalarProduct()
                    .tile(m, n, k, a, aRow, aColumn, b, bRow, bColumn, expected, cRow, accumulate);
            float[] wanted = Floats.read(expected, before.length);
            for (int threads = 1; threads <= 3; threads++) {
                ThreadPool.shared().setThreads(threads);
                copy(before, actual);
                MatrixPanels left = new MatrixPanels().of(a, aRow, aColumn);
                MatrixPanels right = new MatrixPanels().of(b, bRow, bColumn);
                PackedProduct.run(m, n, k, left, right, actual, cRow, accumulate);
                float[] got = Floats.read(actual, before.length);
                assertArrayEquals(wanted, got, m + "x" + n + "x" + k + " case " + bits);
            }
            free(a, b, expected, actual);
        }
    }

    @Test
    void warmProductsMakeNoGarbage() {
        assumeTrue(VectorModule.isUsable(), "without vectors the JIT decides");
        int size = 150;
        long a = Floats.of(Floats.normal(size * size, 5));
        long c = Floats.of(Floats.normal(size * size, 6));
        MatrixPanels left = new MatrixPanels().of(a, 4L * size, 4);
        MatrixPanels right = new MatrixPanels().of(a, 4, 4L * size);
        Runnable product =
                () -> PackedProduct.run(size, size, size, left, right, c, 4L * size, false);
        long bytes = Allocation.bytesPerCall(product);
        assertEquals(0, bytes);
        assertTrue(Float.isFinite(NativeMemory.getFloat(c)));
        free(a, c);
    }

    private static void free(long... blocks) {
        for (long block : blocks) {
            NativeMemory.free(block);
        }
    }
}
