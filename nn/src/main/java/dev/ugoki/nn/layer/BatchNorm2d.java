package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Tensor;

/** {@link BatchNorm} of {@code [n, channels, height, width]}. */
public final class BatchNorm2d extends BatchNorm implements FoldableNorm {
    /** A layer with epsilon 1e-5 and momentum 0.1. */
    public BatchNorm2d(long channels) {
        this(channels, 1e-5, 0.1);
    }

    /**
     * A layer.
     *
     * @param epsilon is added to the variance
     * @param momentum the share of a new batch in the running statistics
     */
    public BatchNorm2d(long channels, double epsilon, double momentum) {
        super(channels, epsilon, momentum);
    }

    @Override
    void check(Tensor x) {
        if (x.rank() != 4) {
            throw new IllegalArgumentException(
                    "BatchNorm2d: needs [n, channels, height, width], not " + x.type());
        }
    }

    @Override
    public Conv2d foldInto(Conv2d convolution) {
        return foldedInto(convolution);
    }
}
