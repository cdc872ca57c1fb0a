package dev.ugoki.cpu;

/**
 * Panels of a matrix whose element in row r and column j lies {@code rows[r] + columns[j]} elements
 * after its beginning. Columns that are neighbours in memory are packed by whole vectors.
 */
final class OffsetPanels {
    private static final PanelCopies COPIES = PanelCopies.BEST;

    private int[] columns = new int[0];
    private int[] sources = new int[Tile.COLUMNS];
    private int[] targets = new int[Tile.COLUMNS];
    private int pieces;

    /** The offsets of at least {@code count} columns, to be written. */
    int[] columns(int count) {
        if (columns.length < count) {
            columns = new int[count];
        }
        return columns;
    }

    /**
     * Packs {@code count} columns from {@code first} on as a panel of B; see {@link Tile}. Up to
     * {@link NativeMemory#PADDING} bytes after the panel may change.
     */
    void pack(long source, int[] rows, int depth, int first, int count, long target) {
        divide(first, count);
        COPIES.pack(source, rows, depth, sources, targets, pieces, target, 4L * Tile.width(count));
    }

    /** Divides columns into pieces of neighbours, each at most a vector. */
    void divide(int first, int count) {
        if (sources.length < count) {
            sources = new int[count];
            targets = new int[count];
        }
        pieces = 0;
        int at = 0;
        while (at < count) {
            int start = columns[first + at];
            int length = 1;
            while (at + length < count && columns[first + at + length] == start + length) {
                length++;
            }
            for (int i = 0; i < length; i += Tile.LANES) {
                sources[pieces] = start + i;
                targets[pieces++] = at + i;
            }
            at += length;
        }
    }

    /** The sums of rows, each times a weight, of the columns that were divided last. */
    void sum(long source, int[] rows, int count, long weights, long target) {
        ShiftedSums.BEST.run(source, rows, count, weights, sources, targets, pieces, target);
    }
}
