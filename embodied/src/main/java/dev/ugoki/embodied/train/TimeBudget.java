package dev.ugoki.embodied.train;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Makes a run take about so long, on whatever machine, however busy it is: plans the number of
 * steps from the pace so far, again and again until the learning rate begins to fall, and leaves it
 * then.
 *
 * <pre>{@code
 * TrainingRun run = TrainingRun.start(folder, task, TimeBudget.open(settings));
 * run.train(new TimeBudget(run.trainer(), 300, bar));
 * }</pre>
 */
public final class TimeBudget implements TrainingListener {
    /** More steps than any run makes; the first plan replaces it. */
    private static final long OPEN = 1L << 40;

    private static final double PLANS = 50;
    private static final double SECONDS_BETWEEN_SAVES = 30;
    private static final int LOG_LINES = 200;

    /** The pace is that of the last quarter of the time: the first steps are slower. */
    private static final double RECENT = 0.25;

    private final Trainer trainer;
    private final double budget;
    private final double decayShare;
    private final TrainingListener next;
    private final Deque<Progress> marks = new ArrayDeque<>();
    private double nextPlan;

    /**
     * @param trainer at its first step, with settings from {@link #open}
     * @param seconds that all steps together may take
     * @param next is told of everything
     */
    public TimeBudget(Trainer trainer, double seconds, TrainingListener next) {
        this(trainer, seconds, TrainingSettings.DECAY_SHARE, next);
    }

    /** As above, with the learning rate falling in another share of the time, the last. */
    public TimeBudget(Trainer trainer, double seconds, double decayShare, TrainingListener next) {
        if (!(seconds > 0)) {
            throw new IllegalArgumentException("time budget: must be above 0 seconds: " + seconds);
        }
        this.trainer = trainer;
        this.budget = seconds;
        this.decayShare = decayShare;
        this.next = next;
    }

    /** Settings whose number of steps is still open. */
    public static TrainingSettings open(TrainingSettings settings) {
        return settings.withSteps(OPEN).withIntervals(OPEN, OPEN);
    }

    @Override
    public void onStep(Progress progress) {
        if (progress.seconds() >= nextPlan && trainer.canPlanSteps()) {
            nextPlan = progress.seconds() + budget / PLANS;
            plan(progress);
        }
        next.onStep(progress.withSteps(trainer.settings().steps()));
    }

    private void plan(Progress now) {
        marks.add(now);
        while (marks.size() > 1 && marks.getFirst().seconds() < (1 - RECENT) * now.seconds()) {
            marks.removeFirst();
        }
        Progress since = marks.getFirst();
        double pace =
                marks.size() == 1
                        ? now.seconds() / now.step()
                        : (now.seconds() - since.seconds()) / (now.step() - since.step());
        long left = Math.max(1, (long) ((budget - now.seconds()) / pace));
        long steps = now.step() + left;
        long falling = (long) (decayShare * budget / pace);
        trainer.planSteps(
                steps,
                Math.clamp(falling, 1, left),
                Math.max(1, steps / LOG_LINES),
                Math.max(1, (long) (SECONDS_BETWEEN_SAVES / pace)));
    }

    @Override
    public void onCheckpoint(Path checkpoint) {
        next.onCheckpoint(checkpoint);
    }
}
