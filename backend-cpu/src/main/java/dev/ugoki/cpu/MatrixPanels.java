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
        lines(depth, rows, rows, source, columnBytes, rowBytes, target);
    }

    @Override
    public void pack(int front, int depth, int column, int columns, int width, long target) {
        long source = matrix + front * rowBytes + column * columnBytes;
        lines(depth, columns, width, source, rowBytes, columnBytes, target);
    }

    /** Lines of {@code width}, one after the other, with zeros from {@code length}. */
    private static void lines(
            int count,
            int length,
            int width,
            long source,
            long sourceLine,
            long sourceElement,
            long target) {
        for (int line = 0; line < count; line++) {
            long from = source + line * sourceLine;
            long to = target + 4L * line * width;
            if (sourceElement == 4) {
                NativeMemory.copy(from, to, 4L * length);
            } else {
                for (int i = 0; i < length; i++) {
                    NativeMemory.setFloat(
                            to + 4L * i, NativeMemory.getFloat(from + i * sourceElement));
                }
            }
            for (int i = length; i < width; i++) {
                NativeMemory.setFloat(to + 4L * i, 0f);
            }
        }
    }
}
