package dev.ugoki.embodied.control;

/**
 * What computes chunks of actions: a compiled policy, a server elsewhere, or a rule. Called by one
 * thread at a time. For a control loop without garbage it must not allocate either.
 */
@FunctionalInterface
public interface ChunkInference {
    /**
     * Computes the next actions.
     *
     * @param observation the buffers to read
     * @param chunk receives the actions in the robot's units, [length, width], of which the first
     *     belongs to the observation's own step
     */
    void infer(Observation observation, float[] chunk);
}
