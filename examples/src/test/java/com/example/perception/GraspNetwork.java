package com.example.perception;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.FrozenBatchNorm2d;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.vision.ResNet;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.util.Map;

/** Tells of a picture whether a grasp would hold: a ResNet-18 of others, and a head of our own. */
public final class GraspNetwork extends Layer {
    private final ResNet backbone;
    private final Linear head;

    /** A network with weights that know nothing yet. */
    public GraspNetwork(Key key) {
        ResNet.Config size = ResNet.Config.resNet18().withoutHead();
        backbone = child("backbone", size.withNorm(FrozenBatchNorm2d::new).build(key.fold(0)));
        head = child("head", new Linear(backbone.channels(), 1, key.fold(1)));
    }

    /** Takes over torchvision's weights, but for the layer that tells ImageNet's classes. */
    public void loadBackbone(Map<String, HostArray> weights) {
        weights.keySet().removeIf(name -> name.startsWith("fc."));
        backbone.load(weights);
    }

    /** The logit of each picture: {@code [n, 3, height, width] -> [n, 1]}. */
    @Override
    public Tensor apply(Tensor pictures) {
        return head.apply(backbone.apply(pictures).mean(false, 2, 3));
    }
}
