package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * F32 products with few rows (1 to 8) on the Vector API: a batch of observations times a layer's
 * weights. They are bound by reading B once, which a general product does not do well.
 *
 * <p>Each kernel makes a block of C in registers, named rows x columns. Where fewer rows are left
 * than a kernel has, its last row is repeated: the same value is stored twice. B plain is read in
 * rows of vectors; every element of C is one chain of fma over k. B transposed is read along k;
 * every element of C is a tree over the lanes of one vector of chains.
 */
final class VectorFewRows implements FewRows {
    private static final int VECTOR = Lanes.BYTES;
    private static final int COUNT = Lanes.COUNT;

    /** The most elements of C that one kernel makes at once. */
    private static final int MAX_DOTS = 16;

    @Override
    public void plain(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        int column = 0;
        int wide = widePlainColumns(m);
        for (; column + wide <= n; column += wide) {
            widePlain(
                    m,
                    k,
                    a,
                    aRow,
                    aColumn,
                    b + 4L * column,
                    bRow,
                    c + 4L * column,
                    cRow,
                    accumulate);
        }
        if (m == 1) {
            for (; column + 4 * COUNT <= n; column += 4 * COUNT) {
                plain1x4(k, a, aColumn, b + 4L * column, bRow, c + 4L * column, accumulate);
            }
        }
        for (; column < n; column += COUNT) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(column, n);
            plain8x1(
                    m,
                    k,
                    a,
                    aRow,
                    aColumn,
                    b + 4L * column,
                    bRow,
                    c + 4L * column,
                    cRow,
                    accumulate,
                    mask);
        }
    }

    private static int widePlainColumns(int m) {
        return COUNT * (m <= 2 ? 8 : m <= 4 ? 4 : 2);
    }

    private static void widePlain(
            int m,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        switch (m) {
            case 1 -> plain1x8(k, a, aColumn, b, bRow, c, accumulate);
            case 2 -> plain2x8(k, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
            case 3, 4 -> plain4x4(m, k, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
            default -> plain8x2(m, k, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
        }
    }

    private static FloatVector initial(long c, boolean accumulate) {
        return accumulate ? Lanes.load(c) : FloatVector.zero(Lanes.SPECIES);
    }

    private static FloatVector spread(long a) {
        return FloatVector.broadcast(Lanes.SPECIES, NativeMemory.getFloat(a));
    }

    private static void plain1x8(
            int k, long a, long aColumn, long b, long bRow, long c, boolean accumulate) {
        long a0 = a;
        long c0 = c;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s01 = initial(c0 + VECTOR, accumulate);
        FloatVector s02 = initial(c0 + 2 * VECTOR, accumulate);
        FloatVector s03 = initial(c0 + 3 * VECTOR, accumulate);
        FloatVector s04 = initial(c0 + 4 * VECTOR, accumulate);
        FloatVector s05 = initial(c0 + 5 * VECTOR, accumulate);
        FloatVector s06 = initial(c0 + 6 * VECTOR, accumulate);
        FloatVector s07 = initial(c0 + 7 * VECTOR, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector x0 = spread(a0 + shift);
            FloatVector b0 = Lanes.load(row);
            s00 = x0.fma(b0, s00);
            FloatVector b1 = Lanes.load(row + VECTOR);
            s01 = x0.fma(b1, s01);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            s02 = x0.fma(b2, s02);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            s03 = x0.fma(b3, s03);
            FloatVector b4 = Lanes.load(row + 4 * VECTOR);
            s04 = x0.fma(b4, s04);
            FloatVector b5 = Lanes.load(row + 5 * VECTOR);
            s05 = x0.fma(b5, s05);
            FloatVector b6 = Lanes.load(row + 6 * VECTOR);
            s06 = x0.fma(b6, s06);
            FloatVector b7 = Lanes.load(row + 7 * VECTOR);
            s07 = x0.fma(b7, s07);
        }
        Lanes.store(s00, c0);
        Lanes.store(s01, c0 + VECTOR);
        Lanes.store(s02, c0 + 2 * VECTOR);
        Lanes.store(s03, c0 + 3 * VECTOR);
        Lanes.store(s04, c0 + 4 * VECTOR);
        Lanes.store(s05, c0 + 5 * VECTOR);
        Lanes.store(s06, c0 + 6 * VECTOR);
        Lanes.store(s07, c0 + 7 * VECTOR);
    }

    private static void plain1x4(
            int k, long a, long aColumn, long b, long bRow, long c, boolean accumulate) {
        long a0 = a;
        long c0 = c;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s01 = initial(c0 + VECTOR, accumulate);
        FloatVector s02 = initial(c0 + 2 * VECTOR, accumulate);
        FloatVector s03 = initial(c0 + 3 * VECTOR, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector x0 = spread(a0 + shift);
            FloatVector b0 = Lanes.load(row);
            s00 = x0.fma(b0, s00);
            FloatVector b1 = Lanes.load(row + VECTOR);
            s01 = x0.fma(b1, s01);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            s02 = x0.fma(b2, s02);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            s03 = x0.fma(b3, s03);
        }
        Lanes.store(s00, c0);
        Lanes.store(s01, c0 + VECTOR);
        Lanes.store(s02, c0 + 2 * VECTOR);
        Lanes.store(s03, c0 + 3 * VECTOR);
    }

    private static void plain2x8(
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        long a0 = a;
        long c0 = c;
        long a1 = a + aRow;
        long c1 = c + cRow;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s01 = initial(c0 + VECTOR, accumulate);
        FloatVector s02 = initial(c0 + 2 * VECTOR, accumulate);
        FloatVector s03 = initial(c0 + 3 * VECTOR, accumulate);
        FloatVector s04 = initial(c0 + 4 * VECTOR, accumulate);
        FloatVector s05 = initial(c0 + 5 * VECTOR, accumulate);
        FloatVector s06 = initial(c0 + 6 * VECTOR, accumulate);
        FloatVector s07 = initial(c0 + 7 * VECTOR, accumulate);
        FloatVector s10 = initial(c1, accumulate);
        FloatVector s11 = initial(c1 + VECTOR, accumulate);
        FloatVector s12 = initial(c1 + 2 * VECTOR, accumulate);
        FloatVector s13 = initial(c1 + 3 * VECTOR, accumulate);
        FloatVector s14 = initial(c1 + 4 * VECTOR, accumulate);
        FloatVector s15 = initial(c1 + 5 * VECTOR, accumulate);
        FloatVector s16 = initial(c1 + 6 * VECTOR, accumulate);
        FloatVector s17 = initial(c1 + 7 * VECTOR, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector x0 = spread(a0 + shift);
            FloatVector x1 = spread(a1 + shift);
            FloatVector b0 = Lanes.load(row);
            s00 = x0.fma(b0, s00);
            s10 = x1.fma(b0, s10);
            FloatVector b1 = Lanes.load(row + VECTOR);
            s01 = x0.fma(b1, s01);
            s11 = x1.fma(b1, s11);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            s02 = x0.fma(b2, s02);
            s12 = x1.fma(b2, s12);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            s03 = x0.fma(b3, s03);
            s13 = x1.fma(b3, s13);
            FloatVector b4 = Lanes.load(row + 4 * VECTOR);
            s04 = x0.fma(b4, s04);
            s14 = x1.fma(b4, s14);
            FloatVector b5 = Lanes.load(row + 5 * VECTOR);
            s05 = x0.fma(b5, s05);
            s15 = x1.fma(b5, s15);
            FloatVector b6 = Lanes.load(row + 6 * VECTOR);
            s06 = x0.fma(b6, s06);
            s16 = x1.fma(b6, s16);
            FloatVector b7 = Lanes.load(row + 7 * VECTOR);
            s07 = x0.fma(b7, s07);
            s17 = x1.fma(b7, s17);
        }
        Lanes.store(s00, c0);
        Lanes.store(s01, c0 + VECTOR);
        Lanes.store(s02, c0 + 2 * VECTOR);
        Lanes.store(s03, c0 + 3 * VECTOR);
        Lanes.store(s04, c0 + 4 * VECTOR);
        Lanes.store(s05, c0 + 5 * VECTOR);
        Lanes.store(s06, c0 + 6 * VECTOR);
        Lanes.store(s07, c0 + 7 * VECTOR);
        Lanes.store(s10, c1);
        Lanes.store(s11, c1 + VECTOR);
        Lanes.store(s12, c1 + 2 * VECTOR);
        Lanes.store(s13, c1 + 3 * VECTOR);
        Lanes.store(s14, c1 + 4 * VECTOR);
        Lanes.store(s15, c1 + 5 * VECTOR);
        Lanes.store(s16, c1 + 6 * VECTOR);
        Lanes.store(s17, c1 + 7 * VECTOR);
    }

    private static void plain4x4(
            int m,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        long a0 = a;
        long c0 = c;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long c1 = c + Math.min(1, m - 1) * cRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long c2 = c + Math.min(2, m - 1) * cRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long c3 = c + Math.min(3, m - 1) * cRow;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s01 = initial(c0 + VECTOR, accumulate);
        FloatVector s02 = initial(c0 + 2 * VECTOR, accumulate);
        FloatVector s03 = initial(c0 + 3 * VECTOR, accumulate);
        FloatVector s10 = initial(c1, accumulate);
        FloatVector s11 = initial(c1 + VECTOR, accumulate);
        FloatVector s12 = initial(c1 + 2 * VECTOR, accumulate);
        FloatVector s13 = initial(c1 + 3 * VECTOR, accumulate);
        FloatVector s20 = initial(c2, accumulate);
        FloatVector s21 = initial(c2 + VECTOR, accumulate);
        FloatVector s22 = initial(c2 + 2 * VECTOR, accumulate);
        FloatVector s23 = initial(c2 + 3 * VECTOR, accumulate);
        FloatVector s30 = initial(c3, accumulate);
        FloatVector s31 = initial(c3 + VECTOR, accumulate);
        FloatVector s32 = initial(c3 + 2 * VECTOR, accumulate);
        FloatVector s33 = initial(c3 + 3 * VECTOR, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector b0 = Lanes.load(row);
            FloatVector b1 = Lanes.load(row + VECTOR);
            FloatVector b2 = Lanes.load(row + 2 * VECTOR);
            FloatVector b3 = Lanes.load(row + 3 * VECTOR);
            FloatVector x0 = spread(a0 + shift);
            s00 = x0.fma(b0, s00);
            s01 = x0.fma(b1, s01);
            s02 = x0.fma(b2, s02);
            s03 = x0.fma(b3, s03);
            FloatVector x1 = spread(a1 + shift);
            s10 = x1.fma(b0, s10);
            s11 = x1.fma(b1, s11);
            s12 = x1.fma(b2, s12);
            s13 = x1.fma(b3, s13);
            FloatVector x2 = spread(a2 + shift);
            s20 = x2.fma(b0, s20);
            s21 = x2.fma(b1, s21);
            s22 = x2.fma(b2, s22);
            s23 = x2.fma(b3, s23);
            FloatVector x3 = spread(a3 + shift);
            s30 = x3.fma(b0, s30);
            s31 = x3.fma(b1, s31);
            s32 = x3.fma(b2, s32);
            s33 = x3.fma(b3, s33);
        }
        Lanes.store(s00, c0);
        Lanes.store(s01, c0 + VECTOR);
        Lanes.store(s02, c0 + 2 * VECTOR);
        Lanes.store(s03, c0 + 3 * VECTOR);
        Lanes.store(s10, c1);
        Lanes.store(s11, c1 + VECTOR);
        Lanes.store(s12, c1 + 2 * VECTOR);
        Lanes.store(s13, c1 + 3 * VECTOR);
        Lanes.store(s20, c2);
        Lanes.store(s21, c2 + VECTOR);
        Lanes.store(s22, c2 + 2 * VECTOR);
        Lanes.store(s23, c2 + 3 * VECTOR);
        Lanes.store(s30, c3);
        Lanes.store(s31, c3 + VECTOR);
        Lanes.store(s32, c3 + 2 * VECTOR);
        Lanes.store(s33, c3 + 3 * VECTOR);
    }

    private static void plain8x2(
            int m,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        long a0 = a;
        long c0 = c;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long c1 = c + Math.min(1, m - 1) * cRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long c2 = c + Math.min(2, m - 1) * cRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long c3 = c + Math.min(3, m - 1) * cRow;
        long a4 = a + Math.min(4, m - 1) * aRow;
        long c4 = c + Math.min(4, m - 1) * cRow;
        long a5 = a + Math.min(5, m - 1) * aRow;
        long c5 = c + Math.min(5, m - 1) * cRow;
        long a6 = a + Math.min(6, m - 1) * aRow;
        long c6 = c + Math.min(6, m - 1) * cRow;
        long a7 = a + Math.min(7, m - 1) * aRow;
        long c7 = c + Math.min(7, m - 1) * cRow;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s01 = initial(c0 + VECTOR, accumulate);
        FloatVector s10 = initial(c1, accumulate);
        FloatVector s11 = initial(c1 + VECTOR, accumulate);
        FloatVector s20 = initial(c2, accumulate);
        FloatVector s21 = initial(c2 + VECTOR, accumulate);
        FloatVector s30 = initial(c3, accumulate);
        FloatVector s31 = initial(c3 + VECTOR, accumulate);
        FloatVector s40 = initial(c4, accumulate);
        FloatVector s41 = initial(c4 + VECTOR, accumulate);
        FloatVector s50 = initial(c5, accumulate);
        FloatVector s51 = initial(c5 + VECTOR, accumulate);
        FloatVector s60 = initial(c6, accumulate);
        FloatVector s61 = initial(c6 + VECTOR, accumulate);
        FloatVector s70 = initial(c7, accumulate);
        FloatVector s71 = initial(c7 + VECTOR, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector b0 = Lanes.load(row);
            FloatVector b1 = Lanes.load(row + VECTOR);
            FloatVector x0 = spread(a0 + shift);
            s00 = x0.fma(b0, s00);
            s01 = x0.fma(b1, s01);
            FloatVector x1 = spread(a1 + shift);
            s10 = x1.fma(b0, s10);
            s11 = x1.fma(b1, s11);
            FloatVector x2 = spread(a2 + shift);
            s20 = x2.fma(b0, s20);
            s21 = x2.fma(b1, s21);
            FloatVector x3 = spread(a3 + shift);
            s30 = x3.fma(b0, s30);
            s31 = x3.fma(b1, s31);
            FloatVector x4 = spread(a4 + shift);
            s40 = x4.fma(b0, s40);
            s41 = x4.fma(b1, s41);
            FloatVector x5 = spread(a5 + shift);
            s50 = x5.fma(b0, s50);
            s51 = x5.fma(b1, s51);
            FloatVector x6 = spread(a6 + shift);
            s60 = x6.fma(b0, s60);
            s61 = x6.fma(b1, s61);
            FloatVector x7 = spread(a7 + shift);
            s70 = x7.fma(b0, s70);
            s71 = x7.fma(b1, s71);
        }
        Lanes.store(s00, c0);
        Lanes.store(s01, c0 + VECTOR);
        Lanes.store(s10, c1);
        Lanes.store(s11, c1 + VECTOR);
        Lanes.store(s20, c2);
        Lanes.store(s21, c2 + VECTOR);
        Lanes.store(s30, c3);
        Lanes.store(s31, c3 + VECTOR);
        Lanes.store(s40, c4);
        Lanes.store(s41, c4 + VECTOR);
        Lanes.store(s50, c5);
        Lanes.store(s51, c5 + VECTOR);
        Lanes.store(s60, c6);
        Lanes.store(s61, c6 + VECTOR);
        Lanes.store(s70, c7);
        Lanes.store(s71, c7 + VECTOR);
    }

    private static void plain8x1(
            int m,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate,
            VectorMask<Float> mask) {
        long a0 = a;
        long c0 = c;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long c1 = c + Math.min(1, m - 1) * cRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long c2 = c + Math.min(2, m - 1) * cRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long c3 = c + Math.min(3, m - 1) * cRow;
        long a4 = a + Math.min(4, m - 1) * aRow;
        long c4 = c + Math.min(4, m - 1) * cRow;
        long a5 = a + Math.min(5, m - 1) * aRow;
        long c5 = c + Math.min(5, m - 1) * cRow;
        long a6 = a + Math.min(6, m - 1) * aRow;
        long c6 = c + Math.min(6, m - 1) * cRow;
        long a7 = a + Math.min(7, m - 1) * aRow;
        long c7 = c + Math.min(7, m - 1) * cRow;
        FloatVector s00 = initial(c0, accumulate);
        FloatVector s10 = initial(c1, accumulate);
        FloatVector s20 = initial(c2, accumulate);
        FloatVector s30 = initial(c3, accumulate);
        FloatVector s40 = initial(c4, accumulate);
        FloatVector s50 = initial(c5, accumulate);
        FloatVector s60 = initial(c6, accumulate);
        FloatVector s70 = initial(c7, accumulate);
        for (int i = 0; i < k; i++) {
            long shift = i * aColumn;
            long row = b + i * bRow;
            FloatVector b0 = Lanes.load(row);
            FloatVector x0 = spread(a0 + shift);
            s00 = x0.fma(b0, s00);
            FloatVector x1 = spread(a1 + shift);
            s10 = x1.fma(b0, s10);
            FloatVector x2 = spread(a2 + shift);
            s20 = x2.fma(b0, s20);
            FloatVector x3 = spread(a3 + shift);
            s30 = x3.fma(b0, s30);
            FloatVector x4 = spread(a4 + shift);
            s40 = x4.fma(b0, s40);
            FloatVector x5 = spread(a5 + shift);
            s50 = x5.fma(b0, s50);
            FloatVector x6 = spread(a6 + shift);
            s60 = x6.fma(b0, s60);
            FloatVector x7 = spread(a7 + shift);
            s70 = x7.fma(b0, s70);
        }
        Lanes.store(s00, c0, mask);
        Lanes.store(s10, c1, mask);
        Lanes.store(s20, c2, mask);
        Lanes.store(s30, c3, mask);
        Lanes.store(s40, c4, mask);
        Lanes.store(s50, c5, mask);
        Lanes.store(s60, c6, mask);
        Lanes.store(s70, c7, mask);
    }

    @Override
    public void transposed(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        int rows = m == 1 ? 1 : m <= 4 ? 4 : 8;
        int wide = m == 1 ? 8 : m <= 4 ? 4 : 2;
        long full = 4L * Lanes.SPECIES.loopBound(k);
        long sums = Scratch.address((long) MAX_DOTS * VECTOR);
        for (int column = 0; column < n; column += wide) {
            int columns = Math.min(wide, n - column);
            long b0 = b + column * bRow;
            switch (rows) {
                case 1 -> dot1x8(columns, full, a, b0, bRow, sums);
                case 4 -> dot4x4(m, columns, full, a, aRow, b0, bRow, sums);
                default -> dot8x2(m, columns, full, a, aRow, b0, bRow, sums);
            }
            for (int row = 0; row < m; row++) {
                long rowSums = sums + (long) row * wide * VECTOR;
                if (full < 4L * k) {
                    addRest(
                            columns,
                            4L * k - full,
                            a + row * aRow + full,
                            b0 + full,
                            bRow,
                            rowSums);
                }
                addLanes(columns, rowSums, c + row * cRow + 4L * column, accumulate);
            }
        }
    }

    /** The last products, fewer than a vector holds, go to the first lanes. */
    private static void addRest(int n, long bytes, long a, long b, long bRow, long sums) {
        for (int column = 0; column < n; column++) {
            for (long i = 0; i < bytes; i += 4) {
                float x = NativeMemory.getFloat(a + i);
                float y = NativeMemory.getFloat(b + column * bRow + i);
                long lane = sums + (long) column * VECTOR + i;
                NativeMemory.setFloat(lane, Math.fma(x, y, NativeMemory.getFloat(lane)));
            }
        }
    }

    private static void addLanes(int n, long sums, long c, boolean accumulate) {
        for (int column = 0; column < n; column++) {
            float sum = Lanes.sum(Lanes.load(sums + (long) column * VECTOR));
            long element = c + 4L * column;
            NativeMemory.setFloat(element, accumulate ? NativeMemory.getFloat(element) + sum : sum);
        }
    }

    private static void dot1x8(int n, long full, long a, long b, long bRow, long sums) {
        long a0 = a;
        long b0 = b;
        long b1 = b + Math.min(1, n - 1) * bRow;
        long b2 = b + Math.min(2, n - 1) * bRow;
        long b3 = b + Math.min(3, n - 1) * bRow;
        long b4 = b + Math.min(4, n - 1) * bRow;
        long b5 = b + Math.min(5, n - 1) * bRow;
        long b6 = b + Math.min(6, n - 1) * bRow;
        long b7 = b + Math.min(7, n - 1) * bRow;
        FloatVector s00 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s01 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s02 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s03 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s04 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s05 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s06 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s07 = FloatVector.zero(Lanes.SPECIES);
        for (long i = 0; i < full; i += VECTOR) {
            FloatVector x0 = Lanes.load(a0 + i);
            FloatVector y0 = Lanes.load(b0 + i);
            s00 = x0.fma(y0, s00);
            FloatVector y1 = Lanes.load(b1 + i);
            s01 = x0.fma(y1, s01);
            FloatVector y2 = Lanes.load(b2 + i);
            s02 = x0.fma(y2, s02);
            FloatVector y3 = Lanes.load(b3 + i);
            s03 = x0.fma(y3, s03);
            FloatVector y4 = Lanes.load(b4 + i);
            s04 = x0.fma(y4, s04);
            FloatVector y5 = Lanes.load(b5 + i);
            s05 = x0.fma(y5, s05);
            FloatVector y6 = Lanes.load(b6 + i);
            s06 = x0.fma(y6, s06);
            FloatVector y7 = Lanes.load(b7 + i);
            s07 = x0.fma(y7, s07);
        }
        Lanes.store(s00, sums);
        Lanes.store(s01, sums + VECTOR);
        Lanes.store(s02, sums + 2 * VECTOR);
        Lanes.store(s03, sums + 3 * VECTOR);
        Lanes.store(s04, sums + 4 * VECTOR);
        Lanes.store(s05, sums + 5 * VECTOR);
        Lanes.store(s06, sums + 6 * VECTOR);
        Lanes.store(s07, sums + 7 * VECTOR);
    }

    private static void dot4x4(
            int m, int n, long full, long a, long aRow, long b, long bRow, long sums) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long b0 = b;
        long b1 = b + Math.min(1, n - 1) * bRow;
        long b2 = b + Math.min(2, n - 1) * bRow;
        long b3 = b + Math.min(3, n - 1) * bRow;
        FloatVector s00 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s01 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s02 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s03 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s10 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s11 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s12 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s13 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s20 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s21 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s22 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s23 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s30 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s31 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s32 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s33 = FloatVector.zero(Lanes.SPECIES);
        for (long i = 0; i < full; i += VECTOR) {
            FloatVector x0 = Lanes.load(a0 + i);
            FloatVector x1 = Lanes.load(a1 + i);
            FloatVector x2 = Lanes.load(a2 + i);
            FloatVector x3 = Lanes.load(a3 + i);
            FloatVector y0 = Lanes.load(b0 + i);
            s00 = x0.fma(y0, s00);
            s10 = x1.fma(y0, s10);
            s20 = x2.fma(y0, s20);
            s30 = x3.fma(y0, s30);
            FloatVector y1 = Lanes.load(b1 + i);
            s01 = x0.fma(y1, s01);
            s11 = x1.fma(y1, s11);
            s21 = x2.fma(y1, s21);
            s31 = x3.fma(y1, s31);
            FloatVector y2 = Lanes.load(b2 + i);
            s02 = x0.fma(y2, s02);
            s12 = x1.fma(y2, s12);
            s22 = x2.fma(y2, s22);
            s32 = x3.fma(y2, s32);
            FloatVector y3 = Lanes.load(b3 + i);
            s03 = x0.fma(y3, s03);
            s13 = x1.fma(y3, s13);
            s23 = x2.fma(y3, s23);
            s33 = x3.fma(y3, s33);
        }
        Lanes.store(s00, sums);
        Lanes.store(s01, sums + VECTOR);
        Lanes.store(s02, sums + 2 * VECTOR);
        Lanes.store(s03, sums + 3 * VECTOR);
        Lanes.store(s10, sums + 4 * VECTOR);
        Lanes.store(s11, sums + 5 * VECTOR);
        Lanes.store(s12, sums + 6 * VECTOR);
        Lanes.store(s13, sums + 7 * VECTOR);
        Lanes.store(s20, sums + 8 * VECTOR);
        Lanes.store(s21, sums + 9 * VECTOR);
        Lanes.store(s22, sums + 10 * VECTOR);
        Lanes.store(s23, sums + 11 * VECTOR);
        Lanes.store(s30, sums + 12 * VECTOR);
        Lanes.store(s31, sums + 13 * VECTOR);
        Lanes.store(s32, sums + 14 * VECTOR);
        Lanes.store(s33, sums + 15 * VECTOR);
    }

    private static void dot8x2(
            int m, int n, long full, long a, long aRow, long b, long bRow, long sums) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long a4 = a + Math.min(4, m - 1) * aRow;
        long a5 = a + Math.min(5, m - 1) * aRow;
        long a6 = a + Math.min(6, m - 1) * aRow;
        long a7 = a + Math.min(7, m - 1) * aRow;
        long b0 = b;
        long b1 = b + Math.min(1, n - 1) * bRow;
        FloatVector s00 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s01 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s10 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s11 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s20 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s21 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s30 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s31 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s40 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s41 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s50 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s51 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s60 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s61 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s70 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s71 = FloatVector.zero(Lanes.SPECIES);
        for (long i = 0; i < full; i += VECTOR) {
            FloatVector y0 = Lanes.load(b0 + i);
            FloatVector y1 = Lanes.load(b1 + i);
            FloatVector x0 = Lanes.load(a0 + i);
            s00 = x0.fma(y0, s00);
            s01 = x0.fma(y1, s01);
            FloatVector x1 = Lanes.load(a1 + i);
            s10 = x1.fma(y0, s10);
            s11 = x1.fma(y1, s11);
            FloatVector x2 = Lanes.load(a2 + i);
            s20 = x2.fma(y0, s20);
            s21 = x2.fma(y1, s21);
            FloatVector x3 = Lanes.load(a3 + i);
            s30 = x3.fma(y0, s30);
            s31 = x3.fma(y1, s31);
            FloatVector x4 = Lanes.load(a4 + i);
            s40 = x4.fma(y0, s40);
            s41 = x4.fma(y1, s41);
            FloatVector x5 = Lanes.load(a5 + i);
            s50 = x5.fma(y0, s50);
            s51 = x5.fma(y1, s51);
            FloatVector x6 = Lanes.load(a6 + i);
            s60 = x6.fma(y0, s60);
            s61 = x6.fma(y1, s61);
            FloatVector x7 = Lanes.load(a7 + i);
            s70 = x7.fma(y0, s70);
            s71 = x7.fma(y1, s71);
        }
        Lanes.store(s00, sums);
        Lanes.store(s01, sums + VECTOR);
        Lanes.store(s10, sums + 2 * VECTOR);
        Lanes.store(s11, sums + 3 * VECTOR);
        Lanes.store(s20, sums + 4 * VECTOR);
        Lanes.store(s21, sums + 5 * VECTOR);
        Lanes.store(s30, sums + 6 * VECTOR);
        Lanes.store(s31, sums + 7 * VECTOR);
        Lanes.store(s40, sums + 8 * VECTOR);
        Lanes.store(s41, sums + 9 * VECTOR);
        Lanes.store(s50, sums + 10 * VECTOR);
        Lanes.store(s51, sums + 11 * VECTOR);
        Lanes.store(s60, sums + 12 * VECTOR);
        Lanes.store(s61, sums + 13 * VECTOR);
        Lanes.store(s70, sums + 14 * VECTOR);
        Lanes.store(s71, sums + 15 * VECTOR);
    }
}
