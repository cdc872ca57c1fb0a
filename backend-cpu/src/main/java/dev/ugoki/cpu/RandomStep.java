package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/** Random words, and numbers made of one word each, ready to run. */
final class RandomStep implements Prepared {
    private static final long WORDS_OF_A_TASK = 4 * RandomWords.BLOCKS_OF_A_TASK;

    private final Slot key;
    private final Slot result;
    private final long firstBlock;
    private final @Nullable GeneratedKernel kernel;
    private final long[] table = new long[4];
    private final int[] words = new int[4];
    private final long count;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private long to;

    /** The kernel makes a number of each word; null for the words themselves. */
    RandomStep(Slot key, long firstBlock, @Nullable GeneratedKernel kernel, Slot result) {
        this.key = key;
        this.firstBlock = firstBlock;
        this.kernel = kernel;
        this.result = result;
        count = result.elementCount();
        tasks = Math.toIntExact((count + WORDS_OF_A_TASK - 1) / WORDS_OF_A_TASK);
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return kernel == null ? CompletableFuture.completedFuture(true) : kernel.compileFlat();
    }

    @Override
    public void run() {
        long stride = 4 * key.stored().stride(0);
        for (int i = 0; i < words.length; i++) {
            words[i] = NativeMemory.getInt(key.address() + i * stride);
        }
        to = result.address();
        table[0] = to;
        table[2] = to;
        ThreadPool.shared().parallelFor(tasks, task);
    }

    private void runTask(int index) {
        long first = index * WORDS_OF_A_TASK;
        long some = Math.min(WORDS_OF_A_TASK, count - first);
        RandomWords.write(
                words[0],
                words[1],
                words[2],
                words[3],
                firstBlock + first / 4,
                some,
                to + 4 * first);
        GeneratedKernel used = kernel;
        if (used != null) {
            used.runFlat(table, first, first + some, Scratch.address(used.flatScratchBytes()));
        }
    }
}
