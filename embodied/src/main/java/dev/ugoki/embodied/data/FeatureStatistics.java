package dev.ugoki.embodied.data;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The statistics of one feature: for each {@link Statistic} that is known, a number per element.
 *
 * <p>Computed as LeRobot does. Standard deviation: sqrt(max(0, E[x^2] - E[x]^2)). Quantiles: from a
 * histogram of 5000 equal bins between min - 1e-10 and max + 1e-10, interpolated linearly in the
 * bin where the cumulative count reaches the quantile.
 */
public final class FeatureStatistics {
    private static final int BINS = 5000;
    private static final double EDGE_MARGIN = 1e-10;

    private final String feature;
    private final long count;
    private final Map<Statistic, double[]> values;

    private FeatureStatistics(String feature, long count, Map<Statistic, double[]> values) {
        this.feature = feature;
        this.count = count;
        this.values = values;
    }

    /**
     * Statistics from numbers that are known already.
     *
     * @param count over how many frames they were taken
     * @throws IllegalArgumentException if arrays differ in length
     */
    public static FeatureStatistics of(
            String feature, long count, Map<Statistic, double[]> values) {
        Map<Statistic, double[]> copy = new EnumMap<>(Statistic.class);
        int width = -1;
        for (Map.Entry<Statistic, double[]> entry : values.entrySet()) {
            double[] array = entry.getValue().clone();
            if (width >= 0 && width != array.length) {
                throw new IllegalArgumentException(
                        "statistics of feature '%s': %s has %d values, another %d"
                                .formatted(
                                        feature, entry.getKey().jsonName(), array.length, width));
            }
            width = array.length;
            copy.put(entry.getKey(), array);
        }
        return new FeatureStatistics(feature, count, copy);
    }

    /**
     * The statistics of frames {@code [from, to)} of a numeric column.
     *
     * @throws IllegalArgumentException if there is no frame, or a value is not finite; the message
     *     names its frame
     */
    public static FeatureStatistics of(Column column, int from, int to) {
        if (to <= from) {
            throw new IllegalArgumentException(
                    "feature '%s': no frames to take statistics of".formatted(column.name()));
        }
        int width = column.width();
        Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
        for (Statistic statistic : Statistic.values()) {
            values.put(statistic, new double[width]);
        }
        double[] series = new double[to - from];
        for (int element = 0; element < width; element++) {
            for (int frame = from; frame < to; frame++) {
                series[frame - from] = finite(column, frame, element);
            }
            Moments moments = Moments.of(series);
            for (Map.Entry<Statistic, double[]> entry : values.entrySet()) {
                entry.getValue()[element] = moments.get(entry.getKey());
            }
        }
        return new FeatureStatistics(column.name(), to - from, values);
    }

    private static double finite(Column column, int frame, int element) {
        double value = column.at(frame, element);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "feature '%s' is %s in frame %d, element %d"
                            .formatted(column.name(), value, frame, element));
        }
        return value;
    }

    /** What is known of one element over all frames. */
    private record Moments(
            double min, double max, double mean, double std, Histogram histogram, double[] counts) {
        static Moments of(double[] series) {
            double min = series[0];
            double max = series[0];
            // Deviations from the first value: algebraically the same variance, but what does not
            // move has exactly none.
            double sum = 0;
            double sumOfSquares = 0;
            for (double value : series) {
                min = Math.min(min, value);
                max = Math.max(max, value);
                double deviation = value - series[0];
                sum += deviation;
                sumOfSquares += deviation * deviation;
            }
            double shift = sum / series.length;
            double variance = Math.max(0, sumOfSquares / series.length - shift * shift);
            Histogram histogram = Histogram.over(min, max);
            return new Moments(
                    min,
                    max,
                    series[0] + shift,
                    Math.sqrt(variance),
                    histogram,
                    histogram.count(series));
        }

        double get(Statistic statistic) {
            return switch (statistic) {
                case MIN -> min;
                case MAX -> max;
                case MEAN -> mean;
                case STD -> std;
                case Q01, Q10, Q50, Q90, Q99 -> histogram.quantile(counts, statistic.quantile());
            };
        }
    }

    /** Equal bins over a little more than the range of the values. */
    private record Histogram(double low, double high) {
        static Histogram over(double min, double max) {
            return new Histogram(min - EDGE_MARGIN, max + EDGE_MARGIN);
        }

        double edge(int i) {
            return i == BINS ? high : low + i * ((high - low) / BINS);
        }

        /** How many values lie in each bin; a bin has its lower edge, the last one both. */
        double[] count(double[] series) {
            double[] counts = new double[BINS];
            double scale = BINS / (high - low);
            for (double value : series) {
                int bin = (int) Math.min(BINS - 1, Math.max(0, (value - low) * scale));
                while (bin > 0 && value < edge(bin)) {
                    bin--;
                }
                while (bin < BINS - 1 && value >= edge(bin + 1)) {
                    bin++;
                }
                counts[bin]++;
            }
            return counts;
        }

        double quantile(double[] counts, double quantile) {
            double total = 0;
            for (double count : counts) {
                total += count;
            }
            double target = quantile * total;
            double before = 0;
            for (int bin = 0; bin < BINS; bin++) {
                if (before + counts[bin] >= target) {
                    if (bin == 0) {
                        return edge(0);
                    }
                    double fraction = (target - before) / counts[bin];
                    return edge(bin) + fraction * (edge(bin + 1) - edge(bin));
                }
                before += counts[bin];
            }
            return edge(BINS);
        }
    }

    /**
     * The statistics of several episodes together: minima and maxima; mean = sum n m / N; variance
     * = sum n (v + (m - mean)^2) / N. Of the quantiles, the lowest for q50 and below and the
     * highest above: an envelope, not the quantile of all frames. A statistic that one of them
     * lacks, the result lacks.
     *
     * @throws IllegalArgumentException if there are none, or widths differ
     */
    public static FeatureStatistics aggregate(List<FeatureStatistics> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("no statistics to aggregate");
        }
        Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
        long total = parts.stream().mapToLong(FeatureStatistics::count).sum();
        for (Statistic statistic : Statistic.values()) {
            if (parts.stream().allMatch(part -> part.hasAll(statistic))) {
                values.put(
                        statistic,
                        switch (statistic) {
                            case MIN, Q01, Q10, Q50 -> extreme(parts, statistic, -1);
                            case MAX, Q90, Q99 -> extreme(parts, statistic, 1);
                            case MEAN -> mean(parts, total);
                            case STD -> deviation(parts, mean(parts, total), total);
                        });
            }
        }
        return of(parts.get(0).feature, total, values);
    }

    /** The deviation of several parts needs their means. */
    private boolean hasAll(Statistic statistic) {
        return has(statistic) && (statistic != Statistic.STD || has(Statistic.MEAN));
    }

    private static double[] extreme(List<FeatureStatistics> parts, Statistic statistic, int sign) {
        double[] result = parts.get(0).get(statistic);
        for (FeatureStatistics part : parts) {
            double[] values = part.getSameWidth(statistic, result.length);
            for (int i = 0; i < result.length; i++) {
                result[i] =
                        sign < 0 ? Math.min(result[i], values[i]) : Math.max(result[i], values[i]);
            }
        }
        return result;
    }

    private static double[] mean(List<FeatureStatistics> parts, long total) {
        double[] result = new double[parts.get(0).get(Statistic.MEAN).length];
        for (FeatureStatistics part : parts) {
            double[] mean = part.getSameWidth(Statistic.MEAN, result.length);
            for (int i = 0; i < result.length; i++) {
                result[i] += mean[i] * part.count / total;
            }
        }
        return result;
    }

    private static double[] deviation(List<FeatureStatistics> parts, double[] mean, long total) {
        double[] result = new double[mean.length];
        for (FeatureStatistics part : parts) {
            double[] partMean = part.getSameWidth(Statistic.MEAN, mean.length);
            double[] partStd = part.getSameWidth(Statistic.STD, mean.length);
            for (int i = 0; i < result.length; i++) {
                double difference = partMean[i] - mean[i];
                result[i] +=
                        (partStd[i] * partStd[i] + difference * difference) * part.count / total;
            }
        }
        for (int i = 0; i < result.length; i++) {
            result[i] = Math.sqrt(result[i]);
        }
        return result;
    }

    private double[] getSameWidth(Statistic statistic, int width) {
        double[] array = get(statistic);
        if (array.length != width) {
            throw new IllegalArgumentException(
                    "statistics of feature '%s': %d and %d elements"
                            .formatted(feature, array.length, width));
        }
        return array;
    }

    /** The feature's name. */
    public String feature() {
        return feature;
    }

    /** Over how many frames the statistics were taken. */
    public long count() {
        return count;
    }

    /** Which statistics are known. */
    public Set<Statistic> statistics() {
        return Collections.unmodifiableSet(values.keySet());
    }

    public boolean has(Statistic statistic) {
        return values.containsKey(statistic);
    }

    /**
     * A copy of one statistic, a number per element of the feature.
     *
     * @throws MissingStatisticsException if it is not known
     */
    public double[] get(Statistic statistic) {
        double[] array = values.get(statistic);
        if (array == null) {
            throw new MissingStatisticsException(
                    "feature '%s' has no statistic %s, only %s"
                            .formatted(feature, statistic.jsonName(), values.keySet()));
        }
        return array.clone();
    }
}
