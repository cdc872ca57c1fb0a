package dev.ugoki.cpu;

/**
 * Sums of F32 rows that are shorter than {@link RowReductions#LANES}, with the bits that {@link
 * RowReductions#sum} gives: many rows side by side, each lane of its tree being a column.
 */
final class ShortRows {
    /** The longest rows, that no lane of the tree takes in a second element of. */
    static final int MOST_COLUMNS = RowReductions.LANES;

    /** Rows that are summed side by side. */
    private static final int GROUP = 64;

    private ShortRows() {}

    /** {@code to[r] = } the sum of row r. */
    static void sum(long from, long rows, long columns, long to) {
        switch ((int) columns) {
            case 1 -> ofOne(from, rows, to);
            case 2 -> ofTwo(from, rows, to);
            case 3 -> ofThree(from, rows, to);
            case 4 -> ofFour(from, rows, to);
            default -> ofMore(from, rows, columns, to);
        }
    }

    // A sum begins with +0, so that -0 alone gives +0.

    private static double element(long address) {
        return 0.0 + NativeMemory.getFloat(address);
    }

    private static void ofOne(long from, long rows, long to) {
        for (long row = 0; row < rows; row++) {
            NativeMemory.setFloat(to + 4 * row, (float) element(from + 4 * row));
        }
    }

    private static void ofTwo(long from, long rows, long to) {
        for (long row = 0; row < rows; row++) {
            long at = from + 8 * row;
            NativeMemory.setFloat(to + 4 * row, (float) (element(at) + element(at + 4)));
        }
    }

    private static void ofThree(long from, long rows, long to) {
        for (long row = 0; row < rows; row++) {
            long at = from + 12 * row;
            double even = element(at) + element(at + 8);
            NativeMemory.setFloat(to + 4 * row, (float) (even + element(at + 4)));
        }
    }

    private static void ofFour(long from, long rows, long to) {
        for (long row = 0; row < rows; row++) {
            long at = from + 16 * row;
            double even = element(at) + element(at + 8);
            double odd = element(at + 4) + element(at + 12);
            NativeMemory.setFloat(to + 4 * row, (float) (even + odd));
        }
    }

    private static void ofMore(long from, long rows, long columns, long to) {
        long lanes = Scratch.address(8L * GROUP * columns);
        for (long first = 0; first < rows; first += GROUP) {
            long some = Math.min(GROUP, rows - first);
            for (long row = 0; row < some; row++) {
                long at = from + 4 * (first + row) * columns;
                for (long column = 0; column < columns; column++) {
                    NativeMemory.setDouble(
                            lanes + 8 * (GROUP * column + row), element(at + 4 * column));
                }
            }
            for (long apart = MOST_COLUMNS / 2; apart > 0; apart /= 2) {
                for (long lane = 0; lane < apart && lane + apart < columns; lane++) {
                    add(lanes + 8 * GROUP * lane, lanes + 8 * GROUP * (lane + apart), some);
                }
            }
            for (long row = 0; row < some; row++) {
                float sum = (float) NativeMemory.getDouble(lanes + 8 * row);
                NativeMemory.setFloat(to + 4 * (first + row), sum);
            }
        }
    }

    private static void add(long to, long from, long count) {
        for (long i = 0; i < 8 * count; i += 8) {
            double sum = NativeMemory.getDouble(to + i) + NativeMemory.getDouble(from + i);
            NativeMemory.setDouble(to + i, sum);
        }
    }
}
