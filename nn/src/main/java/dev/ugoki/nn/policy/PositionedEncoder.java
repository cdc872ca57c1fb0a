package dev.ugoki.nn.policy;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.nn.transformer.TransformerEncoderLayer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Traced;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Transformer layers whose positions are added to queries and keys in each, never to values. */
final class PositionedEncoder extends Module {
    private final ModuleList<TransformerEncoderLayer> layers;
    private final @Nullable LayerNorm norm;

    PositionedEncoder(ActPolicy.Layers settings, int count, Key key) {
        List<TransformerEncoderLayer> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(new TransformerEncoderLayer(settings.transformer(), key.fold(i)));
        }
        layers = child("layers", new ModuleList<>(list));
        norm = settings.normalizesFirst() ? child("norm", new LayerNorm(settings.width())) : null;
    }

    /**
     * @param x {@code [n, length, width]}
     * @param positions {@code [length, width]}
     * @param padding BOOL {@code [n, length]}, true where nobody may look; null for nowhere
     */
    Tensor apply(Tensor x, Tensor positions, @Nullable Tensor padding) {
        Tensor y = x;
        for (TransformerEncoderLayer layer : layers) {
            y =
                    Recomputation.through(
                            in -> layer.apply(in[0], positions, Mask.ofKeyPadding(padding)), y);
        }
        return norm == null ? y : norm.apply(y);
    }

    /** Gives all matrices of a transformer the first values that ACT's have. */
    static void initialize(Module transformer, Key key) {
        int i = 0;
        for (var parameter : transformer.parameters()) {
            var shape = parameter.type().shape();
            // A sketch (Module.sketch) has no values.
            if (shape.rank() == 2 && !(parameter.tensor().payload() instanceof Traced)) {
                long out = shape.extent(0);
                long in = shape.extent(1);
                parameter.assign(Init.xavierUniform(key.fold(i), in, out, out, in));
            }
            i++;
        }
    }
}
