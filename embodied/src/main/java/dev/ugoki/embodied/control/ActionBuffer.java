package dev.ugoki.embodied.control;

/** Actions that are to come, the next one first. Nothing is allocated after it is made. */
final class ActionBuffer {
    private final int length;
    private final int width;
    private final float[] actions;

    /** How many predictions each pending action is an average of. */
    private final int[] counts;

    private int head;
    private int size;

    ActionBuffer(int length, int width) {
        this.length = length;
        this.width = width;
        this.actions = new float[length * width];
        this.counts = new int[length];
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    private int at(int index) {
        int place = head + index;
        return place < length ? place : place - length;
    }

    /** Drops all, and takes the chunk from its action {@code skip} on. */
    void replace(float[] chunk, int skip) {
        head = 0;
        size = Math.max(0, length - skip);
        System.arraycopy(chunk, (length - size) * width, actions, 0, size * width);
    }

    /**
     * Averages the chunk, from its action {@code skip} on, with what is pending.
     *
     * @param weights of predictions by age, the oldest first, [length]
     * @param sums of the weights up to each, [length]
     */
    void blend(float[] chunk, int skip, double[] weights, double[] sums) {
        int count = Math.max(0, length - skip);
        for (int i = 0; i < count; i++) {
            int place = at(i);
            int from = (skip + i) * width;
            if (i >= size) {
                System.arraycopy(chunk, from, actions, place * width, width);
                counts[place] = 1;
                continue;
            }
            int seen = counts[place];
            for (int j = 0; j < width; j++) {
                int to = place * width + j;
                double sum = actions[to] * sums[seen - 1] + chunk[from + j] * weights[seen];
                actions[to] = (float) (sum / sums[seen]);
            }
            counts[place] = Math.min(seen + 1, length - 1);
        }
        size = Math.max(size, count);
    }

    /** Takes the next action out. There must be one. */
    void pop(float[] action) {
        System.arraycopy(actions, head * width, action, 0, width);
        drop();
    }

    private void drop() {
        head = at(1);
        size--;
    }

    /** Lets a step pass whose action is not carried out. */
    void skip() {
        if (size > 0) {
            drop();
        }
    }

    /** Copies what is pending, and repeats its last action to the end. */
    int copyTo(float[] chunk) {
        for (int i = 0; i < length && size > 0; i++) {
            int place = at(Math.min(i, size - 1));
            System.arraycopy(actions, place * width, chunk, i * width, width);
        }
        return size;
    }
}
