package dev.ugoki.examples.pusht;

/**
 * The physics of PushT: a kinematic disc, a block of two rectangles, four walls; no gravity, no
 * friction, and damping 0, which wipes the block's velocity in every step, so that the block moves
 * only while it is pushed.
 *
 * <p>It follows the published algorithms of the Chipmunk 7.0.3 physics engine (Scott Lembcke), in
 * which the human demonstrations were recorded, closely enough to replay them: the order in which
 * pairs are found and solved, ties, and the moment at which impulses are forgotten all matter.
 * Units are pixels, seconds and radians; y points down in pictures.
 */
final class PushTPhysics {
    static final double DT = 0.01;
    static final double INVERSE_MASS = 1;

    /** The moment is twice that of the bar about the origin: a quirk of the original to keep. */
    static final double INVERSE_MOMENT = 1.0 / 3000;

    static final double AGENT_RADIUS = 15;

    /** The centre of gravity in the block's frame: the mean of the rectangles' centres. */
    static final double CENTRE_OFFSET = 45;

    private static final double WALL_RADIUS = 2;
    private static final int ITERATIONS = 10;

    /** What share of an overlap is corrected in one step; the floats are the original's. */
    private static final double CORRECTION_RATE = 1 - Math.pow(StrictMath.pow(1.0f - 0.1f, 60), DT);

    double agentX = 256;
    double agentY = 400;
    double agentVelocityX;
    double agentVelocityY;

    /** The block's centre of gravity, in world coordinates. */
    double centreX;

    double centreY;
    double angle;
    double velocityX;
    double velocityY;
    double spin;

    /** Velocities that only take overlaps away; they live for one step. */
    double correctionX;

    double correctionY;
    double correctionSpin;

    private double cos = 1;
    private double sin;
    private double originX;
    private double originY;

    /** The block was put somewhere, and its shapes are still where it was. */
    private boolean blockWasSet;

    private long step;

    private final ConvexShape agent =
            new ConvexShape(AGENT_RADIUS, new double[] {0}, new double[] {0});
    private final ConvexShape bar = rectangle(-60, 0, 60, 30);
    private final ConvexShape stem = rectangle(-15, 30, 15, 120);
    private final ConvexShape[] walls = {
        wall(5, 506, 5, 5), wall(5, 5, 506, 5), wall(506, 5, 506, 506), wall(5, 506, 506, 506)
    };
    private final BroadPhase broadPhase;
    private final ClosestPoints closest = new ClosestPoints(agent, bar);
    private final int[] touching = new int[10];
    private int touchingCount;

    /** The scene as it is before the first reset: the block in the middle, the disc below it. */
    PushTPhysics() {
        setBlockPosition(256, 300);
        agent.place(1, 0, agentX, agentY);
        placeBlock();
        broadPhase = new BroadPhase(agent, bar, stem, walls);
    }

    private static ConvexShape rectangle(double left, double low, double right, double high) {
        return new ConvexShape(
                0, new double[] {left, right, right, left}, new double[] {low, low, high, high});
    }

    private static ConvexShape wall(double x1, double y1, double x2, double y2) {
        return new ConvexShape(WALL_RADIUS, new double[] {x1, x2}, new double[] {y1, y2});
    }

    /** The block's origin: the middle of the bar's outer edge. */
    double blockX() {
        return originX;
    }

    double blockY() {
        return originY;
    }

    void setBlockPosition(double x, double y) {
        centreX = -sin * CENTRE_OFFSET + x;
        centreY = cos * CENTRE_OFFSET + y;
        updateTransform();
        blockWasSet = true;
    }

    /** Turns the block about its centre of gravity, so its position changes too. */
    void setBlockAngle(double angle) {
        this.angle = angle;
        updateTransform();
        blockWasSet = true;
    }

    private void updateTransform() {
        cos = StrictMath.cos(angle);
        sin = StrictMath.sin(angle);
        originX = centreX - (0 * cos - CENTRE_OFFSET * sin);
        originY = centreY - (0 * sin + CENTRE_OFFSET * cos);
    }

    private void placeBlock() {
        bar.place(cos, sin, originX, originY);
        stem.place(cos, sin, originX, originY);
    }

    /** Advances by one hundredth of a second. */
    void step() {
        step++;
        for (int i = 0; i < touchingCount; i++) {
            touching(i).endOfStep();
        }
        moveAgent();
        if (blockMoves()) {
            moveBlock();
        }
        touchingCount = broadPhase.findContacts(this, closest, step, touching);
        broadPhase.agePairs(step);
        for (int i = 0; i < touchingCount; i++) {
            touching(i).prepare(this, CORRECTION_RATE);
        }
        velocityX = 0;
        velocityY = 0;
        spin = 0;
        for (int i = 0; i < touchingCount; i++) {
            touching(i).applyOldImpulses(this);
        }
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            for (int i = 0; i < touchingCount; i++) {
                touching(i).solve(this);
            }
        }
    }

    private void moveAgent() {
        agentX += agentVelocityX * DT;
        agentY += agentVelocityY * DT;
        agent.place(1, 0, agentX, agentY);
    }

    private boolean blockMoves() {
        return blockWasSet
                || velocityX != 0
                || velocityY != 0
                || spin != 0
                || correctionX != 0
                || correctionY != 0
                || correctionSpin != 0;
    }

    private void moveBlock() {
        centreX += (velocityX + correctionX) * DT;
        centreY += (velocityY + correctionY) * DT;
        angle += (spin + correctionSpin) * DT;
        correctionX = 0;
        correctionY = 0;
        correctionSpin = 0;
        updateTransform();
        placeBlock();
        blockWasSet = false;
    }

    private ContactPair touching(int index) {
        return broadPhase.pair(touching[index]);
    }

    /** How many contact points the last step solved. */
    int contactPoints() {
        int points = 0;
        for (int i = 0; i < touchingCount; i++) {
            points += touching(i).count();
        }
        return points;
    }

    /** Makes this an exact copy of another simulation. */
    void copyFrom(PushTPhysics other) {
        agentX = other.agentX;
        agentY = other.agentY;
        agentVelocityX = other.agentVelocityX;
        agentVelocityY = other.agentVelocityY;
        centreX = other.centreX;
        centreY = other.centreY;
        angle = other.angle;
        velocityX = other.velocityX;
        velocityY = other.velocityY;
        spin = other.spin;
        correctionX = other.correctionX;
        correctionY = other.correctionY;
        correctionSpin = other.correctionSpin;
        cos = other.cos;
        sin = other.sin;
        originX = other.originX;
        originY = other.originY;
        step = other.step;
        blockWasSet = other.blockWasSet;
        agent.copyPlaceFrom(other.agent);
        bar.copyPlaceFrom(other.bar);
        stem.copyPlaceFrom(other.stem);
        broadPhase.copyFrom(other.broadPhase);
        touchingCount = other.touchingCount;
        for (int i = 0; i < touchingCount; i++) {
            touching[i] = other.touching[i];
        }
    }
}
