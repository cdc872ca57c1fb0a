package dev.ugoki.embodied.control;

/**
 * A clock that goes only where it is put: for tests, and for simulated robots that run as fast as
 * they can. Belongs to one thread.
 */
public final class SimulatedClock implements Clock {
    private long now;

    /** A clock that stands at 0. */
    public SimulatedClock() {}

    @Override
    public long nanoTime() {
        return now;
    }

    /** Moves the time there at once. */
    @Override
    public void waitUntil(long nanoTime) {
        now = Math.max(now, nanoTime);
    }

    /** Lets time pass. */
    public void advance(long nanos) {
        now += nanos;
    }
}
