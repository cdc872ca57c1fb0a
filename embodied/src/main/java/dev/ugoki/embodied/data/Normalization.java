package dev.ugoki.embodied.data;

/**
 * How numbers are brought to the scale that a network sees; {@code x} in, one element at a time.
 *
 * <p>The first five are LeRobot's; results are not clipped. Where a range is zero, LeRobot's modes
 * divide by 1e-8.
 */
public enum Normalization {
    /** {@code x}. */
    IDENTITY,
    /** {@code (x - mean) / (std + 1e-8)}. */
    MEAN_STD,
    /** {@code 2 (x - min) / (max - min) - 1}. */
    MIN_MAX,
    /** {@code 2 (x - q01) / (q99 - q01) - 1}. */
    QUANTILES,
    /** {@code 2 (x - q10) / (q90 - q10) - 1}. */
    QUANTILE10,
    /** openpi's: {@code (x - mean) / (std + 1e-6)}. */
    OPENPI_MEAN_STD,
    /** openpi's: {@code 2 (x - q01) / (q99 - q01 + 1e-6) - 1}. */
    OPENPI_QUANTILES,
    /**
     * Diffusion Policy's: {@link #MIN_MAX}, but an element whose range is below 1e-4 is only moved
     * to zero, {@code x - min}.
     */
    LIMITS
}
