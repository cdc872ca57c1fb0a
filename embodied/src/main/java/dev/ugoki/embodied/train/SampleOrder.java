package dev.ugoki.embodied.train;

import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Philox;

/**
 * In which order samples are trained on: a new permutation of all of them for each epoch.
 *
 * <p>The permutation of an epoch depends on the seed and the epoch alone, so that training can
 * begin anywhere: position {@code p} of the endless sequence is sample {@code p mod count} of the
 * permutation of epoch {@code p / count}. A batch may lie across the end of an epoch; all batches
 * have one size.
 *
 * <p>Not for use by several threads at once.
 */
public final class SampleOrder {
    private final Key key;
    private final int count;
    private int[] permutation;
    private long permutationEpoch;

    /**
     * An order of samples 0 to {@code count - 1}.
     *
     * @throws IllegalArgumentException if there is no sample
     */
    public SampleOrder(Key key, int count) {
        if (count < 1) {
            throw new IllegalArgumentException("there must be a sample to train on: " + count);
        }
        this.key = key;
        this.count = count;
        this.permutation = permutation(key, 0, count);
    }

    /** The samples at {@code size} positions from {@code position} on. */
    public int[] batch(long position, int size) {
        int[] samples = new int[size];
        for (int i = 0; i < size; i++) {
            samples[i] = at(position + i);
        }
        return samples;
    }

    private int at(long position) {
        long epoch = epoch(position);
        if (epoch != permutationEpoch) {
            permutation = permutation(key, epoch, count);
            permutationEpoch = epoch;
        }
        return permutation[offset(position)];
    }

    /** The epoch that a position lies in, from 0. */
    public long epoch(long position) {
        return position / count;
    }

    /** Where in its epoch a position lies. */
    public int offset(long position) {
        return (int) (position % count);
    }

    /** Fisher and Yates's shuffle with one Philox block for two exchanges. */
    private static int[] permutation(Key key, long epoch, int count) {
        int[] words = key.fold(epoch).words();
        int[] block = new int[4];
        int[] permutation = new int[count];
        for (int i = 0; i < count; i++) {
            permutation[i] = i;
        }
        for (int i = count - 1; i > 0; i--) {
            if ((i & 1) == 1 || i == count - 1) {
                Philox.block(words[0], words[1], words[2], words[3], i >>> 1, block);
            }
            int first = (i & 1) == 0 ? 2 : 0;
            long word = (long) block[first] << 32 | block[first + 1] & 0xffffffffL;
            int other = (int) Math.unsignedMultiplyHigh(word, i + 1L);
            int moved = permutation[i];
            permutation[i] = permutation[other];
            permutation[other] = moved;
        }
        return permutation;
    }
}
