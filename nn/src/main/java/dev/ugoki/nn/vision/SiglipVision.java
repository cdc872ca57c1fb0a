package dev.ugoki.nn.vision;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.layer.Embedding;
import dev.ugoki.nn.layer.GroupedQueryAttention;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.PatchEmbedding;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * The image encoder of SigLIP: {@code [n, 3, size, size] -> [n, patches, width]}, a token for each
 * patch, row by row; images from -1 to 1.
 *
 * <p>State as Hugging Face's, less {@code vision_model.} before and the pooling head: {@code
 * embeddings.patch_embedding}, {@code embeddings.position_embedding}, {@code encoder.layers.0..}
 * with {@code layer_norm1}, {@code self_attn}, {@code layer_norm2} and {@code mlp.fc1}, {@code
 * mlp.fc2}, and {@code post_layernorm}.
 *
 * <p>Source: Zhai et al.: Sigmoid loss for language image pre-training (ICCV 2023).
 */
public final class SiglipVision extends Layer {
    /**
     * What it is built of.
     *
     * @param imageSize height and width of the images
     * @param patch height and width of the patches; what an image has beyond whole ones is left out
     */
    public record Config(
            int imageSize, int patch, int layers, int heads, int width, int feedForward) {
        public Config {
            if (patch < 1 || imageSize < patch) {
                throw new IllegalArgumentException(
                        "SiglipVision: images of %d have no patches of %d"
                                .formatted(imageSize, patch));
            }
        }

        /** So400m/14 for images of 224, as in PaliGemma and pi0. */
        public static Config so400m14() {
            return new Config(224, 14, 27, 16, 1152, 4304);
        }

        /** B/16 for images of 512, as in SmolVLM2 and SmolVLA. */
        public static Config base16() {
            return new Config(512, 16, 12, 12, 768, 3072);
        }

        /** How many patches an image has. */
        public int patches() {
            int side = imageSize / patch;
            return side * side;
        }

        public SiglipVision build(Key key) {
            return new SiglipVision(this, key);
        }
    }

    private static final double EPSILON = 1e-6;

    private final Config config;
    private final Embeddings embeddings;
    private final Encoder encoder;
    private final LayerNorm norm;

    private SiglipVision(Config config, Key key) {
        this.config = config;
        embeddings = child("embeddings", new Embeddings(config, key.fold(0)));
        encoder = child("encoder", new Encoder(config, key.fold(1)));
        norm = child("post_layernorm", new LayerNorm(config.width(), EPSILON));
    }

    private static final class Embeddings extends Module {
        private final PatchEmbedding patches;
        private final Embedding positions;

        Embeddings(Config config, Key key) {
            patches =
                    child(
                            "patch_embedding",
                            new PatchEmbedding(3, config.patch(), config.width(), key.fold(0)));
            positions =
                    child(
                            "position_embedding",
                            new Embedding(config.patches(), config.width(), key.fold(1)));
        }

        Tensor apply(Tensor x) {
            return patches.apply(x).add(positions.weight().tensor());
        }
    }

    private static final class Encoder extends Module {
        private final ModuleList<EncoderLayer> layers;

        Encoder(Config config, Key key) {
            List<EncoderLayer> built = new ArrayList<>();
            for (int i = 0; i < config.layers(); i++) {
                built.add(new EncoderLayer(config, key.fold(i)));
            }
            layers = child("layers", new ModuleList<>(built));
        }

        Tensor apply(Tensor x) {
            Tensor y = x;
            for (EncoderLayer layer : layers) {
                y = layer.apply(y);
            }
            return y;
        }
    }

    private static final class EncoderLayer extends Layer {
        private final LayerNorm norm1;
        private final GroupedQueryAttention attention;
        private final LayerNorm norm2;
        private final Mlp mlp;

        EncoderLayer(Config config, Key key) {
            norm1 = child("layer_norm1", new LayerNorm(config.width(), EPSILON));
            attention =
                    child(
                            "self_attn",
                            GroupedQueryAttention.Config.encoder(config.width(), config.heads())
                                    .build(key.fold(0)));
            norm2 = child("layer_norm2", new LayerNorm(config.width(), EPSILON));
            mlp = child("mlp", new Mlp(config, key.fold(1)));
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor y = x.add(attention.apply(norm1.apply(x), GroupedQueryAttention.View.ALL));
            return y.add(mlp.apply(norm2.apply(y)));
        }
    }

    private static final class Mlp extends Layer {
        private final Linear first;
        private final Linear second;

        Mlp(Config config, Key key) {
            first = child("fc1", new Linear(config.width(), config.feedForward(), key.fold(0)));
            second = child("fc2", new Linear(config.feedForward(), config.width(), key.fold(1)));
        }

        @Override
        public Tensor apply(Tensor x) {
            return second.apply(first.apply(x).geluTanh());
        }
    }

    @Override
    public Tensor apply(Tensor x) {
        if (x.rank() != 4
                || x.extent(2) != config.imageSize()
                || x.extent(3) != config.imageSize()) {
            throw new IllegalArgumentException(
                    "SiglipVision: is for images [n, 3, %d, %d], not %s"
                            .formatted(config.imageSize(), config.imageSize(), x.type()));
        }
        long whole = (long) (config.imageSize() / config.patch()) * config.patch();
        Tensor covered = x.slice(2, 0, whole).slice(3, 0, whole);
        return norm.apply(encoder.apply(embeddings.apply(covered)));
    }

    @Override
    protected String settings() {
        return "image=%d, heads=%d".formatted(config.imageSize(), config.heads());
    }
}
