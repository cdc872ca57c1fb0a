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
 * Attention of tokens {@code [n, length, width]} to each other, then a feed-forward network on
 * each.
 *
 * <pre>
 * x = norm1(x + attention(x + p, x + p, x))    or  x = x + attention(..norm1(x)..)
 * x = norm2(x + feedForward(x))                or  x = x + feedForward(norm2(x))
 * </pre>
 *
 * <p>Positions p are added to queries and keys alone, as in DETR; without, they are 0.
 *
 * <p>State as PyTorch's: {@code self_attn.*}, {@code linear1.*}, {@code linear2.*}, {@code
 * norm1.*}, {@code norm2.*}.
 *
 * <p>Source: Vaswani et al.: Attention is all you need (NeurIPS 2017); Carion et al.: End-to-end
 * object detection with transformers (ECCV 2020).
 */
public final class TransformerEncoderLayer extends Module {
    private final TransformerConfig config;
    private final MultiheadAttention attention;
    private final FeedForward feedForward;
    private final LayerNorm norm1;
    private final LayerNorm norm2;
    private final Dropout dropout;

    /** A layer. */
    public TransformerEncoderLayer(TransformerConfig config, Key key) {
        this.config = config;
        attention = child("self_attn", config.attention().build(key.fold(0)));
        int width = config.width();
        Linear first = child("linear1", new Linear(width, config.feedForward(), key.fold(1)));
        Linear second = child("linear2", new Linear(config.feedForward(), width, key.fold(2)));
        norm1 = child("norm1", new LayerNorm(width));
        norm2 = child("norm2", new LayerNorm(width));
        dropout = child("dropout", new Dropout(config.dropout()));
        feedForward = new FeedForward(config, first, second, dropout);
    }

    /** The tokens after attention without positions. */
    public Tensor apply(Tensor x, Mask mask) {
        return apply(x, null, mask);
    }

    /**
     * The tokens after attention.
     *
     * @param positions what is added to queries and keys; its shape stretches to that of x
     */
    public Tensor apply(Tensor x, @Nullable Tensor positions, Mask mask) {
        if (config.normFirst()) {
            Tensor attended = x.add(attended(norm1.apply(x), positions, mask));
            return attended.add(feedForward.apply(norm2.apply(attended)));
        }
        Tensor attended = norm1.apply(x.add(attended(x, positions, mask)));
        return norm2.apply(attended.add(feedForward.apply(attended)));
    }

    private Tensor attended(Tensor x, @Nullable Tensor positions, Mask mask) {
        Tensor placed = positions == null ? x : x.add(positions);
        return dropout.apply(attention.apply(placed, placed, x, mask));
    }

    @Override
    protected String settings() {
        return config.describe();
    }
}
