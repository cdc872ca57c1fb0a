package dev.ugoki.cuda.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.cuda.bundle.Workloads.Named;
import dev.ugoki.cuda.bundle.Workloads.Sizes;
import dev.ugoki.cuda.bundle.Workloads.Workload;
import dev.ugoki.tensor.TensorScope;
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

/**
 * Times {@link Workloads} on {@code cuda:0}, as written and as plans, beside PyTorch's times on the
 * same machine where there are any.
 */
public final class RunBenchmarks {
    private static final String SMOKE = "--smoke";

    private final boolean smoke;
    private final Map<String, JsonNode> torch;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private int failures;

    private RunBenchmarks(boolean smoke, Map<String, JsonNode> torch) {
        this.smoke = smoke;
        this.torch = torch;
    }

    /**
     * Arguments: the file to write; the file of PyTorch's times, which need not be there; and
     * {@code --smoke} for sizes so small that their times mean nothing.
     */
    public static void main(String[] arguments) throws Exception {
        Report.requireDevice();
        boolean smoke = List.of(arguments).contains(SMOKE);
        RunBenchmarks run = new RunBenchmarks(smoke, torchTimes(Path.of(arguments[1])));
        Report.machine().forEach(System.out::println);
        Report.DEVICE.run(run::all);
        Report.write(Path.of(arguments[0]), "milliseconds", run.rows);
        System.exit(run.failures == 0 ? 0 : 1);
    }

    private static Map<String, JsonNode> torchTimes(Path file) throws IOException {
        Map<String, JsonNode> times = new LinkedHashMap<>();
        if (Files.exists(file)) {
            ObjectMapper json = new ObjectMapper();
            for (String line : Files.readAllLines(file)) {
                JsonNode node = json.readTree(line);
                times.put(node.get("name").asText(), node);
            }
        }
        return times;
    }

    private void all() {
        if (smoke) {
            System.out.println("smoke: sizes so small that the times mean nothing");
        }
        System.out.printf(
                "%-34s %10s %10s %12s %14s%n",
                "milliseconds", "eager", "as plan", "torch eager", "torch compiled");
        for (Named each : Workloads.all(smoke ? Sizes.SMOKE : Sizes.FULL)) {
            try {
                time(each);
            } catch (RuntimeException e) {
                failures++;
                rows.add(Map.of("name", each.name(), "failed", e.toString()));
                System.out.printf("%-34s FAILED: %s%n", each.name(), e);
            }
        }
    }

    private void time(Named named) {
        double eager;
        double planned;
        try (TensorScope _ = TensorScope.open()) {
            Workload workload = named.make().get();
            eager = milliseconds(workload.eager());
            planned = milliseconds(workload.planned());
        }
        JsonNode torchTime = torch.get(named.name());
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", named.name());
        row.put("eager", eager);
        row.put("plan", planned);
        row.put("torchEager", number(torchTime, "eager"));
        row.put("torchCompiled", number(torchTime, "compiled"));
        rows.add(row);
        System.out.printf(
                "%-34s %10.4f %10.4f %12s %14s%n",
                named.name(),
                eager,
                planned,
                text(row.get("torchEager")),
                text(row.get("torchCompiled")));
    }

    private static @Nullable Double number(@Nullable JsonNode node, String name) {
        JsonNode value = node == null ? null : node.get(name);
        return value == null || value.isNull() ? null : value.asDouble();
    }

    private static String text(@Nullable Object value) {
        return value == null ? "-" : "%.4f".formatted(value);
    }

    /** The median of rounds, each of as many runs as fill it. */
    private double milliseconds(Runnable work) {
        int rounds = smoke ? 1 : 11;
        double secondsOfARound = smoke ? 0 : 0.05;
        work.run();
        work.run();
        synchronize();
        long start = System.nanoTime();
        work.run();
        synchronize();
        double once = Math.max(1e-7, (System.nanoTime() - start) * 1e-9);
        int runs = (int) Math.max(1, Math.min(1000, secondsOfARound / once));
        double[] times = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            start = System.nanoTime();
            for (int i = 0; i < runs; i++) {
                work.run();
            }
            synchronize();
            times[round] = (System.nanoTime() - start) * 1e-6 / runs;
        }
        Arrays.sort(times);
        return times[rounds / 2];
    }

    private static void synchronize() {
        Backends.forDevice(Report.DEVICE).synchronize();
    }
}
