package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

/**
 * Attention of several heads: queries {@code [n, l, width]}, keys and values {@code [n, s, width]}
 * {@code -> [n, l, width]}; the first dimension is the batch.
 *
 * <pre>{@code
 * MultiheadAttention attention = new MultiheadAttention.Config(512, 8).build(key);
 * Tensor y = attention.apply(x, x, x, MultiheadAttention.Mask.NONE);
 * }</pre>
 *
 * <p>State as PyTorch's: {@code in_proj_weight [3 width, width]} (queries, keys, values), {@code
 * in_proj_bias [3 width]}, {@code out_proj.weight}, {@code out_proj.bias}. At first the input
 * projection is {@link Init#xavierUniform} and the biases are 0.
 *
 * <p>Source: Vaswani et al.: Attention is all you need (NeurIPS 2017).
 */
public final class MultiheadAttention extends Module {
    /**
     * What it is built of.
     *
     * @param width of queries, keys and values
     * @param heads among which the width is divided
     * @param bias whether the projections have biases
     * @param dropout the probability with which an attention weight is dropped in training
     */
    public record Config(int width, int heads, boolean bias, double dropout) {
        public Config {
            if (heads < 1 || width % heads != 0) {
                throw new IllegalArgumentException(
                        "MultiheadAttention: width "
                                + width
                                + " cannot be divided into "
                                + heads
                                + " heads");
            }
        }

        /** With biases, without dropout. */
        public Config(int width, int heads) {
            this(width, heads, true, 0);
        }

        public MultiheadAttention build(Key key) {
            return new MultiheadAttention(this, key);
        }
    }

    /**
     * To what a query may attend; where several are given, all must allow it. A query that may
     * attend to nothing gives zeros (and so, after the output projection, its bias).
     *
     * @param allowed BOOL, true where attending is allowed; its shape stretches to {@code [n,
     *     heads, l, s]}
     * @param keyPadding BOOL {@code [n, s]}, true where a key is padding and is ignored
     * @param causal whether a query sees only keys at its own index or before
     */
    public record Mask(@Nullable Tensor allowed, @Nullable Tensor keyPadding, boolean causal) {
        /** Everything is allowed. */
        public static final Mask NONE = new Mask(null, null, false);

        /** Only the past is allowed. */
        public static final Mask CAUSAL = new Mask(null, null, true);

        /** Padded keys are ignored. */
        public static Mask ofKeyPadding(@Nullable Tensor keyPadding) {
            return new Mask(null, keyPadding, false);
        }

        /** What is given, not what is causal; its shape stretches to {@code [n, heads, l, s]}. */
        private @Nullable Tensor given() {
            if (keyPadding == null) {
                return allowed;
            }
            Tensor keys = keyPadding.not().unsqueeze(1).unsqueeze(1);
            return allowed == null ? keys : allowed.and(keys);
        }
    }

    /**
     * An output with the weights that made it.
     *
     * @param output {@code [n, l, width]}
     * @param weights {@code [n, l, s]}, the mean over the heads
     */
    public record Attended(Tensor output, Tensor weights) {}

    private final Config config;
    private final Parameter inWeight;
    private final @Nullable Parameter inBias;
    private final Linear out;
    private final Dropout dropout;

    private MultiheadAttention(Config config, Key key) {
        this.config = config;
        long width = config.width();
        inWeight =
                parameter(
                        "in_proj_weight",
                        () -> Init.xavierUniform(key.fold(0), width, 3 * width, 3 * width, width));
        inBias = config.bias() ? parameter("in_proj_bias", () -> Init.zeros(3 * width)) : null;
        try (TensorScope _ = TensorScope.open()) {
            Tensor outWeight = Init.fanIn(key.fold(1), width, width, width);
            Tensor outBias = config.bias() ? Init.zeros(width) : null;
            out = child("out_proj", new Linear(outWeight, outBias));
        }
        dropout = child("dropout", new Dropout(config.dropout()));
    }

    /** Attention of the queries to the keys. */
    public Tensor apply(Tensor queries, Tensor keys, Tensor values, Mask mask) {
        if (dropout.isActive()) {
            return attend(queries, keys, values, mask).output();
        }
        Tensor[] heads = project(queries, keys, values);
        Tensor attended =
                Attention.scaledDotProduct(
                        Precision.narrowed(heads[0]),
                        Precision.narrowed(heads[1]),
                        Precision.narrowed(heads[2]),
                        mask.given(),
                        mask.causal());
        return out.apply(joined(Precision.widened(attended, heads[0])));
    }

    /** As {@link #apply}, with the weights. */
    public Attended attend(Tensor queries, Tensor keys, Tensor values, Mask mask) {
        Tensor[] heads = project(queries, keys, values);
        Tensor products = product(heads[0].mul(scale()), heads[1].transpose(-2, -1));
        Tensor weights = softmax(products, allowed(mask, products));
        Tensor attended = product(dropout.apply(weights), heads[2]);
        return new Attended(out.apply(joined(attended)), weights.mean(false, 1));
    }

    private static Tensor product(Tensor a, Tensor b) {
        return Precision.product((left, right, _) -> left.matmul(right), a, b, null);
    }

    private static Tensor softmax(Tensor products, @Nullable Tensor allowed) {
        if (allowed == null) {
            return products.softmax(-1);
        }
        // Rows without an allowed key get equal scores, so that nothing becomes NaN on the way.
        Tensor lowest = products.scalarLike(Double.NEGATIVE_INFINITY);
        Tensor zero = products.scalarLike(0);
        Tensor fill = allowed.any(true, -1).select(lowest, zero);
        return allowed.select(allowed.select(products, fill).softmax(-1), zero);
    }

    private static @Nullable Tensor allowed(Mask mask, Tensor products) {
        Tensor given = mask.given();
        Tensor allowed = given == null ? null : given.expand(products.shape());
        if (!mask.causal()) {
            return allowed;
        }
        Tensor rows = Tensor.arange(DType.I64, products.extent(-2)).unsqueeze(1);
        Tensor columns = Tensor.arange(DType.I64, products.extent(-1));
        Tensor past = columns.le(rows).expand(products.shape());
        return allowed == null ? past : allowed.and(past);
    }

    /** Queries, keys and values of all heads, {@code [n, heads, length, width / heads]}. */
    private Tensor[] project(Tensor queries, Tensor keys, Tensor values) {
        Tensor[] inputs = {queries, keys, values};
        Tensor[] heads = new Tensor[3];
        if (queries == keys && keys == values) {
            Tensor all =
                    Precision.product(
                            Tensor::linear,
                            queries,
                            inWeight.tensor(),
                            inBias == null ? null : inBias.tensor());
            for (int i = 0; i < 3; i++) {
                heads[i] = divided(part(all, -1, i));
            }
            return heads;
        }
        for (int i = 0; i < 3; i++) {
            Tensor weight = part(inWeight.tensor(), 0, i);
            Tensor bias = inBias == null ? null : part(inBias.tensor(), 0, i);
            heads[i] = divided(Precision.product(Tensor::linear, inputs[i], weight, bias));
        }
        return heads;
    }

    private Tensor part(Tensor projection, int dim, int index) {
        long width = config.width();
        return projection.slice(dim, index * width, (index + 1) * width);
    }

    private Tensor divided(Tensor x) {
        long perHead = config.width() / config.heads();
        return x.reshape(x.extent(0), x.extent(1), config.heads(), perHead).permute(0, 2, 1, 3);
    }

    private Tensor joined(Tensor heads) {
        Tensor together = heads.permute(0, 2, 1, 3);
        return together.reshape(together.extent(0), together.extent(1), config.width());
    }

    private double scale() {
        return 1 / Math.sqrt((double) config.width() / config.heads());
    }

    @Override
    protected String settings() {
        return "heads=" + config.heads();
    }
}
