package dev.ugoki.examples.pusht;

/**
 * What the task looks like at one moment.
 *
 * @param agentX the disc's centre, pixels in [0, 512], to the right
 * @param agentY pixels, down
 * @param blockX the block's origin, in the middle of the bar's outer edge
 * @param blockY pixels, down
 * @param blockAngle radians; the data sets have it in [0, 2 pi)
 */
public record PushTState(
        double agentX, double agentY, double blockX, double blockY, double blockAngle) {

    /** The numbers that a state policy sees: 9 keypoints (x, y each), then the agent's x, y. */
    public static final int FEATURES = 2 * TBlock.KEYPOINTS + 2;

    /** Writes the {@link #FEATURES} numbers to {@code target} from {@code offset} on. */
    public void features(float[] target, int offset) {
        TBlock.keypoints(blockX, blockY, blockAngle, target, offset);
        target[offset + FEATURES - 2] = (float) agentX;
        target[offset + FEATURES - 1] = (float) agentY;
    }

    /** The share of the goal that the block covers, in [0, 1]. */
    public double coverage() {
        return TBlock.coverage(blockX, blockY, blockAngle);
    }
}
