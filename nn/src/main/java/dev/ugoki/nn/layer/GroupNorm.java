package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Normalization;

/**
 * Shifts and scales each group of channels of each sample, over all places, to mean 0 and variance
 * 1, then each channel by a learned weight and bias: {@code [n, channels, ..]}; see {@link
 * Normalization.GroupNorm}.
 *
 * <p>State: {@code weight [channels]}, ones at first, and {@code bias [channels]}, zeros.
 */
public final class GroupNorm extends Layer {
    private final int groups;
    private final double epsilon;
    private final Parameter weight;
    private final Parameter bias;

    /** A layer with epsilon 1e-5. */
    public GroupNorm(int groups, long channels) {
        this(groups, channels, 1e-5);
    }

    /**
     * A layer; epsilon is added to the variance.
     *
     * @throws IllegalArgumentException if the channels cannot be divided into the groups
     */
    public GroupNorm(int groups, long channels, double epsilon) {
        Channels.perGroup("GroupNorm", channels, groups);
        this.groups = groups;
        this.epsilon = epsilon;
        weight = parameter("weight", () -> Init.ones(channels));
        bias = parameter("bias", () -> Init.zeros(channels));
    }

    @Override
    public Tensor apply(Tensor x) {
        return Normalizations.groupNorm(x, groups, weight.tensor(), bias.tensor(), epsilon);
    }

    @Override
    protected String settings() {
        return "groups=" + groups + ", epsilon=" + epsilon;
    }
}
