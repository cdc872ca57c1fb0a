package dev.ugoki.embodied.control;

/**
 * How many steps inference takes, as measured lately: the delay that 95 of 100 of the last ones did
 * not exceed. The first few, while the code is being compiled, are left out.
 */
final class DelayEstimate {
    private static final int WINDOW = 64;
    private static final int PERCENT = 95;

    private final int warmUp;
    private final int[] delays = new int[WINDOW];
    private final int[] sorted = new int[WINDOW];
    private long seen;

    DelayEstimate(int warmUp) {
        this.warmUp = warmUp;
    }

    void add(int delay) {
        seen++;
        if (seen > warmUp) {
            delays[(int) ((seen - warmUp - 1) % WINDOW)] = delay;
        }
    }

    /** In steps; 0 while nothing has been measured. */
    int steps() {
        int count = (int) Math.min(WINDOW, seen - warmUp);
        if (count <= 0) {
            return 0;
        }
        // Insertion keeps 64 numbers sorted without an object.
        for (int i = 0; i < count; i++) {
            int value = delays[i];
            int at = i;
            for (; at > 0 && sorted[at - 1] > value; at--) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = value;
        }
        return sorted[Math.ceilDiv(count * PERCENT, 100) - 1];
    }
}
