package dev.ugoki.tensor;

/** What becomes of a loss that there is one of for each element. */
public enum Reduction {
    /** One loss for each element. */
    NONE,
    /** Their mean, a scalar; NaN where there are none. */
    MEAN,
    /** Their sum, a scalar. */
    SUM;

    Tensor apply(Tensor losses) {
        return switch (this) {
            case NONE -> losses;
            case MEAN -> losses.mean();
            case SUM -> losses.sum();
        };
    }
}
