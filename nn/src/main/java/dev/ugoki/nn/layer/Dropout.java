package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

/**
 * In training, makes elements 0 with a probability and divides the others by what is left of it; in
 * evaluation, nothing. Draws take their keys from {@link RandomScope}.
 *
 * <p>Source: Srivastava et al.: Dropout (JMLR 2014).
 */
public final class Dropout extends Layer {
    private final double probability;

    /**
     * A layer that drops elements with {@code probability}.
     *
     * @throws IllegalArgumentException if it is not from 0 to 1
     */
    public Dropout(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    "Dropout: the probability must be from 0 to 1, and is " + probability);
        }
        this.probability = probability;
    }

    /** Whether it changes anything now. */
    boolean isActive() {
        return isTraining() && probability > 0;
    }

    @Override
    public Tensor apply(Tensor x) {
        return isActive() ? apply(x, RandomScope.nextKey()) : x;
    }

    /** {@code x} with the elements dropped that {@code key} draws, in whatever mode. */
    public Tensor apply(Tensor x, Key key) {
        Tensor kept =
                dev.ugoki.tensor.Engine.one(
                                new dev.ugoki.tensor.op.RandomDraw.RandomUniform(
                                        dev.ugoki.tensor.DType.F32, x.shape()),
                                key.asTensor())
                        .ge(probability);
        Tensor scaled = probability == 1 ? x.mul(0) : x.mul(1 / (1 - probability));
        return kept.select(scaled, Tensor.zeros(x.dtype()));
    }

    @Override
    protected String settings() {
        return Double.toString(probability);
    }
}
