package dev.ugoki.benchmarks;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.stream.IntStream;

/** An encoder that normalizes first, with heads of 64 and a hidden layer of four widths. */
final class Transformer extends Layer {
    private static final int HEAD = 64;

    private final ModuleList<Block> blocks;
    private final LayerNorm norm;

    private static final class Block extends Layer {
        private final LayerNorm norm1;
        private final MultiheadAttention attention;
        private final LayerNorm norm2;
        private final Linear linear1;
        private final Linear linear2;

        Block(int width, Key key) {
            norm1 = child("norm1", new LayerNorm(width));
            attention =
                    child(
                            "self_attn",
                            new MultiheadAttention.Config(width, width / HEAD).build(key.fold(0)));
            norm2 = child("norm2", new LayerNorm(width));
            linear1 = child("linear1", new Linear(width, 4L * width, key.fold(1)));
            linear2 = child("linear2", new Linear(4L * width, width, key.fold(2)));
        }

        @Override
        public Tensor apply(Tensor x) {
            Tensor n = norm1.apply(x);
            Tensor y = x.add(attention.apply(n, n, n, MultiheadAttention.Mask.NONE));
            return y.add(linear2.apply(linear1.apply(norm2.apply(y)).gelu()));
        }
    }

    Transformer(int width, int layers, Key key) {
        blocks =
                child(
                        "layers",
                        new ModuleList<>(
                                IntStream.range(0, layers)
                                        .mapToObj(i -> new Block(width, key.fold(i)))
                                        .toList()));
        norm = child("norm", new LayerNorm(width));
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor y = x;
        for (Block block : blocks) {
            y = block.apply(y);
        }
        return norm.apply(y);
    }

    /** The same for libtorch, of x {@code [batch, tokens, width]}. */
    static String torch(
            TorchNetwork torch, String x, int width, int layers, int batch, int tokens) {
        String y = x;
        for (int i = 0; i < layers; i++) {
            String block = "layers." + i + ".";
            String normed = torch.layerNorm(y, block + "norm1", width);
            String attention = block + "self_attn.";
            String weight = torch.weight(attention + "in_proj_weight", 3L * width, width);
            String bias = torch.bias(attention + "in_proj_bias", 3L * width);
            String all =
                    torch.let(
                            "torch.permute(torch.reshape(torch.linear(%s, %s, %s), [%d, %d, 3, %d,"
                                    + " %d]), [2, 0, 3, 1, 4])",
                            normed, weight, bias, batch, tokens, width / HEAD, HEAD);
            String attended =
                    torch.let(
                            "torch.scaled_dot_product_attention(torch.select(%s, 0, 0),"
                                    + " torch.select(%s, 0, 1), torch.select(%s, 0, 2), None, 0.,"
                                    + " False)",
                            all, all, all);
            String joined =
                    torch.let(
                            "torch.reshape(torch.permute(%s, [0, 2, 1, 3]), [%d, %d, %d])",
                            attended, batch, tokens, width);
            y =
                    torch.let(
                            "torch.add(%s, %s)",
                            y, torch.linear(joined, attention + "out_proj", width, width));
            String hidden =
                    torch.linear(
                            torch.layerNorm(y, block + "norm2", width),
                            block + "linear1",
                            width,
                            4L * width);
            String out =
                    torch.linear(
                            torch.let("torch.gelu(%s)", hidden),
                            block + "linear2",
                            4L * width,
                            width);
            y = torch.let("torch.add(%s, %s)", y, out);
        }
        return torch.layerNorm(y, "norm", width);
    }
}
