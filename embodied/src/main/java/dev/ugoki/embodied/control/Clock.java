package dev.ugoki.embodied.control;

import java.util.concurrent.locks.LockSupport;

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

    /** {@link System#nanoTime}. */
    enum SystemClock implements Clock {
        INSTANCE;

        private static final long WATCHED_NANOS = 100_000;

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void waitUntil(long nanoTime) {
            long left = nanoTime - System.nanoTime();
            while (left > 0) {
                if (left > WATCHED_NANOS) {
                    LockSupport.parkNanos(left - WATCHED_NANOS);
                } else {
                    Thread.onSpinWait();
                }
                left = nanoTime - System.nanoTime();
            }
        }
    }
}
