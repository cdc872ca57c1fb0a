package dev.ugoki.examples.pusht;

/**
 * Decides where the disc goes: the last two states in, the next few target positions out.
 *
 * <p>The answer depends on the observation alone. A policy that draws random numbers derives them
 * from {@link Observation#seed} and {@link Observation#step}, so that an evaluation repeats exactly
 * however many threads run it; and it bears calls from several threads at once if it is evaluated
 * with several.
 */
@FunctionalInterface
public interface ChunkPolicy {
    /**
     * Target positions for the next steps, all of which are executed before the next call.
     *
     * @return x and y of each step in turn, pixels: at least one step
     */
    float[] act(Observation observation);

    /**
     * What a policy sees.
     *
     * @param previous the state one control step ago; in the first step, the same as now
     * @param current the state now
     * @param seed the episode's seed
     * @param step how many steps of the episode are over
     */
    record Observation(PushTState previous, PushTState current, long seed, int step) {}

    /** Stays where it is: the floor under every evaluation. */
    static ChunkPolicy noOperation() {
        return observation ->
                new float[] {
                    (float) observation.current().agentX(), (float) observation.current().agentY()
                };
    }
}
