package dev.ugoki.cpu;

/**
 * Lines of contiguous F32 tensors along one dimension, of which neighbouring ones are gone along
 * together: running sums, made in F64, and the places of extremes.
 *
 * @param count of lines
 * @param length of each
 * @param stride elements from one element of a line to the next; as many lines lie side by side
 */
record FloatLines(long count, long length, long stride) {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    /** Lines side by side that one task goes along together. */
    private static final long MOST_TOGETHER = 256;

    private interface Group {
        /** Line {@code first}, whose first element is {@code start}, and those beside it. */
        void run(long first, long start, long lines);
    }

    private void forEachGroup(Group group) {
        if (count == 0 || length == 0) {
            return;
        }
        long together = Math.min(stride, MOST_TOGETHER);
        long groupsOfBlock = (stride + together - 1) / together;
        long groups = count / stride * groupsOfBlock;
        long groupsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / (together * length));
        int tasks = Math.toIntExact((groups + groupsOfTask - 1) / groupsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long end = Math.min(groups, (task + 1) * groupsOfTask);
                            for (long i = task * groupsOfTask; i < end; i++) {
                                long block = i / groupsOfBlock;
                                long within = i % groupsOfBlock * together;
                                group.run(
                                        block * stride + within,
                                        block * stride * length + within,
                                        Math.min(together, stride - within));
                            }
                        });
    }

    /** The sum of each element and those before it, or, in reverse, after it. */
    void runningSums(boolean reverse, long from, long to) {
        long step = reverse ? -4 * stride : 4 * stride;
        long begin = reverse ? 4 * stride * (length - 1) : 0;
        forEachGroup(
                (_, start, lines) -> {
                    long source = from + 4 * start + begin;
                    long target = to + 4 * start + begin;
                    if (lines == 1) {
                        runningSum(source, target, step);
                    } else {
                        runningSums(source, target, step, lines);
                    }
                });
    }

    private void runningSum(long from, long to, long step) {
        double sum = NativeMemory.getFloat(from);
        NativeMemory.setFloat(to, (float) sum);
        for (long i = 1; i < length; i++) {
            sum += NativeMemory.getFloat(from + i * step);
            NativeMemory.setFloat(to + i * step, (float) sum);
        }
    }

    private void runningSums(long from, long to, long step, long lines) {
        long sums = Scratch.address(8 * lines);
        for (long line = 0; line < lines; line++) {
            float first = NativeMemory.getFloat(from + 4 * line);
            NativeMemory.setDouble(sums + 8 * line, first);
            NativeMemory.setFloat(to + 4 * line, first);
        }
        for (long i = 1; i < length; i++) {
            addRow(from + i * step, sums, to + i * step, lines);
        }
    }

    private static void addRow(long from, long sums, long to, long lines) {
        for (long line = 0; line < lines; line++) {
            double sum =
                    NativeMemory.getDouble(sums + 8 * line)
                            + NativeMemory.getFloat(from + 4 * line);
            NativeMemory.setDouble(sums + 8 * line, sum);
            NativeMemory.setFloat(to + 4 * line, (float) sum);
        }
    }

    /** The first place, I64, of the largest or smallest of each line; NaN before all. */
    void placesOfExtremes(boolean largest, long from, long to) {
        forEachGroup(
                (first, start, lines) -> {
                    if (lines == 1) {
                        long at = from + 4 * start;
                        long place = largest ? placeOfLargest(at) : placeOfSmallest(at);
                        NativeMemory.setLong(to + 8 * first, place);
                    } else {
                        places(largest, from + 4 * start, to + 8 * first, lines);
                    }
                });
    }

    private long placeOfLargest(long from) {
        long place = 0;
        float best = NativeMemory.getFloat(from);
        for (long i = 1; i < length; i++) {
            float x = NativeMemory.getFloat(from + 4 * stride * i);
            if (x > best || x != x && best == best) {
                best = x;
                place = i;
            }
        }
        return place;
    }

    private long placeOfSmallest(long from) {
        long place = 0;
        float best = NativeMemory.getFloat(from);
        for (long i = 1; i < length; i++) {
            float x = NativeMemory.getFloat(from + 4 * stride * i);
            if (x < best || x != x && best == best) {
                best = x;
                place = i;
            }
        }
        return place;
    }

    private void places(boolean largest, long from, long to, long lines) {
        long bests = Scratch.address(4 * lines);
        NativeMemory.copy(from, bests, 4 * lines);
        NativeMemory.clear(to, 8 * lines);
        for (long i = 1; i < length; i++) {
            long row = from + 4 * stride * i;
            for (long line = 0; line < lines; line++) {
                float x = NativeMemory.getFloat(row + 4 * line);
                float best = NativeMemory.getFloat(bests + 4 * line);
                boolean better = largest ? x > best : x < best;
                if (better || x != x && best == best) {
                    NativeMemory.setFloat(bests + 4 * line, x);
                    NativeMemory.setLong(to + 8 * line, i);
                }
            }
        }
    }
}
