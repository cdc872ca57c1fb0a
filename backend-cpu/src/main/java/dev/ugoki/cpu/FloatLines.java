package dev.ugoki.cpu;

/**
 * Lines of contiguous F32 tensors along one dimension, of which neighbouring ones are gone along
 * together: running sums, made in F64, and the places of extremes. For use again and again; one
 * thread at a time.
 */
final class FloatLines {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    /** Lines side by side that one task goes along together. */
    private static final long MOST_TOGETHER = 256;

    private enum Use {
        RUNNING_SUMS,
        LARGEST,
        SMALLEST
    }

    private final long length;
    private final long stride;
    private final long together;
    private final long groupsOfBlock;
    private final long groups;
    private final long groupsOfTask;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private Use use = Use.RUNNING_SUMS;
    private long step;
    private long source;
    private long target;

    /**
     * @param count of lines
     * @param length of each
     * @param stride elements from one element of a line to the next; as many lines lie side by side
     */
    FloatLines(long count, long length, long stride) {
        this.length = length;
        this.stride = stride;
        together = Math.min(stride, MOST_TOGETHER);
        groupsOfBlock = count == 0 ? 0 : (stride + together - 1) / together;
        groups = count == 0 || length == 0 ? 0 : count / stride * groupsOfBlock;
        groupsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, together * length));
        tasks = Math.toIntExact((groups + groupsOfTask - 1) / groupsOfTask);
    }

    /** The sum of each element and those before it, or, in reverse, after it. */
    void runningSums(boolean reverse, long from, long to) {
        long begin = reverse ? 4 * stride * (length - 1) : 0;
        step = reverse ? -4 * stride : 4 * stride;
        run(Use.RUNNING_SUMS, from + begin, to + begin);
    }

    /** The first place, I64, of the largest or smallest of each line; NaN before all. */
    void placesOfExtremes(boolean largest, long from, long to) {
        run(largest ? Use.LARGEST : Use.SMALLEST, from, to);
    }

    private void run(Use newUse, long from, long to) {
        use = newUse;
        source = from;
        target = to;
        ThreadPool.shared().parallelFor(tasks, task);
    }

    private void runTask(int index) {
        long end = Math.min(groups, (index + 1) * groupsOfTask);
        for (long i = index * groupsOfTask; i < end; i++) {
            long block = i / groupsOfBlock;
            long within = i % groupsOfBlock * together;
            group(
                    block * stride + within,
                    block * stride * length + within,
                    Math.min(together, stride - within));
        }
    }

    /** Line {@code first}, whose first element is {@code start}, and those beside it. */
    private void group(long first, long start, long lines) {
        long from = source + 4 * start;
        if (use == Use.RUNNING_SUMS) {
            if (lines == 1) {
                runningSum(from, target + 4 * start);
            } else {
                runningSums(from, target + 4 * start, lines);
            }
            return;
        }
        boolean largest = use == Use.LARGEST;
        long to = target + 8 * first;
        if (lines == 1) {
            NativeMemory.setLong(to, largest ? placeOfLargest(from) : placeOfSmallest(from));
        } else {
            places(largest, from, to, lines);
        }
    }

    private void runningSum(long from, long to) {
        double sum = NativeMemory.getFloat(from);
        NativeMemory.setFloat(to, (float) sum);
        for (long i = 1; i < length; i++) {
            sum += NativeMemory.getFloat(from + i * step);
            NativeMemory.setFloat(to + i * step, (float) sum);
        }
    }

    private void runningSums(long from, long to, long lines) {
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
