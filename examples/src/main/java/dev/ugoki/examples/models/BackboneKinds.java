package dev.ugoki.examples.models;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.transformer.LlamaDecoder;
import dev.ugoki.nn.transformer.LlamaModel;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.nn.vision.VisionTransformer;
import dev.ugoki.tck.conformance.CaseSettings;
import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tck.conformance.ModelKind;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.util.LinkedHashMap;
import java.util.Map;

/** Whole networks, of images and of tokens. Their loss is the cross-entropy of classes. */
final class BackboneKinds {
    /** Of first values, which a case replaces. */
    private static final Key KEY = Key.of(0);

    private BackboneKinds() {}

    static Map<String, ModelKind> table() {
        return Map.of(
                "ResNet18", given -> resNet(given, ResNet.Config.resNet18()),
                "ResNet34", given -> resNet(given, ResNet.Config.resNet34()),
                "ResNet50", given -> resNet(given, ResNet.Config.resNet50()),
                "VisionTransformer", BackboneKinds::visionTransformer,
                "LlamaDecoder", BackboneKinds::llamaDecoder);
    }

    private static void resNet(ModelCase given, ResNet.Config size) {
        ResNet network = size.withClasses(given.config().integer("classes", 1000)).build(KEY);
        if (!given.config().flag("training", true)) {
            network.eval();
        }
        classify(given, network);
    }

    private static void visionTransformer(ModelCase given) {
        CaseSettings config = given.config();
        VisionTransformer.Config size =
                new VisionTransformer.Config(
                        config.integer("imageSize"),
                        config.integer("patchSize"),
                        config.integer("layers"),
                        config.integer("heads"),
                        config.integer("hiddenDim"),
                        config.integer("mlpDim"),
                        config.integer("classes", 1000),
                        0);
        classify(given, size.build(KEY));
    }

    private static void classify(ModelCase given, Layer network) {
        network.load(given.parameters());
        Tensor x = given.input("x");
        given.checkOutput("logits", network.apply(x));
        given.checkLoss(
                () -> Losses.crossEntropy(network.apply(x), given.input("target")),
                network.namedParameters());
    }

    private static void llamaDecoder(ModelCase given) {
        CaseSettings config = given.config();
        config.require("rope", "half-split (rotate_half), as Hugging Face");
        int width = config.integer("dim");
        int heads = config.integer("heads");
        LlamaModel.Config size =
                new LlamaModel.Config(
                        config.integer("vocab"),
                        width,
                        config.integer("layers"),
                        heads,
                        config.integer("kvHeads", heads),
                        config.integer("headDim", width / heads),
                        config.integer("feedForward"),
                        config.number("ropeTheta", 10_000),
                        config.number("eps", 1e-5));
        LlamaDecoder decoder = new LlamaDecoder(size, KEY);
        Map<String, HostArray> state = new LinkedHashMap<>();
        given.parameters().forEach((name, values) -> state.put(publicName(name), values));
        decoder.load(state);
        Tensor ids = given.input("ids");
        given.checkOutput("logits", decoder.apply(ids));
        Map<String, Parameter> named = new LinkedHashMap<>();
        Map<String, Parameter> own = decoder.namedParameters();
        given.parameters()
                .keySet()
                .forEach(
                        name -> {
                            Parameter parameter = own.get(publicName(name));
                            if (parameter != null) {
                                named.put(name, parameter);
                            }
                        });
        given.checkLoss(() -> nextToken(decoder.apply(ids), ids), named);
    }

    /** The cases leave out the names of a layer's parts: {@code layers.0.q_proj.weight}. */
    private static String publicName(String name) {
        if (name.startsWith("lm_head.")) {
            return name;
        }
        String inParts =
                name.replaceFirst("\\.([qkvo]_proj\\.)", ".self_attn.$1")
                        .replaceFirst("\\.((gate|up|down)_proj\\.)", ".mlp.$1");
        return "model." + inParts;
    }

    private static Tensor nextToken(Tensor logits, Tensor ids) {
        long length = ids.extent(1);
        Tensor before = logits.slice(1, 0, length - 1).flatten(0, 1);
        return Losses.crossEntropy(before, ids.slice(1, 1, length).flatten());
    }
}
