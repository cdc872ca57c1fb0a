package dev.ugoki.cpu;

/**
 * Panels of {@link PackedProduct} from a matrix in memory, stored plain or transposed; as A or as
 * B.
 */
final class MatrixPanels implements PackedProduct.Rows, PackedProduct.Columns {
    private long matrix;
    private long rowBytes;
    private long columnBytes;

    /**
     * The matrix to pack from now on.
     *
     * @param matrix its address
     * @param rowBytes from one row to the next; either this or the other is 4
     * @param columnBytes from one column to the next
     */
    MatrixPanels of(long matrix, long rowBytes, long columnBytes) {
        this.matrix = matrix;
        this.rowBytes = rowBytes;
        this.columnBytes = columnBytes;
        return this;
    }

    @Override
    public void pack(int row, int rows, int front, int depth, long target) {
        long source = matrix + row * rowBytes + front * columnBytes;
        if (rowBytes == 4) {
            LineCopy.run(depth, rows, rows, source, columnBytes, target);
        } else {
            Transposition.run(rows, depth, source, rowBytes, target, 4L * rows);
        }
    }

    @Override
    public void pack(int front, int depth, int column, int columns, int width, long target) {
        long source = matrix + front * rowBytes + column * columnBytes;
        if (columnBytes == 4) {
            LineCopy.run(depth, columns, width, source, rowBytes, target);
        } else {
            Transposition.run(columns, depth, source, columnBytes, target, 4L * width);
            LineCopy.clearBehind(depth, columns, width, target);
        }
    }
}
