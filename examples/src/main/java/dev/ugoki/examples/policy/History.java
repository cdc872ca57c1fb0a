package dev.ugoki.examples.policy;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a robot did before, as a feature: the last action, the one before it, and the state one
 * frame ago, one after the other. With it a policy that sees one step knows how fast the robot
 * moves, and may predict actions relative to the last one.
 *
 * <p>Before an episode's first action, the state stands for it, since a robot that holds still is
 * told to be where it is; so both must have one width.
 */
final class History {
    /** What it is made of. */
    static final String STATE = "observation.state";

    /** What it is made of, too. */
    static final String ACTION = "action";

    /** Its name; a data set has no such feature of its own. */
    static final String NAME = "observation.history";

    private History() {}

    /** Reads features, of which one may be {@link #NAME}. */
    static FrameTable read(LeRobotDataset dataset, List<String> names) throws IOException {
        Set<String> needed = new LinkedHashSet<>(names);
        if (!needed.remove(NAME)) {
            return dataset.readFrames(names);
        }
        needed.addAll(List.of(STATE, ACTION));
        return addTo(dataset.readFrames(List.copyOf(needed)));
    }

    /**
     * The frames with this feature.
     *
     * @throws IllegalArgumentException if states and actions are not of one width
     */
    static FrameTable addTo(FrameTable frames) {
        Column state = frames.column(STATE);
        Column action = frames.column(ACTION);
        int width = state.width();
        if (width != action.width()) {
            throw new IllegalArgumentException(
                    "'%s' has %d numbers and '%s' %d: a history needs as many"
                            .formatted(STATE, width, ACTION, action.width()));
        }
        float[] values = new float[frames.frameCount() * 3 * width];
        for (int frame = 0; frame < frames.frameCount(); frame++) {
            int first = frames.episodeStart(frames.episodeOf(frame));
            int at = frame * 3 * width;
            copyAction(frames, frame - 1, first, values, at);
            copyAction(frames, frame - 2, first, values, at + width);
            state.copyFrame(Math.max(frame - 1, first), values, at + 2 * width);
        }
        Feature feature = Feature.vector(NAME, FeatureType.FLOAT32, 3 * width);
        return frames.with(Column.of(feature, values));
    }

    private static void copyAction(
            FrameTable frames, int frame, int first, float[] target, int at) {
        if (frame < first) {
            frames.column(STATE).copyFrame(first, target, at);
        } else {
            frames.column(ACTION).copyFrame(frame, target, at);
        }
    }
}
