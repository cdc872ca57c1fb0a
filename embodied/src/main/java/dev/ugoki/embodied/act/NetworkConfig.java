package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.ChunkPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.nn.policy.ResidualMlp;
import dev.ugoki.tensor.Key;

import java.io.IOException;
import java.util.List;

/** The network of a policy and what it is trained for. */
public sealed interface NetworkConfig {
    /** A residual MLP that predicts the chunk at once, trained for the absolute error. */
    record Regression(int width, int blocks) implements NetworkConfig {
        /** 512 wide, 4 blocks. */
        public static final Regression DEFAULT = new Regression(512, 4);
    }

    /**
     * A residual MLP that learns the velocity of flow matching.
     *
     * @param flow how it is trained and sampled
     */
    record Flow(int width, int blocks, int stepWidth, FlowPolicy.Config flow)
            implements NetworkConfig {
        /** 512 wide, 4 blocks, sampled in 10 steps. */
        public static final Flow DEFAULT = new Flow(512, 4, 128, FlowPolicy.Config.DEFAULT);
    }

    /**
     * Diffusion Policy's convolutional network, which learns the velocity of flow matching.
     *
     * @param channels of each resolution, the full one first; the chunk's length must be divisible
     *     by 2 for each but the first
     * @param flow how it is trained and sampled
     */
    record Unet(
            List<Integer> channels, int kernel, int groups, int stepWidth, FlowPolicy.Config flow)
            implements NetworkConfig {
        /** 64, 128, 256 channels: small enough to learn on a few cores. */
        public static final Unet DEFAULT =
                new Unet(List.of(64, 128, 256), 5, 8, 64, FlowPolicy.Config.DEFAULT);

        public Unet {
            channels = List.copyOf(channels);
        }
    }

    /**
     * The network with fresh weights.
     *
     * @param conditioning how many numbers are observed
     * @param length actions of a chunk
     * @param actions numbers of an action
     */
    default ChunkPolicy build(int conditioning, int length, int actions, Key key) {
        return switch (this) {
            case Regression(int width, int blocks) ->
                    new RegressionPolicy(
                            ResidualMlp.Config.of(conditioning, length * actions)
                                    .withWidth(width)
                                    .withBlocks(blocks)
                                    .build(key),
                            length,
                            actions);
            case Flow(int width, int blocks, int stepWidth, FlowPolicy.Config flow) ->
                    new FlowPolicy(
                            ResidualMlp.Config.ofDenoiser(conditioning, length * actions)
                                    .withWidth(width)
                                    .withBlocks(blocks)
                                    .withStepWidth(stepWidth)
                                    .build(key),
                            length,
                            actions,
                            flow);
            case Unet unet ->
                    new FlowPolicy(
                            ConditionalUnet1d.Config.of(actions, conditioning)
                                    .withChannels(unet.channels().toArray(Integer[]::new))
                                    .withKernel(unet.kernel())
                                    .withGroups(unet.groups())
                                    .withStepWidth(unet.stepWidth())
                                    .build(key),
                            length,
                            actions,
                            unet.flow());
        };
    }

    // ---- as JSON ----

    /** Puts the settings into an object. */
    default void write(ObjectNode node) {
        switch (this) {
            case Regression(int width, int blocks) -> {
                node.put("objective", "l1").put("network", "residual_mlp");
                node.put("width", width).put("blocks", blocks);
            }
            case Flow(int width, int blocks, int stepWidth, FlowPolicy.Config flow) -> {
                node.put("objective", "flow").put("network", "residual_mlp");
                node.put("width", width).put("blocks", blocks).put("step_width", stepWidth);
                writeFlow(node, flow);
            }
            case Unet unet -> {
                node.put("objective", "flow").put("network", "conditional_unet1d");
                ArrayNode channels = node.putArray("down_dims");
                unet.channels().forEach(channels::add);
                node.put("kernel_size", unet.kernel()).put("n_groups", unet.groups());
                node.put("step_width", unet.stepWidth());
                writeFlow(node, unet.flow());
            }
        }
    }

    private static void writeFlow(ObjectNode node, FlowPolicy.Config flow) {
        node.put("num_inference_steps", flow.steps());
        node.put("time_power", flow.timePower()).put("time_scale", flow.timeScale());
    }

    /** Takes the settings from an object; the caller checks that nothing is left. */
    static NetworkConfig read(JsonSettings json) throws IOException {
        String kind = json.text("network") + " " + json.text("objective");
        return switch (kind) {
            case "residual_mlp l1" -> new Regression(size(json, "width"), size(json, "blocks"));
            case "residual_mlp flow" ->
                    new Flow(
                            size(json, "width"),
                            size(json, "blocks"),
                            size(json, "step_width"),
                            readFlow(json));
            case "conditional_unet1d flow" ->
                    new Unet(
                            json.integers("down_dims", 1, MOST).stream()
                                    .map(Math::toIntExact)
                                    .toList(),
                            size(json, "kernel_size"),
                            size(json, "n_groups"),
                            size(json, "step_width"),
                            readFlow(json));
            default ->
                    throw json.wrong(
                            "network",
                            "and \"objective\" are '"
                                    + kind
                                    + "'; known are 'residual_mlp l1', 'residual_mlp flow' and"
                                    + " 'conditional_unet1d flow'");
        };
    }

    /** No layer of a policy is wider. */
    int MOST = 1 << 16;

    private static int size(JsonSettings json, String name) throws IOException {
        return (int) json.integer(name, 1, MOST);
    }

    private static FlowPolicy.Config readFlow(JsonSettings json) throws IOException {
        return new FlowPolicy.Config(
                size(json, "num_inference_steps"),
                json.number("time_power"),
                json.number("time_scale"));
    }
}
