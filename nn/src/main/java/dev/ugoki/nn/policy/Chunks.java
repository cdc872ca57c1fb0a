package dev.ugoki.nn.policy;

import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * A batch to train on: what was observed and the actions that followed, both normalized.
 *
 * @param conditioning {@code [n, c]}, the observations of all steps in one vector
 * @param actions {@code [n, length, actions]}
 * @param padding BOOL {@code [n, length]}, true where the recording had ended and the action is
 *     made up; null where none is, or all shall count
 */
public record Chunks(Tensor conditioning, Tensor actions, @Nullable Tensor padding) {
    public Chunks {
        boolean fits =
                conditioning.rank() == 2
                        && actions.rank() == 3
                        && conditioning.extent(0) == actions.extent(0)
                        && (padding == null
                                || padding.rank() == 2
                                        && padding.extent(0) == actions.extent(0)
                                        && padding.extent(1) == actions.extent(1));
        if (!fits) {
            throw new IllegalArgumentException(
                    "chunks: need conditioning [n, c], actions [n, length, actions] and padding"
                            + " [n, length] or none; are "
                            + conditioning.type()
                            + ", "
                            + actions.type()
                            + ", "
                            + (padding == null ? "none" : padding.type()));
        }
    }

    /** Chunks whose actions all count. */
    public static Chunks of(Tensor conditioning, Tensor actions) {
        return new Chunks(conditioning, actions, null);
    }

    /** Each sample several times, next to each other. */
    Chunks repeated(int times) {
        return times == 1
                ? this
                : new Chunks(
                        Indexing.repeatInterleave(conditioning, times, 0),
                        Indexing.repeatInterleave(actions, times, 0),
                        padding == null ? null : Indexing.repeatInterleave(padding, times, 0));
    }

    /** The mean of losses {@code [n, length, actions]} over the actions that are not padding. */
    Tensor mean(Tensor losses) {
        return mean(losses, padding);
    }

    /** As above, for any padding. */
    static Tensor mean(Tensor losses, @Nullable Tensor padding) {
        if (padding == null) {
            return losses.mean();
        }
        Tensor real = padding.not().cast(losses.dtype()).sum().mul(losses.extent(2));
        return losses.maskedFill(padding.unsqueeze(-1), 0).sum().div(real.maximum(1));
    }
}
