package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

/**
 * Predicts the chunk at once; trained for the absolute error. Where several ways lead on, it takes
 * their median: fast, and good where demonstrations agree.
 */
public final class RegressionPolicy extends ChunkPolicy {
    private final Layer network;

    /** A policy of a network {@code [n, c] -> [n, length * actions]}. */
    public RegressionPolicy(Layer network, int length, int actions) {
        super(length, actions);
        this.network = child("network", network);
    }

    @Override
    public Tensor loss(Chunks chunks, Key key) {
        check(chunks);
        Tensor predicted = predict(chunks.conditioning());
        return chunks.mean(Losses.l1(predicted, chunks.actions(), Reduction.NONE));
    }

    @Override
    public Tensor sample(Tensor conditioning, Key key) {
        return Autograd.noGrad(() -> predict(conditioning));
    }

    private Tensor predict(Tensor conditioning) {
        Tensor flat = network.apply(conditioning);
        return flat.reshape(conditioning.extent(0), chunkLength(), actionSize());
    }
}
