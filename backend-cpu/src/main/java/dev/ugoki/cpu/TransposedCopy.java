package dev.ugoki.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies matrices whose rows are another layout's columns, tile by tile: lines of the source come
 * into a small buffer and leave it as lines of the target, so that each line of memory is touched
 * once, however far apart and however unluckily placed lines are.
 *
 * @param rows the extent of the dimension along which the source is contiguous
 * @param columns the extent of the dimension along which the target is contiguous
 * @param fromColumn elements of the source from one column to the next
 * @param toRow elements of the target from one row to the next
 * @param extents of the dimensions around these two, with their strides
 */
record TransposedCopy(
        long rows,
        long columns,
        long fromColumn,
        long toRow,
        long[] extents,
        long[] fromStrides,
        long[] toStrides,
        int bytes) {
    private static final MemorySegment ALL = NativeMemory.ALL;
    private static final int TILE = 16;
    private static final long ELEMENTS_OF_A_TASK = 1 << 15;

    /** Of the loops of a copy, of which {@code row} and the last are to be tiled. */
    static TransposedCopy of(
            long[] extents, long[] fromStrides, long[] toStrides, int row, int bytes) {
        int last = extents.length - 1;
        long[] e = new long[last - 1];
        long[] f = new long[last - 1];
        long[] t = new long[last - 1];
        int count = 0;
        for (int dim = 0; dim < last; dim++) {
            if (dim != row) {
                e[count] = extents[dim];
                f[count] = fromStrides[dim];
                t[count++] = toStrides[dim];
            }
        }
        return new TransposedCopy(
                extents[row], extents[last], fromStrides[last], toStrides[row], e, f, t, bytes);
    }

    void run(long from, long to) {
        ThreadPool.shared().parallelFor(tasks(), task -> runTask(task, from, to));
    }

    /** Into how many tasks the copy is cut. */
    int tasks() {
        long stripsOfTask = stripsOfTask();
        return Math.toIntExact((allStrips() + stripsOfTask - 1) / stripsOfTask);
    }

    private long stripsOfMatrix() {
        return (rows + TILE - 1) / TILE;
    }

    private long allStrips() {
        long matrices = 1;
        for (long extent : extents) {
            matrices *= extent;
        }
        return matrices * stripsOfMatrix();
    }

    private long stripsOfTask() {
        return Math.max(1, ELEMENTS_OF_A_TASK / (TILE * columns));
    }

    /** One task of a copy. */
    void runTask(int task, long from, long to) {
        long strips = stripsOfMatrix();
        long end = Math.min(allStrips(), (task + 1) * stripsOfTask());
        for (long strip = task * stripsOfTask(); strip < end; strip++) {
            long matrix = strip / strips;
            strip(
                    strip % strips * TILE,
                    from + offset(matrix, fromStrides) * bytes,
                    to + offset(matrix, toStrides) * bytes);
        }
    }

    private long offset(long matrix, long[] strides) {
        long offset = 0;
        long rest = matrix;
        for (int dim = extents.length - 1; dim >= 0; dim--) {
            offset += rest % extents[dim] * strides[dim];
            rest /= extents[dim];
        }
        return offset;
    }

    private void strip(long row, long from, long to) {
        long buffer = Scratch.address((long) TILE * TILE * bytes);
        int height = (int) Math.min(TILE, rows - row);
        for (long column = 0; column < columns; column += TILE) {
            int width = (int) Math.min(TILE, columns - column);
            for (int c = 0; c < width; c++) {
                NativeMemory.copy(
                        from + ((column + c) * fromColumn + row) * bytes,
                        buffer + (long) c * TILE * bytes,
                        (long) height * bytes);
            }
            for (int r = 0; r < height; r++) {
                long target = to + ((row + r) * toRow + column) * bytes;
                line(buffer + (long) r * bytes, width, target);
            }
        }
    }

    /** One line of the target: elements of the buffer that are a line of it apart. */
    private void line(long from, int count, long to) {
        switch (bytes) {
            case 8 -> {
                for (int i = 0; i < count; i++) {
                    NativeMemory.setLong(to + 8L * i, NativeMemory.getLong(from + 8L * TILE * i));
                }
            }
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    NativeMemory.setInt(to + 4L * i, NativeMemory.getInt(from + 4L * TILE * i));
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            to + 2L * i,
                            ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, from + 2L * TILE * i));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_BYTE,
                            to + i,
                            ALL.get(ValueLayout.JAVA_BYTE, from + (long) TILE * i));
                }
            }
        }
    }
}
