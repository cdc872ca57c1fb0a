package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
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
     * @throws IllegalArgumentException if it is not at least 0 and below 1
     */
    public Dropout(double probability) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException(
                    "Dropout: the probability must be at least 0 and below 1, and is "
                            + probability);
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
        return Random.dropout(key, x, probability);
    }

    @Override
    protected String settings() {
        return Double.toString(probability);
    }
}
