package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The product on the Vector API, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication" (2008): blocks of A and B are packed into panels that lie in the caches in the
 * order of their use, and a kernel makes a block of C, held in registers, from a panel of each.
 *
 * <p>The kernel is 12 rows high where there are 32 vector registers and 6 where there are 16, and
 * two vectors wide. Panels are filled up with zeros; what a kernel makes beyond the edge of C is
 * left out.
 */
final class VectorProduct implements OwnProduct {
    private static final int VECTOR = Lanes.BYTES;
    private static final int ROWS = Lanes.COUNT == 8 ? 6 : 12;
    private static final int COLUMNS = 2 * Lanes.COUNT;

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
        long panelA = Scratch.address(4L * (DEPTH * (HEIGHT + WIDTH) + ROWS * COLUMNS));
        long panelB = panelA + 4L * DEPTH * HEIGHT;
        long sums = panelB + 4L * DEPTH * WIDTH;
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
            long sums) {
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
    private static void kernel(int depth, long a, long b, long sums) {
        if (ROWS == 12) {
            kernel12x2(depth, a, b, sums);
        } else {
            kernel6x2(depth, a, b, sums);
        }
    }

    private static void put(int rows, long sums, long c, long cRow, boolean add) {
        for (int row = 0; row < rows; row++) {
            long source = sums + 2L * VECTOR * row;
            long target = c + row * cRow;
            FloatVector left = Lanes.load(source);
            FloatVector right = Lanes.load(source + VECTOR);
            Lanes.store(add ? Lanes.load(target).add(left) : left, target);
            Lanes.store(add ? Lanes.load(target + VECTOR).add(right) : right, target + VECTOR);
        }
    }

    private static void putEdge(int rows, int columns, long sums, long c, long cRow, boolean add) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                float part = NativeMemory.getFloat(sums + 4L * (row * COLUMNS + column));
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

    private static void kernel12x2(int depth, long a, long b, long sums) {
        FloatVector s0a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s0b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s4a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s4b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s5a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s5b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s6a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s6b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s7a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s7b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s8a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s8b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s9a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s9b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s10a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s10b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s11a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s11b = FloatVector.zero(Lanes.SPECIES);
        for (int i = 0; i < depth; i++) {
            long row = b + 2L * VECTOR * i;
            long column = a + 48L * i;
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
            FloatVector x8 = spread(column + 32);
            s8a = x8.fma(left, s8a);
            s8b = x8.fma(right, s8b);
            FloatVector x9 = spread(column + 36);
            s9a = x9.fma(left, s9a);
            s9b = x9.fma(right, s9b);
            FloatVector x10 = spread(column + 40);
            s10a = x10.fma(left, s10a);
            s10b = x10.fma(right, s10b);
            FloatVector x11 = spread(column + 44);
            s11a = x11.fma(left, s11a);
            s11b = x11.fma(right, s11b);
        }
        Lanes.store(s0a, sums);
        Lanes.store(s0b, sums + VECTOR);
        Lanes.store(s1a, sums + 2 * VECTOR);
        Lanes.store(s1b, sums + 3 * VECTOR);
        Lanes.store(s2a, sums + 4 * VECTOR);
        Lanes.store(s2b, sums + 5 * VECTOR);
        Lanes.store(s3a, sums + 6 * VECTOR);
        Lanes.store(s3b, sums + 7 * VECTOR);
        Lanes.store(s4a, sums + 8 * VECTOR);
        Lanes.store(s4b, sums + 9 * VECTOR);
        Lanes.store(s5a, sums + 10 * VECTOR);
        Lanes.store(s5b, sums + 11 * VECTOR);
        Lanes.store(s6a, sums + 12 * VECTOR);
        Lanes.store(s6b, sums + 13 * VECTOR);
        Lanes.store(s7a, sums + 14 * VECTOR);
        Lanes.store(s7b, sums + 15 * VECTOR);
        Lanes.store(s8a, sums + 16 * VECTOR);
        Lanes.store(s8b, sums + 17 * VECTOR);
        Lanes.store(s9a, sums + 18 * VECTOR);
        Lanes.store(s9b, sums + 19 * VECTOR);
        Lanes.store(s10a, sums + 20 * VECTOR);
        Lanes.store(s10b, sums + 21 * VECTOR);
        Lanes.store(s11a, sums + 22 * VECTOR);
        Lanes.store(s11b, sums + 23 * VECTOR);
    }

    private static void kernel6x2(int depth, long a, long b, long sums) {
        FloatVector s0a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s0b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s4a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s4b = FloatVector.zero(Lanes.SPECIES);
        FloatVector s5a = FloatVector.zero(Lanes.SPECIES);
        FloatVector s5b = FloatVector.zero(Lanes.SPECIES);
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
        Lanes.store(s0a, sums);
        Lanes.store(s0b, sums + VECTOR);
        Lanes.store(s1a, sums + 2 * VECTOR);
        Lanes.store(s1b, sums + 3 * VECTOR);
        Lanes.store(s2a, sums + 4 * VECTOR);
        Lanes.store(s2b, sums + 5 * VECTOR);
        Lanes.store(s3a, sums + 6 * VECTOR);
        Lanes.store(s3b, sums + 7 * VECTOR);
        Lanes.store(s4a, sums + 8 * VECTOR);
        Lanes.store(s4b, sums + 9 * VECTOR);
        Lanes.store(s5a, sums + 10 * VECTOR);
        Lanes.store(s5b, sums + 11 * VECTOR);
    }
}
