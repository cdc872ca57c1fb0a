package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Square blocks of as many vectors as a vector has lanes. A block is transposed by exchanging, at
 * distances 8, 4, 2 and 1, the upper halves of vectors with the lower halves of those that many
 * further on: first over memory at the greater distances, four vectors at a time, then at 2 and 1,
 * whose results leave in order.
 */
final class VectorExactTransposition implements ExactTransposition {
    private static final int LANES = Lanes.COUNT;
    private static final int BYTES = Lanes.BYTES;

    private static final FloatVector LOW_8 = lower(8);
    private static final FloatVector HIGH_8 = upper(8);
    private static final FloatVector LOW_4 = lower(4);
    private static final FloatVector HIGH_4 = upper(4);
    private static final FloatVector LOW_2 = lower(2);
    private static final FloatVector HIGH_2 = upper(2);
    private static final FloatVector LOW_1 = lower(1);
    private static final FloatVector HIGH_1 = upper(1);

    /** Which lanes of two vectors, counted on, the first of a pair takes. */
    private static FloatVector lower(int distance) {
        float[] lanes = new float[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = (lane & distance) == 0 ? lane : (LANES + lane - distance) % (2 * LANES);
        }
        return FloatVector.fromArray(Lanes.SPECIES, lanes, 0);
    }

    private static FloatVector upper(int distance) {
        float[] lanes = new float[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = (lane & distance) == 0 ? (lane + distance) % (2 * LANES) : LANES + lane;
        }
        return FloatVector.fromArray(Lanes.SPECIES, lanes, 0);
    }

    @Override
    public void run(
            int rows,
            int columns,
            long source,
            long sourceRow,
            long target,
            long targetColumn,
            long buffer) {
        // A vector that is not full reaches over the columns after it, which are written later;
        // vectors of rows further down go first for that, and the last columns go singly.
        for (int row = (rows - 1) / LANES * LANES; row >= 0; row -= LANES) {
            int height = Math.min(LANES, rows - row);
            int whole = Math.max(0, columns - (LANES - 1) / height);
            long from = source + row * sourceRow;
            long to = target + 4L * row;
            for (int column = 0; column < whole; column += LANES) {
                int width = Math.min(LANES, whole - column);
                gather(height, from + 4L * column, sourceRow, buffer);
                scatter(width, buffer, to + column * targetColumn, targetColumn);
            }
            for (int column = whole; column < columns; column++) {
                long element = to + column * targetColumn;
                for (int i = 0; i < height; i++) {
                    NativeMemory.setFloat(
                            element + 4L * i,
                            NativeMemory.getFloat(from + i * sourceRow + 4L * column));
                }
            }
        }
    }

    /**
     * Rows to the buffer, exchanged at distances from 4 on; rows that are missing repeat others.
     */
    private static void gather(int height, long source, long sourceRow, long buffer) {
        int last = height - 1;
        if (LANES == 16) {
            for (int i = 0; i < 4; i++) {
                FloatVector a = Lanes.load(source + Math.min(i, last) * sourceRow);
                FloatVector b = Lanes.load(source + Math.min(i + 4, last) * sourceRow);
                FloatVector c = Lanes.load(source + Math.min(i + 8, last) * sourceRow);
                FloatVector d = Lanes.load(source + Math.min(i + 12, last) * sourceRow);
                FloatVector e = LOW_8.selectFrom(a, c);
                FloatVector f = LOW_8.selectFrom(b, d);
                FloatVector g = HIGH_8.selectFrom(a, c);
                FloatVector h = HIGH_8.selectFrom(b, d);
                long to = buffer + (long) i * BYTES;
                Lanes.store(LOW_4.selectFrom(e, f), to);
                Lanes.store(HIGH_4.selectFrom(e, f), to + 4L * BYTES);
                Lanes.store(LOW_4.selectFrom(g, h), to + 8L * BYTES);
                Lanes.store(HIGH_4.selectFrom(g, h), to + 12L * BYTES);
            }
        } else if (LANES == 8) {
            for (int i = 0; i < 4; i++) {
                FloatVector a = Lanes.load(source + Math.min(i, last) * sourceRow);
                FloatVector b = Lanes.load(source + Math.min(i + 4, last) * sourceRow);
                long to = buffer + (long) i * BYTES;
                Lanes.store(LOW_4.selectFrom(a, b), to);
                Lanes.store(HIGH_4.selectFrom(a, b), to + 4L * BYTES);
            }
        } else {
            for (int i = 0; i < LANES; i++) {
                long from = source + Math.min(i, last) * sourceRow;
                Lanes.store(Lanes.load(from), buffer + (long) i * BYTES);
            }
        }
    }

    /** The buffer's vectors, exchanged at distances 2 and 1, to columns of the target. */
    private static void scatter(int columns, long buffer, long target, long targetColumn) {
        for (int i = 0; i < columns; i += 4) {
            long from = buffer + (long) i * BYTES;
            FloatVector a = Lanes.load(from);
            FloatVector b = Lanes.load(from + BYTES);
            FloatVector c = Lanes.load(from + 2L * BYTES);
            FloatVector d = Lanes.load(from + 3L * BYTES);
            FloatVector e = LOW_2.selectFrom(a, c);
            FloatVector f = LOW_2.selectFrom(b, d);
            FloatVector g = HIGH_2.selectFrom(a, c);
            FloatVector h = HIGH_2.selectFrom(b, d);
            long to = target + i * targetColumn;
            Lanes.store(LOW_1.selectFrom(e, f), to);
            if (i + 1 < columns) {
                Lanes.store(HIGH_1.selectFrom(e, f), to + targetColumn);
            }
            if (i + 2 < columns) {
                Lanes.store(LOW_1.selectFrom(g, h), to + 2 * targetColumn);
            }
            if (i + 3 < columns) {
                Lanes.store(HIGH_1.selectFrom(g, h), to + 3 * targetColumn);
            }
        }
    }
}
