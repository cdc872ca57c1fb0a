package dev.ugoki.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** {@link dev.ugoki.nn.policy.ConditionalUnet1d} for libtorch, with its defaults. */
final class TorchUnet {
    private static final int KERNEL = 5;
    private static final int GROUPS = 8;

    private final TorchNetwork torch;
    private final String condition;
    private final long conditionWidth;

    private TorchUnet(TorchNetwork torch, String condition, long conditionWidth) {
        this.torch = torch;
        this.condition = condition;
        this.conditionWidth = conditionWidth;
    }

    /**
     * Of the data: noisy actions {@code [n, length, actions]}, steps {@code [n]}, and conditioning.
     */
    static String apply(
            TorchNetwork torch,
            long actions,
            long conditioning,
            long stepWidth,
            List<Long> channels) {
        String encoder = "diffusion_step_encoder.";
        String embedding = torch.embedding(torch.data(1), stepWidth);
        String step = torch.linear(embedding, encoder + "1", stepWidth, 4 * stepWidth);
        step = torch.let("torch.mish(%s)", step);
        step = torch.linear(step, encoder + "3", 4 * stepWidth, stepWidth);
        String condition = torch.let("torch.cat([%s, %s], 1)", step, torch.data(2));
        return new TorchUnet(torch, condition, stepWidth + conditioning)
                .network(torch.data(0), actions, channels);
    }

    private String network(String noisy, long actions, List<Long> channels) {
        String x = torch.let("torch.transpose(%s, 1, 2)", noisy);
        List<String> skipped = new ArrayList<>();
        long in = actions;
        for (int i = 0; i < channels.size(); i++) {
            String level = "down_modules." + i + ".";
            long out = channels.get(i);
            x = residual(residual(x, level + "0.", in, out), level + "1.", out, out);
            skipped.add(x);
            if (i < channels.size() - 1) {
                x = torch.conv1d(x, level + "2", out, out, 3, 2, 1);
            }
            in = out;
        }
        for (int i = 0; i < 2; i++) {
            x = residual(x, "mid_modules." + i + ".", in, in);
        }
        for (int i = channels.size() - 1; i > 0; i--) {
            String level = "up_modules." + (channels.size() - 1 - i) + ".";
            long out = channels.get(i - 1);
            x = torch.let("torch.cat([%s, %s], 1)", x, skipped.removeLast());
            x = residual(x, level + "0.", 2 * channels.get(i), out);
            x = residual(x, level + "1.", out, out);
            x = torch.doubled(x, level + "2", out);
        }
        long full = channels.getFirst();
        x = block(x, "final_conv.0.", full, full);
        x = torch.conv1d(x, "final_conv.1", full, actions, 1, 1, 0);
        return torch.let("torch.transpose(%s, 1, 2)", x);
    }

    private String residual(String x, String name, long in, long out) {
        String h = block(x, name + "conv1.", in, out);
        String modulation =
                torch.linear(
                        torch.let("torch.mish(%s)", condition),
                        name + "cond_encoder.1",
                        conditionWidth,
                        2 * out);
        String both = torch.let("torch.unsqueeze(%s, -1)", modulation);
        h =
                torch.let(
                        "torch.add(torch.mul(%s, torch.slice(%s, 1, 0, %d)), torch.slice(%s, 1, %d,"
                                + " %d))",
                        h, both, out, both, out, 2 * out);
        h = block(h, name + "conv2.", out, out);
        String beside = in == out ? x : torch.conv1d(x, name + "residual_conv", in, out, 1, 1, 0);
        return torch.let("torch.add(%s, %s)", h, beside);
    }

    private String block(String x, String name, long in, long out) {
        String y = torch.conv1d(x, name + "block.0", in, out, KERNEL, 1, KERNEL / 2);
        y = torch.groupNorm(y, name + "block.1", GROUPS, out);
        return torch.let("torch.mish(%s)", y);
    }
}
