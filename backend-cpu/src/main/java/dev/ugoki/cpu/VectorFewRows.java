package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * F32 products with few rows (1 to 8) on the Vector API: a batch of observations times a layer's
 * weights. They are bound by reading B once, which a general product does not do well.
 *
 * <p>Each kernel makes a block of C in registers, named rows x columns. Where fewer rows are left
 * than a kernel has, its last row is repeated: the same value is stored twice. B plain is read in
 * rows of vectors; every element of C is one chain of fma over k. B transposed is read along k;
 * every element of C is a tree over {@value #CHAINS} chains, so that its bits are those of any
 * width of vectors.
 */
final class VectorFewRows implements FewRows {
    private static final int VECTOR = Lanes.BYTES;
    private static final int COUNT = Lanes.COUNT;

    /** The most vectors of sums that one kernel makes at once. */
    private static final int MAX_SUMS = 16;

    /** Where the elements stand, once their chains are added up. */
    private static final int TOTALS = MAX_SUMS * CHAINS;

    /** Those sums, in an array: C2 inlines more stores to one than to memory. */
    private static final ThreadLocal<float[]> SUMS =
            ThreadLocal.withInitial(() -> new float[TOTALS + MAX_SUMS]);

    private static final VectorMask<Float> UPPER_8 = upper(8);
    private static final VectorMask<Float> UPPER_4 = upper(4);
    private static final VectorMask<Float> UPPER_2 = upper(2);
    private static final VectorMask<Float> UPPER_1 = upper(1);
    private static final VectorShuffle<Float> EXCHANGE_8 = exchange(8);
    private static final VectorShuffle<Float> EXCHANGE_4 = exchange(4);
    private static final VectorShuffle<Float> EXCHANGE_2 = exchange(2);
    private static final VectorShuffle<Float> EXCHANGE_1 = exchange(1);

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
        float[] sums = SUMS.get();
        for (int column = 0; column < n; ) {
            int vectors = vectors(m, n - column);
            int columns = Math.min(vectors * COUNT, n - column);
            long b0 = b + 4L * column;
            if (vectors == 1) {
                plain8x1(m, k, a, aRow, aColumn, b0, bRow, sums);
            } else if (m == 1) {
                switch (vectors) {
                    case 8 -> plain1x8(k, a, aColumn, b0, bRow, sums);
                    default -> plain1x4(k, a, aColumn, b0, bRow, sums);
                }
            } else if (vectors == 8) {
                plain2x8(k, a, aRow, aColumn, b0, bRow, sums);
            } else if (vectors == 4) {
                plain4x4(m, k, a, aRow, aColumn, b0, bRow, sums);
            } else {
                plain8x2(m, k, a, aRow, aColumn, b0, bRow, sums);
            }
            for (int row = 0; row < m; row++) {
                int first = row * vectors * COUNT;
                put(columns, sums, first, c + row * cRow + 4L * column, accumulate);
            }
            column += columns;
        }
    }

    /** How many vectors wide the next kernel is. */
    private static int vectors(int m, int columns) {
        int wide = m <= 2 ? 8 : m <= 4 ? 4 : 2;
        if (columns >= wide * COUNT) {
            return wide;
        }
        return m == 1 && columns >= 4 * COUNT ? 4 : 1;
    }

    private static void put(int n, float[] sums, int first, long c, boolean accumulate) {
        int i = 0;
        for (; i + COUNT <= n; i += COUNT) {
            FloatVector sum = FloatVector.fromArray(Lanes.SPECIES, sums, first + i);
            Lanes.store(accumulate ? Lanes.load(c + 4L * i).add(sum) : sum, c + 4L * i);
        }
        for (; i < n; i++) {
            float sum = sums[first + i];
            float before = accumulate ? NativeMemory.getFloat(c + 4L * i) : 0;
            NativeMemory.setFloat(c + 4L * i, accumulate ? before + sum : sum);
        }
    }

    private static FloatVector spread(long a) {
        return FloatVector.broadcast(Lanes.SPECIES, NativeMemory.getFloat(a));
    }

    private static void plain1x8(int k, long a, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s04 = zero;
        FloatVector s05 = zero;
        FloatVector s06 = zero;
        FloatVector s07 = zero;
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
        s00.intoArray(sums, 0);
        s01.intoArray(sums, COUNT);
        s02.intoArray(sums, 2 * COUNT);
        s03.intoArray(sums, 3 * COUNT);
        s04.intoArray(sums, 4 * COUNT);
        s05.intoArray(sums, 5 * COUNT);
        s06.intoArray(sums, 6 * COUNT);
        s07.intoArray(sums, 7 * COUNT);
    }

    private static void plain1x4(int k, long a, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
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
        s00.intoArray(sums, 0);
        s01.intoArray(sums, COUNT);
        s02.intoArray(sums, 2 * COUNT);
        s03.intoArray(sums, 3 * COUNT);
    }

    private static void plain2x8(
            int k, long a, long aRow, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        long a1 = a + aRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s04 = zero;
        FloatVector s05 = zero;
        FloatVector s06 = zero;
        FloatVector s07 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        FloatVector s14 = zero;
        FloatVector s15 = zero;
        FloatVector s16 = zero;
        FloatVector s17 = zero;
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
        s00.intoArray(sums, 0);
        s01.intoArray(sums, COUNT);
        s02.intoArray(sums, 2 * COUNT);
        s03.intoArray(sums, 3 * COUNT);
        s04.intoArray(sums, 4 * COUNT);
        s05.intoArray(sums, 5 * COUNT);
        s06.intoArray(sums, 6 * COUNT);
        s07.intoArray(sums, 7 * COUNT);
        s10.intoArray(sums, 8 * COUNT);
        s11.intoArray(sums, 9 * COUNT);
        s12.intoArray(sums, 10 * COUNT);
        s13.intoArray(sums, 11 * COUNT);
        s14.intoArray(sums, 12 * COUNT);
        s15.intoArray(sums, 13 * COUNT);
        s16.intoArray(sums, 14 * COUNT);
        s17.intoArray(sums, 15 * COUNT);
    }

    private static void plain4x4(
            int m, int k, long a, long aRow, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
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
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s32 = zero;
        FloatVector s33 = zero;
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
        s00.intoArray(sums, 0);
        s01.intoArray(sums, COUNT);
        s02.intoArray(sums, 2 * COUNT);
        s03.intoArray(sums, 3 * COUNT);
        s10.intoArray(sums, 4 * COUNT);
        s11.intoArray(sums, 5 * COUNT);
        s12.intoArray(sums, 6 * COUNT);
        s13.intoArray(sums, 7 * COUNT);
        s20.intoArray(sums, 8 * COUNT);
        s21.intoArray(sums, 9 * COUNT);
        s22.intoArray(sums, 10 * COUNT);
        s23.intoArray(sums, 11 * COUNT);
        s30.intoArray(sums, 12 * COUNT);
        s31.intoArray(sums, 13 * COUNT);
        s32.intoArray(sums, 14 * COUNT);
        s33.intoArray(sums, 15 * COUNT);
    }

    private static void plain8x2(
            int m, int k, long a, long aRow, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long a4 = a + Math.min(4, m - 1) * aRow;
        long a5 = a + Math.min(5, m - 1) * aRow;
        long a6 = a + Math.min(6, m - 1) * aRow;
        long a7 = a + Math.min(7, m - 1) * aRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s40 = zero;
        FloatVector s41 = zero;
        FloatVector s50 = zero;
        FloatVector s51 = zero;
        FloatVector s60 = zero;
        FloatVector s61 = zero;
        FloatVector s70 = zero;
        FloatVector s71 = zero;
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
        s00.intoArray(sums, 0);
        s01.intoArray(sums, COUNT);
        s10.intoArray(sums, 2 * COUNT);
        s11.intoArray(sums, 3 * COUNT);
        s20.intoArray(sums, 4 * COUNT);
        s21.intoArray(sums, 5 * COUNT);
        s30.intoArray(sums, 6 * COUNT);
        s31.intoArray(sums, 7 * COUNT);
        s40.intoArray(sums, 8 * COUNT);
        s41.intoArray(sums, 9 * COUNT);
        s50.intoArray(sums, 10 * COUNT);
        s51.intoArray(sums, 11 * COUNT);
        s60.intoArray(sums, 12 * COUNT);
        s61.intoArray(sums, 13 * COUNT);
        s70.intoArray(sums, 14 * COUNT);
        s71.intoArray(sums, 15 * COUNT);
    }

    private static void plain8x1(
            int m, int k, long a, long aRow, long aColumn, long b, long bRow, float[] sums) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long a4 = a + Math.min(4, m - 1) * aRow;
        long a5 = a + Math.min(5, m - 1) * aRow;
        long a6 = a + Math.min(6, m - 1) * aRow;
        long a7 = a + Math.min(7, m - 1) * aRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s10 = zero;
        FloatVector s20 = zero;
        FloatVector s30 = zero;
        FloatVector s40 = zero;
        FloatVector s50 = zero;
        FloatVector s60 = zero;
        FloatVector s70 = zero;
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
        s00.intoArray(sums, 0);
        s10.intoArray(sums, COUNT);
        s20.intoArray(sums, 2 * COUNT);
        s30.intoArray(sums, 3 * COUNT);
        s40.intoArray(sums, 4 * COUNT);
        s50.intoArray(sums, 5 * COUNT);
        s60.intoArray(sums, 6 * COUNT);
        s70.intoArray(sums, 7 * COUNT);
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
        int wide = MAX_SUMS / rows;
        long full = 4L * (k & -CHAINS);
        float[] sums = SUMS.get();
        for (int column = 0; column < n; column += wide) {
            int columns = Math.min(wide, n - column);
            long b0 = b + column * bRow;
            for (int lane = 0; lane < CHAINS; lane += COUNT) {
                long x = a + 4L * lane;
                long y = b0 + 4L * lane;
                switch (rows) {
                    case 1 -> {
                        dot1x8(columns, full, x, y, bRow, sums, lane);
                        if (columns > 8) {
                            long next = y + 8 * bRow;
                            dot1x8(columns - 8, full, x, next, bRow, sums, lane + 8 * CHAINS);
                        }
                    }
                    case 4 -> dot4x4(m, columns, full, x, aRow, y, bRow, sums, lane);
                    default -> dot8x2(m, columns, full, x, aRow, y, bRow, sums, lane);
                }
            }
            int rest = (int) (k - full / 4);
            for (int row = 0; rest > 0 && row < m; row++) {
                long x = a + row * aRow + full;
                addRest(columns, rest, x, b0 + full, bRow, sums, row * wide * CHAINS);
            }
            addChains(m * wide, sums);
            if (m == 1) {
                put(columns, sums, TOTALS, c + 4L * column, accumulate);
            } else {
                putSingly(m, wide, columns, sums, c + 4L * column, cRow, accumulate);
            }
        }
    }

    /** The last products, fewer than there are chains, go to the first of these. */
    private static void addRest(
            int n, int count, long a, long b, long bRow, float[] sums, int first) {
        for (int lane = 0; lane < count; lane += COUNT) {
            VectorMask<Float> some = Lanes.SPECIES.indexInRange(lane, count);
            // What is read behind the rest is of the next row, or padding; it is not taken.
            FloatVector x = Lanes.load(a + 4L * lane);
            for (int column = 0; column < n; column++) {
                int chains = first + column * CHAINS + lane;
                FloatVector y = Lanes.load(b + column * bRow + 4L * lane);
                FloatVector sum = FloatVector.fromArray(Lanes.SPECIES, sums, chains);
                sum.blend(x.fma(y, sum), some).intoArray(sums, chains);
            }
        }
    }

    /**
     * Adds up the chains of the first {@code count} elements, by the tree of {@link FewRows#tree}:
     * element i goes to {@code sums[TOTALS + i]}. A vector holds more and more elements, and fewer
     * and fewer parts of each, until it holds a sum in each lane.
     */
    private static void addChains(int count, float[] sums) {
        for (int first = 0; first < count; first += COUNT) {
            for (int i = 0; i < 4; i++) {
                addToFours(sums, (first + i) * CHAINS);
            }
            addFours(sums, first * CHAINS, TOTALS + first);
        }
    }

    /**
     * Makes one vector of every fourth element of {@link #COUNT} that follow one another, from the
     * first on, with four parts of each. It takes the place of the first.
     */
    private static void addToFours(float[] sums, int first) {
        FloatVector fours =
                switch (COUNT) {
                    case 16 ->
                            merge4(
                                    merge8(chains(sums, first), chains(sums, first + 8 * CHAINS)),
                                    merge8(
                                            chains(sums, first + 4 * CHAINS),
                                            chains(sums, first + 12 * CHAINS)));
                    case 8 -> merge4(halves(sums, first), halves(sums, first + 4 * CHAINS));
                    default -> halves(sums, first).add(halves(sums, first + 4));
                };
        fours.intoArray(sums, first);
    }

    private static void addFours(float[] sums, int first, int target) {
        FloatVector even = merge2(chains(sums, first), chains(sums, first + 2 * CHAINS));
        FloatVector odd = merge2(chains(sums, first + CHAINS), chains(sums, first + 3 * CHAINS));
        merge1(even, odd).intoArray(sums, target);
    }

    private static FloatVector chains(float[] sums, int first) {
        return FloatVector.fromArray(Lanes.SPECIES, sums, first);
    }

    /** Sums of chains that are 8 apart, where a vector holds at most 8. */
    private static FloatVector halves(float[] sums, int first) {
        return chains(sums, first).add(chains(sums, first + 8));
    }

    // Of two vectors' groups of 8 (4, 2, 1) lanes, those 8 (4, 2, 1) apart are added: the sums of
    // the one stand where those lanes have this bit clear, those of the other where it is set.

    private static FloatVector merge8(FloatVector a, FloatVector b) {
        return a.blend(b, UPPER_8).add(b.blend(a, UPPER_8).rearrange(EXCHANGE_8));
    }

    private static FloatVector merge4(FloatVector a, FloatVector b) {
        return a.blend(b, UPPER_4).add(b.blend(a, UPPER_4).rearrange(EXCHANGE_4));
    }

    private static FloatVector merge2(FloatVector a, FloatVector b) {
        return a.blend(b, UPPER_2).add(b.blend(a, UPPER_2).rearrange(EXCHANGE_2));
    }

    private static FloatVector merge1(FloatVector a, FloatVector b) {
        return a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(EXCHANGE_1));
    }

    private static VectorMask<Float> upper(int bit) {
        boolean[] lanes = new boolean[COUNT];
        for (int lane = 0; lane < COUNT; lane++) {
            lanes[lane] = (lane & bit) != 0;
        }
        return VectorMask.fromArray(Lanes.SPECIES, lanes, 0);
    }

    private static VectorShuffle<Float> exchange(int bit) {
        return VectorShuffle.fromOp(Lanes.SPECIES, lane -> (lane ^ bit) & COUNT - 1);
    }

    private static void putSingly(
            int m, int wide, int n, float[] sums, long c, long cRow, boolean accumulate) {
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
                float sum = sums[TOTALS + row * wide + column];
                long element = c + row * cRow + 4L * column;
                float before = accumulate ? NativeMemory.getFloat(element) : 0;
                NativeMemory.setFloat(element, accumulate ? before + sum : sum);
            }
        }
    }

    private static void dot1x8(
            int n, long full, long a, long b, long bRow, float[] sums, int lane) {
        long a0 = a;
        long b0 = b;
        long b1 = b + Math.min(1, n - 1) * bRow;
        long b2 = b + Math.min(2, n - 1) * bRow;
        long b3 = b + Math.min(3, n - 1) * bRow;
        long b4 = b + Math.min(4, n - 1) * bRow;
        long b5 = b + Math.min(5, n - 1) * bRow;
        long b6 = b + Math.min(6, n - 1) * bRow;
        long b7 = b + Math.min(7, n - 1) * bRow;
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s04 = zero;
        FloatVector s05 = zero;
        FloatVector s06 = zero;
        FloatVector s07 = zero;
        for (long i = 0; i < full; i += 4 * CHAINS) {
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
        s00.intoArray(sums, lane);
        s01.intoArray(sums, lane + CHAINS);
        s02.intoArray(sums, lane + 2 * CHAINS);
        s03.intoArray(sums, lane + 3 * CHAINS);
        s04.intoArray(sums, lane + 4 * CHAINS);
        s05.intoArray(sums, lane + 5 * CHAINS);
        s06.intoArray(sums, lane + 6 * CHAINS);
        s07.intoArray(sums, lane + 7 * CHAINS);
    }

    private static void dot4x4(
            int m, int n, long full, long a, long aRow, long b, long bRow, float[] sums, int lane) {
        long a0 = a;
        long a1 = a + Math.min(1, m - 1) * aRow;
        long a2 = a + Math.min(2, m - 1) * aRow;
        long a3 = a + Math.min(3, m - 1) * aRow;
        long b0 = b;
        long b1 = b + Math.min(1, n - 1) * bRow;
        long b2 = b + Math.min(2, n - 1) * bRow;
        long b3 = b + Math.min(3, n - 1) * bRow;
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
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s32 = zero;
        FloatVector s33 = zero;
        for (long i = 0; i < full; i += 4 * CHAINS) {
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
        s00.intoArray(sums, lane);
        s01.intoArray(sums, lane + CHAINS);
        s02.intoArray(sums, lane + 2 * CHAINS);
        s03.intoArray(sums, lane + 3 * CHAINS);
        s10.intoArray(sums, lane + 4 * CHAINS);
        s11.intoArray(sums, lane + 5 * CHAINS);
        s12.intoArray(sums, lane + 6 * CHAINS);
        s13.intoArray(sums, lane + 7 * CHAINS);
        s20.intoArray(sums, lane + 8 * CHAINS);
        s21.intoArray(sums, lane + 9 * CHAINS);
        s22.intoArray(sums, lane + 10 * CHAINS);
        s23.intoArray(sums, lane + 11 * CHAINS);
        s30.intoArray(sums, lane + 12 * CHAINS);
        s31.intoArray(sums, lane + 13 * CHAINS);
        s32.intoArray(sums, lane + 14 * CHAINS);
        s33.intoArray(sums, lane + 15 * CHAINS);
    }

    private static void dot8x2(
            int m, int n, long full, long a, long aRow, long b, long bRow, float[] sums, int lane) {
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
        FloatVector zero = FloatVector.zero(Lanes.SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s40 = zero;
        FloatVector s41 = zero;
        FloatVector s50 = zero;
        FloatVector s51 = zero;
        FloatVector s60 = zero;
        FloatVector s61 = zero;
        FloatVector s70 = zero;
        FloatVector s71 = zero;
        for (long i = 0; i < full; i += 4 * CHAINS) {
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
        s00.intoArray(sums, lane);
        s01.intoArray(sums, lane + CHAINS);
        s10.intoArray(sums, lane + 2 * CHAINS);
        s11.intoArray(sums, lane + 3 * CHAINS);
        s20.intoArray(sums, lane + 4 * CHAINS);
        s21.intoArray(sums, lane + 5 * CHAINS);
        s30.intoArray(sums, lane + 6 * CHAINS);
        s31.intoArray(sums, lane + 7 * CHAINS);
        s40.intoArray(sums, lane + 8 * CHAINS);
        s41.intoArray(sums, lane + 9 * CHAINS);
        s50.intoArray(sums, lane + 10 * CHAINS);
        s51.intoArray(sums, lane + 11 * CHAINS);
        s60.intoArray(sums, lane + 12 * CHAINS);
        s61.intoArray(sums, lane + 13 * CHAINS);
        s70.intoArray(sums, lane + 14 * CHAINS);
        s71.intoArray(sums, lane + 15 * CHAINS);
    }
}
