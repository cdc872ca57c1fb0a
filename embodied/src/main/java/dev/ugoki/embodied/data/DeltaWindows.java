package dev.ugoki.embodied.data;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * For each frame, the frames around it that a policy wants to see or predict: LeRobot's delta
 * indices.
 *
 * <p>Frame {@code i} of an episode {@code [start, end)} and offset {@code d} give frame {@code
 * clamp(i + d, start, end - 1)}; where that is not {@code i + d}, the step is padding, and the mask
 * named {@code <feature>_is_pad} says so.
 *
 * <pre>{@code
 * DeltaWindows windows = DeltaWindows.over(frames)
 *         .with("observation.state", DeltaWindows.range(-1, 1))
 *         .with("action", DeltaWindows.range(0, 16));
 * float[] actions = windows.gather("action", batch);        // [batch, 16, action width]
 * boolean[] isPad = windows.gatherIsPad("action", batch);   // [batch, 16]
 * }</pre>
 *
 * Immutable; any number of threads may gather at once.
 */
public final class DeltaWindows {
    /** How far a requested time may be from a whole frame, in seconds. */
    private static final double TOLERANCE = 1e-4;

    private final FrameTable frames;
    private final Map<String, int[]> deltas;

    private DeltaWindows(FrameTable frames, Map<String, int[]> deltas) {
        this.frames = frames;
        this.deltas = deltas;
    }

    /** Windows over these frames, of no feature yet. */
    public static DeltaWindows over(FrameTable frames) {
        return new DeltaWindows(frames, Map.of());
    }

    /** The same, with these offsets (in frames, any order) of a numeric feature. */
    public DeltaWindows with(String feature, int... offsets) {
        if (!frames.column(feature).feature().type().isNumeric()) {
            throw new IllegalArgumentException("feature '" + feature + "' is not numeric");
        }
        Map<String, int[]> more = new LinkedHashMap<>(deltas);
        more.put(feature, offsets.clone());
        return new DeltaWindows(frames, more);
    }

    /** The offsets {@code from, from + 1, ..., to - 1}. */
    public static int[] range(int from, int to) {
        int[] offsets = new int[to - from];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = from + i;
        }
        return offsets;
    }

    /**
     * Offsets in frames for offsets in seconds.
     *
     * @throws IllegalArgumentException if one is further than 1e-4 s from a whole frame
     */
    public static int[] ofSeconds(double framesPerSecond, double... seconds) {
        int[] offsets = new int[seconds.length];
        for (int i = 0; i < offsets.length; i++) {
            long nearest = Math.round(seconds[i] * framesPerSecond);
            if (!(Math.abs(nearest / framesPerSecond - seconds[i]) <= TOLERANCE)) {
                throw new IllegalArgumentException(
                        "%s s is no whole number of frames at %s frames per second"
                                .formatted(seconds[i], framesPerSecond));
            }
            offsets[i] = Math.toIntExact(nearest);
        }
        return offsets;
    }

    /** The features that have offsets. */
    public Set<String> features() {
        return Set.copyOf(deltas.keySet());
    }

    /** How many frames there are to take windows of: all of them. */
    public int frameCount() {
        return frames.frameCount();
    }

    /** How many steps a feature's windows have. */
    public int steps(String feature) {
        return offsets(feature).length;
    }

    /** The frame that a step of a window shows. */
    public int source(int frame, int offset) {
        int episode = frames.episodeOf(frame);
        long wanted = (long) frame + offset;
        return Math.clamp(wanted, frames.episodeStart(episode), frames.episodeEnd(episode) - 1);
    }

    /** Whether a step of a window lies outside of the frame's episode. */
    public boolean isPad(int frame, int offset) {
        int episode = frames.episodeOf(frame);
        long wanted = (long) frame + offset;
        return wanted < frames.episodeStart(episode) || wanted >= frames.episodeEnd(episode);
    }

    /** The windows of these frames, converted to floats: [frames, steps, width], row-major. */
    public float[] gather(String feature, int... batch) {
        int[] offsets = offsets(feature);
        Column column = frames.column(feature);
        int width = column.width();
        float[] target =
                new float
                        [Math.multiplyExact(
                                Math.multiplyExact(batch.length, offsets.length), width)];
        int position = 0;
        for (int frame : batch) {
            for (int offset : offsets) {
                column.copyFrame(source(frame, offset), target, position);
                position += width;
            }
        }
        return target;
    }

    /** Which steps of these frames' windows are padding: [frames, steps], row-major. */
    public boolean[] gatherIsPad(String feature, int... batch) {
        int[] offsets = offsets(feature);
        boolean[] target = new boolean[Math.multiplyExact(batch.length, offsets.length)];
        int position = 0;
        for (int frame : batch) {
            for (int offset : offsets) {
                target[position++] = isPad(frame, offset);
            }
        }
        return target;
    }

    private int[] offsets(String feature) {
        int[] offsets = deltas.get(feature);
        if (offsets == null) {
            throw new IllegalArgumentException(
                    "no offsets for feature '%s', only for %s".formatted(feature, deltas.keySet()));
        }
        return offsets;
    }
}
