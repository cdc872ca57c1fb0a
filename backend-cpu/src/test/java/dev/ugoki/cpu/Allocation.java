package dev.ugoki.cpu;

import com.sun.management.ThreadMXBean;

import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/** Measures what a warm call allocates on the Java heap. */
final class Allocation {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int CALLS = 1_000;
    private static final long LIMIT_SECONDS = 20;

    private Allocation() {}

    /**
     * The bytes that one call of {@code action} allocates on this thread, once it is compiled: the
     * least over rounds of {@value #CALLS} calls, the first that allocate nothing ending the
     * search. The compiler works beside the calls and may be busy with others: the search goes on
     * for {@value #LIMIT_SECONDS} seconds.
     */
    static long bytesPerCall(Runnable action) {
        long least = Long.MAX_VALUE;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (least > 0 && System.nanoTime() < end) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                action.run();
            }
            long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            least = Math.min(least, bytes / CALLS);
        }
        return least;
    }
}
