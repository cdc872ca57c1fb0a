package dev.ugoki.cpu;

/** The part of {@link LineCopy} that whole vectors can do. */
final class VectorLineCopy {
    private VectorLineCopy() {}

    /** Returns how many elements of each line were copied. */
    static int run(int lines, int length, int width, long source, long sourceLine, long target) {
        int whole = length / Lanes.COUNT;
        switch (whole) {
            case 0 -> {}
            case 1 -> one(lines, source, sourceLine, target, 4L * width);
            case 2 -> two(lines, source, sourceLine, target, 4L * width);
            default -> {
                for (int vector = 0; vector < whole; vector++) {
                    long shift = (long) vector * Lanes.BYTES;
                    one(lines, source + shift, sourceLine, target + shift, 4L * width);
                }
            }
        }
        return whole * Lanes.COUNT;
    }

    private static void one(int lines, long source, long sourceLine, long target, long targetLine) {
        for (int line = 0; line < lines; line++) {
            Lanes.store(Lanes.load(source + line * sourceLine), target + line * targetLine);
        }
    }

    private static void two(int lines, long source, long sourceLine, long target, long targetLine) {
        for (int line = 0; line < lines; line++) {
            long from = source + line * sourceLine;
            long to = target + line * targetLine;
            Lanes.store(Lanes.load(from), to);
            Lanes.store(Lanes.load(from + Lanes.BYTES), to + Lanes.BYTES);
        }
    }
}
