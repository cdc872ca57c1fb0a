package dev.ugoki.nn.transformer;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Attention of tokens {@code [n, length, width]} to each other, then to a memory {@code [n, places,
 * width]}, then a feed-forward network on each. Positions and normalizations are as in {@link
 * TransformerEncoderLayer}.
 *
 * <p>State as PyTorch's: {@code self_attn.*}, {@code multihead_attn.*}, {@code linear1.*}, {@code
 * linear2.*}, {@code norm1.*}, {@code norm2.*}, {@code norm3.*}.
 *
 * <p>Source: Vaswani et al.: Attention is all you need (NeurIPS 2017); Carion et al.: End-to-end
 * object detection with transformers (ECCV 2020).
 */
public final class TransformerDecoderLayer extends Module {
    private final TransformerConfig config;
    private final MultiheadAttention selfAttention;
    private final MultiheadAttention memoryAttention;
    private final FeedForward feedForward;
    private final LayerNorm norm1;
    private final LayerNorm norm2;
    private final LayerNorm norm3;
    private final Dropout dropout;

    /** A layer. */
    public TransformerDecoderLayer(TransformerConfig config, Key key) {
        this.config = config;
        selfAttention = child("self_attn", config.attention().build(key.fold(0)));
        memoryAttention = child("multihead_attn", config.attention().build(key.fold(1)));
        int width = config.width();
        Linear first = child("linear1", new Linear(width, config.feedForward(), key.fold(2)));
        Linear second = child("linear2", new Linear(config.feedForward(), width, key.fold(3)));
        norm1 = child("norm1", new LayerNorm(width));
        norm2 = child("norm2", new LayerNorm(width));
        norm3 = child("norm3", new LayerNorm(width));
        dropout = child("dropout", new Dropout(config.dropout()));
        feedForward = new FeedForward(config, first, second, dropout);
    }

    /**
     * Where queries and keys are.
     *
     * @param tokens what is added to the tokens' queries and keys
     * @param memory what is added to the memory's keys
     */
    public record Positions(@Nullable Tensor tokens, @Nullable Tensor memory) {
        /** Nothing is added. */
        public static final Positions NONE = new Positions(null, null);
    }

    /** The tokens after attention without positions, to all of the memory. */
    public Tensor apply(Tensor x, Tensor memory, Mask mask) {
        return apply(x, memory, Positions.NONE, mask, Mask.NONE);
    }

    /**
     * The tokens after attention.
     *
     * @param mask of the tokens among each other
     * @param memoryMask of the tokens to the memory
     */
    public Tensor apply(Tensor x, Tensor memory, Positions positions, Mask mask, Mask memoryMask) {
        if (config.normFirst()) {
            Tensor first = x.add(toTokens(norm1.apply(x), positions, mask));
            Tensor second = first.add(toMemory(norm2.apply(first), memory, positions, memoryMask));
            return second.add(feedForward.apply(norm3.apply(second)));
        }
        Tensor first = norm1.apply(x.add(toTokens(x, positions, mask)));
        Tensor second = norm2.apply(first.add(toMemory(first, memory, positions, memoryMask)));
        return norm3.apply(second.add(feedForward.apply(second)));
    }

    private Tensor toTokens(Tensor x, Positions positions, Mask mask) {
        Tensor placed = placed(x, positions.tokens());
        return dropout.apply(selfAttention.apply(placed, placed, x, mask));
    }

    private Tensor toMemory(Tensor x, Tensor memory, Positions positions, Mask mask) {
        Tensor queries = placed(x, positions.tokens());
        Tensor keys = placed(memory, positions.memory());
        return dropout.apply(memoryAttention.apply(queries, keys, memory, mask));
    }

    private static Tensor placed(Tensor x, @Nullable Tensor positions) {
        return positions == null ? x : x.add(positions);
    }

    @Override
    protected String settings() {
        return config.describe();
    }
}
