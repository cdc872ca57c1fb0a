package dev.ugoki.embodied.data;

import dev.ugoki.tensor.Tensor;

/**
 * Brings a feature's vectors to the scale of {@link Normalization}, and back.
 *
 * <p>In float32 and in the order of LeRobot's own operations: {@code y = (x - offset) / divisor},
 * then for the modes that end at -1 and 1 {@code 2 y - 1}.
 *
 * <pre>{@code
 * Normalizer normalizer = Normalizer.of(Normalization.QUANTILES, statistics.feature("action"));
 * normalizer.normalize(batch);
 * normalizer.unnormalize(predictions);
 * }</pre>
 */
public final class Normalizer {
    private static final float LEROBOT_EPSILON = 1e-8f;
    private static final float OPENPI_EPSILON = 1e-6f;
    private static final float LEAST_RANGE = 1e-4f;

    private final Normalization mode;
    private final float[] offset;
    private final float[] divisor;

    /** Whether an element goes on to 2 y - 1. */
    private final boolean[] toUnitRange;

    private Normalizer(Normalization mode, int width) {
        this.mode = mode;
        this.offset = new float[width];
        this.divisor = new float[width];
        this.toUnitRange = new boolean[width];
    }

    /**
     * A normalizer of a feature.
     *
     * @throws MissingStatisticsException if the mode needs a statistic that is not there; the
     *     message names both
     */
    public static Normalizer of(Normalization mode, FeatureStatistics statistics) {
        return switch (mode) {
            case IDENTITY -> new Normalizer(mode, 0);
            case MEAN_STD -> centred(mode, statistics, LEROBOT_EPSILON);
            case OPENPI_MEAN_STD -> centred(mode, statistics, OPENPI_EPSILON);
            case MIN_MAX, LIMITS -> ranged(mode, statistics, Statistic.MIN, Statistic.MAX);
            case QUANTILES, OPENPI_QUANTILES ->
                    ranged(mode, statistics, Statistic.Q01, Statistic.Q99);
            case QUANTILE10 -> ranged(mode, statistics, Statistic.Q10, Statistic.Q90);
        };
    }

    private static Normalizer centred(
            Normalization mode, FeatureStatistics statistics, float epsilon) {
        double[] mean = statistics.get(Statistic.MEAN);
        double[] std = statistics.get(Statistic.STD);
        Normalizer result = new Normalizer(mode, mean.length);
        for (int i = 0; i < mean.length; i++) {
            result.offset[i] = (float) mean[i];
            result.divisor[i] = (float) std[i] + epsilon;
        }
        return result;
    }

    private static Normalizer ranged(
            Normalization mode, FeatureStatistics statistics, Statistic low, Statistic high) {
        double[] lows = statistics.get(low);
        double[] highs = statistics.get(high);
        Normalizer result = new Normalizer(mode, lows.length);
        for (int i = 0; i < lows.length; i++) {
            float range = (float) highs[i] - (float) lows[i];
            boolean still = mode == Normalization.LIMITS && range < LEAST_RANGE;
            result.offset[i] = (float) lows[i];
            result.toUnitRange[i] = !still;
            result.divisor[i] =
                    switch (mode) {
                        case OPENPI_QUANTILES -> range + OPENPI_EPSILON;
                        case LIMITS -> still ? 1 : range;
                        default -> range == 0 ? LEROBOT_EPSILON : range;
                    };
        }
        return result;
    }

    public Normalization mode() {
        return mode;
    }

    /** The feature's width; 0 for {@link Normalization#IDENTITY}, which takes any. */
    public int width() {
        return offset.length;
    }

    /**
     * Normalizes vectors in place.
     *
     * @param vectors any number of vectors of the feature's width, one after the other
     * @throws IllegalArgumentException if that is no whole number of vectors
     */
    public void normalize(float[] vectors) {
        int width = checkedWidth(vectors);
        for (int start = 0; width > 0 && start < vectors.length; start += width) {
            for (int i = 0; i < width; i++) {
                float y = vectors[start + i] - offset[i];
                vectors[start + i] = toUnitRange[i] ? 2 * y / divisor[i] - 1 : y / divisor[i];
            }
        }
    }

    /** Takes normalized vectors back to the feature's own scale, in place. */
    public void unnormalize(float[] vectors) {
        int width = checkedWidth(vectors);
        for (int start = 0; width > 0 && start < vectors.length; start += width) {
            for (int i = 0; i < width; i++) {
                float y = vectors[start + i];
                float scaled = toUnitRange[i] ? (y + 1) * divisor[i] / 2 : y * divisor[i];
                vectors[start + i] = scaled + offset[i];
            }
        }
    }

    /**
     * As {@link #normalize(float[])}, with the same bits, in operations of tensors.
     *
     * <p>Shapes: {@code [.., width] -> [.., width]}.
     */
    public Tensor normalize(Tensor vectors) {
        if (width() == 0) {
            return vectors;
        }
        Tensor y = vectors.sub(Tensor.of(offset, offset.length));
        Tensor scaled = y.mul(unitRange(2, 1)).div(Tensor.of(divisor, divisor.length));
        return scaled.sub(unitRange(1, 0));
    }

    /** As {@link #unnormalize(float[])}, with the same bits, in operations of tensors. */
    public Tensor unnormalize(Tensor vectors) {
        if (width() == 0) {
            return vectors;
        }
        Tensor y = vectors.add(unitRange(1, 0));
        Tensor scaled = y.mul(Tensor.of(divisor, divisor.length)).div(unitRange(2, 1));
        return scaled.add(Tensor.of(offset, offset.length));
    }

    /** One number for the elements that go on to 2 y - 1, another for those that don't. */
    private Tensor unitRange(float there, float elsewhere) {
        float[] values = new float[toUnitRange.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = toUnitRange[i] ? there : elsewhere;
        }
        return Tensor.of(values, values.length);
    }

    private int checkedWidth(float[] vectors) {
        int width = width();
        if (width > 0 && vectors.length % width != 0) {
            throw new IllegalArgumentException(
                    "%d numbers are no whole number of vectors of %d"
                            .formatted(vectors.length, width));
        }
        return width;
    }
}
