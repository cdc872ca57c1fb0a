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
     * A tensor normalized along one of its dimensions, which has the feature's width: {@code -1}
     * for vectors, {@code -3} for images with the channels before the rows.
     */
    public Tensor normalize(Tensor x, int dim) {
        if (mode == Normalization.IDENTITY) {
            return x;
        }
        Tensor moved = x.sub(along(offset, x, dim));
        Tensor doubles = along(factors(2, 1), x, dim);
        Tensor shift = along(factors(1, 0), x, dim);
        return moved.mul(doubles).div(along(divisor, x, dim)).sub(shift);
    }

    /** Takes a normalized tensor back to the feature's own scale; as {@link #normalize}. */
    public Tensor unnormalize(Tensor y, int dim) {
        if (mode == Normalization.IDENTITY) {
            return y;
        }
        Tensor moved = y.add(along(factors(1, 0), y, dim));
        Tensor halves = along(factors(0.5f, 1), y, dim);
        return moved.mul(along(divisor, y, dim)).mul(halves).add(along(offset, y, dim));
    }

    private float[] factors(float inUnitRange, float otherwise) {
        float[] factors = new float[offset.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = toUnitRange[i] ? inUnitRange : otherwise;
        }
        return factors;
    }

    private static Tensor along(float[] values, Tensor x, int dim) {
        int place = dim < 0 ? dim + x.rank() : dim;
        if (place < 0 || place >= x.rank() || x.extent(place) != values.length) {
            throw new IllegalArgumentException(
                    "normalization: dimension %d of %s must have %d elements"
                            .formatted(dim, x.type(), values.length));
        }
        long[] extents = new long[x.rank()];
        java.util.Arrays.fill(extents, 1);
        extents[place] = values.length;
        return Tensor.of(values, extents).cast(x.dtype());
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
