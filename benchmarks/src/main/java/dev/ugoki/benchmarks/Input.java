package dev.ugoki.benchmarks;

import java.util.SplittableRandom;

/**
 * An input of a measured program: the same numbers for every contender.
 *
 * @param classes 0 for F32 numbers from {@code low} to {@code high}, else I64 numbers from 0 to
 *     before it
 */
record Input(long classes, double low, double high, long... shape) {
    /** F32 numbers from -1 to 1. */
    static Input of(long... shape) {
        return new Input(0, -1, 1, shape);
    }

    /** F32 numbers from {@code low} to {@code high}. */
    static Input between(double low, double high, long... shape) {
        return new Input(0, low, high, shape);
    }

    /** I64 numbers below {@code classes}. */
    static Input classes(long classes, long... shape) {
        return new Input(classes, 0, 0, shape);
    }

    int count() {
        long count = 1;
        for (long extent : shape) {
            count *= extent;
        }
        return Math.toIntExact(count);
    }

    /** The numbers, for the input at {@code place}. */
    float[] floats(int place) {
        SplittableRandom random = new SplittableRandom(place);
        float[] values = new float[count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(low, high);
        }
        return values;
    }

    /** The numbers, for the input at {@code place}. */
    long[] longs(int place) {
        return new SplittableRandom(place).longs(count(), 0, classes).toArray();
    }
}
