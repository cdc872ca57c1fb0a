package dev.ugoki.examples.pusht;

/**
 * The PushT task of Diffusion Policy (Chi et al. 2023): push the T onto the goal with a disc that
 * follows a target position at 10 Hz.
 *
 * <pre>{@code
 * PushTEnvironment environment = new PushTEnvironment();
 * PushTState state = environment.reset(100_000);
 * PushTEnvironment.Step step = environment.step(256, 300);
 * }</pre>
 *
 * <p>Everything is deterministic: the same reset and the same actions give the same bits. An
 * instance belongs to one thread at a time; {@link #copyFrom} makes branches for planning cheap.
 */
public final class PushTEnvironment {
    /** Steps of an episode in the published evaluations. */
    public static final int MAXIMUM_STEPS = 300;

    /** An episode is a success when the coverage is above this. */
    public static final double SUCCESS_COVERAGE = 0.95;

    /** Control steps per second. */
    public static final int CONTROL_RATE = 10;

    /** Side of the square world, in pixels: actions are in [0, 512]. */
    public static final double SIDE = 512;

    private static final int SUBSTEPS = 10;
    private static final double STIFFNESS = 100;
    private static final double DAMPING = 20;

    private PushTPhysics physics = new PushTPhysics();

    /**
     * What one step led to.
     *
     * @param state the state after the step
     * @param coverage share of the goal that is covered, in [0, 1]
     * @param reward {@code min(1, coverage / 0.95)}
     * @param success whether the coverage is above 0.95
     */
    public record Step(PushTState state, double coverage, double reward, boolean success) {}

    /** A task at rest with the block above the middle; call a reset before the first step. */
    public PushTEnvironment() {}

    /**
     * Starts the episode that the published evaluations start for this seed: numpy's legacy
     * generator draws the state, the block is turned about its centre of gravity after it was put
     * in place (which moves it), and one substep settles overlaps.
     *
     * @param seed 0 to 2^32 - 1; the standard ones begin at 100000
     */
    public PushTState reset(long seed) {
        var random = new LegacyNumpyRandom(seed);
        double agentX = random.integer(50, 450);
        double agentY = random.integer(50, 450);
        double blockX = random.integer(100, 400);
        double blockY = random.integer(100, 400);
        double angle = random.normal() * 2 * Math.PI - Math.PI;
        physics = new PushTPhysics();
        physics.agentX = agentX;
        physics.agentY = agentY;
        physics.setBlockPosition(blockX, blockY);
        physics.setBlockAngle(angle);
        physics.step();
        return state();
    }

    /** Starts from a given state, with the disc at rest: the way to replay recordings. */
    public PushTState reset(PushTState state) {
        physics = new PushTPhysics();
        physics.agentX = state.agentX();
        physics.agentY = state.agentY();
        physics.setBlockAngle(state.blockAngle());
        physics.setBlockPosition(state.blockX(), state.blockY());
        return state();
    }

    /** Moves the disc towards a target position for a tenth of a second. */
    public Step step(double targetX, double targetY) {
        advance(targetX, targetY);
        PushTState state = state();
        double coverage = state.coverage();
        return new Step(state, coverage, reward(coverage), coverage > SUCCESS_COVERAGE);
    }

    /** {@link #step} without its measurements, for planners that look at few states. */
    void advance(double targetX, double targetY) {
        if (!Double.isFinite(targetX) || !Double.isFinite(targetY)) {
            throw new IllegalArgumentException(
                    "step: the target (" + targetX + ", " + targetY + ") is not finite");
        }
        for (int i = 0; i < SUBSTEPS; i++) {
            substep(targetX, targetY);
        }
    }

    /** One hundredth of a second: a spring and a damper accelerate the disc, then physics. */
    void substep(double targetX, double targetY) {
        PushTPhysics p = physics;
        double ax = STIFFNESS * (targetX - p.agentX) + DAMPING * (0 - p.agentVelocityX);
        double ay = STIFFNESS * (targetY - p.agentY) + DAMPING * (0 - p.agentVelocityY);
        p.agentVelocityX += ax * PushTPhysics.DT;
        p.agentVelocityY += ay * PushTPhysics.DT;
        p.step();
    }

    /** The reward for a coverage. */
    public static double reward(double coverage) {
        return Math.clamp(coverage / SUCCESS_COVERAGE, 0, 1);
    }

    /** The state now; the angle is in [0, 2 pi). */
    public PushTState state() {
        double turn = 2 * Math.PI;
        double angle = physics.angle % turn;
        return new PushTState(
                physics.agentX,
                physics.agentY,
                physics.blockX(),
                physics.blockY(),
                angle < 0 ? angle + turn : angle);
    }

    /** The disc's velocity, pixels per second. */
    public double agentVelocityX() {
        return physics.agentVelocityX;
    }

    /** The disc's velocity, pixels per second. */
    public double agentVelocityY() {
        return physics.agentVelocityY;
    }

    /** Makes this an exact copy of another environment, hidden state included. */
    public void copyFrom(PushTEnvironment other) {
        physics.copyFrom(other.physics);
    }

    PushTPhysics physics() {
        return physics;
    }
}
