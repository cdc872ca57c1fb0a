package dev.ugoki.nn.policy;

import dev.ugoki.tensor.Tensor;

/** A network that says of a noisy chunk of actions where it should go. */
public interface Denoiser {
    /**
     * The noise, the actions or the velocity, as trained.
     *
     * @param noisy {@code [n, length, actions]}
     * @param step {@code [n]}, floating: how noisy each chunk is
     * @param conditioning {@code [n, c]}: what was observed
     * @return of the type of {@code noisy}
     */
    Tensor apply(Tensor noisy, Tensor step, Tensor conditioning);
}
