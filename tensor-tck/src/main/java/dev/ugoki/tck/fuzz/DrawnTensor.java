package dev.ugoki.tck.fuzz;

import dev.ugoki.tck.Layout;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * A tensor among the arguments of a call, which is made on each device that the call runs on.
 *
 * @param values contiguous, on the reference device
 * @param original the tensor that this is a view of, or the same as
 */
record DrawnTensor(
        Tensor values, Layout layout, State state, Alias alias, @Nullable DrawnTensor original) {
    /** What is the matter with it. */
    enum State {
        USUAL,
        RELEASED,
        ON_ANOTHER_DEVICE
    }

    /** How it shares memory with another argument. */
    enum Alias {
        NONE,
        SAME,
        FLIPPED,
        TRANSPOSED
    }

    @Override
    public String toString() {
        String text = values.type() + " " + layout;
        if (state != State.USUAL) {
            text += " " + state;
        }
        return alias == Alias.NONE ? text : text + " " + alias + " as another";
    }
}
