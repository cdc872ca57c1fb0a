package dev.ugoki.examples.pusht;

/**
 * The T-shaped block: a bar of 120 by 30 pixels and a stem of 30 by 90 below it, its keypoints, and
 * how much of the goal it covers.
 *
 * <p>The block's frame has its origin in the middle of the bar's outer edge and y along the stem.
 */
public final class TBlock {
    /** The number of keypoints on the block. */
    public static final int KEYPOINTS = 9;

    /** Where the block should be. */
    public static final double GOAL_X = 256;

    /** See {@link #GOAL_X}. */
    public static final double GOAL_Y = 256;

    /** See {@link #GOAL_X}. */
    public static final double GOAL_ANGLE = Math.PI / 4;

    /** Left, low, right and high side of the bar and of the stem, in the block's frame. */
    static final double[][] RECTANGLES = {{-60, 0, 60, 30}, {-15, 30, 15, 120}};

    private static final double GOAL_COS = StrictMath.cos(GOAL_ANGLE);
    private static final double GOAL_SIN = StrictMath.sin(GOAL_ANGLE);
    private static final double AREA = 120 * 30 + 30 * 90;

    /** Measured on the resting frames of the human demonstrations (spread below 1e-5 px). */
    private static final double[] KEYPOINTS_LOCAL = {
        9.26978653, 90.04097366,
        -60.98347200, -1.18672980,
        60.91275568, -1.39336423,
        -0.27050347, 25.54362509,
        -14.06492749, 122.81585353,
        39.00273815, 32.85740415,
        -39.96641452, 32.72965543,
        -16.82434434, 62.86317906,
        23.54146114, -1.70028806
    };

    private TBlock() {}

    /** Writes the nine keypoints' x and y in world coordinates to 18 places of {@code target}. */
    public static void keypoints(double x, double y, double angle, float[] target, int offset) {
        double cos = StrictMath.cos(angle);
        double sin = StrictMath.sin(angle);
        for (int i = 0; i < KEYPOINTS; i++) {
            double localX = KEYPOINTS_LOCAL[2 * i];
            double localY = KEYPOINTS_LOCAL[2 * i + 1];
            target[offset + 2 * i] = (float) (x + cos * localX - sin * localY);
            target[offset + 2 * i + 1] = (float) (y + sin * localX + cos * localY);
        }
    }

    /**
     * The pose whose keypoints are nearest to the given ones (least squares over rotations and
     * shifts), for recordings that have no pose.
     *
     * @param keypoints x and y of nine points, from {@code offset} on
     * @param pose receives x, y and the angle in [0, 2 pi), from {@code poseOffset} on
     */
    static void pose(float[] keypoints, int offset, float[] pose, int poseOffset) {
        double localX = 0;
        double localY = 0;
        double worldX = 0;
        double worldY = 0;
        for (int i = 0; i < KEYPOINTS; i++) {
            localX += KEYPOINTS_LOCAL[2 * i] / KEYPOINTS;
            localY += KEYPOINTS_LOCAL[2 * i + 1] / KEYPOINTS;
            worldX += keypoints[offset + 2 * i] / (double) KEYPOINTS;
            worldY += keypoints[offset + 2 * i + 1] / (double) KEYPOINTS;
        }
        double along = 0;
        double across = 0;
        for (int i = 0; i < KEYPOINTS; i++) {
            double fromX = KEYPOINTS_LOCAL[2 * i] - localX;
            double fromY = KEYPOINTS_LOCAL[2 * i + 1] - localY;
            double toX = keypoints[offset + 2 * i] - worldX;
            double toY = keypoints[offset + 2 * i + 1] - worldY;
            along += fromX * toX + fromY * toY;
            across += fromX * toY - fromY * toX;
        }
        double angle = StrictMath.atan2(across, along);
        double cos = StrictMath.cos(angle);
        double sin = StrictMath.sin(angle);
        pose[poseOffset] = (float) (worldX - (cos * localX - sin * localY));
        pose[poseOffset + 1] = (float) (worldY - (sin * localX + cos * localY));
        pose[poseOffset + 2] = (float) (angle < 0 ? angle + 2 * Math.PI : angle);
    }

    /** Area of the block inside the goal, divided by the goal's area. */
    public static double coverage(double x, double y, double angle) {
        double turn = angle - GOAL_ANGLE;
        double cos = StrictMath.cos(turn);
        double sin = StrictMath.sin(turn);
        double originX = GOAL_COS * (x - GOAL_X) + GOAL_SIN * (y - GOAL_Y);
        double originY = -GOAL_SIN * (x - GOAL_X) + GOAL_COS * (y - GOAL_Y);
        double area = 0;
        for (double[] block : RECTANGLES) {
            double[] corners = {
                block[0], block[1], block[2], block[1], block[2], block[3], block[0], block[3]
            };
            for (int i = 0; i < 4; i++) {
                double localX = corners[2 * i];
                double localY = corners[2 * i + 1];
                corners[2 * i] = originX + cos * localX - sin * localY;
                corners[2 * i + 1] = originY + sin * localX + cos * localY;
            }
            for (double[] goal : RECTANGLES) {
                area += ConvexClip.areaInside(corners, goal);
            }
        }
        return area / AREA;
    }
}
