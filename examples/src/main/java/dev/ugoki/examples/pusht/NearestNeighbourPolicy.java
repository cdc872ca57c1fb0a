package dev.ugoki.examples.pusht;

import java.util.Arrays;

/**
 * Finds the recorded frame most like the current state and does what was done there: the baseline
 * that any learned policy has to beat.
 *
 * <p>Likeness is the squared Euclidean distance between the nine keypoints' x and y, each divided
 * by 3, and the agent's x and y. Of equally near frames the first is taken.
 */
public final class NearestNeighbourPolicy implements ChunkPolicy {
    private static final float KEYPOINT_SCALE = 1 / 3f;

    private final float[] frames;
    private final float[] chunks;
    private final int chunkLength;

    /**
     * A policy over all frames of the demonstrations.
     *
     * @param chunkLength how many recorded actions to follow before looking again; an episode's
     *     last action is repeated beyond its end
     */
    public NearestNeighbourPolicy(Demonstrations demonstrations, int chunkLength) {
        if (chunkLength < 1 || demonstrations.frames() == 0) {
            throw new IllegalArgumentException(
                    "nearest neighbour needs a chunk of at least 1 (got "
                            + chunkLength
                            + ") and at least one frame (got "
                            + demonstrations.frames()
                            + ")");
        }
        this.chunkLength = chunkLength;
        frames = new float[demonstrations.frames() * PushTState.FEATURES];
        chunks = new float[demonstrations.frames() * 2 * chunkLength];
        int keypoints = 2 * TBlock.KEYPOINTS;
        for (int episode = 0; episode < demonstrations.episodes(); episode++) {
            int last = demonstrations.end(episode) - 1;
            for (int frame = demonstrations.start(episode); frame <= last; frame++) {
                int offset = frame * PushTState.FEATURES;
                System.arraycopy(
                        demonstrations.keypoints(), frame * keypoints, frames, offset, keypoints);
                frames[offset + keypoints] = demonstrations.agent()[2 * frame];
                frames[offset + keypoints + 1] = demonstrations.agent()[2 * frame + 1];
                scaleKeypoints(frames, offset);
                for (int i = 0; i < chunkLength; i++) {
                    int source = Math.min(frame + i, last);
                    System.arraycopy(
                            demonstrations.actions(),
                            2 * source,
                            chunks,
                            2 * (frame * chunkLength + i),
                            2);
                }
            }
        }
    }

    private static void scaleKeypoints(float[] features, int offset) {
        for (int i = 0; i < 2 * TBlock.KEYPOINTS; i++) {
            features[offset + i] *= KEYPOINT_SCALE;
        }
    }

    @Override
    public float[] act(Observation observation) {
        float[] wanted = new float[PushTState.FEATURES];
        observation.current().features(wanted, 0);
        scaleKeypoints(wanted, 0);
        int start = 2 * chunkLength * nearest(wanted);
        return Arrays.copyOfRange(chunks, start, start + 2 * chunkLength);
    }

    private int nearest(float[] wanted) {
        int nearest = 0;
        float least = Float.POSITIVE_INFINITY;
        int frameCount = frames.length / PushTState.FEATURES;
        for (int frame = 0; frame < frameCount; frame++) {
            int offset = frame * PushTState.FEATURES;
            float distance = 0;
            for (int i = PushTState.FEATURES - 1; i >= 0 && distance < least; i--) {
                float difference = frames[offset + i] - wanted[i];
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                nearest = frame;
            }
        }
        return nearest;
    }
}
