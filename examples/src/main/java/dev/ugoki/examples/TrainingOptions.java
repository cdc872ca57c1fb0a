package dev.ugoki.examples;

import dev.ugoki.embodied.train.TimeBudget;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingListener;
import dev.ugoki.embodied.train.TrainingProgressBar;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.nn.Precision;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/**
 * How to train: the options that commands share. What is said on the command line goes before what
 * the file of settings says, and that before the preset of the policy.
 */
public final class TrainingOptions {
    private static final int LOG_LINES = 200;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "Settings as JSON: policy, data, minutes or steps, seed, batch_size, precision,"
                            + " optimizer, scheduler, ema, network, ...; unknown ones are errors.")
    private @Nullable Path file;

    @Option(names = "--minutes", paramLabel = "M", description = "How long to train; default: 5.")
    private @Nullable Double minutes;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Train so many steps, however long they take.")
    private @Nullable Long steps;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of weights, order and noise; default: 0.")
    private @Nullable Long seed;

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "f32, or bf16: products in BF16, weights in F32; default: f32.")
    private @Nullable String precision;

    @Option(
            names = "--compiled",
            description = "Makes each training step as one plan; the weights have the same bits.")
    private boolean compiled;

    /** How long to train. */
    public record Length(double minutes, @Nullable Long steps) {
        @Override
        public String toString() {
            return steps == null
                    ? String.format(Locale.ROOT, "%.1f minutes", minutes)
                    : String.format(Locale.ROOT, "%,d", steps);
        }
    }

    /** The file of settings; {@link TrainingConfig#EMPTY} without one. */
    public TrainingConfig config() throws IOException {
        return file == null ? TrainingConfig.EMPTY : TrainingConfig.read(file);
    }

    /**
     * A run that is resumed goes on with its own settings; to say others would be to no effect.
     *
     * @param others whether a command's own options are given that say others
     * @throws IllegalArgumentException if any option is given that does
     */
    public void refuseBesideResume(boolean... others) {
        boolean any =
                file != null
                        || minutes != null
                        || steps != null
                        || seed != null
                        || precision != null;
        for (boolean other : others) {
            any |= other;
        }
        if (any) {
            throw new IllegalArgumentException(
                    "--resume: the run goes on with the settings that it began with; beside it may"
                            + " stand --compiled and what is evaluated");
        }
    }

    /** How long to train. */
    public Length length(TrainingConfig config) {
        Long count = steps != null ? steps : minutes != null ? null : config.steps().orElse(null);
        double given = minutes != null ? minutes : config.minutes().orElse(5.0);
        if (!(given > 0) || count != null && count < 1) {
            throw new IllegalArgumentException("--minutes and --steps must be above 0");
        }
        return new Length(given, count);
    }

    /** A preset's settings with what the file and the command line say. */
    public TrainingSettings settings(TrainingSettings preset, TrainingConfig config) {
        TrainingSettings settings = config.settings(preset);
        if (seed != null) {
            settings = settings.withSeed(seed);
        }
        if (precision != null) {
            settings = settings.withCompute(settings.compute().withPrecision(precision(precision)));
        }
        Long count = length(config).steps();
        boolean sets = config.changes().logEvery() != null || config.changes().saveEvery() != null;
        if (count == null) {
            if (sets) {
                throw new IllegalArgumentException(
                        "log_freq and save_freq go with steps; in so many minutes the run plans"
                                + " them itself");
            }
            return TimeBudget.open(settings);
        }
        TrainingSettings counted = config.withSteps(settings, count);
        return sets ? counted : counted.withIntervals(Math.max(1, count / LOG_LINES), count);
    }

    private static Precision precision(String name) {
        for (Precision each : Precision.values()) {
            if (each.name().equalsIgnoreCase(name)) {
                return each;
            }
        }
        throw new IllegalArgumentException("--precision " + name + ": must be f32 or bf16");
    }

    /** Where to write, where nothing is said: {@code runs/NAME-TIME}. */
    public static Path defaultFolder(String name) {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return Path.of("runs", name + "-" + time);
    }

    /**
     * Trains to the end; where Ctrl-C comes before, what was done is saved first.
     *
     * @param seconds that it may take; infinity where the number of steps is settled
     * @return the last checkpoint
     */
    public Path train(TrainingRun run, double seconds, TrainingConfig config, PrintStream out)
            throws IOException {
        if (compiled) {
            run.trainer().compile();
        }
        CountDownLatch saved = new CountDownLatch(1);
        Thread onInterrupt = new Thread(() -> stop(run, saved), "ugoki-stop");
        Runtime.getRuntime().addShutdownHook(onInterrupt);
        try (TrainingProgressBar bar = TrainingProgressBar.open("training", out)) {
            TrainingListener listener =
                    seconds == Double.POSITIVE_INFINITY
                            ? bar
                            : new TimeBudget(
                                    run.trainer(), Math.max(1, seconds), config.decayShare(), bar);
            Path checkpoint = run.train(listener);
            if (!run.trainer().isFinished()) {
                throw new IllegalStateException(
                        "stopped at step "
                                + run.trainer().stepCount()
                                + "; the run's folder has all that was learned");
            }
            return checkpoint;
        } finally {
            saved.countDown();
            removeHook(onInterrupt);
        }
    }

    private static void stop(TrainingRun run, CountDownLatch saved) {
        run.stop();
        try {
            saved.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // the hook itself stopped the training
        }
    }
}
