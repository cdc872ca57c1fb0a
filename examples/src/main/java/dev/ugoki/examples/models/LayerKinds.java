package dev.ugoki.examples.models;

import dev.ugoki.nn.layer.Gru;
import dev.ugoki.nn.layer.Lstm;
import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.nn.transformer.TransformerConfig;
import dev.ugoki.nn.transformer.TransformerDecoderLayer;
import dev.ugoki.nn.transformer.TransformerEncoderLayer;
import dev.ugoki.tck.conformance.CaseSettings;
import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tck.conformance.ModelKind;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;

import java.util.Map;

/** Layers as PyTorch defines them. Their loss is the mean-squared error against the target. */
final class LayerKinds {
    /** Of first values, which a case replaces. */
    private static final Key KEY = Key.of(0);

    private LayerKinds() {}

    static Map<String, ModelKind> table() {
        return Map.of(
                "MultiheadAttention", LayerKinds::multiheadAttention,
                "TransformerEncoderLayer", LayerKinds::encoderLayer,
                "TransformerDecoderLayer", LayerKinds::decoderLayer,
                "LSTM", LayerKinds::lstm,
                "GRU", LayerKinds::gru);
    }

    private static Tensor meanSquaredError(ModelCase given, Tensor output) {
        return Losses.mse(output, given.input("target"), Reduction.MEAN);
    }

    private static void multiheadAttention(ModelCase given) {
        CaseSettings config = given.config();
        MultiheadAttention attention =
                new MultiheadAttention.Config(
                                config.integer("embedDim"),
                                config.integer("heads"),
                                config.flag("bias", true),
                                0)
                        .build(KEY);
        attention.load(given.parameters());
        Tensor query = given.input("query");
        Tensor key = given.input("key");
        Tensor value = given.input("value");
        Mask mask =
                given.hasInput("keyPaddingMask")
                        ? Mask.ofKeyPadding(given.input("keyPaddingMask"))
                        : Mask.NONE;
        if (given.hasOutput("weights")) {
            MultiheadAttention.Attended attended = attention.attend(query, key, value, mask);
            given.checkOutput("output", attended.output());
            given.checkOutput("weights", attended.weights());
        }
        given.checkOutput("output", attention.apply(query, key, value, mask));
        given.checkLoss(
                () -> meanSquaredError(given, attention.apply(query, key, value, mask)),
                attention.namedParameters());
    }

    private static TransformerConfig transformer(CaseSettings config) {
        Activation activation =
                switch (config.text("activation", "relu")) {
                    case "relu" -> new Activation.Relu();
                    case "gelu" -> new Activation.Gelu();
                    default ->
                            throw new UnsupportedOperationException(
                                    "there is no activation '" + config.text("activation") + "'");
                };
        return TransformerConfig.of(
                        config.integer("dModel"),
                        config.integer("heads"),
                        config.integer("feedForward"))
                .withActivation(activation)
                .withNormFirst(config.flag("normFirst", false));
    }

    private static Mask mask(CaseSettings config) {
        return config.flag("causal", false) ? Mask.CAUSAL : Mask.NONE;
    }

    private static void encoderLayer(ModelCase given) {
        var layer = new TransformerEncoderLayer(transformer(given.config()), KEY);
        layer.load(given.parameters());
        Mask mask = mask(given.config());
        Tensor x = given.input("x");
        given.checkOutput("output", layer.apply(x, mask));
        given.checkLoss(
                () -> meanSquaredError(given, layer.apply(x, mask)), layer.namedParameters());
    }

    private static void decoderLayer(ModelCase given) {
        var layer = new TransformerDecoderLayer(transformer(given.config()), KEY);
        layer.load(given.parameters());
        Mask mask = mask(given.config());
        Tensor x = given.input("x");
        Tensor memory = given.input("memory");
        given.checkOutput("output", layer.apply(x, memory, mask));
        given.checkLoss(
                () -> meanSquaredError(given, layer.apply(x, memory, mask)),
                layer.namedParameters());
    }

    private static void lstm(ModelCase given) {
        CaseSettings config = given.config();
        Lstm lstm =
                new Lstm(
                        config.integer("inputSize"),
                        config.integer("hiddenSize"),
                        config.integer("layers", 1),
                        KEY);
        lstm.load(given.parameters());
        Tensor x = given.input("x");
        Lstm.State start =
                given.hasInput("h0") ? new Lstm.State(given.input("h0"), given.input("c0")) : null;
        Lstm.Read read = lstm.apply(x, start);
        given.checkOutput("output", read.output());
        given.checkOutput("h", read.state().h());
        given.checkOutput("c", read.state().c());
        given.checkLoss(
                () -> meanSquaredError(given, lstm.apply(x, start).output()),
                lstm.namedParameters());
    }

    private static void gru(ModelCase given) {
        CaseSettings config = given.config();
        Gru gru =
                new Gru(
                        config.integer("inputSize"),
                        config.integer("hiddenSize"),
                        config.integer("layers", 1),
                        KEY);
        gru.load(given.parameters());
        Tensor x = given.input("x");
        Tensor start = given.hasInput("h0") ? given.input("h0") : null;
        Gru.Read read = gru.apply(x, start);
        given.checkOutput("output", read.output());
        given.checkOutput("h", read.state());
        given.checkLoss(
                () -> meanSquaredError(given, gru.apply(x, start).output()), gru.namedParameters());
    }
}
