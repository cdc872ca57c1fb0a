package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with few rows have the bits that plain loops have, at every edge. */
final class FewRowsTest {
    private static final int MOST = 70;

    private final FewRows vectors = new VectorFewRows();
    private final FewRows loops = new ScalarFewRows();

    private interface Product {
        void run(FewRows kernels, long c);
    }

    private void check(int m, int n, int k, boolean accumulate, Product product, String what) {
        int row = n + 3; // what lies between rows must stay
        long expected = Floats.of(Floats.normal(m * row, 3));
        long found = Floats.of(Floats.normal(m * row, 3));
        product.run(loops, expected);
        product.run(vectors, found);
        assertArrayEquals(
                Floats.bits(Floats.read(expected, m * row)),
                Floats.bits(Floats.read(found, m * row)),
                () ->
                        "%s %d x %d x %d%s"
                                .formatted(what, m, n, k, accumulate ? ", accumulated" : ""));
        NativeMemory.free(expected);
        NativeMemory.free(found);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 8})
    void vectorsHaveTheBitsOfLoops(int m) {
        long a = Floats.of(Floats.normal(m * MOST, 1));
        long b = Floats.of(Floats.normal(MOST * MOST, 2));
        for (int n : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 33, 64}) {
            for (int k : new int[] {1, 7, 16, 21, 32, 64, 70}) {
                for (boolean accumulate : new boolean[] {false, true}) {
                    long cRow = 4L * (n + 3);
                    check(
                            m,
                            n,
                            k,
                            accumulate,
                            (kernels, c) ->
                                    kernels.transposed(
                                            m,
                                            n,
                                            k,
                                            a,
                                            4L * MOST,
                                            b,
                                            4L * MOST,
                                            c,
                                            cRow,
                                            accumulate),
                            "transposed");
                    check(
                            m,
                            n,
                            k,
                            accumulate,
                            (kernels, c) ->
                                    kernels.plain(
                                            m,
                                            n,
                                            k,
                                            a,
                                            4L * MOST,
                                            4,
                                            b,
                                            4L * MOST,
                                            c,
                                            cRow,
                                            accumulate),
                            "plain");
                }
            }
        }
        NativeMemory.free(a);
        NativeMemory.free(b);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void whatLiesBehindARowIsNotTaken(int m) {
        int k = 21;
        long a = Floats.of(Floats.normal(m * k, 1));
        long b = Floats.of(Floats.normal(40 * k, 2));
        // The neighbours of row 2's last elements: a row that is not a number.
        for (int i = 0; i < k; i++) {
            NativeMemory.setFloat(b + 4L * (3 * k + i), Float.NaN);
        }
        check(
                m,
                40,
                k,
                false,
                (kernels, c) ->
                        kernels.transposed(m, 40, k, a, 4L * k, b, 4L * k, c, 4L * 43, false),
                "beside NaN, transposed");
        NativeMemory.free(a);
        NativeMemory.free(b);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 8})
    void panelsHaveTheBitsOfTheMatrix(int m) {
        long a = Floats.of(Floats.normal(m * MOST, 1));
        long b = Floats.of(Floats.normal(MOST * MOST, 2));
        for (int n : new int[] {1, 7, 16, 17, 33, 64}) {
            for (int k : new int[] {1, 7, 16, 21, 32, 70}) {
                long panels = NativeMemory.allocate(4 * FewRowsPanels.elements(n, k));
                FewRowsPanels.pack(m, n, k, b, 4L * MOST, panels);
                int row = n + 3;
                long expected = Floats.of(Floats.normal(m * row, 3));
                long found = Floats.of(Floats.normal(m * row, 3));
                loops.transposed(m, n, k, a, 4L * MOST, b, 4L * MOST, expected, 4L * row, false);
                FewRowsPanels.run(m, n, k, a, 4L * MOST, panels, found, 4L * row);
                assertArrayEquals(
                        Floats.bits(Floats.read(expected, m * row)),
                        Floats.bits(Floats.read(found, m * row)),
                        m + " x " + n + " x " + k);
                NativeMemory.free(panels);
                NativeMemory.free(expected);
                NativeMemory.free(found);
            }
        }
        NativeMemory.free(a);
        NativeMemory.free(b);
    }
}
