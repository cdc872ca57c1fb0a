package dev.ugoki.tensor.plan;

import com.sun.management.ThreadMXBean;

import java.lang.management.ManagementFactory;

/** What {@code -Dugoki.debug} prints of plans: their graphs, steps, kernels, and times. */
final class PlanDebug {
    /** After so many runs the times are printed, and begin anew. */
    static final long RUNS = 1000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final String PROPERTY = "ugoki.debug";

    private PlanDebug() {}

    static boolean isOn() {
        String value = System.getProperty(PROPERTY);
        return value != null && !value.equals("false");
    }

    /** What this thread has allocated so far. */
    static long allocatedBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    static void print(String text) {
        System.err.println(text);
    }
}
