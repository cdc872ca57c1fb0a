package dev.ugoki.nn.layer;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Attention of tokens to each other in which several query heads share a head of keys and values,
 * with turned positions and a cache: {@code [n, length, width] -> [n, length, width]}.
 *
 * <p>State as the public weights': {@code q_proj}, {@code k_proj}, {@code v_proj} and the output
 * projection, named {@code o_proj} in decoders and {@code out_proj} in encoders.
 *
 * <p>Source: Ainslie et al.: GQA (EMNLP 2023); with as many heads of keys as of queries, Vaswani et
 * al. (NeurIPS 2017).
 */
public final class GroupedQueryAttention extends Module {
    /**
     * What it is built of.
     *
     * @param width of the tokens
     * @param heads of queries
     * @param keyHeads of keys and values; the query heads are divided among them in order
     * @param headWidth of each head
     * @param bias whether the projections have biases
     * @param outputName of the output projection
     */
    public record Config(
            int width, int heads, int keyHeads, int headWidth, boolean bias, String outputName) {
        public Config {
            if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0 || headWidth < 1) {
                throw new IllegalArgumentException(
                        "GroupedQueryAttention: %d query heads of width %d cannot share %d key heads"
                                .formatted(heads, headWidth, keyHeads));
            }
        }

        /** A decoder's, without biases. */
        public static Config decoder(int width, int heads, int keyHeads, int headWidth) {
            return new Config(width, heads, keyHeads, headWidth, false, "o_proj");
        }

        /** An encoder's: a key head for each query head, with biases. */
        public static Config encoder(int width, int heads) {
            if (heads < 1 || width % heads != 0) {
                throw new IllegalArgumentException(
                        "GroupedQueryAttention: width %d cannot be divided into %d heads"
                                .formatted(width, heads));
            }
            return new Config(width, heads, heads, width / heads, true, "out_proj");
        }

        public GroupedQueryAttention build(Key key) {
            return new GroupedQueryAttention(this, key);
        }
    }

    /**
     * Where and what tokens see.
     *
     * @param turn of queries and keys by their positions
     * @param allowed BOOL, true where attending is allowed; its shape stretches to {@code [n,
     *     heads, length, all]}, all counting what is in the cache, too
     * @param causal whether a token sees only itself and what came before
     */
    public record View(
            RotaryEmbedding.@Nullable Turn turn, @Nullable Tensor allowed, boolean causal) {
        /** All see all, wherever they are. */
        public static final View ALL = new View(null, null, false);
    }

    private final Config config;
    private final Linear queries;
    private final Linear keys;
    private final Linear values;
    private final Linear output;

    private GroupedQueryAttention(Config config, Key key) {
        this.config = config;
        long width = config.width();
        long all = (long) config.heads() * config.headWidth();
        long shared = (long) config.keyHeads() * config.headWidth();
        queries = child("q_proj", new Linear(width, all, config.bias(), key.fold(0)));
        keys = child("k_proj", new Linear(width, shared, config.bias(), key.fold(1)));
        values = child("v_proj", new Linear(width, shared, config.bias(), key.fold(2)));
        output = child(config.outputName(), new Linear(all, width, config.bias(), key.fold(3)));
    }

    /** Queries of tokens, turned: {@code [n, heads, length, headWidth]}. */
    public Tensor queries(Tensor x, RotaryEmbedding.@Nullable Turn turn) {
        return turned(divided(queries.apply(x), config.heads()), turn);
    }

    /** Keys of tokens, turned: {@code [n, keyHeads, length, headWidth]}. */
    public Tensor keys(Tensor x, RotaryEmbedding.@Nullable Turn turn) {
        return turned(divided(keys.apply(x), config.keyHeads()), turn);
    }

    /** Values of tokens: {@code [n, keyHeads, length, headWidth]}. */
    public Tensor values(Tensor x) {
        return divided(values.apply(x), config.keyHeads());
    }

    /** What heads attended to, {@code [n, heads, length, headWidth]}, as tokens. */
    public Tensor output(Tensor heads) {
        Tensor together = heads.permute(0, 2, 1, 3);
        return output.apply(together.flatten(2, 3));
    }

    /** Attention of tokens to each other. */
    public Tensor apply(Tensor x, View view) {
        Tensor q = queries(x, view.turn());
        return output(attend(q, keys(x, view.turn()), values(x), view.allowed(), view.causal()));
    }

    /** Attention of tokens to each other and to those in the cache, which they join. */
    public Tensor apply(Tensor x, View view, KeyValueCache cache, int layer) {
        Tensor[] known = cache.extend(layer, keys(x, view.turn()), values(x));
        Tensor q = queries(x, view.turn());
        return output(attend(q, known[0], known[1], view.allowed(), view.causal()));
    }

    /**
     * Attention of queries {@code [n, heads, l, width]} to keys and values {@code [n, keyHeads, s,
     * width]}, the query heads divided among the key heads in order.
     *
     * @param allowed BOOL, true where attending is allowed; its shape stretches to {@code [n,
     *     heads, l, s]}
     * @param causal whether a query sees no key behind its own; the last query belongs to the last
     *     key
     */
    public static Tensor attend(
            Tensor queries, Tensor keys, Tensor values, @Nullable Tensor allowed, boolean causal) {
        long length = queries.extent(2);
        long all = keys.extent(2);
        Tensor mask = allowed;
        // Causal kernels count queries and keys from the same start.
        boolean fromStart = causal && length == all;
        if (causal && !fromStart && length > 1) {
            Tensor seen = Tensor.tri(length, all, all - length);
            mask = mask == null ? seen : mask.and(seen);
        }
        Tensor attended =
                Attention.scaledDotProduct(
                        Precision.narrowed(queries),
                        Precision.narrowed(keys),
                        Precision.narrowed(values),
                        mask,
                        fromStart);
        return Precision.widened(attended, queries);
    }

    private Tensor divided(Tensor x, int heads) {
        return x.unflatten(-1, heads, config.headWidth()).permute(0, 2, 1, 3);
    }

    private static Tensor turned(Tensor x, RotaryEmbedding.@Nullable Turn turn) {
        return turn == null ? x : turn.apply(x);
    }

    @Override
    protected String settings() {
        return "heads=%d, key heads=%d".formatted(config.heads(), config.keyHeads());
    }
}
