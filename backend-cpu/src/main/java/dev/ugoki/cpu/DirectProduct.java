package dev.ugoki.cpu;

/**
 * F32 products C = A B, or C + A B, of matrices as they lie in memory, where B's rows are in one
 * piece: for products so small that packing does not pay. A may be stored either way. Same bits as
 * {@link PackedProduct}.
 */
final class DirectProduct {
    private DirectProduct() {}

    /**
     * One product, on this thread. Distances are in bytes.
     *
     * @param m rows of C; {@code n} columns of C; {@code k} columns of A and rows of B
     * @param aRow from one row of A to the next
     * @param aColumn from one column of A to the next; if rows are not 4 bytes apart, at most
     *     {@link Tile#MOST_BETWEEN_COLUMNS}
     * @param accumulate whether the product is added to C
     */
    static void run(
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
        if (aRow != 4 && aColumn > Tile.MOST_BETWEEN_COLUMNS) {
            throw new IllegalArgumentException("columns of A lie " + aColumn + " bytes apart");
        }
        for (int front = 0; front < k; front += PackedProduct.DEPTH) {
            int depth = Math.min(PackedProduct.DEPTH, k - front);
            boolean add = accumulate || front > 0;
            int columns;
            for (int left = 0; left < n; left += columns) {
                columns = Tile.nextColumns(n - left, aRow == 4);
                int most = Tile.mostRows(columns, aRow == 4);
                long y = b + front * bRow + 4L * left;
                int top = 0;
                for (int rest = (m + most - 1) / most; rest > 0; rest--) {
                    // As even as can be: a tile of one row would take as long as one of four.
                    int rows = (m - top) / rest;
                    long x = a + top * aRow + front * aColumn;
                    long z = c + top * cRow + 4L * left;
                    Tile.run(rows, columns, depth, x, aRow, aColumn, y, bRow, z, cRow, add);
                    top += rows;
                }
            }
        }
    }
}
