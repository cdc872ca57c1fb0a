package dev.ugoki.nn.layer;

import dev.ugoki.nn.Init;
import dev.ugoki.tensor.Tensor;

import java.util.List;

/** What norms that a condition adapts have in common. */
final class AdaptiveNorms {
    private AdaptiveNorms() {}

    /** A layer that gives 0 at first. */
    static Linear zeroLinear(long in, long out) {
        return new Linear(Init.zeros(out, in), Init.zeros(out));
    }

    /**
     * {@code [n, parts * width]} as parts {@code [n, 1, .., width]} of the rank of x; a condition
     * of x's rank, one for each place, is divided as it is.
     */
    static List<Tensor> parts(Tensor modulation, int count, Tensor x) {
        Tensor fitting = modulation;
        while (fitting.rank() < x.rank()) {
            fitting = fitting.unsqueeze(1);
        }
        return fitting.chunk(-1, count);
    }
}
