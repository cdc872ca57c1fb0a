package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

import java.util.Arrays;

/**
 * Stable orders of lines of elements, without an object for each: keys of up to 32 bits are sorted
 * together with their places as longs, wider ones by merging.
 *
 * <p>A key is a number whose order as a signed integer is that of the elements: NaN is the largest,
 * and -0 equals 0.
 */
final class Sorting {
    private final long[] keys;
    private final boolean descending;

    private Sorting(long[] keys, boolean descending) {
        this.keys = keys;
        this.descending = descending;
    }

    /** The places of {@code length} elements, each {@code stride} bytes from the next, in order. */
    static int[] order(DType dtype, long from, long stride, int length, boolean descending) {
        long[] keys = new long[length];
        for (int i = 0; i < length; i++) {
            keys[i] = key(dtype, from + i * stride);
        }
        Sorting sorting = new Sorting(keys, descending);
        return dtype.byteSize() <= Integer.BYTES ? sorting.together() : sorting.merged();
    }

    private static long key(DType dtype, long address) {
        return switch (dtype) {
            case F64 -> key(NativeMemory.getDouble(address));
            case F32, F16, BF16 -> key((float) Chunks.getDouble(dtype, address));
            case I64, I32, I8, U8, BOOL -> Chunks.getLong(dtype, address);
        };
    }

    private static long key(double x) {
        long bits = Double.doubleToLongBits(x == 0 ? 0.0 : x);
        return bits ^ (bits >> Long.SIZE - 1 & Long.MAX_VALUE);
    }

    private static int key(float x) {
        int bits = Float.floatToIntBits(x == 0 ? 0f : x);
        return bits ^ (bits >> Integer.SIZE - 1 & Integer.MAX_VALUE);
    }

    /** The key above, the place below: equal keys stay in the order of their places. */
    private int[] together() {
        long[] both = new long[keys.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = (descending ? ~keys[i] : keys[i]) << Integer.SIZE | i;
        }
        Arrays.sort(both);
        int[] order = new int[both.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = (int) both[i];
        }
        return order;
    }

    private int[] merged() {
        int[] order = new int[keys.length];
        Arrays.setAll(order, i -> i);
        int[] next = new int[order.length];
        for (long run = 1; run < order.length; run *= 2) {
            for (long start = 0; start < order.length; start += 2 * run) {
                int middle = (int) Math.min(order.length, start + run);
                int end = (int) Math.min(order.length, start + 2 * run);
                merge(order, (int) start, middle, end, next);
            }
            int[] last = order;
            order = next;
            next = last;
        }
        return order;
    }

    /**
     * Two sorted runs, one after the other, into one; the first goes before where keys are equal.
     */
    private void merge(int[] from, int start, int middle, int end, int[] to) {
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
            boolean takeLeft =
                    left < middle && (right == end || !isBefore(from[right], from[left]));
            to[i] = takeLeft ? from[left++] : from[right++];
        }
    }

    private boolean isBefore(int first, int second) {
        return descending ? keys[first] > keys[second] : keys[first] < keys[second];
    }
}
