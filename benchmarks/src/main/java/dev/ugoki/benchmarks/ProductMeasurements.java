package dev.ugoki.benchmarks;

import dev.ugoki.tensor.DType;

import java.util.ArrayList;
import java.util.List;

/** Matrix products. */
final class ProductMeasurements {
    private static final List<Double> LARGE = List.of(0.85, 0.75);
    private static final List<Double> FEW_ROWS = List.of(0.9, 0.75);
    private static final List<Double> WITH_ONEDNN = List.of(0.95);
    private static final List<Double> NONE = List.of(Double.NaN);

    /** What BF16 is to gain where the processor multiplies tiles of it. */
    private static final List<Double> BF16 = List.of(5.0);

    /** Eight bits of precision, over sums of up to 1024. */
    private static final double BF16_TOLERANCE = 0.02;

    private ProductMeasurements() {}

    static List<Group> groups() {
        return List.of(
                new Group("Products", products("", LARGE)),
                new Group("Products of a few rows", fewRows()),
                new Group("Small products", small()),
                new Group(
                        "Products, with oneDNN as the provider",
                        1.0,
                        products("-onednn", WITH_ONEDNN).stream()
                                .map(each -> each.withOptions("-Dugoki.onednn=on"))
                                .toList()),
                new Group(
                        "Products in BF16 against Ugoki's F32, with oneDNN as the provider"
                                + (Machine.hasAmx()
                                        ? ""
                                        : " (no goal: this processor has no AMX, and AVX-512's"
                                                + " BF16 at most doubles F32)"),
                        bf16()),
                new Group("How products grow", growth()));
    }

    private static List<Measurement> products(String suffix, List<Double> goals) {
        List<Measurement> all = new ArrayList<>();
        for (int size : new int[] {256, 512, 1024, 2048}) {
            all.add(product("matmul-" + size + suffix, goals, 1, size, size, size));
        }
        all.add(product("matmul-100x512x512" + suffix, goals, 1, 100, 512, 512));
        all.add(product("matmul-heads" + suffix, goals, 8, 100, 64, 100));
        return all;
    }

    private static List<Measurement> fewRows() {
        List<Measurement> all = new ArrayList<>();
        for (int rows : new int[] {1, 2, 4, 8}) {
            all.add(product("matmul-rows-" + rows, FEW_ROWS, 1, rows, 512, 2048));
        }
        return all;
    }

    private static List<Measurement> small() {
        return List.of(
                product("matmul-64", List.of(1.2), 1, 64, 64, 64),
                new Measurement(
                        "matmul-8",
                        "[8,8] x [8,8] through the whole public path",
                        List.of(10.0),
                        List.of(Input.of(8, 8), Input.of(8, 8)),
                        Ours.of(in -> in[0].matmul(in[1])),
                        Libtorch.Call.MATMUL,
                        0,
                        0));
    }

    private static List<Measurement> growth() {
        List<Measurement> all = new ArrayList<>();
        for (int size = 16; size <= 4096; size *= 2) {
            all.add(product("matmul-growth-" + size, NONE, 1, size, size, size));
        }
        return all;
    }

    private static List<Measurement> bf16() {
        List<Measurement> all = new ArrayList<>();
        for (int size : new int[] {256, 512, 1024}) {
            Input square = Input.of(size, size);
            Ours narrow =
                    inputs -> {
                        var a = inputs[0].cast(DType.BF16);
                        var b = inputs[1].cast(DType.BF16);
                        return () -> new dev.ugoki.tensor.Tensor[] {a.matmul(b)};
                    };
            all.add(
                    new Measurement(
                                    "matmul-bf16-" + size,
                                    "BF16 [%d,%d] x [%d,%d]".formatted(size, size, size, size),
                                    Machine.hasAmx() ? BF16 : NONE,
                                    List.of(square, square),
                                    narrow,
                                    new OwnBaseline(Ours.of(in -> in[0].matmul(in[1]))),
                                    2.0 * size * size * size,
                                    0)
                            .withOptions("-Dugoki.onednn=on")
                            .withTolerance(BF16_TOLERANCE));
        }
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
                        4.0 * batch * (m * k + k * n + m * n))
                .withOperator("MatMul");
    }
}
