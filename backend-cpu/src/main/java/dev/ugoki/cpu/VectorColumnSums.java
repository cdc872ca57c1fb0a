package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The part of {@link ColumnSums} that whole vectors can do: one block of rows. */
final class VectorColumnSums {
    private static final int TOGETHER = 4;

    private VectorColumnSums() {}

    /** Sums {@code rows} rows of so many columns, whole vectors, to one. */
    static void run(long from, long distance, int rows, long columns, long target) {
        long bytes = 4 * columns;
        long at = 0;
        for (; at + TOGETHER * Lanes.BYTES <= bytes; at += TOGETHER * Lanes.BYTES) {
            four(from + at, distance, rows, target + at);
        }
        for (; at < bytes; at += Lanes.BYTES) {
            one(from + at, distance, rows, target + at);
        }
    }

    private static void four(long from, long distance, int rows, long target) {
        FloatVector a = FloatVector.zero(Lanes.SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int row = 0; row < rows; row++) {
            long x = from + row * distance;
            a = a.lanewise(VectorOperators.ADD, Lanes.load(x));
            b = b.lanewise(VectorOperators.ADD, Lanes.load(x + Lanes.BYTES));
            c = c.lanewise(VectorOperators.ADD, Lanes.load(x + 2L * Lanes.BYTES));
            d = d.lanewise(VectorOperators.ADD, Lanes.load(x + 3L * Lanes.BYTES));
        }
        Lanes.store(a, target);
        Lanes.store(b, target + Lanes.BYTES);
        Lanes.store(c, target + 2L * Lanes.BYTES);
        Lanes.store(d, target + 3L * Lanes.BYTES);
    }

    private static void one(long from, long distance, int rows, long target) {
        FloatVector sum = FloatVector.zero(Lanes.SPECIES);
        for (int row = 0; row < rows; row++) {
            sum = sum.lanewise(VectorOperators.ADD, Lanes.load(from + row * distance));
        }
        Lanes.store(sum, target);
    }
}
