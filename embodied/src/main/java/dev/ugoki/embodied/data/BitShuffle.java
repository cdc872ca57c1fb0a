package dev.ugoki.embodied.data;

/**
 * Undoing the two orders that Blosc gives bytes before it compresses them.
 *
 * <p>Shuffle: all first bytes of the elements, then all second bytes, and so on. Bitshuffle goes on
 * to bits: for byte {@code b} of the elements and bit {@code k} of it, one row of {@code count / 8}
 * bytes, in which bit {@code e % 8} of byte {@code e / 8} belongs to element {@code e}. (Masui et
 * al. 2015, A compression scheme for radio data in high performance computing.)
 */
final class BitShuffle {
    private BitShuffle() {}

    /** Undoes shuffle over {@code length} bytes; what is no whole element stays where it is. */
    static void unshuffleBytes(byte[] source, byte[] target, int length, int elementSize) {
        int count = length / elementSize;
        for (int b = 0; b < elementSize; b++) {
            int from = b * count;
            for (int e = 0; e < count; e++) {
                target[e * elementSize + b] = source[from + e];
            }
        }
        int whole = count * elementSize;
        System.arraycopy(source, whole, target, whole, length - whole);
    }

    /**
     * Undoes bitshuffle over {@code length} bytes. Blosc shuffles only counts of elements that
     * eight divides, and leaves other blocks, and what is no whole element, as they are.
     */
    static void unshuffleBits(byte[] source, byte[] target, int length, int elementSize) {
        int count = length / elementSize;
        if (count % 8 != 0) {
            System.arraycopy(source, 0, target, 0, length);
            return;
        }
        int row = count / 8;
        for (int b = 0; b < elementSize; b++) {
            int from = b * 8 * row;
            for (int group = 0; group < row; group++) {
                long bits = 0;
                for (int k = 0; k < 8; k++) {
                    bits |= (source[from + k * row + group] & 0xFFL) << (8 * k);
                }
                bits = transpose8x8(bits);
                int to = group * 8 * elementSize + b;
                for (int e = 0; e < 8; e++) {
                    target[to + e * elementSize] = (byte) (bits >>> (8 * e));
                }
            }
        }
        int whole = count * elementSize;
        System.arraycopy(source, whole, target, whole, length - whole);
    }

    /** Bit j of byte i becomes bit i of byte j (Hacker's Delight, section 7-3). */
    private static long transpose8x8(long x) {
        long t = (x ^ (x >>> 7)) & 0x00AA00AA00AA00AAL;
        x ^= t ^ (t << 7);
        t = (x ^ (x >>> 14)) & 0x0000CCCC0000CCCCL;
        x ^= t ^ (t << 14);
        t = (x ^ (x >>> 28)) & 0x00000000F0F0F0F0L;
        return x ^ t ^ (t << 28);
    }
}
