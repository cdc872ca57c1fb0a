package dev.ugoki.examples.latency;

import dev.ugoki.examples.Environment;
import dev.ugoki.examples.FreshJava;
import dev.ugoki.tensor.io.WholeFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code ugoki latency}: how long plans take to make, each in a new JVM. */
@Command(
        name = "latency",
        description = {
            "Compiles a few programs, each in a JVM that has run nothing before, and says how long"
                + " it takes until the first result and until full speed, and how long the first"
                + " result of the function itself takes.",
            "Prints a table and writes it. Exits with 1 where the plan of 500 operations takes 2"
                    + " seconds or longer to make."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class MeasureLatency implements Callable<Integer> {
    private static final double MOST_SECONDS = 2;
    private static final String ANSWER = "latency\t";

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description =
                    "JVMs for each program, of which the median counts; default:"
                            + " ${DEFAULT-VALUE}.")
    private int rounds = 3;

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            defaultValue = "target/latency",
            description = "Where latency.md goes; default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("target/latency");

    @Option(
            names = "--here",
            paramLabel = "PROGRAM",
            description = "Only measure this one in this JVM; for the command itself.")
    private @Nullable LatencyRow here;

    @Option(names = "--eager", description = "With --here: the function itself.")
    private boolean eager;

    /** Made by the command line. */
    public MeasureLatency() {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        LatencyRow row = here;
        if (row != null) {
            System.out.println(ANSWER + (eager ? Latency.eager(row) : Latency.ofPlan(row).write()));
            return 0;
        }
        if (rounds < 1) {
            throw new IllegalArgumentException("--rounds " + rounds + ": must be at least 1");
        }
        Map<LatencyRow, Latency> found = new EnumMap<>(LatencyRow.class);
        for (LatencyRow each : LatencyRow.values()) {
            found.put(each, measure(each));
        }
        String table =
                table(found)
                        + "\nThe median of %d new JVMs each. %s%n"
                                .formatted(rounds, Environment.summary());
        System.out.print(table);
        Files.createDirectories(output);
        WholeFile.writeString(output.resolve("latency.md"), table);
        System.out.println("the table: " + output.resolve("latency.md"));
        Latency large = Objects.requireNonNull(found.get(LatencyRow.OPERATIONS));
        return large.planned() < MOST_SECONDS ? 0 : 1;
    }

    /** That of the round with the median time to full speed. */
    private Latency measure(LatencyRow row) throws IOException, InterruptedException {
        List<Latency> plans = new ArrayList<>();
        List<Double> eagers = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            plans.add(Latency.read(inNewJava("--here", row.name())));
            eagers.add(Double.valueOf(inNewJava("--here", row.name(), "--eager")));
        }
        plans.sort(Comparator.comparingDouble(Latency::full));
        eagers.sort(null);
        return plans.get(rounds / 2).withEager(eagers.get(rounds / 2));
    }

    private static String inNewJava(String... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("latency"));
        all.addAll(List.of(arguments));
        return FreshJava.lines(List.of(), all).stream()
                .filter(line -> line.startsWith(ANSWER))
                .map(line -> line.substring(ANSWER.length()))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("latency: a JVM gave no answer"));
    }

    static String table(Map<LatencyRow, Latency> found) {
        StringBuilder table = new StringBuilder();
        table.append("| program | operations | first result, eager | plan made | first result |");
        table.append(" full speed after | a run until then | a run from then on |\n");
        table.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        found.forEach(
                (row, each) ->
                        table.append(
                                String.format(
                                        Locale.ROOT,
                                        "| %s | %d | %.2f s | %.2f s | %.2f s | %.2f s | %.1f ms |"
                                                + " %.3f ms |%n",
                                        row.title(),
                                        each.operations(),
                                        each.eager(),
                                        each.planned(),
                                        each.first(),
                                        each.full(),
                                        1e3 * each.firstRun(),
                                        1e3 * each.fullRun())));
        return table.toString();
    }
}
