package dev.ugoki.examples.jitter;

import dev.ugoki.embodied.control.Clock;
import dev.ugoki.embodied.control.ControlLoop;
import dev.ugoki.embodied.control.LatencyHistogram;
import dev.ugoki.examples.Environment;
import dev.ugoki.tensor.io.WholeFile;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** {@code ugoki jitter}: how evenly a policy acts beside a thread that makes garbage. */
@Command(
        name = "jitter",
        description = {
            "Runs control loops beside a thread that allocates 100 MB a second: an empty loop, and"
                    + " one in which a walking policy acts, in turns of a few seconds, so that both"
                    + " meet the same disturbances.",
            "Prints when actions were ready after they were due, and how many deadlines were"
                + " missed; writes a picture. Exits with 1 where the policy's 99.9th percentile is"
                + " more than 0.3 ms above the empty loop's, or it missed more deadlines.",
            "With --peers, as the first argument, libtorch (through DJL) and ONNX Runtime run the"
                    + " same network in the same turns; that builds with their libraries first."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class MeasureJitter implements Callable<Integer> {
    private static final long NANOS = 1_000_000_000;
    private static final long GOAL_NANOS = 300_000;
    private static final double TOLERANCE = 1e-4;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "5",
            description = "For how long each loop runs at each rate; default: ${DEFAULT-VALUE}.")
    private double minutes = 5;

    @Option(
            names = "--rates",
            paramLabel = "HZ",
            split = ",",
            defaultValue = "50,1000",
            description = "Cycles a second; default: ${DEFAULT-VALUE}.")
    private List<Integer> rates = List.of(50, 1000);

    @Option(
            names = "--garbage",
            paramLabel = "MB",
            defaultValue = "100",
            description = "Megabytes allocated a second; default: ${DEFAULT-VALUE}.")
    private int garbageMegabytes = 100;

    @Option(
            names = "--turn",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "Seconds of a turn; default: ${DEFAULT-VALUE}.")
    private double turnSeconds = 10;

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            defaultValue = "target/jitter",
            description = "Where jitter.png and jitter.md go; default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("target/jitter");

    private final List<Peer> peers;

    /** Made by the command line. */
    public MeasureJitter() {
        this(List.of());
    }

    private MeasureJitter(List<Peer> peers) {
        this.peers = peers;
    }

    /** What runs the {@link WalkingNetwork} in each cycle. */
    public interface Actor extends ControlLoop.Step {
        /** What the last cycle commanded. */
        float[] action();
    }

    /**
     * Another library.
     *
     * @param start makes what runs
     */
    public record Peer(String name, Supplier<Actor> start) {}

    /** The command with peers; its exit code. */
    public static int run(List<Peer> peers, String... arguments) {
        return new CommandLine(new MeasureJitter(peers)).execute(arguments);
    }

    /** Who takes part. */
    private record Contender(String name, ControlLoop.Step step) {}

    /** What came out. */
    record Result(String name, int rate, LatencyHistogram ends, long missed) {
        double percentileMillis(double percent) {
            return ends.percentile(percent) / 1e6;
        }
    }

    @Override
    public Integer call() throws IOException {
        if (!(minutes > 0 && turnSeconds > 0) || garbageMegabytes < 0) {
            throw new IllegalArgumentException("jitter: durations must be positive");
        }
        List<Result> results = new ArrayList<>();
        double garbageRate;
        try (Garbage garbage = Garbage.start(garbageMegabytes * 1_000_000L)) {
            long start = System.nanoTime();
            for (int rate : rates) {
                results.addAll(measure(rate));
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            garbageRate = garbage.allocated() / 1e6 / seconds;
        }
        String table = table(results) + conditions(garbageRate);
        System.out.print(table);
        Files.createDirectories(output);
        WholeFile.writeBytes(output.resolve("jitter.png"), JitterChart.png(results));
        WholeFile.writeString(output.resolve("jitter.md"), table);
        System.out.println("the histograms: " + output.resolve("jitter.png"));
        return isGoalMet(results) ? 0 : 1;
    }

    private List<Result> measure(int rate) {
        if (rate < 1) {
            throw new IllegalArgumentException("jitter: " + rate + " cycles a second");
        }
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender("empty loop", _ -> true));
        Walking ours = new Walking();
        contenders.add(new Contender("walking policy", ours));
        for (Peer peer : peers) {
            Actor actor = peer.start().get();
            requireSameActions(peer.name(), actor, ours);
            contenders.add(new Contender(peer.name(), actor));
        }
        long period = NANOS / rate;
        long turns = Math.max(1, Math.round(minutes * 60 / turnSeconds));
        long cycles = Math.max(1, Math.round(turnSeconds * rate));
        List<ControlLoop> loops = new ArrayList<>();
        for (Contender contender : contenders) {
            // Until the code is compiled; what happens meanwhile does not count.
            run(new ControlLoop(Clock.system(), NANOS / 1000), contender, 20_000);
            loops.add(new ControlLoop(Clock.system(), period));
        }
        for (long turn = 0; turn < turns; turn++) {
            for (int i = 0; i < loops.size(); i++) {
                run(loops.get(i), contenders.get(i), cycles);
            }
        }
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < loops.size(); i++) {
            ControlLoop loop = loops.get(i);
            results.add(
                    new Result(
                            contenders.get(i).name(), rate, loop.ends(), loop.missedDeadlines()));
        }
        return results;
    }

    static void requireSameActions(String name, Actor actor, Actor ours) {
        ours.run(0);
        actor.run(0);
        for (int i = 0; i < WalkingNetwork.JOINTS; i++) {
            if (!(Math.abs(actor.action()[i] - ours.action()[i]) <= TOLERANCE)) {
                throw new IllegalStateException(
                        "jitter: "
                                + name
                                + " commands "
                                + Arrays.toString(actor.action())
                                + ", and we "
                                + Arrays.toString(ours.action()));
            }
        }
    }

    private static void run(ControlLoop loop, Contender contender, long cycles) {
        loop.run(cycle -> contender.step().run(cycle) && cycle < cycles - 1);
    }

    private static String table(List<Result> results) {
        StringBuilder table = new StringBuilder();
        table.append("| rate | loop | cycles | p50 ms | p99 ms | p99.9 ms | max ms | missed |\n");
        table.append("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        for (Result result : results) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            "| %d Hz | %s | %d | %.3f | %.3f | %.3f | %.3f | %d |%n",
                            result.rate(),
                            result.name(),
                            result.ends().count(),
                            result.percentileMillis(50),
                            result.percentileMillis(99),
                            result.percentileMillis(99.9),
                            result.ends().max() / 1e6,
                            result.missed()));
        }
        return table.toString();
    }

    private String conditions(double garbageRate) {
        return String.format(
                Locale.ROOT,
                """

                ![Histograms](jitter.png)

                When actions were ready after they were due, and deadlines missed: each loop %s minutes \
                in turns of %s seconds, beside a thread that made %.0f MB of garbage a second. %s
                """,
                decimal(minutes),
                decimal(turnSeconds),
                garbageRate,
                Environment.summary());
    }

    private static String decimal(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** At each rate, the first is the empty loop and the second our policy. */
    static boolean isGoalMet(List<Result> results) {
        boolean met = true;
        for (int rate : results.stream().map(Result::rate).distinct().toList()) {
            List<Result> ofRate = results.stream().filter(each -> each.rate() == rate).toList();
            Result empty = ofRate.get(0);
            Result policy = ofRate.get(1);
            long more = policy.ends().percentile(99.9) - empty.ends().percentile(99.9);
            met &= more <= GOAL_NANOS && policy.missed() <= empty.missed();
        }
        return met;
    }
}
