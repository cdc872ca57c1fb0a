package dev.ugoki.embodied.train;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.util.Locale;

/**
 * Shows how training goes: on a terminal a bar with loss, samples per second and the time left,
 * elsewhere a line now and then.
 *
 * <p>Needs the library me.tongfei:progressbar, which is an optional dependency of this module.
 */
public final class TrainingProgressBar implements TrainingListener, AutoCloseable {
    private static final int UPDATE_MILLIS = 200;
    private static final double SECONDS_BETWEEN_LINES = 10;

    private final PrintStream lines;
    private final boolean onTerminal;
    private final String name;
    private @Nullable ProgressBar bar;
    private double nextLine;

    private TrainingProgressBar(String name, PrintStream lines, boolean onTerminal) {
        this.name = name;
        this.lines = lines;
        this.onTerminal = onTerminal;
    }

    /** A bar where standard output is a terminal, else lines to {@code lines}. */
    public static TrainingProgressBar open(String name, PrintStream lines) {
        return new TrainingProgressBar(name, lines, System.console() != null);
    }

    /** Lines, wherever they go. */
    static TrainingProgressBar inLines(String name, PrintStream lines) {
        return new TrainingProgressBar(name, lines, false);
    }

    @Override
    public void onStep(Progress progress) {
        if (onTerminal) {
            ProgressBar shown = bar != null ? bar : openBar(progress);
            shown.maxHint(progress.steps());
            shown.stepTo(progress.step());
            shown.setExtraMessage(message(progress));
        } else if (progress.seconds() >= nextLine || progress.step() == progress.steps()) {
            nextLine = progress.seconds() + SECONDS_BETWEEN_LINES;
            lines.printf(
                    Locale.ROOT,
                    "%s: step %d of %d, %s%n",
                    name,
                    progress.step(),
                    progress.steps(),
                    message(progress));
        }
    }

    private ProgressBar openBar(Progress progress) {
        ProgressBar opened =
                new ProgressBarBuilder()
                        .setTaskName(name)
                        .startsFrom(progress.step(), java.time.Duration.ZERO)
                        .setInitialMax(progress.steps())
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(UPDATE_MILLIS)
                        .hideEta()
                        .build();
        bar = opened;
        return opened;
    }

    private static String message(Progress progress) {
        return String.format(
                Locale.ROOT,
                "loss %.4f, %,.0f samples/s, %s left",
                progress.loss(),
                progress.samplesPerSecond(),
                clock(progress.secondsLeft()));
    }

    private static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(
                        Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    /** Leaves the bar as it is. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
