package dev.ugoki.nn;

import dev.ugoki.tensor.Tensor;

import java.util.function.Supplier;

/**
 * Memory for time: inside, the blocks of networks keep for the gradient what they got alone, and
 * compute what is inside of them a second time (activation checkpointing).
 *
 * <pre>{@code
 * var step = Recomputation.call(
 *         () -> Autograd.valueAndGrad(() -> loss(network), optimizer.parameters()));
 * }</pre>
 *
 * <p>What a block draws is the same both times; where it draws nothing, the gradients have the same
 * bits as without. The blocks are those of residual MLPs, of the U-Net, of ACT's transformers, and
 * of the small encoder of images.
 *
 * <p>Source: Chen et al.: Training deep nets with sublinear memory cost (2016).
 */
public final class Recomputation {
    private static final ScopedValue<Boolean> ON = ScopedValue.newInstance();

    private Recomputation() {}

    /** A block of a network. */
    @FunctionalInterface
    public interface Block {
        /** What it makes of what it gets. */
        Tensor apply(Tensor... operands);
    }

    /** Runs {@code action}, whose blocks are computed a second time for the gradient. */
    public static <T> T call(Supplier<T> action) {
        return ScopedValue.where(ON, true).call(action::get);
    }

    /** The same where {@code wanted}; else the action as it is. */
    public static <T> T callIf(boolean wanted, Supplier<T> action) {
        return wanted ? call(action) : action.get();
    }

    /** A block's result, for networks to call. */
    public static Tensor through(Block block, Tensor... operands) {
        return ON.isBound()
                ? RandomScope.checkpoint(inputs -> new Tensor[] {block.apply(inputs)}, operands)[0]
                : block.apply(operands);
    }
}
