package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Elements of any layout, one after the other into contiguous memory, or back. */
final class StridedCopy {
    private static final MemorySegment ALL = NativeMemory.ALL;
    static final long ELEMENTS_OF_A_TASK = 1 << 15;

    private StridedCopy() {}

    /** Copies the elements of {@code from} in row-major order to {@code to}. */
    static void toContiguous(Stored from, long to) {
        if (from.isContiguous()) {
            NativeMemory.copy(from.address(), to, from.type().byteSize());
            return;
        }
        long[] extents = from.shape().toArray();
        transfer(
                extents,
                from.address(),
                from.toStrides(),
                to,
                from.shape().toRowMajorStrides(),
                from.dtype().byteSize());
    }

    /**
     * Copies {@code extents} elements from one layout to another.
     *
     * @param fromStrides in elements, as {@code toStrides}
     */
    static void transfer(
            long[] extents, long from, long[] fromStrides, long to, long[] toStrides, int bytes) {
        if (Shape.of(extents).elementCount() > 0) {
            Nest nest = Nest.of(extents, fromStrides, toStrides);
            int row = nest.transposed();
            if (row >= 0) {
                TransposedCopy.of(nest.extents, nest.fromStrides, nest.toStrides, row, bytes)
                        .run(from, to);
                return;
            }
            transfer(nest.extents, from, nest.fromStrides, to, nest.toStrides, bytes, nest.runs());
        }
    }

    private static void transfer(
            long[] extents,
            long from,
            long[] fromStrides,
            long to,
            long[] toStrides,
            int bytes,
            long runs) {
        int last = extents.length - 1;
        long runsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / extents[last]);
        int tasks = Math.toIntExact((runs + runsOfTask - 1) / runsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long end = Math.min(runs, (task + 1) * runsOfTask);
                            for (long run = task * runsOfTask; run < end; run++) {
                                run(
                                        extents[last],
                                        from + offset(run, extents, fromStrides) * bytes,
                                        fromStrides[last],
                                        to + offset(run, extents, toStrides) * bytes,
                                        toStrides[last],
                                        bytes);
                            }
                        });
    }

    /** The loops of a copy, without those of one step, and with those joined that can be. */
    record Nest(long[] extents, long[] fromStrides, long[] toStrides) {
        private static final long FEWEST = 4;

        static Nest of(long[] extents, long[] fromStrides, long[] toStrides) {
            long[] e = new long[Math.max(1, extents.length)];
            long[] f = new long[e.length];
            long[] t = new long[e.length];
            int count = 0;
            for (int dim = 0; dim < extents.length; dim++) {
                if (extents[dim] == 1) {
                    continue;
                }
                if (count > 0
                        && f[count - 1] == extents[dim] * fromStrides[dim]
                        && t[count - 1] == extents[dim] * toStrides[dim]) {
                    e[count - 1] *= extents[dim];
                    f[count - 1] = fromStrides[dim];
                    t[count - 1] = toStrides[dim];
                } else {
                    e[count] = extents[dim];
                    f[count] = fromStrides[dim];
                    t[count++] = toStrides[dim];
                }
            }
            if (count == 0) {
                e[count++] = 1;
            }
            return new Nest(
                    Arrays.copyOf(e, count), Arrays.copyOf(f, count), Arrays.copyOf(t, count));
        }

        /**
         * The dimension along which the source is contiguous, where the target is along the last,
         * and both are long enough to be worth tiles; -1 where it is not so.
         */
        int transposed() {
            int last = extents.length - 1;
            if (toStrides[last] == 1 && fromStrides[last] != 1 && extents[last] >= FEWEST) {
                for (int dim = 0; dim < last; dim++) {
                    if (fromStrides[dim] == 1 && extents[dim] >= FEWEST) {
                        return dim;
                    }
                }
            }
            return -1;
        }

        long runs() {
            long runs = 1;
            for (int dim = 0; dim < extents.length - 1; dim++) {
                runs *= extents[dim];
            }
            return runs;
        }
    }

    static long offset(long run, long[] extents, long[] strides) {
        long offset = 0;
        long rest = run;
        for (int dim = extents.length - 2; dim >= 0; dim--) {
            offset += rest % extents[dim] * strides[dim];
            rest /= extents[dim];
        }
        return offset;
    }

    static void run(long count, long from, long fromStride, long to, long toStride, int bytes) {
        if (fromStride == 1 && toStride == 1) {
            NativeMemory.copy(from, to, count * bytes);
            return;
        }
        switch (bytes) {
            case 8 -> {
                for (long i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_LONG_UNALIGNED,
                            to + i * toStride * 8,
                            ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, from + i * fromStride * 8));
                }
            }
            case 4 -> {
                for (long i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_INT_UNALIGNED,
                            to + i * toStride * 4,
                            ALL.get(ValueLayout.JAVA_INT_UNALIGNED, from + i * fromStride * 4));
                }
            }
            case 2 -> {
                for (long i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            to + i * toStride * 2,
                            ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, from + i * fromStride * 2));
                }
            }
            default -> {
                for (long i = 0; i < count; i++) {
                    ALL.set(
                            ValueLayout.JAVA_BYTE,
                            to + i * toStride,
                            ALL.get(ValueLayout.JAVA_BYTE, from + i * fromStride));
                }
            }
        }
    }
}
