package dev.ugoki.examples.jitter;

import dev.ugoki.embodied.control.Clock;

import java.util.concurrent.locks.LockSupport;

/**
 * A thread that allocates so many bytes a second, of which the last megabyte stays reachable, as
 * the rest of a robot's program does.
 */
final class Garbage implements AutoCloseable {
    private static final int PIECE = 16 << 10;
    private static final int KEPT = 64;
    private static final long TICK_NANOS = 1_000_000;
    private static final long NANOS = 1_000_000_000;

    private final byte[][] kept = new byte[KEPT][];
    private final Thread thread;
    private volatile boolean ended;
    private volatile long allocated;

    private Garbage(long bytesPerSecond) {
        thread = Thread.ofPlatform().name("garbage").daemon().unstarted(() -> make(bytesPerSecond));
    }

    /** Starts it. */
    static Garbage start(long bytesPerSecond) {
        Garbage garbage = new Garbage(bytesPerSecond);
        garbage.thread.start();
        return garbage;
    }

    private void make(long bytesPerSecond) {
        Clock clock = Clock.system();
        long start = clock.nanoTime();
        long made = 0;
        for (long tick = 1; !ended; tick++) {
            long due = tick * TICK_NANOS;
            long wanted = (long) ((double) bytesPerSecond * due / NANOS);
            while (made < wanted) {
                kept[(int) (made / PIECE % KEPT)] = new byte[PIECE];
                made += PIECE;
            }
            allocated = made;
            LockSupport.parkNanos(start + due - clock.nanoTime());
        }
    }

    /** Bytes so far. */
    long allocated() {
        return allocated;
    }

    @Override
    public void close() {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
