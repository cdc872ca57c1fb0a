package dev.ugoki.benchmarks;

import java.util.Locale;

/**
 * {@link dev.ugoki.nn.policy.ActPolicy} for libtorch, as it acts: without images and without the
 * encoder of actions, layers normalizing what comes out.
 */
final class TorchAct {
    private final TorchNetwork torch;
    private final int width;
    private final int heads;
    private final int hidden;

    private TorchAct(TorchNetwork torch, int width, int heads, int hidden) {
        this.torch = torch;
        this.width = width;
        this.heads = heads;
        this.hidden = hidden;
    }

    /** The sizes of the vectors and of a chunk. */
    record Sizes(int latent, int state, int environment, int chunk, int actions) {}

    /** Of the data: state {@code [1, s]} and environment {@code [1, e]}. */
    static String apply(
            TorchNetwork torch, Sizes sizes, int width, int heads, int hidden, int encoders) {
        return new TorchAct(torch, width, heads, hidden).chunk(sizes, encoders);
    }

    private String chunk(Sizes sizes, int encoders) {
        String zeros = torch.let("torch.zeros([1, %d])", sizes.latent());
        String latent = token(zeros, "latent", sizes.latent());
        String state = token(torch.data(0), "robot_state", sizes.state());
        String environment = token(torch.data(1), "env_state", sizes.environment());
        String places = torch.weight("model.encoder_1d_feature_pos_embed.weight", 3, width);
        String memory = torch.let("torch.cat([%s, %s, %s], 1)", latent, state, environment);
        for (int i = 0; i < encoders; i++) {
            String layer = "model.encoder.layers." + i + ".";
            String placed = torch.let("torch.add(%s, %s)", memory, places);
            String attended = attention(placed, placed, memory, layer + "self_attn.");
            memory = norm(memory, attended, layer + "norm1");
            memory = norm(memory, feedForward(memory, layer), layer + "norm2");
        }
        String queries = torch.weight("model.decoder_pos_embed.weight", sizes.chunk(), width);
        String layer = "model.decoder.layers.0.";
        String x = torch.let("torch.zeros([1, %d, %d])", sizes.chunk(), width);
        String placed = torch.let("torch.add(%s, %s)", x, queries);
        x = norm(x, attention(placed, placed, x, layer + "self_attn."), layer + "norm1");
        String asking = torch.let("torch.add(%s, %s)", x, queries);
        String keys = torch.let("torch.add(%s, %s)", memory, places);
        x = norm(x, attention(asking, keys, memory, layer + "multihead_attn."), layer + "norm2");
        x = norm(x, feedForward(x, layer), layer + "norm3");
        x = torch.layerNorm(x, "model.decoder.norm", width);
        return torch.linear(x, "model.action_head", width, sizes.actions());
    }

    private String token(String vector, String name, int size) {
        String projected =
                torch.linear(vector, "model.encoder_%s_input_proj".formatted(name), size, width);
        return torch.let("torch.unsqueeze(%s, 1)", projected);
    }

    private String norm(String x, String added, String name) {
        return torch.layerNorm(torch.let("torch.add(%s, %s)", x, added), name, width);
    }

    private String feedForward(String x, String layer) {
        String inner = torch.linear(x, layer + "linear1", width, hidden);
        return torch.linear(torch.let("torch.relu(%s)", inner), layer + "linear2", hidden, width);
    }

    private String attention(String queries, String keys, String values, String name) {
        String weight = torch.weight(name + "in_proj_weight", 3L * width, width);
        String bias = torch.bias(name + "in_proj_bias", 3L * width);
        String[] inputs = {queries, keys, values};
        String[] divided = new String[3];
        for (int i = 0; i < 3; i++) {
            String part = String.format(Locale.ROOT, "0, %d, %d", i * width, (i + 1) * width);
            String projected =
                    torch.let(
                            "torch.linear(%s, torch.slice(%s, %s), torch.slice(%s, %s))",
                            inputs[i], weight, part, bias, part);
            divided[i] =
                    torch.let(
                            "torch.transpose(torch.reshape(%s, [1, -1, %d, %d]), 1, 2)",
                            projected, heads, width / heads);
        }
        String attended =
                torch.let(
                        "torch.scaled_dot_product_attention(%s, %s, %s, None, 0., False)",
                        divided[0], divided[1], divided[2]);
        String joined =
                torch.let("torch.reshape(torch.transpose(%s, 1, 2), [1, -1, %d])", attended, width);
        return torch.linear(joined, name + "out_proj", width, width);
    }
}
