package dev.ugoki.nn.vision;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.nn.layer.PatchEmbedding;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A transformer of the patches of an image: {@code [n, 3, size, size]} gives logits {@code [n,
 * classes]}, or, without a head, the class token {@code [n, width]}.
 *
 * <p>State as torchvision's: {@code class_token}, {@code conv_proj}, {@code encoder.pos_embedding},
 * {@code encoder.layers.encoder_layer_0..} with {@code ln_1}, {@code self_attention}, {@code ln_2}
 * and {@code mlp}, {@code encoder.ln}, {@code heads.head}.
 *
 * <p>Source: Dosovitskiy et al.: An image is worth 16x16 words (ICLR 2021).
 */
public final class VisionTransformer extends Layer {
    /**
     * What it is built of.
     *
     * @param imageSize height and width of the images
     * @param patch height and width of the patches
     * @param classes of the head; 0 for none
     * @param dropout the probability with which numbers are dropped in training
     */
    public record Config(
            int imageSize,
            int patch,
            int layers,
            int heads,
            int width,
            int feedForward,
            int classes,
            double dropout) {
        public Config {
            if (patch < 1 || imageSize % patch != 0) {
                throw new IllegalArgumentException(
                        "VisionTransformer: images of %d cannot be divided into patches of %d"
                                .formatted(imageSize, patch));
            }
            if (classes < 0) {
                throw new IllegalArgumentException(
                        "VisionTransformer: cannot tell " + classes + " classes");
            }
        }

        /** ViT-B/16 for images of 224: 86,567,656 parameters with 1000 classes. */
        public static Config base16(int classes) {
            return new Config(224, 16, 12, 12, 768, 3072, classes, 0);
        }

        /** How many patches an image has. */
        public int patches() {
            int side = imageSize / patch;
            return side * side;
        }

        public VisionTransformer build(Key key) {
            return new VisionTransformer(this, key);
        }
    }

    private static final double EPSILON = 1e-6;

    private final Config config;
    private final Parameter classToken;
    private final PatchEmbedding patches;
    private final Encoder encoder;
    private final @Nullable Linear head;

    private VisionTransformer(Config config, Key key) {
        this.config = config;
        classToken = parameter("class_token", () -> Init.zeros(1, 1, config.width()));
        patches =
                child(
                        "conv_proj",
                        new PatchEmbedding(3, config.patch(), config.width(), key.fold(0)));
        encoder = child("encoder", new Encoder(config, key.fold(1)));
        if (config.classes() == 0) {
            head = null;
        } else {
            Tensor weight = Init.zeros(config.classes(), config.width());
            head = new Linear(weight, Init.zeros(config.classes()));
            child("heads", new Head(head));
        }
    }

    /** Gives the head its public name. */
    private static final class Head extends Module {
        Head(Linear head) {
            child("head", head);
        }
    }

    private static final class Encoder extends Module {
        private final Parameter positions;
        private final Dropout dropout;
        private final List<EncoderLayer> layers = new ArrayList<>();
        private final LayerNorm norm;

        Encoder(Config config, Key key) {
            positions =
                    parameter(
                            "pos_embedding",
                            () ->
                                    Init.normal(
                                            key.fold(0),
                                            0.02,
                                            1,
                                            config.patches() + 1,
                                            config.width()));
            dropout = child("dropout", new Dropout(config.dropout()));
            Names names = child("layers", new Names());
            for (int i = 0; i < config.layers(); i++) {
                EncoderLayer layer = new EncoderLayer(config, key.fold(1).fold(i));
                names.add("encoder_layer_" + i, layer);
                layers.add(layer);
            }
            norm = child("ln", new LayerNorm(config.width(), EPSILON));
        }

        Tensor apply(Tensor tokens) {
            Tensor x = dropout.apply(tokens.add(positions.tensor()));
            for (EncoderLayer layer : layers) {
                x = layer.apply(x);
            }
            return norm.apply(x);
        }
    }

    /** Modules under names of their own. */
    private static final class Names extends Module {
        void add(String name, Module module) {
            child(name, module);
        }
    }

    private static final class EncoderLayer extends Layer {
        private final LayerNorm norm1;
        private final MultiheadAttention attention;
        private final Dropout dropout;
        private final LayerNorm norm2;
        private final Sequential mlp;

        EncoderLayer(Config config, Key key) {
            int width = config.width();
            norm1 = child("ln_1", new LayerNorm(width, EPSILON));
            attention =
                    child(
                            "self_attention",
                            new MultiheadAttention.Config(width, config.heads())
                                    .build(key.fold(0)));
            dropout = child("dropout", new Dropout(config.dropout()));
            norm2 = child("ln_2", new LayerNorm(width, EPSILON));
            mlp =
                    child(
                            "mlp",
                            new Sequential(
                                    linear(width, config.feedForward(), key.fold(1)),
                                    Activation.gelu(),
                                    new Dropout(config.dropout()),
                                    linear(config.feedForward(), width, key.fold(2)),
                                    new Dropout(config.dropout())));
        }

        private static Linear linear(long in, long out, Key key) {
            Tensor weight = Init.xavierUniform(key.fold(0), in, out, out, in);
            return new Linear(weight, Init.normal(key.fold(1), 1e-6, out));
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor normed = norm1.apply(x);
            Tensor attended = attention.apply(normed, normed, normed, Mask.NONE);
            Tensor y = x.add(dropout.apply(attended));
            return y.add(mlp.apply(norm2.apply(y)));
        }
    }

    /** All tokens after the encoder, the class token first: {@code [n, 1 + patches, width]}. */
    public Tensor tokens(Tensor x) {
        if (x.rank() != 4
                || x.extent(2) != config.imageSize()
                || x.extent(3) != config.imageSize()) {
            throw new IllegalArgumentException(
                    "VisionTransformer: is for images [n, 3, %d, %d], not %s"
                            .formatted(config.imageSize(), config.imageSize(), x.type()));
        }
        Tensor token = classToken.tensor().expand(x.extent(0), 1, config.width());
        return encoder.apply(Tensor.concat(1, token, patches.apply(x)));
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor token = tokens(x).slice(1, 0, 1).squeeze(1);
        return head == null ? token : head.apply(token);
    }

    @Override
    protected String settings() {
        return "image=%d, heads=%d".formatted(config.imageSize(), config.heads());
    }
}
