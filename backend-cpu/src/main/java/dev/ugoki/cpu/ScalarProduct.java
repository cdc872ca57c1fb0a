package dev.ugoki.cpu;

import java.util.Arrays;

/**
 * F32 products without the Vector API, with the bits of {@link PackedProduct}. B's block and a row
 * of C are copied to arrays, where C2 finds vectors by itself.
 */
final class ScalarProduct {
    private static final int DEPTH = PackedProduct.DEPTH;
    private static final int WIDTH = 512;

    private static final ThreadLocal<float[]> PANEL =
            ThreadLocal.withInitial(() -> new float[DEPTH * WIDTH]);
    private static final ThreadLocal<float[]> SUMS =
            ThreadLocal.withInitial(() -> new float[WIDTH]);

    private ScalarProduct() {}

    /**
     * {@code C = A B}, or {@code C += A B}, on this thread. Distances are in bytes: between
     * elements one row apart, and one column apart.
     */
    static void tile(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long bColumn,
            long c,
            long cRow,
            boolean accumulate) {
        float[] panel = PANEL.get();
        float[] sums = SUMS.get();
        for (int left = 0; left < n; left += WIDTH) {
            int width = Math.min(WIDTH, n - left);
            for (int top = 0; top < k; top += DEPTH) {
                int depth = Math.min(DEPTH, k - top);
                long block = b + left * bColumn + top * bRow;
                pack(width, depth, block, bRow, bColumn, panel);
                boolean add = accumulate || top > 0;
                for (int row = 0; row < m; row++) {
                    long x = a + row * aRow + top * aColumn;
                    multiply(width, depth, x, aColumn, panel, sums);
                    put(width, sums, c + row * cRow + 4L * left, add);
                }
            }
        }
    }

    private static void pack(int width, int depth, long b, long bRow, long bColumn, float[] panel) {
        for (int i = 0; i < depth; i++) {
            for (int j = 0; j < width; j++) {
                panel[i * width + j] = NativeMemory.getFloat(b + i * bRow + j * bColumn);
            }
        }
    }

    private static void multiply(
            int width, int depth, long a, long aColumn, float[] panel, float[] sums) {
        Arrays.fill(sums, 0, width, 0f);
        for (int i = 0; i < depth; i++) {
            addScaled(width, NativeMemory.getFloat(a + i * aColumn), panel, i * width, sums);
        }
    }

    private static void addScaled(int width, float x, float[] panel, int offset, float[] sums) {
        for (int j = 0; j < width; j++) {
            sums[j] = Math.fma(x, panel[offset + j], sums[j]);
        }
    }

    private static void put(int width, float[] sums, long c, boolean add) {
        for (int j = 0; j < width; j++) {
            long element = c + 4L * j;
            NativeMemory.setFloat(
                    element, add ? NativeMemory.getFloat(element) + sums[j] : sums[j]);
        }
    }
}
