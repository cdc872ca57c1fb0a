package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.train.SampleOrder;
import dev.ugoki.tensor.Key;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Which demonstrations are learned from. */
final class EpisodeSelection {
    private static final long SEED = 42;
    private static final int OF_THE_PAPER = 90;
    private static final int RECORDED = 206;

    /**
     * The 90 of 206 episodes that Diffusion Policy's task pusht_lowdim trains on: numpy's generator
     * of seed 42 first takes 4 away for validation, then draws these.
     */
    private static final int[] PAPER = {
        7, 9, 10, 11, 13, 16, 20, 25, 26, 27, 32, 33, 35, 42, 44, 50, 51, 56, 58, 60, 61, 63, 65,
        67, 71, 73, 76, 77, 78, 81, 84, 85, 86, 89, 91, 93, 94, 97, 98, 102, 103, 109, 110, 111,
        112, 117, 118, 119, 120, 122, 125, 126, 128, 129, 130, 131, 132, 135, 137, 138, 140, 141,
        145, 148, 156, 158, 159, 160, 161, 163, 165, 166, 167, 170, 172, 174, 176, 178, 179, 183,
        184, 185, 188, 189, 192, 194, 195, 198, 200, 203
    };

    private EpisodeSelection() {}

    /**
     * So many episodes: all for 0, for 90 of 206 those of the paper, else some that are drawn, the
     * same in every run.
     */
    static int[] choose(int episodes, int count) {
        if (count < 0 || count > episodes) {
            throw new IllegalArgumentException(
                    "--episodes %d: there are %d".formatted(count, episodes));
        }
        if (count == 0 || count == episodes) {
            return IntStream.range(0, episodes).toArray();
        }
        if (count == OF_THE_PAPER && episodes == RECORDED) {
            return PAPER.clone();
        }
        int[] chosen = new SampleOrder(Key.of(SEED), episodes).batch(0, count);
        Arrays.sort(chosen);
        return chosen;
    }

    /** Of so many episodes, {@code count} spread evenly: those that are held out to validate. */
    static int[] heldOut(int episodes, int count) {
        if (count < 0 || count >= episodes) {
            throw new IllegalArgumentException(
                    "validation_episodes: %d of %d leave none to learn from"
                            .formatted(count, episodes));
        }
        return IntStream.range(0, count).map(i -> (int) ((long) i * episodes / count)).toArray();
    }

    /** The others of so many episodes. */
    static int[] without(int episodes, int[] taken) {
        return IntStream.range(0, episodes)
                .filter(episode -> Arrays.binarySearch(taken, episode) < 0)
                .toArray();
    }
}
