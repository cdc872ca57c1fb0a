package dev.ugoki.embodied.data;

/**
 * A statistic that normalization needs is not there. Going on without it would feed a policy, or a
 * robot, numbers of another scale.
 */
public final class MissingStatisticsException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /** An error that says what is missing of which feature. */
    public MissingStatisticsException(String problem) {
        super(problem);
    }
}
