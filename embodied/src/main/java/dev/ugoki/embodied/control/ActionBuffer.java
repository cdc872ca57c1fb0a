package dev.ugoki.embodied.control;

/** The actions of the last chunk that are left. */
final class ActionBuffer implements PendingActions {
    private final int length;
    private final int width;
    private final float[] actions;
    private int head;
    private int size;

    ActionBuffer(int length, int width) {
        this.length = length;
        this.width = width;
        this.actions = new float[length * width];
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void clear() {
        size = 0;
    }

    /** Drops what is left. */
    @Override
    public void take(float[] chunk, int skip) {
        head = 0;
        size = Math.max(0, length - skip);
        System.arraycopy(chunk, (length - size) * width, actions, 0, size * width);
    }

    @Override
    public void pop(float[] action) {
        System.arraycopy(actions, head * width, action, 0, width);
        skip();
    }

    @Override
    public void skip() {
        if (size > 0) {
            head++;
            size--;
        }
    }

    @Override
    public int copyTo(float[] chunk) {
        for (int i = 0; i < length && size > 0; i++) {
            int place = head + Math.min(i, size - 1);
            System.arraycopy(actions, place * width, chunk, i * width, width);
        }
        return size;
    }
}
