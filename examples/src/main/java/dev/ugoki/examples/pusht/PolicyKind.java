package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.NetworkConfig;

/** The policies that the main job trains. */
public enum PolicyKind {
    /** A residual MLP that predicts a chunk at once: the quickest to learn, and to act. */
    L1(NetworkConfig.Regression.DEFAULT, 512),
    /**
     * The same network with flow matching: it can choose among several ways, and reaches the higher
     * reward. Two steps of sampling do here what ten do, in a fifth of the time.
     */
    FLOW(NetworkConfig.Flow.DEFAULT.withSamplingSteps(2), 512),
    /** Diffusion Policy's convolutional network with flow matching: slow on a CPU. */
    UNET(NetworkConfig.Unet.DEFAULT, 128);

    private final NetworkConfig network;
    private final int batchSize;

    PolicyKind(NetworkConfig network, int batchSize) {
        this.network = network;
        this.batchSize = batchSize;
    }

    /** The network with its usual sizes. */
    public NetworkConfig network() {
        return network;
    }

    /** Samples in a step. */
    public int batchSize() {
        return batchSize;
    }
}
