package dev.ugoki.nn.transformer;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.layer.Embedding;
import dev.ugoki.nn.layer.GroupedQueryAttention;
import dev.ugoki.nn.layer.KeyValueCache;
import dev.ugoki.nn.layer.RmsNorm;
import dev.ugoki.nn.layer.RotaryEmbedding;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A decoder of tokens in the form of Llama, without the layer that tells the next token: {@code ids
 * [n, length] -> [n, length, width]}.
 *
 * <p>State as Hugging Face's: {@code embed_tokens.weight}, {@code layers.0..}, {@code norm.weight}.
 *
 * <p>Source: Touvron et al.: LLaMA (2023).
 */
public final class LlamaModel extends Module {
    /**
     * What it is built of.
     *
     * @param vocabulary how many tokens there are
     * @param width of the tokens
     * @param layers how many there are
     * @param heads of queries
     * @param keyHeads of keys and values
     * @param headWidth of each head
     * @param feedForward the width inside the feed-forward networks
     * @param ropeTheta the base of the angles of positions
     * @param epsilon is added to the mean of squares in normalizations
     */
    public record Config(
            int vocabulary,
            int width,
            int layers,
            int heads,
            int keyHeads,
            int headWidth,
            int feedForward,
            double ropeTheta,
            double epsilon) {
        public LlamaModel build(Key key) {
            return new LlamaModel(this, key);
        }
    }

    private final Config config;
    private final Embedding embedding;
    private final ModuleList<LlamaLayer> layers;
    private final RmsNorm norm;
    private final RotaryEmbedding rotary;

    private LlamaModel(Config config, Key key) {
        this.config = config;
        rotary = new RotaryEmbedding(config.headWidth(), config.ropeTheta());
        embedding =
                child(
                        "embed_tokens",
                        new Embedding(config.vocabulary(), config.width(), key.fold(0)));
        List<LlamaLayer> built = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            built.add(new LlamaLayer(config, key.fold(1).fold(i)));
        }
        layers = child("layers", new ModuleList<>(built));
        norm = child("norm", new RmsNorm(config.width(), config.epsilon()));
    }

    public Config config() {
        return config;
    }

    public Embedding embedding() {
        return embedding;
    }

    /** The layers, first to last. */
    public ModuleList<LlamaLayer> layers() {
        return layers;
    }

    /** What normalizes behind the last layer. */
    public RmsNorm norm() {
        return norm;
    }

    /** The turns of positions. */
    public RotaryEmbedding rotary() {
        return rotary;
    }

    /** A cache for {@link #apply(Tensor, KeyValueCache)}. */
    public KeyValueCache newCache() {
        return new KeyValueCache(config.layers());
    }

    /** The tokens after all layers; each sees itself and those before. */
    public Tensor apply(Tensor ids) {
        return read(embedding.apply(ids), null);
    }

    /** As {@link #apply(Tensor)}, for tokens that follow those in the cache, which they join. */
    public Tensor apply(Tensor ids, KeyValueCache cache) {
        return read(embedding.apply(ids), cache);
    }

    /** As {@link #apply(Tensor)}, of embedded tokens {@code [n, length, width]}. */
    public Tensor read(Tensor embedded, @Nullable KeyValueCache cache) {
        long start = cache == null ? 0 : cache.length(0);
        Tensor positions = Tensor.arange(DType.I64, embedded.extent(1)).add(start);
        var view =
                new GroupedQueryAttention.View(rotary.at(positions, embedded.dtype()), null, true);
        Tensor x = embedded;
        for (int i = 0; i < layers.size(); i++) {
            LlamaLayer layer = layers.get(i);
            x = cache == null ? layer.apply(x, view) : layer.apply(x, view, cache, i);
        }
        return norm.apply(x);
    }

    @Override
    protected String settings() {
        return "rope theta=" + config.ropeTheta();
    }
}
