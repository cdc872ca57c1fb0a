package dev.ugoki.cpu;

import java.lang.ref.Cleaner;

/**
 * Memory that kernels use while they run: one block for each thread, which grows to the largest
 * request and is freed after its thread has ended. Its content does not outlive a kernel, and a
 * kernel that uses it must not call another that does.
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

    private final Block block = new Block();

    private Scratch() {
        CLEANER.register(this, block);
    }

    /** The address of at least {@code bytes} bytes that belong to this thread. */
    static long address(long bytes) {
        Block block = OF_THREAD.get().block;
        return block.bytes >= bytes ? block.address : grown(block, bytes);
    }

    private static long grown(Block block, long bytes) {
        block.run();
        block.address = NativeMemory.allocate(bytes);
        block.bytes = bytes;
        return block.address;
    }
}
