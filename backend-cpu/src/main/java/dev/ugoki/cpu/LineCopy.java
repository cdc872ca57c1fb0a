package dev.ugoki.cpu;

/** Copies short lines of F32, from any distance, to lie side by side. */
final class LineCopy {
    private static final boolean VECTORS = VectorModule.isUsable();

    private LineCopy() {}

    /**
     * Lines of {@code length} elements become lines of {@code width}, with zeros at their ends.
     *
     * @param sourceLine bytes from one line of the source to the next
     */
    static void run(int lines, int length, int width, long source, long sourceLine, long target) {
        int missing =
                VECTORS
                        ? VectorLineCopy.run(lines, length, width, source, sourceLine, target)
                        : lines;
        int inVectors = VECTORS ? length / Tile.LANES * Tile.LANES : 0;
        for (int line = lines - missing; line < lines; line++) {
            long from = source + line * sourceLine;
            long to = target + 4L * line * width;
            for (int i = inVectors; i < length; i++) {
                NativeMemory.setFloat(to + 4L * i, NativeMemory.getFloat(from + 4L * i));
            }
        }
        clearBehind(lines, length, width, target);
    }

    /** Zeros in each line of {@code width} elements, from {@code length}. */
    static void clearBehind(int lines, int length, int width, long target) {
        for (int line = 0; line < lines && length < width; line++) {
            long to = target + 4L * line * width;
            for (int i = length; i < width; i++) {
                NativeMemory.setFloat(to + 4L * i, 0f);
            }
        }
    }
}
