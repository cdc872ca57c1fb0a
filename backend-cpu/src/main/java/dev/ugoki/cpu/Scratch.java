package dev.ugoki.cpu;

import java.lang.ref.Cleaner;

/**
 * Memory that kernels use while they run: blocks for each thread, which grow to the largest request
 * and are freed after their thread has ended. Their content does not outlive a kernel, and a kernel
 * that uses one must not call another that uses the same.
 */
final class Scratch {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private static final class Block implements Runnable {
        private long address;
        private long bytes;

        @Override
        public void run() {
            NativeMemory.free(address);
            address = 0;
            bytes = 0;
        }
    }

    private final Block task = new Block();
    private final Block shared = new Block();
    private final Block tile = new Block();
    private final Block rows = new Block();

    private Scratch() {
        CLEANER.register(this, task);
        CLEANER.register(this, shared);
        CLEANER.register(this, tile);
        CLEANER.register(this, rows);
    }

    /** The address of at least {@code bytes} bytes that belong to this thread. */
    static long address(long bytes) {
        return atLeast(bytes, OF_THREAD.get().task);
    }

    /**
     * The same, of a block that {@link #address} does not touch: for what a kernel shares between
     * its tasks, of which this thread may run some.
     */
    static long shared(long bytes) {
        return atLeast(bytes, OF_THREAD.get().shared);
    }

    /** The same, for one tile at the edge of a product. */
    static long tile(long bytes) {
        return atLeast(bytes, OF_THREAD.get().tile);
    }

    /** The same, for rows that one kernel writes and another reads. */
    static long rows(long bytes) {
        return atLeast(bytes, OF_THREAD.get().rows);
    }

    private static long atLeast(long bytes, Block block) {
        return block.bytes >= bytes ? block.address : grown(block, bytes);
    }

    private static long grown(Block block, long bytes) {
        block.run();
        block.address = NativeMemory.allocate(bytes);
        block.bytes = bytes;
        return block.address;
    }
}
