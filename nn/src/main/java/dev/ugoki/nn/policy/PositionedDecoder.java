package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.nn.transformer.TransformerDecoderLayer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

/** The counterpart of {@link PositionedEncoder}: queries that look at each other and a memory. */
final class PositionedDecoder extends Module {
    private final ModuleList<TransformerDecoderLayer> layers;
    private final LayerNorm norm;

    PositionedDecoder(ActPolicy.Layers settings, int count, Key key) {
        List<TransformerDecoderLayer> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(new TransformerDecoderLayer(settings.transformer(), key.fold(i)));
        }
        layers = child("layers", new ModuleList<>(list));
        norm = child("norm", new LayerNorm(settings.width()));
    }

    /**
     * @param x {@code [n, l, width]}
     * @param memory {@code [n, s, width]}
     * @param positions of both
     */
    Tensor apply(Tensor x, Tensor memory, TransformerDecoderLayer.Positions positions) {
        Tensor y = x;
        for (TransformerDecoderLayer layer : layers) {
            y =
                    Recomputation.through(
                            in -> layer.apply(in[0], in[1], positions, Mask.NONE, Mask.NONE),
                            y,
                            memory);
        }
        return norm.apply(y);
    }
}
