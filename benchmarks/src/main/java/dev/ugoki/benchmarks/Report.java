package dev.ugoki.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What was measured, as JSON and as a table. */
record Report(
        Settings settings,
        Map<Group, List<Outcome>> outcomes,
        List<Peaks> peaks,
        Map<Library, String> versions,
        double seconds) {

    /** Writes {@code results/TIME.json}, and the table, into the folder of the settings. */
    void write() throws IOException {
        String kind = settings.check() ? "check" : "bench";
        String suffix = settings.machine().avx2() ? "-avx2" : "";
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        String time = now.toString().replaceAll("[:Z]", "").replace("T", "-");
        Path json =
                Files.createDirectories(settings.results().resolve("results"))
                        .resolve(kind + suffix + "-" + time + ".json");
        Path table =
                settings.results()
                        .resolve((settings.check() ? "CHECK" : "RESULTS") + suffix + ".md");
        WholeFile.writeString(
                json,
                new ObjectMapper()
                                .enable(SerializationFeature.INDENT_OUTPUT)
                                .writeValueAsString(asMap(now))
                        + "\n");
        WholeFile.writeString(table, markdown(now));
        System.out.printf("%nThe table is in %s, every round in %s%n", table, json);
    }

    /** The geometric means that have a goal. */
    List<Mean> means() {
        List<Mean> means = new ArrayList<>();
        outcomes.forEach(
                (group, inGroup) -> {
                    List<Outcome> single =
                            inGroup.stream()
                                    .filter(each -> each.threads() == 1)
                                    .filter(each -> !Double.isNaN(each.ratio()))
                                    .toList();
                    if (!Double.isNaN(group.meanGoal()) && !single.isEmpty()) {
                        means.add(Mean.of(group, single));
                    }
                });
        return means;
    }

    /** Whether neither a measurement nor a mean falls short. */
    boolean meetsAllGoals() {
        return all().stream().noneMatch(Outcome::fallsShort)
                && means().stream().noneMatch(Mean::fallsShort);
    }

    /** How many were measured, how many fall short, and how long it took. */
    String summary() {
        long withGoal = all().stream().filter(each -> !Double.isNaN(each.goal())).count();
        long missed = all().stream().filter(Outcome::fallsShort).count();
        return String.format(
                Locale.ROOT,
                "%d measured, %d of them with a goal, %d fall short; it took %.0f min",
                all().size(),
                withGoal,
                missed,
                Math.ceil(seconds / 60));
    }

    /** One outcome, for the console. */
    static String consoleLine(Outcome outcome) {
        String name = "  %-34s %d".formatted(outcome.measurement().name(), outcome.threads());
        if (!outcome.problem().isEmpty()) {
            return name + "  NOT COMPARED: " + outcome.problem();
        }
        StringBuilder line = new StringBuilder(name);
        line.append(
                String.format(
                        Locale.ROOT,
                        "  %10s  %s %10s  ratio %6.2f",
                        time(outcome.ours().median()),
                        outcome.measurement().rival().library().title(),
                        time(outcome.rival().median()),
                        outcome.ratio()));
        if (!Double.isNaN(outcome.goal())) {
            line.append(String.format(Locale.ROOT, "  goal %5.2f", outcome.goal()));
            line.append(outcome.fallsShort() ? "  SHORT" : "");
        }
        line.append(outcome.needsMoreMemory() ? " (needs more memory)" : "");
        String others = others(outcome);
        return others.isEmpty() ? line.toString() : line + "  " + others;
    }

    private List<Outcome> all() {
        return outcomes.values().stream().flatMap(List::stream).toList();
    }

    private Map<String, Object> asMap(Instant now) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("time", now.toString());
        map.put("machine", settings.machine().describe());
        map.put("versions", versions);
        map.put("peaks", peaks);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Outcome outcome : all()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("name", outcome.measurement().name());
            row.put("what", outcome.measurement().what());
            row.put("threads", outcome.threads());
            row.put("goal", Double.isNaN(outcome.goal()) ? null : outcome.goal());
            row.put("rival", outcome.measurement().rival().library());
            row.put("ratio", Double.isNaN(outcome.ratio()) ? null : outcome.ratio());
            row.put("flops", outcome.measurement().flops());
            row.put("bytes", outcome.measurement().bytes());
            row.put("timings", outcome.timings());
            row.put("problem", outcome.problem());
            rows.add(row);
        }
        map.put("outcomes", rows);
        return map;
    }

    private String markdown(Instant now) {
        StringBuilder text = new StringBuilder();
        text.append(settings.check() ? "# Goals, measured\n\n" : "# Benchmarks\n\n");
        text.append("Written by `./ugoki bench").append(settings.check() ? " --check" : "");
        text.append(settings.machine().avx2() ? " --avx2" : "");
        String filter = settings.filter().pattern();
        text.append(filter.isEmpty() ? "" : " '" + filter + "'").append("` on ").append(now);
        text.append(". A ratio is the other library's time : ours; above 1 we are faster. ");
        text.append(
                settings.check()
                        ? "Both take turns in processes of their own; ratio and range are those of "
                                + settings.rounds()
                                + " rounds, and a goal is missed only where every round misses it."
                        : "Timed by JMH, one contender after the other, each in a process of its"
                                + " own.");
        text.append(" F32 where nothing else is said. All results were compared first.\n\n");
        text.append("- ").append(settings.machine().describe()).append('\n');
        versions.values().stream()
                .distinct()
                .forEach(version -> text.append("- ").append(version).append('\n'));
        for (int i = 0; i < peaks.size(); i++) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "- measured peaks with %d thread%s: %.0f GF/s of fused multiply-adds,"
                                    + " %.1f GB/s copied (read and written)%n",
                            i + 1,
                            i == 0 ? "" : "s",
                            peaks.get(i).flops() * 1e-9,
                            peaks.get(i).bytes() * 1e-9));
        }
        text.append("- ").append(summary()).append('\n');
        outcomes.forEach((group, inGroup) -> append(text, group, inGroup));
        return text.toString();
    }

    private void append(StringBuilder text, Group group, List<Outcome> inGroup) {
        boolean memory = inGroup.stream().anyMatch(each -> each.ours().memory() > 0);
        boolean others = inGroup.stream().anyMatch(each -> !others(each).isEmpty());
        boolean garbage = inGroup.stream().anyMatch(each -> !garbage(each).isEmpty());
        text.append("\n## ").append(group.title()).append("\n\n");
        String rival = inGroup.getFirst().measurement().rival().library().title();
        text.append("| measurement | threads | Ugoki | ").append(rival);
        text.append(" | ratio (range) | goal | Ugoki's share of peak | full speed after |");
        text.append(others ? " ratios to others |" : "");
        text.append(garbage ? " garbage: Ugoki, " + rival + " |" : "");
        text.append(memory ? " peak of memory: Ugoki | " + rival + " |" : "").append('\n');
        text.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        text.append(others ? " --- |" : "").append(garbage ? " ---: |" : "");
        text.append(memory ? " ---: | ---: |" : "").append('\n');
        for (Outcome outcome : inGroup) {
            text.append("| ").append(outcome.measurement().what()).append(" | ");
            text.append(outcome.threads());
            text.append(cells(outcome));
            text.append(others ? others(outcome) + " | " : "");
            text.append(garbage ? garbage(outcome) + " | " : "");
            text.append(memory ? memory(outcome) : "").append('\n');
        }
        means().stream()
                .filter(mean -> mean.group().equals(group))
                .forEach(mean -> text.append('\n').append(mean.line()).append(".\n"));
    }

    private String cells(Outcome outcome) {
        String goal =
                Double.isNaN(outcome.goal())
                        ? ""
                        : String.format(Locale.ROOT, "%.2f", outcome.goal());
        if (!outcome.problem().isEmpty()) {
            return " | | | **not compared**: "
                    + outcome.problem().lines().findFirst().orElse("").replace("|", "\\|")
                    + " | "
                    + goal
                    + " | | | ";
        }
        double lowest = outcome.ratios().stream().min(Double::compare).orElseThrow();
        double highest = outcome.ratios().stream().max(Double::compare).orElseThrow();
        return String.format(
                Locale.ROOT,
                " | %s | %s | %.2f (%.2f to %.2f) | %s%s | %s | %s | ",
                time(outcome.ours().median()),
                time(outcome.rival().median()),
                outcome.ratio(),
                lowest,
                highest,
                goal,
                outcome.fallsShort() ? " **short**" : "",
                ofPeak(outcome),
                readyAfter(outcome));
    }

    private static String readyAfter(Outcome outcome) {
        double seconds = outcome.ours().secondsUntilReady();
        return Double.isNaN(seconds) ? "" : String.format(Locale.ROOT, "%.1f s", seconds);
    }

    /** Bytes that a run allocates, as JMH counts them: what it allocates itself is in it. */
    private static String garbage(Outcome outcome) {
        double ours = outcome.ours().garbage();
        double others = outcome.rival().garbage();
        return Double.isNaN(ours) || Double.isNaN(others)
                ? ""
                : String.format(Locale.ROOT, "%.1f B, %.1f B", ours, others);
    }

    private static String memory(Outcome outcome) {
        return String.format(
                Locale.ROOT,
                "%.0f MB%s | %.0f MB |",
                outcome.ours().memory() * 1e-6,
                outcome.needsMoreMemory() ? " **more**" : "",
                outcome.rival().memory() * 1e-6);
    }

    private static String others(Outcome outcome) {
        return outcome.timings().keySet().stream()
                .filter(library -> library != Library.UGOKI)
                .filter(library -> library != outcome.measurement().rival().library())
                .map(
                        library ->
                                String.format(
                                        Locale.ROOT,
                                        "%s %.2f",
                                        library.title(),
                                        outcome.ratio(library)))
                .collect(Collectors.joining(", "));
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
        double took = outcome.ours().median() * 1e-9;
        double flops = outcome.measurement().flops();
        double bytes = outcome.measurement().bytes();
        if (flops > 0) {
            return String.format(Locale.ROOT, "%.0f %% of FMA", 100 * flops / took / peak.flops());
        }
        return bytes > 0
                ? String.format(Locale.ROOT, "%.0f %% of copy", 100 * bytes / took / peak.bytes())
                : "";
    }
}
