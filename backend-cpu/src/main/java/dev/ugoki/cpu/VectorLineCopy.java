package dev.ugoki.cpu;

/** The part of {@link LineCopy} that whole vectors can do. */
final class VectorLineCopy {
    private VectorLineCopy() {}

    /**
     * Copies lines but for the ends of the last ones. What a vector puts behind a line's end is
     * written again by the lines after it, which come later; so the ends go first.
     *
     * @return how many of the last lines have an end, behind their whole vectors, that is missing
     */
    static int run(int lines, int length, int width, long source, long sourceLine, long target) {
        int whole = length / Lanes.COUNT;
        int rest = length % Lanes.COUNT;
        int missing = rest == 0 ? 0 : Math.min(lines, (Lanes.COUNT - rest + width - 1) / width);
        long end = (long) whole * Lanes.BYTES;
        if (rest > 0) {
            one(lines - missing, source + end, sourceLine, target + end, 4L * width);
        }
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
        return missing;
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
