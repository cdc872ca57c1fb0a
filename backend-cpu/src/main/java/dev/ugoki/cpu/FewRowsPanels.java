package dev.ugoki.cpu;

import static jdk.incubator.vector.VectorOperators.ADD;

import jdk.incubator.vector.FloatVector;

import java.nio.ByteOrder;

/**
 * The products C = A B of {@link FewRows#transposed}, where B was brought into another order
 * before, with the same bits: columns of C in the lanes of vectors, so that nothing is added up
 * across lanes, and all of B in the order of its use. For weights that serve many products.
 *
 * <p>B's columns lie in panels of as many as a vector has lanes; for one row in panels of twice as
 * many, as far as there are columns. A panel is gone through in passes, each with the rows whose
 * number has the same remainder; a pass makes some of the {@value FewRows#CHAINS} chains of an
 * element, so many that all sums stay in registers, and adds up what the tree adds up of these.
 */
final class FewRowsPanels {
    private static final int VECTOR = Lanes.BYTES;
    private static final int COUNT = Lanes.COUNT;

    private static final int PASSES = 4;

    /** A single vector of a single row takes fewer, with more chains. */
    private static final int PASSES_ALONE = 2;

    /** Several rows go by twos and threes. */
    private static final int MOST_TOGETHER = 3;

    /** What each pass made of each row. */
    private static final ThreadLocal<float[]> PARTS =
            ThreadLocal.withInitial(() -> new float[PASSES * MOST_TOGETHER * COUNT]);

    private FewRowsPanels() {}

    /** {@code k}, padded so that all chains are as long: the depth of the panels. */
    static int depth(int k) {
        return (k + FewRows.CHAINS - 1) & -FewRows.CHAINS;
    }

    /** How many elements a B of this shape has in panels. */
    static long elements(int n, int k) {
        return (long) (n + COUNT - 1) / COUNT * COUNT * depth(k);
    }

    /** How many columns the panel has that begins where so many are left. */
    private static int width(int m, int left) {
        return m == 1 && left > COUNT ? 2 * COUNT : COUNT;
    }

    /**
     * Brings B to panels, for products with m rows.
     *
     * @param m as in {@link #run}
     * @param b the address of n rows of k, {@code bRow} bytes apart
     * @param panels the address of {@link #elements}
     */
    static void pack(int m, int n, int k, long b, long bRow, long panels) {
        long to = panels;
        int width;
        for (int column = 0; column < n; column += width) {
            width = width(m, n - column);
            int passes = m == 1 && width == COUNT ? PASSES_ALONE : PASSES;
            for (int pass = 0; pass < passes; pass++) {
                for (int i = pass; i < depth(k); i += passes) {
                    for (int lane = 0; lane < width; lane++) {
                        long from = b + (column + lane) * bRow + 4L * i;
                        boolean padding = column + lane >= n || i >= k;
                        float value = padding ? 0 : NativeMemory.getFloat(from);
                        NativeMemory.setFloat(to + 4L * lane, value);
                    }
                    to += 4L * width;
                }
            }
        }
    }

    /**
     * The product, of columns that begin at a multiple of twice {@value FewRows#CHAINS}.
     *
     * @param panels the address of the first column's panel
     * @param aRow bytes from one row of A to the next; likewise cRow
     */
    static void run(int m, int n, int k, long a, long aRow, long panels, long c, long cRow) {
        int depth = depth(k);
        if (depth == k) {
            runWhole(m, n, k, a, aRow, panels, c, cRow);
        } else {
            long padded = Scratch.tile(4L * m * depth);
            for (int row = 0; row < m; row++) {
                long to = padded + 4L * row * depth;
                NativeMemory.copy(a + row * aRow, to, 4L * k);
                for (int i = k; i < depth; i++) {
                    // Adding -0 * 0 = -0 changes no sum, not even -0.
                    NativeMemory.setFloat(to + 4L * i, -0f);
                }
            }
            runWhole(m, n, depth, padded, 4L * depth, panels, c, cRow);
        }
    }

    /** The same, of a depth that is not padded. */
    private static void runWhole(
            int m, int n, int k, long a, long aRow, long panels, long c, long cRow) {
        float[] parts = PARTS.get();
        int width;
        for (int column = 0; column < n; column += width) {
            width = width(m, n - column);
            int columns = Math.min(width, n - column);
            long panel = panels + 4L * column * k;
            long target = c + 4L * column;
            if (m > 1) {
                rows(m, k, a, aRow, panel, columns, target, cRow, parts);
            } else if (width > COUNT) {
                two(k, a, panel, columns, target, parts);
            } else {
                chains8(k, a, panel, parts, 0);
                chains8(k, a + 4, panel + 2L * k * COUNT, parts, COUNT);
                addOdd(parts);
                put(parts, 0, columns, target);
            }
        }
    }

    /** Two vectors of one row. */
    private static void two(int k, long a, long panel, int columns, long c, float[] parts) {
        for (int pass = 0; pass < PASSES; pass++) {
            long b = panel + 2L * pass * k * COUNT;
            chains4x2(k, a + 4L * pass, b, parts, 2 * pass * COUNT);
        }
        addFours(parts, 0, 4 * COUNT, 2 * COUNT, 6 * COUNT, 0);
        addFours(parts, COUNT, 5 * COUNT, 3 * COUNT, 7 * COUNT, COUNT);
        put(parts, 0, COUNT, c);
        put(parts, 1, columns - COUNT, c + VECTOR);
    }

    /** {@code parts[to] = (parts[a] + parts[b]) + (parts[c] + parts[d])}, of whole vectors. */
    private static void addFours(float[] parts, int a, int b, int c, int d, int to) {
        FloatVector.fromArray(Lanes.SPECIES, parts, a)
                .lanewise(ADD, FloatVector.fromArray(Lanes.SPECIES, parts, b))
                .lanewise(
                        ADD,
                        FloatVector.fromArray(Lanes.SPECIES, parts, c)
                                .lanewise(ADD, FloatVector.fromArray(Lanes.SPECIES, parts, d)))
                .intoArray(parts, to);
    }

    /** Adds the second vector of parts to the first. */
    private static void addOdd(float[] parts) {
        FloatVector.fromArray(Lanes.SPECIES, parts, 0)
                .lanewise(ADD, FloatVector.fromArray(Lanes.SPECIES, parts, COUNT))
                .intoArray(parts, 0);
    }

    private static void rows(
            int m,
            int k,
            long a,
            long aRow,
            long panel,
            int columns,
            long c,
            long cRow,
            float[] parts) {
        int rows;
        for (int row = 0; row < m; row += rows) {
            int left = m - row;
            rows = left == 2 || left == 4 ? 2 : MOST_TOGETHER;
            long x = a + row * aRow;
            together(rows, k, x, aRow, panel, columns, c + row * cRow, cRow, parts);
        }
    }

    private static void together(
            int rows,
            int k,
            long a,
            long aRow,
            long panel,
            int columns,
            long c,
            long cRow,
            float[] parts) {
        for (int pass = 0; pass < PASSES; pass++) {
            long b = panel + (long) pass * k * COUNT;
            int target = pass * MOST_TOGETHER * COUNT;
            if (rows == 2) {
                chains2x4(k, a + 4L * pass, aRow, b, parts, target);
            } else {
                chains3x4(k, a + 4L * pass, aRow, b, parts, target);
            }
        }
        for (int row = 0; row < rows; row++) {
            int even = row * COUNT;
            int pass = MOST_TOGETHER * COUNT;
            addFours(parts, even, even + 2 * pass, even + pass, even + 3 * pass, even);
            put(parts, row, columns, c + row * cRow);
        }
    }

    /**
     * Stores the first columns of a part. Like the methods above it is given no vector, and gives
     * none to a method that is not the Vector API's: where C2 has inlined many calls already it
     * stops, and a vector that is passed on lands on the heap.
     */
    private static void put(float[] parts, int number, int columns, long c) {
        if (columns == COUNT) {
            FloatVector.fromArray(Lanes.SPECIES, parts, number * COUNT)
                    .intoMemorySegment(NativeMemory.ALL, c, ByteOrder.nativeOrder());
            return;
        }
        for (int i = 0; i < columns; i++) {
            NativeMemory.setFloat(c + 4L * i, parts[number * COUNT + i]);
        }
    }

    private static FloatVector spread(long a) {
        return FloatVector.broadcast(Lanes.SPECIES, NativeMemory.getFloat(a));
    }

    /** Every second chain of one row, added up but for the last step of the tree. */
    private static void chains8(int k, long x, long b, float[] parts, int target) {
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        FloatVector s4 = zero;
        FloatVector s5 = zero;
        FloatVector s6 = zero;
        FloatVector s7 = zero;
        for (long i = 0; i < 4L * k; i += 64) {
            long row = b + i / 64 * (8 * VECTOR);
            long y = x + i;
            s0 = spread(y).fma(Lanes.load(row), s0);
            s1 = spread(y + 8).fma(Lanes.load(row + VECTOR), s1);
            s2 = spread(y + 16).fma(Lanes.load(row + 2 * VECTOR), s2);
            s3 = spread(y + 24).fma(Lanes.load(row + 3 * VECTOR), s3);
            s4 = spread(y + 32).fma(Lanes.load(row + 4 * VECTOR), s4);
            s5 = spread(y + 40).fma(Lanes.load(row + 5 * VECTOR), s5);
            s6 = spread(y + 48).fma(Lanes.load(row + 6 * VECTOR), s6);
            s7 = spread(y + 56).fma(Lanes.load(row + 7 * VECTOR), s7);
        }
        FloatVector fours0 = s0.add(s4).add(s2.add(s6));
        FloatVector fours1 = s1.add(s5).add(s3.add(s7));
        fours0.add(fours1).intoArray(parts, target);
    }

    /** Every fourth chain of two vectors of one row, but for the last two steps of the tree. */
    private static void chains4x2(int k, long x, long b, float[] parts, int target) {
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        for (long i = 0; i < 4L * k; i += 64) {
            long row = b + i / 64 * (8 * VECTOR);
            long y = x + i;
            FloatVector x0 = spread(y);
            s00 = x0.fma(Lanes.load(row), s00);
            s10 = x0.fma(Lanes.load(row + VECTOR), s10);
            FloatVector x1 = spread(y + 16);
            s01 = x1.fma(Lanes.load(row + 2 * VECTOR), s01);
            s11 = x1.fma(Lanes.load(row + 3 * VECTOR), s11);
            FloatVector x2 = spread(y + 32);
            s02 = x2.fma(Lanes.load(row + 4 * VECTOR), s02);
            s12 = x2.fma(Lanes.load(row + 5 * VECTOR), s12);
            FloatVector x3 = spread(y + 48);
            s03 = x3.fma(Lanes.load(row + 6 * VECTOR), s03);
            s13 = x3.fma(Lanes.load(row + 7 * VECTOR), s13);
        }
        s00.add(s02).add(s01.add(s03)).intoArray(parts, target);
        s10.add(s12).add(s11.add(s13)).intoArray(parts, target + COUNT);
    }

    /** Every fourth chain of two rows, added up but for the last two steps of the tree. */
    private static void chains2x4(int k, long a, long aRow, long b, float[] parts, int target) {
        long a0 = a;
        long a1 = a0 + aRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        for (long i = 0; i < 4L * k; i += 64) {
            long row = b + i / 64 * (4 * VECTOR);
            FloatVector b0 = Lanes.load(row);
            s00 = spread(a0 + i).fma(b0, s00);
            s10 = spread(a1 + i).fma(b0, s10);
            FloatVector b1 = Lanes.load(row + VECTOR);
            s01 = spread(a0 + i + 16).fma(b1, s01);
            s11 = spread(a1 + i + 16).fma(b1, s11);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            s02 = spread(a0 + i + 32).fma(b2, s02);
            s12 = spread(a1 + i + 32).fma(b2, s12);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            s03 = spread(a0 + i + 48).fma(b3, s03);
            s13 = spread(a1 + i + 48).fma(b3, s13);
        }
        s00.add(s02).add(s01.add(s03)).intoArray(parts, target);
        s10.add(s12).add(s11.add(s13)).intoArray(parts, target + COUNT);
    }

    /** The same of three rows. */
    private static void chains3x4(int k, long a, long aRow, long b, float[] parts, int target) {
        long a0 = a;
        long a1 = a0 + aRow;
        long a2 = a1 + aRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s22 = zero;
        FloatVector s23 = zero;
        for (long i = 0; i < 4L * k; i += 64) {
            long row = b + i / 64 * (4 * VECTOR);
            FloatVector b0 = Lanes.load(row);
            s00 = spread(a0 + i).fma(b0, s00);
            s10 = spread(a1 + i).fma(b0, s10);
            s20 = spread(a2 + i).fma(b0, s20);
            FloatVector b1 = Lanes.load(row + VECTOR);
            s01 = spread(a0 + i + 16).fma(b1, s01);
            s11 = spread(a1 + i + 16).fma(b1, s11);
            s21 = spread(a2 + i + 16).fma(b1, s21);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            s02 = spread(a0 + i + 32).fma(b2, s02);
            s12 = spread(a1 + i + 32).fma(b2, s12);
            s22 = spread(a2 + i + 32).fma(b2, s22);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            s03 = spread(a0 + i + 48).fma(b3, s03);
            s13 = spread(a1 + i + 48).fma(b3, s13);
            s23 = spread(a2 + i + 48).fma(b3, s23);
        }
        s00.add(s02).add(s01.add(s03)).intoArray(parts, target);
        s10.add(s12).add(s11.add(s13)).intoArray(parts, target + COUNT);
        s20.add(s22).add(s21.add(s23)).intoArray(parts, target + 2 * COUNT);
    }
}
