package dev.ugoki.cpu;

import java.util.Arrays;

/**
 * F64 products C = A B, or C + A B, in Java: for machines without OpenBLAS. Every element of C is a
 * sum over blocks along k; each block's part is one chain of fma. Distances are in bytes.
 */
final class DoubleProduct {
    private static final int DEPTH = 256;
    private static final int WIDTH = 256;

    private DoubleProduct() {}

    /** One tile, on this thread. */
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
        double[] panel = new double[DEPTH * Math.min(n, WIDTH)];
        double[] sums = new double[Math.min(n, WIDTH)];
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
                    put(width, sums, c + row * cRow + 8L * left, add);
                }
            }
        }
    }

    private static void pack(
            int width, int depth, long b, long bRow, long bColumn, double[] panel) {
        for (int i = 0; i < depth; i++) {
            for (int j = 0; j < width; j++) {
                panel[i * width + j] = NativeMemory.getDouble(b + i * bRow + j * bColumn);
            }
        }
    }

    private static void multiply(
            int width, int depth, long a, long aColumn, double[] panel, double[] sums) {
        Arrays.fill(sums, 0, width, 0.0);
        for (int i = 0; i < depth; i++) {
            addScaled(width, NativeMemory.getDouble(a + i * aColumn), panel, i * width, sums);
        }
    }

    private static void addScaled(int width, double x, double[] panel, int offset, double[] sums) {
        for (int j = 0; j < width; j++) {
            sums[j] = Math.fma(x, panel[offset + j], sums[j]);
        }
    }

    private static void put(int width, double[] sums, long c, boolean add) {
        for (int j = 0; j < width; j++) {
            long element = c + 8L * j;
            NativeMemory.setDouble(
                    element, add ? NativeMemory.getDouble(element) + sums[j] : sums[j]);
        }
    }
}
