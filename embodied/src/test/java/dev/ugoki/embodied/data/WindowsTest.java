package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

class WindowsTest {
    /** Episodes of 4, 3 and 1 frames; frame t holds (t, 10 t). */
    private static final FrameTable FRAMES =
            FrameTable.of(
                    List.of(
                            Column.of(
                                    Feature.vector("action", FeatureType.FLOAT32, 2),
                                    new float[] {
                                        0, 0, 1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60, 7, 70
                                    }),
                            Column.of(
                                    Feature.vector("index", FeatureType.INT64, 1),
                                    new long[] {0, 1, 2, 3, 4, 5, 6, 7})),
                    new int[] {4, 7, 8});

    @Test
    void offsetsAreClampedToTheEpisodeAndMasked() {
        DeltaWindows windows =
                DeltaWindows.over(FRAMES).with("index", -1, 0, 1, 2).with("action", 0);
        assertArrayEquals(
                new float[] {0, 0, 1, 2, /* */ 2, 3, 3, 3, /* */ 4, 4, 5, 6, /* */ 7, 7, 7, 7},
                windows.gather("index", 0, 3, 4, 7));
        assertArrayEquals(
                new boolean[] {
                    true, false, false, false, /* */ false, false, true, true, /* */ true, false,
                    false, false, /* */ true, false, true, true
                },
                windows.gatherIsPad("index", 0, 3, 4, 7));
        assertArrayEquals(new float[] {5, 50, 0, 0}, windows.gather("action", 5, 0));
        assertEquals(4, windows.steps("index"));
    }

    @Test
    void largeOffsetsDoNotOverflow() {
        DeltaWindows windows =
                DeltaWindows.over(FRAMES).with("index", Integer.MAX_VALUE, Integer.MIN_VALUE);
        assertArrayEquals(new float[] {6, 4}, windows.gather("index", 5));
        assertArrayEquals(new boolean[] {true, true}, windows.gatherIsPad("index", 5));
    }

    @Test
    void secondsBecomeWholeFrames() {
        assertArrayEquals(new int[] {-1, 0, 3}, DeltaWindows.ofSeconds(30, -1 / 30.0, 0, 0.10005));
        assertThrows(IllegalArgumentException.class, () -> DeltaWindows.ofSeconds(30, 0.1002));
        assertThrows(IllegalArgumentException.class, () -> DeltaWindows.ofSeconds(30, Double.NaN));
    }

    @Test
    void aFeatureWithoutOffsetsIsRefused() {
        DeltaWindows windows = DeltaWindows.over(FRAMES).with("index", 0);
        assertThrows(IllegalArgumentException.class, () -> windows.gather("action", 0));
        assertThrows(IllegalArgumentException.class, () -> windows.with("nothing", 0));
    }

    @Test
    void replayWindowsStickOutAndRepeatTheEdges() {
        // horizon 4, 2 observations, 3 actions: starts -1 .. n - 4 + 2
        ReplayWindows windows = ReplayWindows.over(FRAMES, 4, 2, 3);
        assertEquals(4 + 3 + 1, windows.count());
        assertArrayEquals(
                new float[] {
                    0, 0, 1, 2, /* */ 0, 1, 2, 3, /* */ 1, 2, 3, 3, /* */ 2, 3, 3, 3, /* */ 4, 4, 5,
                    6, /* */ 4, 5, 6, 6, /* */ 5, 6, 6, 6, /* */ 7, 7, 7, 7
                },
                windows.gather("index", 0, 4, 0, 1, 2, 3, 4, 5, 6, 7));
        assertArrayEquals(
                new float[] {4, 40, 4, 40},
                ReplayWindows.over(FRAMES, 4, 2, 3, new int[] {1}).gather("action", 0, 2, 0));
        assertThrows(IllegalArgumentException.class, () -> ReplayWindows.over(FRAMES, 4, 0, 3));
        assertThrows(IllegalArgumentException.class, () -> ReplayWindows.over(FRAMES, 4, 2, 5));
    }

    @Test
    void epochsArePermutationsThatFollowFromSeedAndEpoch() {
        FrameSampler sampler = FrameSampler.over(FRAMES, 7);
        int[] first = sampler.permutation(0);
        assertArrayEquals(first, FrameSampler.over(FRAMES, 7).permutation(0));
        assertFalse(Arrays.equals(first, sampler.permutation(1)));
        assertFalse(Arrays.equals(first, FrameSampler.over(FRAMES, 8).permutation(0)));
        int[] sorted = first.clone();
        Arrays.sort(sorted);
        assertArrayEquals(DeltaWindows.range(0, 8), sorted);
    }

    @Test
    void edgesOfEpisodesCanBeDropped() {
        FrameSampler sampler = FrameSampler.over(FRAMES, 7, 1, 1);
        int[] frames = sampler.permutation(3);
        Arrays.sort(frames);
        assertArrayEquals(new int[] {1, 2, 5}, frames);
        assertThrows(IllegalArgumentException.class, () -> FrameSampler.over(FRAMES, 7, 4, 0));
    }

    @Test
    void tablesCheckTheirEpisodes() {
        Column column = Column.of(Feature.vector("x", FeatureType.INT32, 1), new int[] {1, 2, 3});
        assertThrows(
                IllegalArgumentException.class,
                () -> FrameTable.of(List.of(column), new int[] {1, 4}));
        assertThrows(
                IllegalArgumentException.class,
                () -> FrameTable.of(List.of(column), new int[] {2, 2, 3}));
        assertThrows(IllegalArgumentException.class, () -> FRAMES.column("nothing"));
    }
}
