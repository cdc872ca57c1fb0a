package dev.ugoki.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code ugoki bench}: measures Ugoki beside other libraries, and writes what came as a table.
 *
 * <p>Results are compared before anything is timed. With {@code --check} each contender has a
 * process of its own, fresh for each measurement, and they take turns, round by round, while the
 * other waits: so what else happens on the machine hits both alike. The exit code is 1 where a goal
 * was missed in every round. Without it, JMH times all contenders, one after the other.
 */
public final class Bench {
    private static final int WARM_UP_RUNS = 8;

    /** Where memory is compared: until it is without what the JIT needed to compile. */
    private static final double SECONDS_UNTIL_JIT_RESTS = 11;

    /** How many operations a profile names. */
    private static final int PROFILED = 20;

    private final Settings settings;
    private final Path folder;
    private final Map<Library, String> versions = new EnumMap<>(Library.class);

    private Bench(Settings settings, Path folder) {
        this.settings = settings;
        this.folder = folder;
    }

    /** Measures, prints, writes, and ends the JVM. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Settings settings;
        try {
            settings = Settings.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(2);
            return;
        }
        Path folder = Files.createDirectories(settings.results().resolve("target/bench"));
        System.exit(new Bench(settings, folder).measureAll() ? 0 : 1);
    }

    /** Whether every goal was met. */
    private boolean measureAll() throws IOException, InterruptedException {
        if (settings.profile()) {
            return profileAll();
        }
        long start = System.nanoTime();
        List<Peaks> peaks = new ArrayList<>();
        for (int threads = 1; threads <= 2; threads++) {
            peaks.add(Peaks.measureIn(settings.machine(), threads));
        }
        Map<Group, List<Outcome>> outcomes = new LinkedHashMap<>();
        for (Group group : Catalogue.groups()) {
            List<Outcome> inGroup = measure(group);
            if (!inGroup.isEmpty()) {
                outcomes.put(group, inGroup);
            }
        }
        if (outcomes.isEmpty()) {
            return foundNothing();
        }
        Report report =
                new Report(settings, outcomes, peaks, versions, (System.nanoTime() - start) * 1e-9);
        report.write();
        System.out.println();
        report.means().forEach(mean -> System.out.println(mean.line()));
        System.out.println(report.summary());
        return report.meetsAllGoals();
    }

    private boolean foundNothing() {
        System.err.println(
                "bench: nothing that is to be measured has '"
                        + settings.filter()
                        + "' in its name; the names are "
                        + String.join(", ", Catalogue.names()));
        return false;
    }

    /** Prints where our time goes, with one thread; whether there was anything to be measured. */
    private boolean profileAll() throws IOException {
        boolean found = false;
        for (String name : Catalogue.names()) {
            if (!settings.filter().matcher(name).find()) {
                continue;
            }
            found = true;
            Measurement measurement = Catalogue.named(name);
            try (Contender ours =
                    Contender.start(Library.UGOKI, measurement, 1, settings.machine(), folder)) {
                ours.awaitReady();
                ours.warm(settings.warmUp(), WARM_UP_RUNS);
                System.out.printf("%n%s: %s%n", name, measurement.what());
                String line = ours.profile(settings.seconds() * settings.rounds());
                Profile.first(line, PROFILED).forEach(System.out::println);
            }
        }
        return found || foundNothing();
    }

    private List<Outcome> measure(Group group) throws IOException {
        List<Outcome> outcomes = new ArrayList<>();
        for (int threads : settings.threads()) {
            for (Measurement measurement : group.measurements()) {
                if (settings.wants(measurement, threads)) {
                    if (outcomes.isEmpty()) {
                        System.out.printf("%n%s%n", group.title());
                    }
                    Outcome outcome = measure(measurement, threads);
                    outcomes.add(outcome);
                    System.out.println(Report.consoleLine(outcome));
                }
            }
        }
        return outcomes;
    }

    private Outcome measure(Measurement measurement, int threads) throws IOException {
        Library rival = measurement.rival().library();
        List<Library> wanted =
                settings.check() ? List.of(Library.UGOKI, rival) : Library.of(measurement);
        Map<Library, Outcome.Timing> timings = new EnumMap<>(Library.class);
        Map<Library, Integer> right = new EnumMap<>(Library.class);
        StringBuilder problems = new StringBuilder();
        List<Contender> contenders = new ArrayList<>();
        try {
            for (Library library : wanted) {
                contenders.add(
                        Contender.start(library, measurement, threads, settings.machine(), folder));
            }
            for (Contender each : contenders) {
                each.awaitReady();
                versions.putIfAbsent(each.library(), each.about());
            }
            List<float[]> expected = contenders.get(1).results();
            List<float[]> exact =
                    measurement.traits().judgedInF64() ? exact(measurement, threads) : List.of();
            for (Contender each : contenders) {
                String difference =
                        measurement.traits().judgedInF64()
                                ? Comparison.difference(each.results(), expected, exact)
                                : Comparison.difference(
                                        each.results(), expected, measurement.traits().tolerance());
                if (difference.isEmpty()) {
                    right.put(each.library(), settings.check() ? 0 : Jmh.runs(each));
                } else {
                    problems.append(each.library().title()).append(": ").append(difference);
                }
            }
            if (problems.isEmpty() && settings.check()) {
                timings.putAll(takeTurns(contenders, measurement.traits().comparesMemory()));
            }
        } catch (IOException e) {
            problems.append(e.getMessage());
        } finally {
            for (Contender each : contenders) {
                each.close();
            }
        }
        if (!settings.check()) {
            timings.putAll(Jmh.time(measurement, threads, right, settings, folder));
        }
        boolean isCompared = timings.containsKey(Library.UGOKI) && timings.containsKey(rival);
        return new Outcome(measurement, threads, timings, isCompared ? "" : problems.toString());
    }

    /** What libtorch computes in F64. */
    private List<float[]> exact(Measurement measurement, int threads) throws IOException {
        try (Contender contender =
                Contender.start(
                        Library.LIBTORCH_F64, measurement, threads, settings.machine(), folder)) {
            contender.awaitReady();
            return contender.results();
        }
    }

    private Map<Library, Outcome.Timing> takeTurns(
            List<Contender> contenders, boolean comparesMemory) throws IOException {
        List<List<Double>> nanos = new ArrayList<>();
        List<Double> ready = new ArrayList<>();
        for (Contender each : contenders) {
            // Native libraries need no time for a JIT, but pages and caches want to be touched.
            boolean isNative = each.library() == Library.LIBTORCH;
            double seconds =
                    comparesMemory
                            ? Math.max(SECONDS_UNTIL_JIT_RESTS, settings.warmUp())
                            : isNative ? settings.warmUp() / 2 : settings.warmUp();
            ready.add(each.warm(seconds, WARM_UP_RUNS));
            nanos.add(new ArrayList<>());
        }
        for (int round = 0; round < settings.rounds(); round++) {
            for (int i = 0; i < contenders.size(); i++) {
                nanos.get(i).add(contenders.get(i).round(settings.seconds()));
            }
        }
        Map<Library, Outcome.Timing> timings = new EnumMap<>(Library.class);
        for (int i = 0; i < contenders.size(); i++) {
            Contender each = contenders.get(i);
            timings.put(
                    each.library(), new Outcome.Timing(nanos.get(i), each.memory(), ready.get(i)));
        }
        return timings;
    }
}
