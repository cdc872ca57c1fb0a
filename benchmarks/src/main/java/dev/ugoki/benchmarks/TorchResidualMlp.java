package dev.ugoki.benchmarks;

/** {@link dev.ugoki.nn.policy.ResidualMlp} for libtorch, inside of a policy. */
final class TorchResidualMlp {
    private static final String NETWORK = "network.";
    private static final int WIDTH = 512;
    private static final int BLOCKS = 4;
    private static final long STEP_WIDTH = 128;

    private TorchResidualMlp() {}

    /** Of x {@code [n, inputs]}. */
    static String apply(TorchNetwork torch, String x, long inputs, long outputs) {
        return through(torch, torch.linear(x, NETWORK + "input", inputs, WIDTH), outputs);
    }

    /** Of x {@code [n, inputs]} and the step of denoising {@code [n]}. */
    static String apply(TorchNetwork torch, String x, String step, long inputs, long outputs) {
        String h = torch.linear(x, NETWORK + "input", inputs, WIDTH);
        String e = torch.embedding(step, STEP_WIDTH);
        e = torch.linear(e, NETWORK + "step.1", STEP_WIDTH, WIDTH);
        e = torch.linear(torch.let("torch.silu(%s)", e), NETWORK + "step.3", WIDTH, WIDTH);
        return through(torch, torch.let("torch.add(%s, %s)", h, e), outputs);
    }

    private static String through(TorchNetwork torch, String first, long outputs) {
        String h = first;
        for (int i = 0; i < BLOCKS; i++) {
            String block = NETWORK + "blocks." + i + ".";
            String y = torch.layerNorm(h, block + "norm", WIDTH);
            y = torch.let("torch.silu(%s)", torch.linear(y, block + "up", WIDTH, WIDTH));
            h = torch.let("torch.add(%s, %s)", h, torch.linear(y, block + "down", WIDTH, WIDTH));
        }
        h = torch.layerNorm(h, NETWORK + "norm", WIDTH);
        return torch.linear(h, NETWORK + "output", WIDTH, outputs);
    }
}
