package dev.ugoki.tensor;

/**
 * Philox4x32-10, the random bits of all backends: a keyed bijection of a 128-bit counter.
 *
 * <p>Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
 */
public final class Philox {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW = 0xFFFFFFFFL;

    private Philox() {}

    /**
     * Block {@code number} of the stream of {@code key}.
     *
     * @param key two words of key, then the upper two of the counter
     * @return four words
     */
    public static int[] block(int[] key, long number) {
        int[] words = new int[4];
        block(key[0], key[1], key[2], key[3], number, words);
        return words;
    }

    /** As {@link #block(int[], long)}, into {@code result}. */
    public static void block(
            int key0, int key1, int counter2, int counter3, long number, int[] result) {
        int c0 = (int) number;
        int c1 = (int) (number >>> 32);
        int c2 = counter2;
        int c3 = counter3;
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = MULTIPLIER_0 * (c0 & LOW);
            long p1 = MULTIPLIER_1 * (c2 & LOW);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        result[0] = c0;
        result[1] = c1;
        result[2] = c2;
        result[3] = c3;
    }
}
