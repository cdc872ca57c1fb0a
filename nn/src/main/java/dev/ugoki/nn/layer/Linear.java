package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.LinearActivation;

import org.jspecify.annotations.Nullable;

/**
 * {@code y = x W^T + b}: {@code [.., in] -> [.., out]}.
 *
 * <p>State: {@code weight [out, in]}, {@code bias [out]}; first values as {@link Init#fanIn}. With
 * an adapter ({@link Lora}), {@code lora_A.weight [rank, in]} and {@code lora_B.weight [out, rank]}
 * beside them.
 */
public final class Linear extends Layer {
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private @Nullable Adapter adapter;

    /** A layer with a bias. */
    public Linear(long in, long out, Key key) {
        this(in, out, true, key);
    }

    /** A layer with or without a bias. */
    public Linear(long in, long out, boolean hasBias, Key key) {
        weight = parameter("weight", () -> Init.fanIn(key.fold(0), in, out, in));
        bias = hasBias ? parameter("bias", () -> Init.fanIn(key.fold(1), in, out)) : null;
    }

    /** A layer that starts with these values. */
    public Linear(Tensor weight, @Nullable Tensor bias) {
        this.weight = parameter("weight", weight);
        this.bias = bias == null ? null : parameter("bias", bias);
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }

    /** What {@link Lora} added, if anything. */
    @Nullable Adapter adapter() {
        return adapter;
    }

    /** What is added to the product with the weight, in two smaller products. */
    final class Adapter {
        private final double scale;
        private final Linear down;
        private final Linear up;
        private final Dropout dropout;
        private @Nullable Tensor unmerged;

        private Adapter(Linear down, Linear up, double scale, Dropout dropout) {
            this.down = down;
            this.up = up;
            this.scale = scale;
            this.dropout = dropout;
        }

        Linear down() {
            return down;
        }

        Linear up() {
            return up;
        }

        boolean isMerged() {
            return unmerged != null;
        }

        private Tensor apply(Tensor x) {
            return up.apply(down.apply(dropout.apply(x))).mul(scale);
        }

        /** What it adds to the weight. */
        private Tensor change() {
            Tensor product = up.weight().tensor().detach().matmul(down.weight().tensor().detach());
            return product.mul(scale);
        }

        void merge() {
            if (unmerged == null) {
                unmerged = TensorScope.outside(() -> weight.tensor().detach().copy());
                weight.assign(weight.tensor().detach().add(change()));
            }
        }

        void unmerge() {
            Tensor original = unmerged;
            if (original != null) {
                weight.assign(original);
                unmerged = null;
            }
        }
    }

    /**
     * Adds an adapter that changes nothing at first.
     *
     * @throws IllegalStateException if there is one
     */
    void adapt(Lora.Config config, Key key) {
        if (adapter != null) {
            throw new IllegalStateException("Linear: has an adapter; it cannot have two");
        }
        long in = weight.type().shape().extent(1);
        long out = weight.type().shape().extent(0);
        int rank = config.rank();
        // The base's dtype and device, whatever are the current ones.
        Tensor like = weight.tensor().detach();
        adapter =
                like.device()
                        .call(
                                () ->
                                        Init.withDType(
                                                like.dtype(),
                                                () -> {
                                                    Tensor first = Init.fanIn(key, in, rank, in);
                                                    Linear down = new Linear(first, null);
                                                    Linear up =
                                                            new Linear(Init.zeros(out, rank), null);
                                                    return new Adapter(
                                                            child("lora_A", down),
                                                            child("lora_B", up),
                                                            config.alpha() / rank,
                                                            child(
                                                                    "lora_dropout",
                                                                    new Dropout(config.dropout())));
                                                }));
        if (!isTraining()) {
            eval();
        }
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor y =
                Precision.product(
                        Tensor::linear, x, weight.tensor(), bias == null ? null : bias.tensor());
        return adapter == null || adapter.isMerged() ? y : y.add(adapter.apply(x));
    }

    /** {@code activation(apply(x))}, in one pass where the backend has one. */
    public Tensor apply(Tensor x, dev.ugoki.tensor.op.Activation activation) {
        boolean adapted = adapter != null && !adapter.isMerged();
        if (adapted || Precision.current() != Precision.F32) {
            return Engine.one(activation, apply(x));
        }
        return bias == null
                ? Engine.one(new LinearActivation(activation), x, weight.tensor())
                : Engine.one(new LinearActivation(activation), x, weight.tensor(), bias.tensor());
    }
}
