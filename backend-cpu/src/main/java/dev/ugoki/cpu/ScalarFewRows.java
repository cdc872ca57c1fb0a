package dev.ugoki.cpu;

import java.util.Arrays;

/** {@link FewRows} without the Vector API, with the bits of {@link VectorFewRows}. */
final class ScalarFewRows implements FewRows {
    @Override
    public void plain(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
                float sum = 0;
                for (int i = 0; i < k; i++) {
                    float x = NativeMemory.getFloat(a + row * aRow + i * aColumn);
                    float y = NativeMemory.getFloat(b + i * bRow + 4L * column);
                    sum = Math.fma(x, y, sum);
                }
                put(sum, c + row * cRow + 4L * column, accumulate);
            }
        }
    }

    @Override
    public void transposed(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        float[] chains = new float[CHAINS];
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
                Arrays.fill(chains, 0);
                for (int i = 0; i < k; i++) {
                    float x = NativeMemory.getFloat(a + row * aRow + 4L * i);
                    float y = NativeMemory.getFloat(b + column * bRow + 4L * i);
                    chains[i % CHAINS] = Math.fma(x, y, chains[i % CHAINS]);
                }
                float sum = FewRows.tree(chains, 0);
                put(sum, c + row * cRow + 4L * column, accumulate);
            }
        }
    }

    private static void put(float sum, long c, boolean accumulate) {
        NativeMemory.setFloat(c, accumulate ? NativeMemory.getFloat(c) + sum : sum);
    }
}
