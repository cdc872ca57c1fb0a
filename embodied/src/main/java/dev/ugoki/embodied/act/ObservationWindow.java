package dev.ugoki.embodied.act;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The last few observations of a robot. Before there are enough of them, the first one stands for
 * those that are missing, as in training.
 *
 * <p>Belongs to one thread at a time.
 */
public final class ObservationWindow {
    private final int steps;
    private final int width;
    private final float[] window;
    private boolean empty = true;

    /** A window of {@code steps} observations of {@code width} numbers. */
    public ObservationWindow(int steps, int width) {
        this.steps = steps;
        this.width = width;
        this.window = new float[steps * width];
    }

    /** Forgets everything: a new episode begins. */
    public void clear() {
        empty = true;
    }

    /**
     * Takes the present observation; the oldest goes.
     *
     * @throws IllegalArgumentException if it has another width
     */
    public void add(float[] observation) {
        if (observation.length != width) {
            throw new IllegalArgumentException(
                    "an observation has %d numbers, not %d".formatted(width, observation.length));
        }
        System.arraycopy(window, width, window, 0, (steps - 1) * width);
        for (int step = empty ? 0 : steps - 1; step < steps; step++) {
            System.arraycopy(observation, 0, window, step * width, width);
        }
        empty = false;
    }

    /**
     * A copy of the observations, the present one last: [steps, width].
     *
     * @throws IllegalStateException if nothing was observed yet
     */
    public float[] steps() {
        requireObserved();
        return window.clone();
    }

    private void requireObserved() {
        if (empty) {
            throw new IllegalStateException("nothing was observed yet");
        }
    }

    /**
     * Writes the observations, the present one last, as F32 [steps, width]; nothing is allocated.
     *
     * @throws IllegalStateException if nothing was observed yet
     */
    public void copyTo(MemorySegment target) {
        requireObserved();
        MemorySegment.copy(window, 0, target, ValueLayout.JAVA_FLOAT, 0, window.length);
    }
}
