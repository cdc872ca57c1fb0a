package dev.ugoki.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * {@code ugoki bench --check [FILTER]}: measures Ugoki and libtorch side by side and says where a
 * goal was missed in every round; its exit code is then 1.
 *
 * <p>Each contender has a process of its own, fresh for each measurement; their results are
 * compared before anything is timed, and then they take turns, round by round, while the other
 * waits. So what else happens on the machine hits both alike.
 */
public final class Bench {
    private static final String OURS = "dev.ugoki.benchmarks.UgokiWorker";
    private static final String LIBTORCH = "dev.ugoki.benchmarks.LibtorchWorker";

    /** The largest deviation of a result, as a share of its largest element. */
    private static final double TOLERANCE = 2e-4;

    private final Settings settings;
    private final Path folder;
    private final List<String> versions = new ArrayList<>();

    private Bench(Settings settings, Path folder) {
        this.settings = settings;
        this.folder = folder;
    }

    /**
     * How to measure.
     *
     * @param filter a part of the names
     * @param rounds of each contender
     * @param seconds of a round
     * @param warmUp seconds that we run before the first round, for the JIT; libtorch half of it
     * @param threads the numbers of threads to measure with
     * @param results the folder that the results go to
     */
    record Settings(
            Pattern filter,
            int rounds,
            double seconds,
            double warmUp,
            List<Integer> threads,
            Path results) {
        static Settings of(String[] arguments) {
            Pattern filter = Pattern.compile("");
            int rounds = 5;
            double seconds = 0.15;
            double warmUp = 2.0;
            List<Integer> threads = List.of(1, 2);
            Path results = Path.of("benchmarks");
            for (String argument : arguments) {
                String value = argument.substring(argument.indexOf('=') + 1);
                switch (argument.replaceFirst("=.*", "")) {
                    case "--check" -> {}
                    case "--rounds" -> rounds = Integer.parseInt(value);
                    case "--seconds" -> seconds = Double.parseDouble(value);
                    case "--warm-up" -> warmUp = Double.parseDouble(value);
                    case "--threads" ->
                            threads =
                                    Pattern.compile(",")
                                            .splitAsStream(value)
                                            .map(Integer::valueOf)
                                            .toList();
                    case "--results" -> results = Path.of(value);
                    default -> {
                        if (argument.startsWith("-")) {
                            throw new IllegalArgumentException(
                                    "bench: "
                                            + argument
                                            + " is no option; there are --check --rounds=N"
                                            + " --seconds=S --warm-up=S --threads=1,2"
                                            + " --results=DIR");
                        }
                        filter = Pattern.compile(argument);
                    }
                }
            }
            return new Settings(filter, rounds, seconds, warmUp, threads, results);
        }
    }

    /** Measures, prints, writes, and ends the JVM. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Settings settings = Settings.of(arguments);
        Path folder = Files.createDirectories(settings.results().resolve("target/bench"));
        List<Outcome> outcomes = new Bench(settings, folder).measureAll();
        System.exit(outcomes.stream().anyMatch(Outcome::fallsShort) ? 1 : 0);
    }

    private List<Outcome> measureAll() throws IOException, InterruptedException {
        List<Outcome> outcomes = new ArrayList<>();
        List<Peaks> peaks = new ArrayList<>();
        for (int threads = 1; threads <= 2; threads++) {
            peaks.add(Peaks.measure(threads));
        }
        for (int threads : settings.threads()) {
            for (Measurement measurement : Catalogue.all()) {
                if (measurement.goal(threads) != 0
                        && settings.filter().matcher(measurement.name()).find()) {
                    Outcome outcome = measure(measurement, threads);
                    outcomes.add(outcome);
                    System.out.println(line(outcome));
                }
            }
        }
        if (outcomes.isEmpty()) {
            throw new IllegalArgumentException(
                    "bench: no measurement's name has '" + settings.filter() + "' in it");
        }
        new Report(outcomes, peaks, versions).write(settings.results());
        long missed = outcomes.stream().filter(Outcome::fallsShort).count();
        System.out.printf("%d measured, %d fall short%n", outcomes.size(), missed);
        return outcomes;
    }

    private Outcome measure(Measurement measurement, int threads) throws IOException {
        List<Double> ours = new ArrayList<>();
        List<Double> libtorch = new ArrayList<>();
        long[] memory = new long[2];
        String problem = "";
        try (Contender a = Contender.start(OURS, measurement, threads, folder);
                Contender b = Contender.start(LIBTORCH, measurement, threads, folder)) {
            problem = difference(a.results(), b.results());
            if (versions.isEmpty()) {
                versions.add(a.about());
                versions.add(b.about());
            }
            if (problem.isEmpty()) {
                a.round(settings.warmUp());
                b.round(settings.warmUp() / 2);
                for (int i = 0; i < settings.rounds(); i++) {
                    ours.add(a.round(settings.seconds()));
                    libtorch.add(b.round(settings.seconds()));
                }
                memory[0] = a.memory();
                memory[1] = b.memory();
            }
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
        }
        return new Outcome(
                measurement.name(),
                measurement.what(),
                threads,
                measurement.goal(threads),
                ours,
                libtorch,
                memory[0],
                memory[1],
                measurement.flops(),
                measurement.bytes(),
                problem);
    }

    /** In what the results differ; empty if they are near enough. */
    private static String difference(List<float[]> ours, List<float[]> theirs) {
        if (ours.size() != theirs.size()) {
            return "we have " + ours.size() + " results, libtorch " + theirs.size();
        }
        for (int r = 0; r < ours.size(); r++) {
            float[] mine = ours.get(r);
            float[] other = theirs.get(r);
            if (mine.length != other.length) {
                return "result " + r + " has " + mine.length + " elements, not " + other.length;
            }
            double largest = 0;
            double error = 0;
            for (int i = 0; i < mine.length; i++) {
                largest = Math.max(largest, Math.abs(other[i]));
                double off = Math.abs(mine[i] - other[i]);
                error = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(error, off);
            }
            if (error > TOLERANCE * largest) {
                return "result " + r + " is off by " + error + " of at most " + largest;
            }
        }
        return "";
    }

    private static String line(Outcome outcome) {
        return outcome.problem().isEmpty()
                ? String.format(
                        Locale.ROOT,
                        "%-28s %d thread(s)  ours %12.2f us  libtorch %12.2f us  ratio %7.2f"
                                + "  goal %5.2f%s",
                        outcome.name(),
                        outcome.threads(),
                        Outcome.median(outcome.ours()) * 1e-3,
                        Outcome.median(outcome.libtorch()) * 1e-3,
                        outcome.ratio(),
                        outcome.goal(),
                        outcome.fallsShort() ? "  SHORT" : "")
                : outcome.name() + ": " + outcome.problem();
    }
}
