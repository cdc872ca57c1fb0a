package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

/** Interim. */
final class MatrixProduct {
    private MatrixProduct() {}

    static void multiply(
            DType dtype,
            int m,
            int n,
            int k,
            long a,
            int aDistance,
            boolean aTransposed,
            long b,
            int bDistance,
            boolean bTransposed,
            long c,
            int cDistance,
            boolean accumulate) {
        if (k == 0) {
            for (int i = 0; i < m && !accumulate; i++) {
                NativeMemory.clear(
                        c + (long) i * cDistance * dtype.byteSize(), (long) n * dtype.byteSize());
            }
            return;
        }
        int tile = 128;
        int tiles = (m + tile - 1) / tile;
        ThreadPool.shared()
                .parallelFor(
                        tiles,
                        t -> {
                            int first = t * tile;
                            int rows = Math.min(tile, m - first);
                            long at =
                                    a
                                            + (long) first
                                                    * (aTransposed ? 1 : aDistance)
                                                    * dtype.byteSize();
                            long to = c + (long) first * cDistance * dtype.byteSize();
                            if (dtype == DType.F32) {
                                OpenBlas.sgemm(
                                        aTransposed,
                                        bTransposed,
                                        rows,
                                        n,
                                        k,
                                        at,
                                        aDistance,
                                        b,
                                        bDistance,
                                        accumulate ? 1 : 0,
                                        to,
                                        cDistance);
                            } else {
                                OpenBlas.dgemm(
                                        aTransposed,
                                        bTransposed,
                                        rows,
                                        n,
                                        k,
                                        at,
                                        aDistance,
                                        b,
                                        bDistance,
                                        accumulate ? 1 : 0,
                                        to,
                                        cDistance);
                            }
                        });
    }
}
