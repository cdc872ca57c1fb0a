package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Tensor;

/** {@link BatchNorm} of {@code [n, channels]} or {@code [n, channels, length]}. */
public final class BatchNorm1d extends BatchNorm {
    /** A layer with epsilon 1e-5 and momentum 0.1. */
    public BatchNorm1d(long channels) {
        this(channels, 1e-5, 0.1);
    }

    /**
     * A layer.
     *
     * @param epsilon is added to the variance
     * @param momentum the share of a new batch in the running statistics
     */
    public BatchNorm1d(long channels, double epsilon, double momentum) {
        super(channels, epsilon, momentum);
    }

    @Override
    void check(Tensor x) {
        if (x.rank() != 2 && x.rank() != 3) {
            throw new IllegalArgumentException(
                    "BatchNorm1d: needs [n, channels] or [n, channels, length], not " + x.type());
        }
    }
}
