package dev.ugoki.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs {@link ContenderBenchmark}, one fork for each contender, in a process of its own. */
final class Jmh {
    /** Seconds. */
    private static final double CALIBRATION = 0.2;

    private static final double NANOS_OF_CALL = 2e6;

    /** What the profiler {@code gc} calls the bytes that are allocated in one call. */
    private static final String GARBAGE = "gc.alloc.rate.norm";

    private Jmh() {}

    /** How often a contender is to run in one call, so that calling it costs little. */
    static int runs(Contender contender) throws IOException {
        contender.warm(CALIBRATION, 2);
        double nanos = contender.round(CALIBRATION / 2);
        return (int) Math.clamp(NANOS_OF_CALL / nanos, 1, 1000);
    }

    /**
     * The times of contenders, given with how often they run in one call.
     *
     * @throws IOException if JMH failed
     */
    static Map<Library, Outcome.Timing> time(
            Measurement measurement,
            int threads,
            Map<Library, Integer> runs,
            Settings settings,
            Path folder)
            throws IOException {
        Map<Library, Outcome.Timing> timings = new EnumMap<>(Library.class);
        for (Library library : runs.keySet()) {
            int inOneCall = runs.getOrDefault(library, 1);
            Path json = folder.resolve("jmh.json");
            Files.deleteIfExists(json);
            run(measurement, threads, library, inOneCall, settings, json);
            JsonNode results = new ObjectMapper().readTree(Files.readAllBytes(json));
            List<Double> nanos = new ArrayList<>();
            double garbage = Double.NaN;
            for (JsonNode result : results) {
                JsonNode bytes = result.path("secondaryMetrics").path(GARBAGE).path("score");
                garbage = bytes.isNumber() ? bytes.asDouble() / inOneCall : garbage;
                for (JsonNode fork : result.get("primaryMetric").get("rawData")) {
                    fork.forEach(score -> nanos.add(score.asDouble() / inOneCall));
                }
            }
            if (!nanos.isEmpty()) {
                timings.put(library, new Outcome.Timing(nanos, 0, Double.NaN, garbage));
            }
        }
        return timings;
    }

    private static void run(
            Measurement measurement,
            int threads,
            Library library,
            int runs,
            Settings settings,
            Path json)
            throws IOException {
        List<String> options = new ArrayList<>(settings.machine().options());
        if (library == Library.UGOKI) {
            options.addAll(measurement.traits().options());
        }
        List<String> command = new ArrayList<>(settings.machine().java());
        command.addAll(
                List.of(
                        // For the same reason as Machine's environment has the class path.
                        "-Djmh.separateClasspathJAR=true",
                        "org.openjdk.jmh.Main",
                        ContenderBenchmark.class.getName() + ".run",
                        "-p",
                        "measurement=" + measurement.name(),
                        "-p",
                        "contender=" + library.name(),
                        "-p",
                        "threads=" + threads,
                        "-p",
                        "runs=" + runs,
                        "-f",
                        "1",
                        "-wi",
                        "4",
                        "-w",
                        Math.round(settings.warmUp() * 500) + "ms",
                        "-i",
                        Integer.toString(settings.rounds()),
                        "-r",
                        Math.round(settings.seconds() * 2000) + "ms",
                        "-prof",
                        "gc",
                        "-jvmArgs",
                        options.stream().collect(Collectors.joining(" ")),
                        "-rf",
                        "json",
                        "-rff",
                        json.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(json.resolveSibling("jmh.log").toFile());
        builder.environment().putAll(settings.machine().environment(threads));
        try {
            if (builder.start().waitFor() != 0) {
                throw new IOException("JMH failed; see " + json.resolveSibling("jmh.log"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
