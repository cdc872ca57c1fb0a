package dev.ugoki.examples.pusht;

/**
 * The draws of numpy's legacy {@code RandomState} that PushT's reset uses, so that any evaluation
 * seed starts here where it starts there.
 *
 * <p>Sources: Matsumoto and Nishimura 1998 (the generator MT19937 and its seeding); the polar
 * method of Marsaglia and Bray 1964, as numpy's documentation names it for {@code randn}.
 */
final class LegacyNumpyRandom {
    private static final int SIZE = 624;
    private static final int SHIFT = 397;

    private final int[] words = new int[SIZE];
    private int next = SIZE;
    private double spare;
    private boolean hasSpare;

    /** As {@code numpy.random.RandomState(seed)}. */
    LegacyNumpyRandom(long seed) {
        if (seed < 0 || seed > 0xffffffffL) {
            throw new IllegalArgumentException(
                    "seed " + seed + " is outside 0 to 4294967295, which the generator takes");
        }
        words[0] = (int) seed;
        for (int i = 1; i < SIZE; i++) {
            words[i] = 1812433253 * (words[i - 1] ^ words[i - 1] >>> 30) + i;
        }
    }

    /** Thirty-two random bits. */
    int bits() {
        if (next == SIZE) {
            refill();
        }
        int y = words[next++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }

    private void refill() {
        for (int i = 0; i < SIZE; i++) {
            int joined = words[i] & 0x80000000 | words[(i + 1) % SIZE] & 0x7fffffff;
            int twist = (joined & 1) == 0 ? 0 : 0x9908b0df;
            words[i] = words[(i + SHIFT) % SIZE] ^ joined >>> 1 ^ twist;
        }
        next = 0;
    }

    /** As {@code randint(low, high)}: uniform in [low, high), by masking and rejection. */
    int integer(int low, int high) {
        int largest = high - 1 - low;
        int mask = largest == 0 ? 0 : -1 >>> Integer.numberOfLeadingZeros(largest);
        int drawn;
        do {
            drawn = bits() & mask;
        } while (drawn > largest);
        return low + drawn;
    }

    /** As {@code random_sample()}: uniform in [0, 1) with 53 bits. */
    double uniform() {
        int high = bits() >>> 5;
        int low = bits() >>> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }

    /** As {@code randn()}: a standard normal; every second one is left over from the last. */
    double normal() {
        if (hasSpare) {
            hasSpare = false;
            return spare;
        }
        double x;
        double y;
        double squared;
        do {
            x = 2 * uniform() - 1;
            y = 2 * uniform() - 1;
            squared = x * x + y * y;
        } while (squared >= 1 || squared == 0);
        double scale = Math.sqrt(-2 * StrictMath.log(squared) / squared);
        spare = scale * x;
        hasSpare = true;
        return scale * y;
    }
}
