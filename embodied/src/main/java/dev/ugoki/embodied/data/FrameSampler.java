package dev.ugoki.embodied.data;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The order in which training sees frames: a new permutation for each epoch, which follows from the
 * seed and the epoch alone, so that training resumes at any place from two numbers.
 *
 * <pre>{@code
 * FrameSampler sampler = FrameSampler.over(frames, 42);
 * int[] order = sampler.permutation(epoch);      // windows.gather("action", order[i], ...)
 * }</pre>
 *
 * Immutable.
 */
public final class FrameSampler {
    private final int[] frames;
    private final long seed;

    private FrameSampler(int[] frames, long seed) {
        this.frames = frames;
        this.seed = seed;
    }

    /** Samples all frames. */
    public static FrameSampler over(FrameTable table, long seed) {
        return over(table, seed, 0, 0);
    }

    /**
     * Samples all frames but the first and last few of each episode.
     *
     * @throws IllegalArgumentException if a number is negative, or no frame is left
     */
    public static FrameSampler over(
            FrameTable table, long seed, int firstDropped, int lastDropped) {
        if (Math.min(firstDropped, lastDropped) < 0) {
            throw new IllegalArgumentException(
                    "cannot drop %d and %d frames".formatted(firstDropped, lastDropped));
        }
        int[] frames = new int[table.frameCount()];
        int count = 0;
        for (int episode = 0; episode < table.episodeCount(); episode++) {
            long first = (long) table.episodeStart(episode) + firstDropped;
            long end = (long) table.episodeEnd(episode) - lastDropped;
            for (long frame = first; frame < end; frame++) {
                frames[count++] = (int) frame;
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException("no frame is left to sample");
        }
        return new FrameSampler(Arrays.copyOf(frames, count), seed);
    }

    /** How many frames an epoch has. */
    public int count() {
        return frames.length;
    }

    /**
     * The frames in the order of an epoch: Fisher-Yates by {@link SplittableRandom}, whose
     * algorithm is fixed, so that every machine has the same.
     */
    public int[] permutation(int epoch) {
        int[] order = frames.clone();
        // The golden ratio in 64 bits keeps neighbouring seeds and epochs apart.
        SplittableRandom random = new SplittableRandom(seed + 0x9E3779B97F4A7C15L * (epoch + 1L));
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }
}
