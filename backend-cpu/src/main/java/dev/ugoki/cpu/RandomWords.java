package dev.ugoki.cpu;

import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.spi.Stored;

/**
 * The words that a key gives, block after block of four: {@link Philox} for many blocks at once
 * where the machine can.
 *
 * @param key0 the first word of the key
 * @param key1 the second
 * @param counter2 the third word of the counter
 * @param counter3 the fourth
 */
record RandomWords(int key0, int key1, int counter2, int counter3) {
    static final long BLOCKS_OF_A_TASK = 1 << 12;
    private static final boolean IN_VECTORS = VectorModule.isUsable();

    private static final ThreadLocal<int[]> LAST_WORDS = ThreadLocal.withInitial(() -> new int[4]);

    static RandomWords of(Stored key) {
        int[] words = new int[4];
        for (int i = 0; i < 4; i++) {
            words[i] = NativeMemory.getInt(key.address() + 4 * i * key.stride(0));
        }
        return new RandomWords(words[0], words[1], words[2], words[3]);
    }

    /** What is done with {@code count} elements from {@code first} on, once their words stand. */
    interface Use {
        void of(long first, long count);
    }

    /**
     * Writes {@code count} words from block {@code firstBlock} on; {@code use} follows by parts.
     */
    void write(long firstBlock, long count, long to, Use use) {
        long blocks = (count + 3) / 4;
        int tasks = Math.toIntExact((blocks + BLOCKS_OF_A_TASK - 1) / BLOCKS_OF_A_TASK);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long block = task * BLOCKS_OF_A_TASK;
                            long first = 4 * block;
                            long some = Math.min(4 * BLOCKS_OF_A_TASK, count - first);
                            write(firstBlock + block, some, to + 4 * first);
                            use.of(first, some);
                        });
    }

    private void write(long firstBlock, long count, long to) {
        write(key0, key1, counter2, counter3, firstBlock, count, to);
    }

    /** Writes {@code count} words from block {@code firstBlock} on, on this thread. */
    static void write(
            int key0, int key1, int counter2, int counter3, long firstBlock, long count, long to) {
        long done = 0;
        if (IN_VECTORS) {
            done = VectorPhilox.write(key0, key1, counter2, counter3, firstBlock, count / 4, to);
        }
        int[] words = LAST_WORDS.get();
        for (long block = done; 4 * block < count; block++) {
            Philox.block(key0, key1, counter2, counter3, firstBlock + block, words);
            for (int i = 0; i < Math.min(4, count - 4 * block); i++) {
                NativeMemory.setInt(to + 16 * block + 4 * i, words[i]);
            }
        }
    }
}
