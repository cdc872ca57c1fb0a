package dev.ugoki.embodied.data;

import java.util.Arrays;

/**
 * Diffusion Policy's training samples: windows of {@code horizon} steps that may stick out of their
 * episode, by {@code observationSteps - 1} in front and {@code actionSteps - 1} behind.
 *
 * <p>An episode of {@code n} frames has windows that begin at {@code -(observationSteps - 1)} to
 * {@code n - horizon + actionSteps - 1}, both included; steps outside of the episode repeat its
 * first or last frame. (Chi et al. 2023, Diffusion Policy; its {@code SequenceSampler}.)
 */
public final class ReplayWindows {
    private final FrameTable frames;
    private final int horizon;

    /**
     * For each window its episode, and its first step's frame, which may lie before the episode.
     */
    private final int[] episodes;

    private final int[] starts;

    private ReplayWindows(FrameTable frames, int horizon, int[] episodes, int[] starts) {
        this.frames = frames;
        this.horizon = horizon;
        this.episodes = episodes;
        this.starts = starts;
    }

    /** The windows of all episodes. */
    public static ReplayWindows over(
            FrameTable frames, int horizon, int observationSteps, int actionSteps) {
        int[] all = DeltaWindows.range(0, frames.episodeCount());
        return over(frames, horizon, observationSteps, actionSteps, all);
    }

    /**
     * The windows of some episodes, in this order.
     *
     * @throws IllegalArgumentException if a number of steps is not within 1 and the horizon
     */
    public static ReplayWindows over(
            FrameTable frames,
            int horizon,
            int observationSteps,
            int actionSteps,
            int[] chosenEpisodes) {
        if (Math.min(observationSteps, actionSteps) < 1
                || Math.max(observationSteps, actionSteps) > horizon) {
            throw new IllegalArgumentException(
                    "%d observation steps and %d action steps, with a horizon of %d"
                            .formatted(observationSteps, actionSteps, horizon));
        }
        int[] episodes = new int[0];
        int[] starts = new int[0];
        int count = 0;
        for (int episode : chosenEpisodes) {
            int first = -(observationSteps - 1);
            int last = frames.episodeLength(episode) - horizon + actionSteps - 1;
            for (int start = first; start <= last; start++, count++) {
                if (count == starts.length) {
                    episodes = Arrays.copyOf(episodes, count * 2 + 64);
                    starts = Arrays.copyOf(starts, count * 2 + 64);
                }
                episodes[count] = episode;
                starts[count] = frames.episodeStart(episode) + start;
            }
        }
        return new ReplayWindows(
                frames, horizon, Arrays.copyOf(episodes, count), Arrays.copyOf(starts, count));
    }

    /** How many windows there are. */
    public int count() {
        return starts.length;
    }

    /** How many steps a window has. */
    public int horizon() {
        return horizon;
    }

    /** The frame that a step of a window shows. */
    public int source(int window, int step) {
        int episode = episodes[window];
        return Math.clamp(
                starts[window] + step,
                frames.episodeStart(episode),
                frames.episodeEnd(episode) - 1);
    }

    /**
     * Steps {@code [fromStep, toStep)} of these windows, converted to floats: [windows, steps,
     * width], row-major.
     */
    public float[] gather(String feature, int fromStep, int toStep, int... windows) {
        Column column = frames.column(feature);
        int width = column.width();
        int steps = toStep - fromStep;
        float[] target =
                new float[Math.multiplyExact(Math.multiplyExact(windows.length, steps), width)];
        int position = 0;
        for (int window : windows) {
            for (int step = fromStep; step < toStep; step++, position += width) {
                column.copyFrame(source(window, step), target, position);
            }
        }
        return target;
    }
}
