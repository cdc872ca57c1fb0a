package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

/**
 * A policy that predicts a chunk of actions from what was observed; all numbers are normalized.
 *
 * <pre>{@code
 * try (TensorScope _ = TensorScope.open()) {
 *     Key stepKey = key.fold(optimizer.stepCount());
 *     var step = Autograd.valueAndGrad(
 *             () -> RandomScope.call(stepKey.fold(0), () -> policy.loss(chunks, stepKey.fold(1))),
 *             optimizer.parameters());
 *     optimizer.step(step.gradients());
 *     average.update();
 * }
 * ...
 * policy.eval();
 * Tensor actions = average.call(() -> policy.sample(conditioning, key.fold(decision)));
 * }</pre>
 */
public abstract class ChunkPolicy extends Module {
    private final int length;
    private final int actions;

    /**
     * For subclasses.
     *
     * @param length how many actions a chunk has
     * @param actions how many numbers an action has
     */
    protected ChunkPolicy(int length, int actions) {
        if (length < 1 || actions < 1) {
            throw new IllegalArgumentException(
                    "policy: a chunk needs at least one action of at least one number; has "
                            + length
                            + " of "
                            + actions);
        }
        this.length = length;
        this.actions = actions;
    }

    /** How many actions a chunk has. */
    public final int chunkLength() {
        return length;
    }

    /** How many numbers an action has. */
    public final int actionSize() {
        return actions;
    }

    /** What training makes small: a scalar. The same key draws the same noise. */
    public abstract Tensor loss(Chunks chunks, Key key);

    /**
     * Chunks {@code [n, length, actions]} for observations {@code [n, c]}, without following
     * gradients. The same key draws the same noise.
     */
    public abstract Tensor sample(Tensor conditioning, Key key);

    /** Throws unless the chunks are of this policy's length and actions. */
    protected final void check(Chunks chunks) {
        Tensor given = chunks.actions();
        if (given.extent(1) != length || given.extent(2) != actions) {
            throw new IllegalArgumentException(
                    "policy: chunks must be [n,"
                            + length
                            + ","
                            + actions
                            + "], and are "
                            + given.type());
        }
    }
}
