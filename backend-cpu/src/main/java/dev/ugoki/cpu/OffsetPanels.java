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
    private int[] counts = new int[0];
    private int[] starts = new int[0];
    private int[] offsets = new int[0];

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
     *
     * @param readsBefore whether up to a vector before any column can be read
     */
    void pack(
            long source,
            int[] rows,
            int depth,
            int first,
            int count,
            long target,
            boolean readsBefore) {
        if (readsBefore && divideVectors(first, count)) {
            int vectors = Tile.width(count) / Tile.LANES;
            COPIES.packVectors(source, rows, depth, vectors, counts, starts, offsets, target);
            return;
        }
        divide(first, count);
        COPIES.pack(source, rows, depth, sources, targets, pieces, target, 4L * Tile.width(count));
    }

    /** Divides each vector of columns into pieces of neighbours; whether none has too many. */
    private boolean divideVectors(int first, int count) {
        int vectors = Tile.width(count) / Tile.LANES;
        if (counts.length < vectors) {
            counts = new int[vectors];
            starts = new int[vectors * PanelCopies.MOST_PIECES];
            offsets = new int[vectors * PanelCopies.MOST_PIECES];
        }
        for (int vector = 0; vector < vectors; vector++) {
            int begin = first + vector * Tile.LANES;
            int end = Math.min(first + count, begin + Tile.LANES);
            int piece = vector * PanelCopies.MOST_PIECES;
            int last = piece + PanelCopies.MOST_PIECES;
            for (int i = begin; i < end; i++) {
                if (i == begin || columns[i] != columns[i - 1] + 1) {
                    if (piece == last) {
                        return false;
                    }
                    starts[piece] = i - begin;
                    offsets[piece++] = columns[i] - (i - begin);
                }
            }
            counts[vector] = piece - vector * PanelCopies.MOST_PIECES;
        }
        return true;
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
