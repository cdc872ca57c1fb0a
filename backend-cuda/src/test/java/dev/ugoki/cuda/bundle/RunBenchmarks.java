package dev.ugoki.cuda.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.cuda.CudaGraph;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Backends;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Times products and attention on {@code cuda:0}, eagerly and as a graph, beside PyTorch's times on
 * the same machine where there are any.
 */
public final class RunBenchmarks {
    private static final int ROUNDS = 11;
    private static final double SECONDS_OF_A_ROUND = 0.05;

    private final @Nullable Path torch;
    private final List<Map<String, Object>> rows = new ArrayList<>();

    private RunBenchmarks(@Nullable Path torch) {
        this.torch = torch;
    }

    /** Arguments: the file to write; PyTorch's times, if there are any. */
    public static void main(String[] arguments) throws Exception {
        Path times = arguments.length > 1 ? Path.of(arguments[1]) : null;
        RunBenchmarks run = new RunBenchmarks(times != null && Files.exists(times) ? times : null);
        Report.machine().forEach(System.out::println);
        Report.DEVICE.run(run::all);
        Report.write(Path.of(arguments[0]), "milliseconds", run.rows);
    }

    private void all() {
        System.out.printf(
                "%-34s %10s %10s %12s %14s%n",
                "milliseconds", "ours", "as graph", "torch eager", "torch compiled");
        Map<String, JsonNode> torchTimes = torchTimes();
        for (DType dtype : List.of(DType.BF16, DType.F32)) {
            for (long n : new long[] {512, 1024, 2048, 4096, 8192}) {
                product(dtype, n, n, n, torchTimes);
            }
            product(dtype, 16, 512, 2048, torchTimes);
            product(dtype, 256, 512, 512, torchTimes);
        }
        for (long heads : new long[] {8, 32}) {
            for (long length : new long[] {128, 512, 2048, 8192}) {
                attention(heads, length, torchTimes);
            }
        }
    }

    private Map<String, JsonNode> torchTimes() {
        Map<String, JsonNode> times = new LinkedHashMap<>();
        if (torch != null) {
            try {
                ObjectMapper json = new ObjectMapper();
                for (String line : Files.readAllLines(torch)) {
                    JsonNode node = json.readTree(line);
                    times.put(node.get("name").asText(), node);
                }
            } catch (IOException e) {
                System.out.println("PyTorch's times cannot be read: " + e);
            }
        }
        return times;
    }

    private static Tensor normal(DType dtype, long... shape) {
        return Random.normal(Key.of(1), DType.F32, shape).cast(dtype);
    }

    private void product(DType dtype, long m, long k, long n, Map<String, JsonNode> torchTimes) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = normal(dtype, m, k);
            Tensor b = normal(dtype, k, n);
            time(
                    "product %s %dx%dx%d".formatted(dtype, m, k, n),
                    () -> new Tensor[] {a.matmul(b)},
                    torchTimes);
        }
    }

    private void attention(long heads, long length, Map<String, JsonNode> torchTimes) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor q = normal(DType.BF16, 1, heads, length, 64);
            Tensor k = normal(DType.BF16, 1, heads, length, 64);
            Tensor v = normal(DType.BF16, 1, heads, length, 64);
            ScaledDotProductAttention op = new ScaledDotProductAttention(0.125, true);
            time(
                    "attention %dx%d".formatted(heads, length),
                    () -> Engine.apply(op, q, k, v),
                    torchTimes);
            time(
                    "attention backward %dx%d".formatted(heads, length),
                    () -> {
                        Tensor x = Autograd.variable(q);
                        Tensor y = Autograd.variable(k);
                        Tensor z = Autograd.variable(v);
                        Tensor sum = Engine.apply(op, x, y, z)[0].sum();
                        return Autograd.gradients(sum, List.of(x, y, z)).toArray(Tensor[]::new);
                    },
                    torchTimes);
        }
    }

    private void time(String name, Supplier<Tensor[]> program, Map<String, JsonNode> torchTimes) {
        double eager =
                milliseconds(
                        () -> {
                            try (TensorScope _ = TensorScope.open()) {
                                program.get();
                            }
                        });
        double asGraph;
        try (CudaGraph graph = CudaGraph.capture(Report.DEVICE, program)) {
            asGraph = milliseconds(graph::replay);
        }
        JsonNode torchTime = torchTimes.get(name);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", name);
        row.put("eager", eager);
        row.put("graph", asGraph);
        row.put("torchEager", torchTime == null ? null : torchTime.get("eager").asDouble());
        row.put("torchCompiled", torchTime == null ? null : torchTime.get("compiled").asDouble());
        rows.add(row);
        System.out.printf(
                "%-34s %10.4f %10.4f %12s %14s%n",
                name, eager, asGraph, row.get("torchEager"), row.get("torchCompiled"));
    }

    /** The median of rounds, each of as many runs as fill it. */
    private static double milliseconds(Runnable work) {
        work.run();
        synchronize();
        long start = System.nanoTime();
        work.run();
        synchronize();
        double once = Math.max(1e-7, (System.nanoTime() - start) * 1e-9);
        int runs = (int) Math.max(1, Math.min(1000, SECONDS_OF_A_ROUND / once));
        double[] times = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            start = System.nanoTime();
            for (int i = 0; i < runs; i++) {
                work.run();
            }
            synchronize();
            times[round] = (System.nanoTime() - start) * 1e-6 / runs;
        }
        Arrays.sort(times);
        return times[ROUNDS / 2];
    }

    private static void synchronize() {
        Backends.forDevice(Report.DEVICE).synchronize();
    }
}
