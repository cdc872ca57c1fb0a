package dev.ugoki.embodied.control;

/** Time that only goes forward, and waiting for it. */
public interface Clock {
    /** Nanoseconds from some moment on. */
    long nanoTime();

    /** Returns at that time, not before, and as little after it as it can. */
    void waitUntil(long nanoTime);

    /**
     * The machine's clock. Sleeps until shortly before the time and then watches the clock, since a
     * sleeping thread is woken some ten microseconds late.
     */
    static Clock system() {
        return SystemClock.INSTANCE;
    }
}
