package dev.ugoki.embodied.control;

import java.util.concurrent.locks.LockSupport;

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
