package dev.ugoki.nn.layer;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Tensor;

import java.util.Arrays;

/**
 * Scales and shifts each channel by what a condition says: {@code x [n, channels, ..]} and {@code c
 * [n, condition]} give {@code (1 + scale) x + shift}, with {@code scale, shift = Linear(c)}.
 *
 * <p>State: {@code linear.weight [2 channels, condition]}, {@code linear.bias}: zeros at first, so
 * that a new layer changes nothing.
 *
 * <p>Source: Perez et al.: FiLM: visual reasoning with a general conditioning layer (AAAI 2018).
 */
public final class Film extends Module {
    private final Linear linear;

    /** A layer for a number of channels and a width of the condition. */
    public Film(long channels, long condition) {
        linear = child("linear", AdaptiveNorms.zeroLinear(condition, 2 * channels));
    }

    /** x, scaled and shifted. */
    public Tensor apply(Tensor x, Tensor condition) {
        Tensor both = linear.apply(condition);
        long[] shape = new long[x.rank()];
        Arrays.fill(shape, 1);
        shape[0] = x.extent(0);
        shape[1] = x.extent(1);
        var parts = both.chunk(-1, 2);
        Tensor scale = parts.get(0).reshape(shape);
        Tensor shift = parts.get(1).reshape(shape);
        return x.mul(scale.add(1)).add(shift);
    }
}
