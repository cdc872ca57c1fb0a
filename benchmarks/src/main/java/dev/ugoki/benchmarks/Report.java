package dev.ugoki.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured, as JSON and as a table. */
record Report(List<Outcome> outcomes, List<Peaks> peaks, List<String> versions) {

    /** Writes {@code results/TIME.json} and {@code RESULTS.md} into the folder. */
    void write(Path folder) throws IOException {
        Path results = Files.createDirectories(folder.resolve("results"));
        String time = Instant.now().toString().replaceAll("[:.].*", "").replace("T", "-");
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("versions", versions);
        all.put("machine", machine());
        all.put("peaks", peaks);
        all.put("outcomes", outcomes);
        String json =
                new ObjectMapper()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .writeValueAsString(all);
        WholeFile.writeString(results.resolve("bench-" + time + ".json"), json + "\n");
        WholeFile.writeString(folder.resolve("RESULTS.md"), markdown());
    }

    private static String machine() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        String model =
                Files.exists(info)
                        ? Files.readAllLines(info).stream()
                                .filter(line -> line.startsWith("model name"))
                                .map(line -> line.replaceFirst(".*: ", ""))
                                .findFirst()
                                .orElse("unknown processor")
                        : System.getProperty("os.arch");
        return model + ", " + Runtime.getRuntime().availableProcessors() + " processors";
    }

    private String markdown() throws IOException {
        StringBuilder text = new StringBuilder("# Measured against libtorch\n\n");
        text.append("Written by `./ugoki bench --check`. The ratio is libtorch's time : ours, the");
        text.append(" median of rounds in which both took turns; above 1 we are faster. F32.\n\n");
        text.append("- ").append(machine()).append('\n');
        versions.forEach(version -> text.append("- ").append(version).append('\n'));
        for (int i = 0; i < peaks.size(); i++) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "- peaks with %d thread(s): %.0f GF/s fused multiply-adds, %.1f GB/s"
                                    + " copies%n",
                            i + 1,
                            peaks.get(i).flops() * 1e-9,
                            peaks.get(i).bytes() * 1e-9));
        }
        text.append("\n| measurement | threads | ours | libtorch | ratio (lowest to highest)");
        text.append(" | goal | of peak | memory, ours | libtorch |\n");
        text.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        outcomes.forEach(outcome -> text.append(line(outcome)));
        return text.toString();
    }

    private String line(Outcome outcome) {
        if (!outcome.problem().isEmpty()) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %d | | | not compared: %s | %.2f | | | |%n",
                    outcome.what(),
                    outcome.threads(),
                    outcome.problem().lines().findFirst().orElse(""),
                    outcome.goal());
        }
        double lowest = outcome.ratios().stream().min(Double::compare).orElseThrow();
        double highest = outcome.ratios().stream().max(Double::compare).orElseThrow();
        return String.format(
                Locale.ROOT,
                "| %s | %d | %s | %s | %.2f (%.2f to %.2f)%s | %s | %s | %.0f MB | %.0f MB |%n",
                outcome.what(),
                outcome.threads(),
                time(Outcome.median(outcome.ours())),
                time(Outcome.median(outcome.libtorch())),
                outcome.ratio(),
                lowest,
                highest,
                outcome.fallsShort() ? " **short**" : "",
                Double.isNaN(outcome.goal())
                        ? "none"
                        : String.format(Locale.ROOT, "%.2f", outcome.goal()),
                ofPeak(outcome),
                outcome.ourMemory() * 1e-6,
                outcome.libtorchMemory() * 1e-6);
    }

    private static String time(double nanos) {
        return nanos < 1e4
                ? String.format(Locale.ROOT, "%.0f ns", nanos)
                : nanos < 1e7
                        ? String.format(Locale.ROOT, "%.0f µs", nanos * 1e-3)
                        : String.format(Locale.ROOT, "%.1f ms", nanos * 1e-6);
    }

    /** Our share of the peak that limits: of arithmetic if that is counted, else of copying. */
    private String ofPeak(Outcome outcome) {
        if (outcome.threads() > peaks.size()) {
            return "";
        }
        Peaks peak = peaks.get(outcome.threads() - 1);
        double seconds = Outcome.median(outcome.ours()) * 1e-9;
        if (outcome.flops() > 0) {
            double share = outcome.flops() / seconds / peak.flops();
            return String.format(Locale.ROOT, "%.0f %% of FMA", 100 * share);
        }
        return outcome.bytes() > 0
                ? String.format(
                        Locale.ROOT,
                        "%.0f %% of copy",
                        100 * outcome.bytes() / seconds / peak.bytes())
                : "";
    }
}
