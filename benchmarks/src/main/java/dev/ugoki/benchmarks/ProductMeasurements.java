package dev.ugoki.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** Matrix products. */
final class ProductMeasurements {
    private static final List<Double> LARGE = List.of(0.85, 0.75);
    private static final List<Double> FEW_ROWS = List.of(0.9, 0.75);

    private ProductMeasurements() {}

    static List<Measurement> all() {
        List<Measurement> all = new ArrayList<>();
        for (int size : new int[] {256, 512, 1024, 2048}) {
            all.add(product("matmul-" + size, LARGE, 1, size, size, size));
        }
        all.add(product("matmul-100x512x512", LARGE, 1, 100, 512, 512));
        all.add(product("matmul-heads", LARGE, 8, 100, 64, 100));
        for (int rows : new int[] {1, 2, 4, 8}) {
            all.add(product("matmul-rows-" + rows, FEW_ROWS, 1, rows, 512, 2048));
        }
        all.add(product("matmul-64", List.of(1.2), 1, 64, 64, 64));
        all.add(
                new Measurement(
                        "matmul-8",
                        "[8,8] x [8,8] through the whole public path",
                        List.of(10.0),
                        List.of(Input.of(8, 8), Input.of(8, 8)),
                        Ours.of(in -> in[0].matmul(in[1])),
                        Libtorch.Call.MATMUL,
                        0,
                        0));
        return all;
    }

    private static Measurement product(
            String name, List<Double> goals, long batch, long m, long k, long n) {
        boolean isBatch = batch > 1;
        Input a = isBatch ? Input.of(batch, m, k) : Input.of(m, k);
        Input b = isBatch ? Input.of(batch, k, n) : Input.of(k, n);
        String heads = isBatch ? batch + " of " : "";
        return new Measurement(
                name,
                "%s[%d,%d] x [%d,%d]".formatted(heads, m, k, k, n),
                goals,
                List.of(a, b),
                Ours.of(in -> in[0].matmul(in[1])),
                TorchScript.of(2, "torch.matmul(a, b)"),
                2.0 * batch * m * n * k,
                4.0 * batch * (m * k + k * n + m * n));
    }
}
