package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The product on the Vector API, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication" (2008): blocks of A and B are packed into panels that lie in the caches in the
 * order of their use, and a kernel makes a block of C, held in registers, from a panel of each.
 *
 * <p>The kernel is 8 rows high where there are 32 vector registers and 6 where there are 16, and
 * two vectors wide; a higher one exceeds what C2 is willing to inline. Panels are filled up with
 * zeros; what a kernel makes beyond the edge of C is left out.
 */
final class VectorProduct implements OwnProduct {
    private static final int VECTOR = Lanes.BYTES;
    private static final int ROWS = Lanes.COUNT == 8 ? 6 : 8;
    private static final int COUNT = Lanes.COUNT;
    private static final int COLUMNS = 2 * COUNT;

    /** The sums that a kernel makes, in an array: C2 inlines more stores to one than to memory. */
    private static final ThreadLocal<float[]> SUMS =
            ThreadLocal.withInitial(() -> new float[ROWS * COLUMNS]);

    /** How many rows of A, a multiple of {@link #ROWS}, and columns of B are packed at a time. */
    private static final int HEIGHT = 240;

    private static final int WIDTH = 512;

    @Override
    public void tile(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long bColumn,
            long c,
            long cRow,
            boolean accumulate) {
        long panelA = Scratch.address(4L * DEPTH * (HEIGHT + WIDTH));
        long panelB = panelA + 4L * DEPTH * HEIGHT;
        float[] sums = SUMS.get();
        for (int left = 0; left < n; left += WIDTH) {
            int width = Math.min(WIDTH, n - left);
            for (int front = 0; front < k; front += DEPTH) {
                int depth = Math.min(DEPTH, k - front);
                packB(depth, width, b + front * bRow + left * bColumn, bRow, bColumn, panelB);
                for (int top = 0; top < m; top += HEIGHT) {
                    int height = Math.min(HEIGHT, m - top);
                    packA(height, depth, a + top * aRow + front * aColumn, aRow, aColumn, panelA);
                    block(
                            height,
                            width,
                            depth,
                            panelA,
                            panelB,
                            c + top * cRow + 4L * left,
                            cRow,
                            accumulate || front > 0,
                            sums);
                }
            }
        }
    }

    private static void block(
            int height,
            int width,
            int depth,
            long panelA,
            long panelB,
            long c,
            long cRow,
            boolean add,
            float[] sums) {
        for (int column = 0; column < width; column += COLUMNS) {
            long b = panelB + 4L * column * depth;
            for (int row = 0; row < height; row += ROWS) {
                long a = panelA + 4L * row * depth;
                long target = c + row * cRow + 4L * column;
                int rows = Math.min(ROWS, height - row);
                int columns = Math.min(COLUMNS, width - column);
                kernel(depth, a, b, sums);
                if (columns == COLUMNS) {
                    put(rows, sums, target, cRow, add);
                } else {
                    putEdge(rows, columns, sums, target, cRow, add);
                }
            }
        }
    }

    /** The sums of one block of C, row after row; put into C by methods of their own for C2. */
    private static void kernel(int depth, long a, long b, float[] sums) {
        if (ROWS == 8) {
            kernel8x2(depth, a, b, sums);
        } else {
            kernel6x2(depth, a, b, sums);
        }
    }

    private static void put(int rows, float[] sums, long c, long cRow, boolean add) {
        for (int row = 0; row < rows; row++) {
            int source = COLUMNS * row;
            long target = c + row * cRow;
            FloatVector left = FloatVector.fromArray(Lanes.SPECIES, sums, source);
            FloatVector right = FloatVector.fromArray(Lanes.SPECIES, sums, source + COUNT);
            Lanes.store(add ? Lanes.load(target).add(left) : left, target);
            Lanes.store(add ? Lanes.load(target + VECTOR).add(right) : right, target + VECTOR);
        }
    }

    private static void putEdge(
            int rows, int columns, float[] sums, long c, long cRow, boolean add) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                float part = sums[row * COLUMNS + column];
                long element = c + row * cRow + 4L * column;
                NativeMemory.setFloat(element, add ? NativeMemory.getFloat(element) + part : part);
            }
        }
    }

    /** Panels of {@link #ROWS} rows, each stored column after column. */
    private static void packA(int height, int depth, long a, long aRow, long aColumn, long panels) {
        for (int top = 0; top < height; top += ROWS) {
            long panel = panels + 4L * top * depth;
            for (int row = 0; row < ROWS; row++) {
                if (top + row < height) {
                    copy(depth, a + (top + row) * aRow, aColumn, panel + 4L * row, 4L * ROWS);
                } else {
                    clear(depth, panel + 4L * row, 4L * ROWS);
                }
            }
        }
    }

    /** Panels of {@link #COLUMNS} columns, each stored row after row. */
    private static void packB(int depth, int width, long b, long bRow, long bColumn, long panels) {
        for (int left = 0; left < width; left += COLUMNS) {
            long panel = panels + 4L * left * depth;
            int columns = Math.min(COLUMNS, width - left);
            if (bColumn == 4 && columns == COLUMNS) {
                copyRows(depth, b + 4L * left, bRow, panel);
                continue;
            }
            for (int column = 0; column < COLUMNS; column++) {
                if (column < columns) {
                    copy(
                            depth,
                            b + (left + column) * bColumn,
                            bRow,
                            panel + 4L * column,
                            4L * COLUMNS);
                } else {
                    clear(depth, panel + 4L * column, 4L * COLUMNS);
                }
            }
        }
    }

    private static void copyRows(int depth, long b, long bRow, long panel) {
        for (int i = 0; i < depth; i++) {
            long target = panel + 2L * VECTOR * i;
            Lanes.store(Lanes.load(b + i * bRow), target);
            Lanes.store(Lanes.load(b + i * bRow + VECTOR), target + VECTOR);
        }
    }

    private static void copy(int count, long source, long step, long target, long targetStep) {
        for (int i = 0; i < count; i++) {
            NativeMemory.setFloat(
                    target + i * targetStep, NativeMemory.getFloat(source + i * step));
        }
    }

    private static void clear(int count, long target, long targetStep) {
        for (int i = 0; i < count; i++) {
            NativeMemory.setFloat(target + i * targetStep, 0f);
        }
    }

    private static FloatVector spread(long a) {
        return FloatVector.broadcast(Lanes.SPECIES, NativeMemory.getFloat(a));
    }

    private static void kernel8x2(int depth, long a, long b, float[] sums) {
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s0a = zero;
        FloatVector s0b = zero;
        FloatVector s1a = zero;
        FloatVector s1b = zero;
        FloatVector s2a = zero;
        FloatVector s2b = zero;
        FloatVector s3a = zero;
        FloatVector s3b = zero;
        FloatVector s4a = zero;
        FloatVector s4b = zero;
        FloatVector s5a = zero;
        FloatVector s5b = zero;
        FloatVector s6a = zero;
        FloatVector s6b = zero;
        FloatVector s7a = zero;
        FloatVector s7b = zero;
        for (int i = 0; i < depth; i++) {
            long row = b + 2L * VECTOR * i;
            long column = a + 32L * i;
            FloatVector left = Lanes.load(row);
            FloatVector right = Lanes.load(row + VECTOR);
            FloatVector x0 = spread(column);
            s0a = x0.fma(left, s0a);
            s0b = x0.fma(right, s0b);
            FloatVector x1 = spread(column + 4);
            s1a = x1.fma(left, s1a);
            s1b = x1.fma(right, s1b);
            FloatVector x2 = spread(column + 8);
            s2a = x2.fma(left, s2a);
            s2b = x2.fma(right, s2b);
            FloatVector x3 = spread(column + 12);
            s3a = x3.fma(left, s3a);
            s3b = x3.fma(right, s3b);
            FloatVector x4 = spread(column + 16);
            s4a = x4.fma(left, s4a);
            s4b = x4.fma(right, s4b);
            FloatVector x5 = spread(column + 20);
            s5a = x5.fma(left, s5a);
            s5b = x5.fma(right, s5b);
            FloatVector x6 = spread(column + 24);
            s6a = x6.fma(left, s6a);
            s6b = x6.fma(right, s6b);
            FloatVector x7 = spread(column + 28);
            s7a = x7.fma(left, s7a);
            s7b = x7.fma(right, s7b);
        }
        s0a.intoArray(sums, 0);
        s0b.intoArray(sums, COUNT);
        s1a.intoArray(sums, 2 * COUNT);
        s1b.intoArray(sums, 3 * COUNT);
        s2a.intoArray(sums, 4 * COUNT);
        s2b.intoArray(sums, 5 * COUNT);
        s3a.intoArray(sums, 6 * COUNT);
        s3b.intoArray(sums, 7 * COUNT);
        s4a.intoArray(sums, 8 * COUNT);
        s4b.intoArray(sums, 9 * COUNT);
        s5a.intoArray(sums, 10 * COUNT);
        s5b.intoArray(sums, 11 * COUNT);
        s6a.intoArray(sums, 12 * COUNT);
        s6b.intoArray(sums, 13 * COUNT);
        s7a.intoArray(sums, 14 * COUNT);
        s7b.intoArray(sums, 15 * COUNT);
    }

    private static void kernel6x2(int depth, long a, long b, float[] sums) {
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s0a = zero;
        FloatVector s0b = zero;
        FloatVector s1a = zero;
        FloatVector s1b = zero;
        FloatVector s2a = zero;
        FloatVector s2b = zero;
        FloatVector s3a = zero;
        FloatVector s3b = zero;
        FloatVector s4a = zero;
        FloatVector s4b = zero;
        FloatVector s5a = zero;
        FloatVector s5b = zero;
        for (int i = 0; i < depth; i++) {
            long row = b + 2L * VECTOR * i;
            long column = a + 24L * i;
            FloatVector left = Lanes.load(row);
            FloatVector right = Lanes.load(row + VECTOR);
            FloatVector x0 = spread(column);
            s0a = x0.fma(left, s0a);
            s0b = x0.fma(right, s0b);
            FloatVector x1 = spread(column + 4);
            s1a = x1.fma(left, s1a);
            s1b = x1.fma(right, s1b);
            FloatVector x2 = spread(column + 8);
            s2a = x2.fma(left, s2a);
            s2b = x2.fma(right, s2b);
            FloatVector x3 = spread(column + 12);
            s3a = x3.fma(left, s3a);
            s3b = x3.fma(right, s3b);
            FloatVector x4 = spread(column + 16);
            s4a = x4.fma(left, s4a);
            s4b = x4.fma(right, s4b);
            FloatVector x5 = spread(column + 20);
            s5a = x5.fma(left, s5a);
            s5b = x5.fma(right, s5b);
        }
        s0a.intoArray(sums, 0);
        s0b.intoArray(sums, COUNT);
        s1a.intoArray(sums, 2 * COUNT);
        s1b.intoArray(sums, 3 * COUNT);
        s2a.intoArray(sums, 4 * COUNT);
        s2b.intoArray(sums, 5 * COUNT);
        s3a.intoArray(sums, 6 * COUNT);
        s3b.intoArray(sums, 7 * COUNT);
        s4a.intoArray(sums, 8 * COUNT);
        s4b.intoArray(sums, 9 * COUNT);
        s5a.intoArray(sums, 10 * COUNT);
        s5b.intoArray(sums, 11 * COUNT);
    }
}
