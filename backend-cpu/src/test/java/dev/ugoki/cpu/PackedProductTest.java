package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.function.BooleanSupplier;

class PackedProductTest {
    private static final int DEPTH = 21;

    private static final float UNTOUCHED = 12345.678f;

    @AfterEach
    void allThreads() {
        ThreadPool.shared().setThreads(2);
    }

    @Test
    @Timeout(300)
    void packedTilesOfEverySizeHaveTheBitsOfTheScalarProduct() {
        for (int rows = 1; rows <= Tile.ROWS; rows++) {
            for (int columns = 1; columns <= Tile.COLUMNS; columns++) {
                int height = rows;
                int wide = columns;
                int width = Tile.width(columns);
                checkTile(
                        rows,
                        columns,
                        4,
                        4L * rows,
                        4L * width,
                        () -> Tile.isReady(height, wide, true),
                        (a, b, c, cRow, accumulate) ->
                                Tile.run(height, wide, DEPTH, a, b, c, cRow, accumulate));
            }
        }
    }

    @Test
    @Timeout(300)
    void directTilesOfEverySizeHaveTheBitsOfTheScalarProduct() {
        for (int columns = 1; columns <= Tile.MOST_COLUMNS; columns++) {
            for (int rows = 1; rows <= Tile.mostRows(columns, false); rows++) {
                int height = rows;
                int wide = columns;
                long aRow = 4L * (DEPTH + 2);
                long bRow = 4L * columns;
                checkTile(
                        rows,
                        columns,
                        aRow,
                        4,
                        bRow,
                        () -> Tile.isReady(height, wide, false),
                        (a, b, c, cRow, accumulate) ->
                                Tile.run(
                                        height,
                                        wide,
                                        DEPTH,
                                        a,
                                        aRow,
                                        4,
                                        b,
                                        bRow,
                                        c,
                                        cRow,
                                        accumulate));
            }
        }
    }

    @Test
    @Timeout(300)
    void smallTilesMakeUpLargeOnesOfTheSameBits() {
        for (boolean adjacent : new boolean[] {true, false}) {
            while (!Tile.isReady(1, Tile.LANES, adjacent)
                    || !Tile.isReady(4, 2 * Tile.LANES, adjacent)) {
                Thread.onSpinWait();
            }
            for (int columns = Tile.LANES; columns <= Tile.MOST_COLUMNS; columns += Tile.LANES) {
                for (int rows = 1; rows <= Tile.mostRows(columns, adjacent); rows++) {
                    int height = rows;
                    int vectors = columns / Tile.LANES;
                    long aRow = adjacent ? 4 : 4L * (DEPTH + 2);
                    long aColumn = adjacent ? 4L * rows : 4;
                    long bRow = 4L * columns;
                    checkTile(
                            rows,
                            columns,
                            aRow,
                            aColumn,
                            bRow,
                            () -> true,
                            (a, b, c, cRow, accumulate) ->
                                    Tile.runParts(
                                            height,
                                            vectors,
                                            new Tile.Matrices(
                                                    DEPTH,
                                                    a,
                                                    aRow,
                                                    aColumn,
                                                    b,
                                                    bRow,
                                                    c,
                                                    cRow,
                                                    accumulate),
                                            true));
                }
            }
        }
    }

    private interface TileRun {
        void run(long a, long b, long c, long cRow, boolean accumulate);
    }

    private static void checkTile(
            int rows,
            int columns,
            long aRow,
            long aColumn,
            long bRow,
            BooleanSupplier ready,
            TileRun tile) {
        long a = Floats.of(Floats.normal((rows + 1) * (DEPTH + 2), 1));
        long b = Floats.of(Floats.normal((int) (DEPTH * bRow / 4), 2));
        float[] before = filled(rows, columns, columns + 3);
        long cRow = 4L * (columns + 3);
        long c = Floats.of(before);
        for (boolean accumulate : new boolean[] {false, true}) {
            copy(before, c);
            ScalarProduct.tile(
                    rows, columns, DEPTH, a, aRow, aColumn, b, bRow, 4, c, cRow, accumulate);
            float[] expected = Floats.read(c, before.length);
            for (boolean cold = true; ; cold = false) {
                copy(before, c);
                tile.run(a, b, c, cRow, accumulate);
                assertArrayEquals(expected, Floats.read(c, before.length), rows + "x" + columns);
                if (!cold) {
                    break;
                }
                while (!ready.getAsBoolean()) {
                    Thread.onSpinWait();
                }
            }
        }
        free(a, b, c);
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
            ScalarProduct.tile(
                    m, n, k, a, aRow, aColumn, b, bRow, bColumn, expected, cRow, accumulate);
            float[] wanted = Floats.read(expected, before.length);
            for (int threads = 1; threads <= 3; threads++) {
                ThreadPool.shared().setThreads(threads);
                copy(before, actual);
                MatrixPanels left = new MatrixPanels().of(a, aRow, aColumn);
                MatrixPanels right = new MatrixPanels().of(b, bRow, bColumn);
                String product = m + "x" + n + "x" + k + " case " + bits;
                PackedProduct.run(m, n, k, left, right, actual, cRow, accumulate);
                assertArrayEquals(wanted, Floats.read(actual, before.length), product);
                if (!transposeB) {
                    copy(before, actual);
                    DirectProduct.run(m, n, k, a, aRow, aColumn, b, bRow, actual, cRow, accumulate);
                    assertArrayEquals(wanted, Floats.read(actual, before.length), product);
                }
            }
            free(a, b, expected, actual);
        }
    }

    @Test
    @Timeout(300)
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
