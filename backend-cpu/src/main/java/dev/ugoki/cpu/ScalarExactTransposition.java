package dev.ugoki.cpu;

/** Element by element. */
final class ScalarExactTransposition implements ExactTransposition {
    @Override
    public void run(
            int rows,
            int columns,
            long source,
            long sourceRow,
            long target,
            long targetColumn,
            long buffer) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                NativeMemory.setFloat(
                        target + column * targetColumn + 4L * row,
                        NativeMemory.getFloat(source + row * sourceRow + 4L * column));
            }
        }
    }
}
