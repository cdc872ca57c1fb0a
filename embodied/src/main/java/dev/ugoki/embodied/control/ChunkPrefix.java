package dev.ugoki.embodied.control;

import dev.ugoki.nn.policy.RealTimeChunking;
import dev.ugoki.nn.policy.RealTimeChunking.Schedule;

/**
 * What is left of the chunk that is being carried out, as the next one should begin: real-time
 * chunking. Actions are in the robot's units; behind the last one that is left it is repeated,
 * since zeros would be actions too.
 */
public final class ChunkPrefix {
    final float[] actions;
    private final float[] weights;
    private int count;

    ChunkPrefix(int length, int width) {
        actions = new float[length * width];
        weights = new float[length];
    }

    /** Writes the weights: beyond what is left there is nothing to agree with. */
    void weigh(Schedule schedule, int delay, int horizon) {
        int bound = Math.min(horizon, count);
        for (int action = 0; action < weights.length; action++) {
            weights[action] = (float) RealTimeChunking.prefixWeight(schedule, delay, bound, action);
        }
    }

    /** How many actions are left; 0 where the policy is free, and weights are 0 too. */
    public int count() {
        return count;
    }

    void setCount(int newCount) {
        count = newCount;
    }

    /** The actions, [length, width]. Not a copy: it is valid during the call that was given it. */
    public float[] actions() {
        return actions;
    }

    /** How strongly the new chunk should agree with each action, [length], from 1 to 0. */
    public float[] weights() {
        return weights;
    }
}
