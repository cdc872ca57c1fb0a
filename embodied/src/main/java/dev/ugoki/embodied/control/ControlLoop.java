package dev.ugoki.embodied.control;

/**
 * Calls a step at a fixed rate.
 *
 * <pre>{@code
 * ControlLoop loop = new ControlLoop(Clock.system(), 20_000_000);
 * loop.run(cycle -> {
 *     controller.observation().put(0, robot.state());
 *     controller.act(action);
 *     robot.move(action);
 *     return robot.isRunning();
 * });
 * }</pre>
 *
 * <p>Cycle n begins {@code n * period} after the first; how late it really began is counted. A
 * cycle that ends after the next should have begun has missed its deadline: the cycles that have
 * passed meanwhile are left out, so that the robot does not hurry after them. Nothing is allocated.
 */
public final class ControlLoop {
    /** What is done in each cycle. */
    @FunctionalInterface
    public interface Step {
        /** Returns whether to go on. */
        boolean run(long cycle);
    }

    private final Clock clock;
    private final long periodNanos;
    private final LatencyHistogram wakeUps = new LatencyHistogram();
    private final LatencyHistogram ends = new LatencyHistogram();
    private final DeadlineEvent event = new DeadlineEvent();
    private long missed;

    /**
     * A loop that begins when {@link #run} is called.
     *
     * @param periodNanos 20_000_000 for 50 cycles a second
     */
    public ControlLoop(Clock clock, long periodNanos) {
        if (periodNanos < 1) {
            throw new IllegalArgumentException("control: a period of " + periodNanos + " ns");
        }
        this.clock = clock;
        this.periodNanos = periodNanos;
    }

    /** Runs until a step says to stop. */
    public void run(Step step) {
        long start = clock.nanoTime();
        long cycle = 0;
        boolean going = true;
        while (going) {
            long due = start + cycle * periodNanos;
            clock.waitUntil(due);
            wakeUps.record(clock.nanoTime() - due);
            going = step.run(cycle);
            long end = clock.nanoTime() - due;
            ends.record(end);
            cycle++;
            if (end > periodNanos) {
                missed++;
                event.report(cycle - 1, end - periodNanos);
                cycle = Math.ceilDiv(clock.nanoTime() - start, periodNanos);
            }
        }
    }

    /** How late cycles began. */
    public LatencyHistogram wakeUps() {
        return wakeUps;
    }

    /** How long after they were due cycles ended. */
    public LatencyHistogram ends() {
        return ends;
    }

    /** Cycles that ended after the next one should have begun. */
    public long missedDeadlines() {
        return missed;
    }
}
