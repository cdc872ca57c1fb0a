package dev.ugoki.nn.transformer;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.GroupedQueryAttention;
import dev.ugoki.nn.layer.KeyValueCache;
import dev.ugoki.nn.layer.RmsNorm;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

/**
 * A layer of a {@link LlamaModel}: {@code x += attention(norm(x)); x += mlp(norm(x))}.
 *
 * <p>State: {@code self_attn.*}, {@code mlp.*}, {@code input_layernorm.weight}, {@code
 * post_attention_layernorm.weight}.
 */
public final class LlamaLayer extends Module {
    private final GroupedQueryAttention attention;
    private final GatedMlp mlp;
    private final RmsNorm before;
    private final RmsNorm between;

    LlamaLayer(LlamaModel.Config config, Key key) {
        attention =
                child(
                        "self_attn",
                        GroupedQueryAttention.Config.decoder(
                                        config.width(),
                                        config.heads(),
                                        config.keyHeads(),
                                        config.headWidth())
                                .build(key.fold(0)));
        mlp = child("mlp", GatedMlp.swiGlu(config.width(), config.feedForward(), key.fold(1)));
        before = child("input_layernorm", new RmsNorm(config.width(), config.epsilon()));
        between = child("post_attention_layernorm", new RmsNorm(config.width(), config.epsilon()));
    }

    /** The parts, for networks that put them together otherwise. */
    public GroupedQueryAttention attention() {
        return attention;
    }

    public GatedMlp mlp() {
        return mlp;
    }

    /** What normalizes before attention. */
    public RmsNorm inputNorm() {
        return before;
    }

    /** What normalizes between attention and the feed-forward network. */
    public RmsNorm attentionNorm() {
        return between;
    }

    /** The tokens {@code [n, length, width]} after this layer. */
    public Tensor apply(Tensor x, GroupedQueryAttention.View view) {
        Tensor attended = x.add(attention.apply(before.apply(x), view));
        return attended.add(mlp.apply(between.apply(attended)));
    }

    /** As {@link #apply(Tensor, GroupedQueryAttention.View)}, with tokens read before. */
    public Tensor apply(
            Tensor x, GroupedQueryAttention.View view, KeyValueCache cache, int number) {
        Tensor attended = x.add(attention.apply(before.apply(x), view, cache, number));
        return attended.add(mlp.apply(between.apply(attended)));
    }
}
