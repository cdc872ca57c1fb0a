package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * A policy that predicts a chunk of actions from states, images and instructions; all numbers are
 * normalized. {@link ChunkPolicy} is its counterpart for what fits in one vector.
 */
public interface ObservationPolicy {
    /** The parameters, by the names of the public checkpoints. */
    Module module();

    /** How many actions {@link #sample} gives. */
    int chunkLength();

    /** Which of them belongs to the present step. */
    int firstAction();

    /** How many numbers an action has. */
    int actionSize();

    /**
     * What training makes small: a scalar. The same key draws the same noise.
     *
     * @param actions {@code [n, length, actions]}
     * @param padding BOOL {@code [n, length]}, true where the recording had ended and the action is
     *     made up; null where none is
     */
    Tensor loss(Observations observations, Tensor actions, @Nullable Tensor padding, Key key);

    /** Chunks {@code [n, chunk length, actions]}, without following gradients. */
    Tensor sample(Observations observations, Key key);
}
