package dev.ugoki.examples.policy;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;

/**
 * The state one frame ago as a feature: with it a policy that sees one step knows how fast the
 * robot moves. At an episode's first frame it is the state then.
 */
final class StateBefore {
    /** The feature that it is made of. */
    static final String STATE = "observation.state";

    /** Its name; a data set has no such feature of its own. */
    static final String NAME = "observation.state_before";

    private StateBefore() {}

    /** The frames with this feature. */
    static FrameTable addTo(FrameTable frames) {
        Column state = frames.column(STATE);
        float[] values = new float[frames.frameCount() * state.width()];
        for (int frame = 0; frame < frames.frameCount(); frame++) {
            int before = Math.max(frame - 1, frames.episodeStart(frames.episodeOf(frame)));
            state.copyFrame(before, values, frame * state.width());
        }
        Feature feature = Feature.vector(NAME, FeatureType.FLOAT32, state.width());
        return frames.with(Column.of(feature, values));
    }
}
