package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;

import java.io.IOException;
import java.util.Locale;

/** The settings of networks as they stand in a checkpoint's {@code config.json}. */
final class NetworkJson {
    /** No layer of a policy is wider. */
    private static final int MOST = 1 << 16;

    private NetworkJson() {}

    /** Puts the settings into an object. */
    static void write(NetworkConfig network, ObjectNode node) {
        switch (network) {
            case NetworkConfig.Regression regression -> {
                node.put("objective", "l1").put("network", "residual_mlp");
                node.put("width", regression.width()).put("blocks", regression.blocks());
                node.put("dropout", regression.dropout());
                node.put("num_hypotheses", regression.hypotheses().count());
                node.put("hypothesis_scale", regression.hypotheses().scale());
            }
            case NetworkConfig.Flow flow -> {
                node.put("objective", "flow").put("network", "residual_mlp");
                node.put("width", flow.width()).put("blocks", flow.blocks());
                node.put("step_width", flow.stepWidth()).put("dropout", flow.dropout());
                writeFlow(node, flow.flow());
            }
            case NetworkConfig.Unet unet -> {
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
        node.put("num_inference_steps", flow.steps()).put("num_draws", flow.draws());
        node.put("num_noises", flow.noises());
        node.put("flow_loss", flow.loss().name().toLowerCase(Locale.ROOT));
        node.put("time_power", flow.timePower()).put("time_scale", flow.timeScale());
    }

    /** Takes the settings from an object; the caller checks that nothing is left. */
    static NetworkConfig read(JsonSettings json) throws IOException {
        String kind = json.text("network") + " " + json.text("objective");
        return switch (kind) {
            case "residual_mlp l1" ->
                    new NetworkConfig.Regression(
                            size(json, "width"),
                            size(json, "blocks"),
                            dropout(json),
                            hypotheses(json));
            case "residual_mlp flow" ->
                    new NetworkConfig.Flow(
                            size(json, "width"),
                            size(json, "blocks"),
                            size(json, "step_width"),
                            dropout(json),
                            readFlow(json));
            case "conditional_unet1d flow" ->
                    new NetworkConfig.Unet(
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

    private static RegressionPolicy.Hypotheses hypotheses(JsonSettings json) throws IOException {
        RegressionPolicy.Hypotheses usual = RegressionPolicy.Hypotheses.ONE;
        int count = (int) json.integer("num_hypotheses", 1, MOST, usual.count());
        return new RegressionPolicy.Hypotheses(
                count, positive(json, "hypothesis_scale", usual.scale()));
    }

    private static double positive(JsonSettings json, String name, double usual)
            throws IOException {
        double value = json.number(name, usual);
        if (!(value > 0)) {
            throw json.wrong(name, "must be above 0");
        }
        return value;
    }

    private static double dropout(JsonSettings json) throws IOException {
        double dropout = json.number("dropout", 0);
        if (!(dropout >= 0 && dropout < 1)) {
            throw json.wrong("dropout", "must be at least 0 and below 1");
        }
        return dropout;
    }

    private static int size(JsonSettings json, String name) throws IOException {
        return (int) json.integer(name, 1, MOST);
    }

    private static FlowPolicy.Config readFlow(JsonSettings json) throws IOException {
        return new FlowPolicy.Config(
                size(json, "num_inference_steps"),
                json.number("time_power"),
                json.number("time_scale"),
                (int) json.integer("num_draws", 1, MOST, 1),
                loss(json),
                (int) json.integer("num_noises", 1, MOST, 1));
    }

    private static FlowPolicy.Loss loss(JsonSettings json) throws IOException {
        String name = json.text("flow_loss", "mse");
        return switch (name) {
            case "mse" -> FlowPolicy.Loss.MSE;
            case "l1" -> FlowPolicy.Loss.L1;
            default -> throw json.wrong("flow_loss", "is '" + name + "'; known are mse and l1");
        };
    }
}
