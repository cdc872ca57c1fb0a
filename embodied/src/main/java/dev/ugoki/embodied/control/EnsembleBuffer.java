package dev.ugoki.embodied.control;

import dev.ugoki.nn.policy.TemporalEnsembler;

/** For each step to come, the mean of what all chunks say of it. */
final class EnsembleBuffer implements PendingActions {
    private final TemporalEnsembler ensembler;
    private final int length;
    private final int width;

    EnsembleBuffer(double coefficient, int length, int width) {
        this.ensembler = new TemporalEnsembler(coefficient, length, width);
        this.length = length;
        this.width = width;
    }

    @Override
    public int size() {
        return ensembler.size();
    }

    @Override
    public void clear() {
        ensembler.clear();
    }

    @Override
    public void take(float[] chunk, int skip) {
        ensembler.add(chunk, skip);
    }

    @Override
    public void pop(float[] action) {
        write(0, action, 0);
        ensembler.advance();
    }

    private void write(int step, float[] to, int at) {
        for (int i = 0; i < width; i++) {
            to[at + i] = ensembler.mean(step, i);
        }
    }

    @Override
    public void skip() {
        ensembler.advance();
    }

    @Override
    public int copyTo(float[] chunk) {
        int size = size();
        for (int i = 0; i < length && size > 0; i++) {
            write(Math.min(i, size - 1), chunk, i * width);
        }
        return size;
    }
}
