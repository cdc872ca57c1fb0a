package dev.ugoki.tck;

import com.sun.management.ThreadMXBean;

import java.lang.management.ManagementFactory;

/**
 * Measures what a warm call allocates on the Java heap: for tests that it is nothing.
 *
 * <pre>{@code
 * assertEquals(0, Allocation.bytesPerCall(200, plan::run));
 * }</pre>
 */
public final class Allocation {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long LIMIT_NANOS = 60_000_000_000L;

    private Allocation() {}

    /**
     * The bytes that one call of {@code action} allocates on this thread, once it is compiled: the
     * least over rounds, the first that allocates nothing ending the search. The compiler works
     * beside the calls and may be busy with others: the search goes on for a minute.
     *
     * @param calls of a round
     */
    public static long bytesPerCall(int calls, Runnable action) {
        long least = Long.MAX_VALUE;
        long end = System.nanoTime() + LIMIT_NANOS;
        while (least > 0 && System.nanoTime() < end) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < calls; call++) {
                action.run();
            }
            long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            least = Math.min(least, (bytes + calls - 1) / calls);
        }
        return least;
    }
}
