package dev.ugoki.examples.pusht;

/**
 * Recorded episodes of PushT at 10 Hz, one after the other. The arrays are not copied.
 *
 * @param agent frames x 2: the disc's x and y, pixels
 * @param block frames x 3: the block's x, y (pixels) and angle (radians)
 * @param keypoints frames x 18: x and y of the nine keypoints, pixels
 * @param actions frames x 2: the target position given in that frame, pixels
 * @param episodeEnds for each episode, the frame after its last
 */
public record Demonstrations(
        float[] agent, float[] block, float[] keypoints, float[] actions, int[] episodeEnds) {

    /** Checks that the arrays fit together. */
    public Demonstrations {
        int frames = episodeEnds.length == 0 ? 0 : episodeEnds[episodeEnds.length - 1];
        requireLength("agent", agent, frames, 2);
        requireLength("block", block, frames, 3);
        requireLength("keypoints", keypoints, frames, 2 * TBlock.KEYPOINTS);
        requireLength("actions", actions, frames, 2);
        int before = 0;
        for (int end : episodeEnds) {
            if (end <= before) {
                throw new IllegalArgumentException(
                        "episode ends must rise from above 0: " + end + " follows " + before);
            }
            before = end;
        }
    }

    /** Demonstrations whose keypoints are computed from the block's pose. */
    public static Demonstrations fromPoses(
            float[] agent, float[] block, float[] actions, int[] episodeEnds) {
        int frames = block.length / 3;
        int width = 2 * TBlock.KEYPOINTS;
        float[] keypoints = new float[frames * width];
        for (int i = 0; i < frames; i++) {
            TBlock.keypoints(
                    block[3 * i], block[3 * i + 1], block[3 * i + 2], keypoints, i * width);
        }
        return new Demonstrations(agent, block, keypoints, actions, episodeEnds);
    }

    private static void requireLength(String name, float[] values, int frames, int width) {
        if (values.length != frames * width) {
            throw new IllegalArgumentException(
                    name
                            + " has "
                            + values.length
                            + " numbers, but the episodes have "
                            + frames
                            + " frames of "
                            + width);
        }
    }

    /** Some of the episodes, in the order given. */
    public Demonstrations select(int... episodes) {
        int[] ends = new int[episodes.length];
        int count = 0;
        for (int i = 0; i < episodes.length; i++) {
            count += end(episodes[i]) - start(episodes[i]);
            ends[i] = count;
        }
        return new Demonstrations(
                select(agent, 2, episodes, count),
                select(block, 3, episodes, count),
                select(keypoints, 2 * TBlock.KEYPOINTS, episodes, count),
                select(actions, 2, episodes, count),
                ends);
    }

    private float[] select(float[] values, int width, int[] episodes, int count) {
        float[] selected = new float[count * width];
        int at = 0;
        for (int episode : episodes) {
            int length = (end(episode) - start(episode)) * width;
            System.arraycopy(values, start(episode) * width, selected, at, length);
            at += length;
        }
        return selected;
    }

    /** The number of frames in all episodes. */
    public int frames() {
        return agent.length / 2;
    }

    /** The number of episodes. */
    public int episodes() {
        return episodeEnds.length;
    }

    /** The first frame of an episode. */
    public int start(int episode) {
        return episode == 0 ? 0 : episodeEnds[episode - 1];
    }

    /** The frame after the last of an episode. */
    public int end(int episode) {
        return episodeEnds[episode];
    }

    /** What was recorded in one frame. */
    public PushTState state(int frame) {
        return new PushTState(
                agent[2 * frame],
                agent[2 * frame + 1],
                block[3 * frame],
                block[3 * frame + 1],
                block[3 * frame + 2]);
    }
}
