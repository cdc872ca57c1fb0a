package dev.ugoki.nn.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.LinkedHashMap;

class TransformersTest {
    private static final Key KEY = Key.of(19);
    private static final LlamaModel.Config SMALL =
            new LlamaModel.Config(20, 16, 2, 4, 2, 4, 24, 10_000, 1e-5);

    private static Tensor doubles(long... shape) {
        return Random.normal(KEY, DType.F64, shape);
    }

    private static TransformerEncoderLayer encoder(TransformerConfig config) {
        return Init.withDType(DType.F64, () -> new TransformerEncoderLayer(config, KEY));
    }

    private static TransformerDecoderLayer decoder(TransformerConfig config) {
        return Init.withDType(DType.F64, () -> new TransformerDecoderLayer(config, KEY));
    }

    @Test
    void positionsOfZeroChangeNothing() {
        TransformerConfig config = TransformerConfig.of(8, 2, 16);
        Tensor x = doubles(2, 3, 8);
        Tensor memory = doubles(2, 5, 8);
        TransformerEncoderLayer encoder = encoder(config);
        assertArrayEquals(
                encoder.apply(x, Mask.NONE).toDoubleArray(),
                encoder.apply(x, x.zerosLike(), Mask.NONE).toDoubleArray(),
                1e-12);
        TransformerDecoderLayer decoder = decoder(config);
        var zeros =
                new TransformerDecoderLayer.Positions(
                        Tensor.zeros(DType.F64, 3, 8), memory.zerosLike());
        assertArrayEquals(
                decoder.apply(x, memory, Mask.CAUSAL).toDoubleArray(),
                decoder.apply(x, memory, zeros, Mask.CAUSAL, Mask.NONE).toDoubleArray(),
                1e-12);
    }

    /** Moved along together, tokens and positions give results that have moved along. */
    @Test
    void positionsMoveWithTheirTokens() {
        TransformerEncoderLayer layer = encoder(TransformerConfig.of(8, 2, 16));
        Tensor x = doubles(1, 4, 8);
        Tensor positions = doubles(1, 4, 8).mul(0.5);
        Tensor moved = layer.apply(x.roll(1, 1), positions.roll(1, 1), Mask.NONE);
        assertArrayEquals(
                layer.apply(x, positions, Mask.NONE).roll(1, 1).toDoubleArray(),
                moved.toDoubleArray(),
                1e-12);
        assertFalse(
                Arrays.equals(
                        layer.apply(x, Mask.NONE).toDoubleArray(),
                        layer.apply(x, positions, Mask.NONE).toDoubleArray()));
    }

    @Test
    void gradientsOfLayersAreRight() {
        for (boolean normFirst : new boolean[] {true, false}) {
            TransformerConfig config =
                    TransformerConfig.of(4, 2, 6)
                            .withActivation(new Activation.Gelu())
                            .withNormFirst(normFirst);
            TransformerEncoderLayer encoder = encoder(config);
            TransformerDecoderLayer decoder = decoder(config);
            GradientCheck.check(
                    in -> {
                        Tensor memory = encoder.apply(in[0], in[1], Mask.NONE);
                        var positions = new TransformerDecoderLayer.Positions(in[3], in[1]);
                        return new Tensor[] {
                            decoder.apply(in[2], memory, positions, Mask.CAUSAL, Mask.NONE)
                        };
                    },
                    doubles(1, 3, 4),
                    doubles(1, 3, 4).add(0.1),
                    doubles(1, 2, 4).mul(0.9),
                    doubles(1, 2, 4).sub(0.2));
        }
    }

    @Test
    void dropoutIsRandomInTrainingOnly() {
        TransformerEncoderLayer layer = encoder(TransformerConfig.of(8, 2, 16).withDropout(0.5));
        Tensor x = doubles(1, 4, 8);
        double[] first = RandomScope.call(KEY, () -> layer.apply(x, Mask.NONE)).toDoubleArray();
        double[] second =
                RandomScope.call(KEY.fold(1), () -> layer.apply(x, Mask.NONE)).toDoubleArray();
        assertFalse(Arrays.equals(first, second));
        layer.eval();
        assertArrayEquals(
                encoder(TransformerConfig.of(8, 2, 16)).apply(x, Mask.NONE).toDoubleArray(),
                layer.apply(x, Mask.NONE).toDoubleArray(),
                1e-12);
    }

    // ---- generating tokens ----

    @Test
    void generatingWithACacheChoosesWhatReadingAllAgainChooses() {
        LlamaDecoder decoder = new LlamaDecoder(SMALL, KEY);
        Tensor prompt = Tensor.of(new long[] {3, 1, 4, 1, 5, 9}, 2, 3);
        Tensor generated = decoder.generate(prompt, 6, LlamaDecoder.mostLikely());
        Tensor all = prompt;
        for (int i = 0; i < 6; i++) {
            Tensor logits = decoder.apply(all);
            Tensor last = logits.slice(1, all.extent(1) - 1, all.extent(1)).squeeze(1);
            all = Tensor.concat(1, all, last.argmax(-1, false).unsqueeze(1));
        }
        assertArrayEquals(all.slice(1, 3, 9).toLongArray(), generated.toLongArray());
    }

    @Test
    void tokensReadInPartsHaveTheLogitsOfTheWhole() {
        LlamaDecoder decoder = new LlamaDecoder(SMALL, KEY);
        Tensor ids = Tensor.of(new long[] {7, 7, 2, 0, 19, 3, 3}, 1, 7);
        var cache = decoder.model().newCache();
        Tensor first = decoder.apply(ids.slice(1, 0, 4), cache);
        Tensor second = decoder.apply(ids.slice(1, 4, 7), cache);
        assertArrayEquals(
                decoder.apply(ids).toFloatArray(),
                Tensor.concat(1, first, second).toFloatArray(),
                1e-5f);
    }

    @Test
    void drawnTokensDependOnTheKeyAlone() {
        LlamaDecoder decoder = new LlamaDecoder(SMALL, KEY);
        Tensor prompt = Tensor.of(new long[] {3}, 1, 1);
        long[] first = decoder.generate(prompt, 12, LlamaDecoder.drawn(KEY, 1)).toLongArray();
        long[] again = decoder.generate(prompt, 12, LlamaDecoder.drawn(KEY, 1)).toLongArray();
        assertArrayEquals(first, again);
        assertFalse(
                Arrays.equals(
                        first,
                        decoder.generate(prompt, 12, LlamaDecoder.drawn(KEY.fold(1), 1))
                                .toLongArray()));
        assertThrows(IllegalArgumentException.class, () -> LlamaDecoder.drawn(KEY, 0));
    }

    @Test
    void aPromptMustHaveATokenAtLeast() {
        LlamaDecoder decoder = new LlamaDecoder(SMALL, KEY);
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        decoder.generate(
                                Tensor.zeros(DType.I64, 1, 0), 1, LlamaDecoder.mostLikely()));
    }

    @Test
    void namesAreThePublicOnes() {
        var names = new LlamaDecoder(SMALL, KEY).stateDict().keySet();
        assertEquals(2 * 9 + 3, names.size());
        for (String name :
                new String[] {
                    "model.embed_tokens.weight",
                    "model.layers.1.self_attn.k_proj.weight",
                    "model.layers.0.mlp.down_proj.weight",
                    "model.layers.0.post_attention_layernorm.weight",
                    "model.norm.weight",
                    "lm_head.weight"
                }) {
            assertEquals(true, names.contains(name), name);
        }
    }

    @Test
    void aTiedHeadIsTheEmbeddingsMatrix() {
        LlamaDecoder tied = LlamaDecoder.tied(SMALL, KEY);
        LlamaDecoder free = new LlamaDecoder(SMALL, KEY);
        var state = new LinkedHashMap<>(tied.stateDict());
        assertFalse(state.containsKey("lm_head.weight"));
        state.put("lm_head.weight", state.get("model.embed_tokens.weight"));
        free.load(state);
        Tensor ids = Tensor.of(new long[] {7, 2, 19}, 1, 3);
        assertArrayEquals(free.apply(ids).toFloatArray(), tied.apply(ids).toFloatArray());
    }
}
