package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/** Attention in F32 and its gradient, ready to run. */
final class AttentionStep {
    private AttentionStep() {}

    /** The step; null where an operand has to be copied first. */
    static @Nullable Prepared forward(ScaledDotProductAttention op, Slot[] in, Slot[] out) {
        if (!asTheyLie(in, 3)) {
            return null;
        }
        Heads queries = Heads.layout(in[0].stored());
        Heads keys = Heads.layout(in[1].stored());
        Heads values = Heads.layout(in[2].stored());
        ScoreMask mask = mask(op.causal(), in, 3);
        Attention.Forward forward =
                new Attention.Forward(queries, keys, values, mask, (float) op.scale());
        return new Prepared() {
            @Override
            public void run() {
                queries.at(in[0].address());
                keys.at(in[1].address());
                values.at(in[2].address());
                if (in.length > 3) {
                    mask.at(in[3].address());
                }
                forward.run(out[0].address(), out[1].address());
            }

            @Override
            public CompletableFuture<Boolean> ready() {
                return Attention.forwardReady(values.columns());
            }
        };
    }

    /** The step; null where an operand has to be copied first. */
    static @Nullable Prepared backward(
            ScaledDotProductAttention.Gradient op, Slot[] in, Slot[] out) {
        if (!asTheyLie(in, 6) || !in[2].isContiguous()) {
            return null;
        }
        Heads g = Heads.layout(in[0].stored());
        Heads result = Heads.layout(in[1].stored());
        Heads queries = Heads.layout(in[3].stored());
        Heads keys = Heads.layout(in[4].stored());
        Heads values = Heads.layout(in[5].stored());
        ScoreMask mask = mask(op.causal(), in, 6);
        Attention.Backward backward =
                new Attention.Backward(g, result, queries, keys, values, mask, (float) op.scale());
        return new Prepared() {
            @Override
            public void run() {
                g.at(in[0].address());
                result.at(in[1].address());
                queries.at(in[3].address());
                keys.at(in[4].address());
                values.at(in[5].address());
                if (in.length > 6) {
                    mask.at(in[6].address());
                }
                backward.run(in[2].address(), out[0].address(), out[1].address(), out[2].address());
            }

            @Override
            public CompletableFuture<Boolean> ready() {
                return Attention.backwardReady(queries.columns(), values.columns());
            }
        };
    }

    private static ScoreMask mask(boolean causal, Slot[] in, int place) {
        return in.length > place
                ? ScoreMask.layout(causal, in[place].stored())
                : ScoreMask.of(causal, null);
    }

    /**
     * Whether no operand needs a copy.
     *
     * @param maskPlace where a mask would be
     */
    private static boolean asTheyLie(Slot[] in, int maskPlace) {
        for (int i = 0; i < in.length; i++) {
            if (in[i].elementCount() == 0) {
                return false;
            }
            boolean masks = i == maskPlace;
            boolean truths = masks && in[i].dtype() == DType.BOOL;
            boolean lies = masks ? in[i].dtype() == DType.F32 : Heads.needNoCopy(in[i].stored());
            if (!truths && !lies) {
                return false;
            }
        }
        return true;
    }
}
