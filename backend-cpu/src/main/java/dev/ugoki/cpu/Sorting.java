package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

/**
 * Stable orders of lines of elements, in memory that the caller gives: short lines by insertion,
 * longer ones byte by byte of their keys, the lowest first.
 *
 * <p>A key is a word whose order as an unsigned number is that which is wanted: NaN is the largest
 * element, and -0 equals 0. An entry is a key and the place that it comes from. Keys of up to 32
 * bits are the upper half of a word, with the place below; wider ones have a word before the
 * place's.
 */
final class Sorting {
    /** Longer lines are sorted by bytes: what these cost alike for all is made up for. */
    private static final long BY_INSERTION = 64;

    private static final long DIGITS = 1 << Byte.SIZE;
    private static final long COUNTS_BYTES = Long.BYTES * DIGITS;

    private final DType dtype;
    private final long length;
    private final boolean descending;
    private final boolean wide;
    private final long entryBytes;

    /** Lines of {@code length} elements, fewer than 2^31. */
    Sorting(DType dtype, long length, boolean descending) {
        this.dtype = dtype;
        this.length = Math.toIntExact(length);
        this.descending = descending;
        wide = dtype.byteSize() > Integer.BYTES;
        entryBytes = wide ? 2 * Long.BYTES : Long.BYTES;
    }

    /** What {@link #order} needs. */
    long scratchBytes() {
        long entries = entryBytes * length;
        return length <= BY_INSERTION ? entries : COUNTS_BYTES + 2 * entries;
    }

    /**
     * Writes the places of a line's elements in their order, as I64.
     *
     * @param stride bytes from an element to the next
     * @param toStride bytes from a place to the next
     * @param scratch memory of {@link #scratchBytes}
     */
    void order(long from, long stride, long to, long toStride, long scratch) {
        boolean inserts = length <= BY_INSERTION;
        long entries = inserts ? scratch : scratch + COUNTS_BYTES;
        for (long i = 0; i < length; i++) {
            long key = key(dtype, from + i * stride);
            long ordered = descending ? ~key : key;
            if (wide) {
                NativeMemory.setLong(entries + 16 * i, ordered ^ Long.MIN_VALUE);
                NativeMemory.setLong(entries + 16 * i + 8, i);
            } else {
                NativeMemory.setLong(entries + 8 * i, ordered << Integer.SIZE ^ Long.MIN_VALUE | i);
            }
        }
        if (inserts) {
            insert(entries);
        } else {
            entries = byBytes(scratch, entries);
        }
        long place = wide ? entries + Long.BYTES : entries;
        long bits = wide ? -1L : 0xffff_ffffL;
        for (long i = 0; i < length; i++) {
            NativeMemory.setLong(
                    to + i * toStride, NativeMemory.getLong(place + entryBytes * i) & bits);
        }
    }

    private static long key(DType dtype, long address) {
        return switch (dtype) {
            case F64 -> key(NativeMemory.getDouble(address));
            case F32 -> key(NativeMemory.getFloat(address));
            case F16, BF16 -> key((float) Chunks.getDouble(dtype, address));
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

    /** Each entry goes before those of larger keys that stand before it. */
    private void insert(long entries) {
        long end = entries + entryBytes * length;
        for (long next = entries + entryBytes; next < end; next += entryBytes) {
            long key = NativeMemory.getLong(next);
            long place = wide ? NativeMemory.getLong(next + 8) : 0;
            long at = next;
            while (at > entries
                    && Long.compareUnsigned(NativeMemory.getLong(at - entryBytes), key) > 0) {
                move(at - entryBytes, at);
                at -= entryBytes;
            }
            NativeMemory.setLong(at, key);
            if (wide) {
                NativeMemory.setLong(at + 8, place);
            }
        }
    }

    private void move(long from, long to) {
        NativeMemory.setLong(to, NativeMemory.getLong(from));
        if (wide) {
            NativeMemory.setLong(to + 8, NativeMemory.getLong(from + 8));
        }
    }

    /**
     * Goes through all entries once for each byte of the keys that is not the same in all of them.
     *
     * @return where the entries are, in order
     */
    private long byBytes(long counts, long entries) {
        long now = entries;
        long other = entries + entryBytes * length;
        for (int shift = wide ? 0 : Integer.SIZE; shift < Long.SIZE; shift += Byte.SIZE) {
            if (count(now, shift, counts)) {
                for (long i = 0; i < length; i++) {
                    long entry = now + entryBytes * i;
                    long counter = counter(entry, shift, counts);
                    long at = NativeMemory.getLong(counter);
                    NativeMemory.setLong(counter, at + 1);
                    move(entry, other + entryBytes * at);
                }
                long last = now;
                now = other;
                other = last;
            }
        }
        return now;
    }

    /** Where the first entry with each byte belongs; false if all have the same one. */
    private boolean count(long entries, int shift, long counts) {
        NativeMemory.clear(counts, COUNTS_BYTES);
        for (long i = 0; i < length; i++) {
            long counter = counter(entries + entryBytes * i, shift, counts);
            NativeMemory.setLong(counter, NativeMemory.getLong(counter) + 1);
        }
        if (NativeMemory.getLong(counter(entries, shift, counts)) == length) {
            return false;
        }
        long before = 0;
        for (long digit = 0; digit < DIGITS; digit++) {
            long here = NativeMemory.getLong(counts + 8 * digit);
            NativeMemory.setLong(counts + 8 * digit, before);
            before += here;
        }
        return true;
    }

    private static long counter(long entry, int shift, long counts) {
        return counts + 8 * (NativeMemory.getLong(entry) >>> shift & DIGITS - 1);
    }
}
