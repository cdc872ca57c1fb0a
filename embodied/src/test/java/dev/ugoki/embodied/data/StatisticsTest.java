package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class StatisticsTest {
    private static Column column(double... values) {
        return Column.of(Feature.vector("x", FeatureType.FLOAT64, 1), values);
    }

    /** Expected values by numpy: histogram with 5000 bins, cumsum, searchsorted, interpolation. */
    @Test
    void statisticsAreThoseOfTheHistogram() {
        double[] series = new double[1000];
        for (int i = 0; i < series.length; i++) {
            series[i] = Math.sin(i * 0.37) * i / 100;
        }
        FeatureStatistics statistics = FeatureStatistics.of(column(series), 0, 1000);
        assertEquals(1000, statistics.count());
        assertEquals(-9.904768828480211, statistics.get(Statistic.MIN)[0], 1e-12);
        assertEquals(9.868763712648388, statistics.get(Statistic.MAX)[0], 1e-12);
        assertEquals(-0.017094576361985466, statistics.get(Statistic.MEAN)[0], 1e-12);
        assertEquals(4.087651464814192, statistics.get(Statistic.STD)[0], 1e-12);
        assertEquals(-9.090099287877473, statistics.get(Statistic.Q01)[0], 1e-9);
        assertEquals(-5.649504625686297, statistics.get(Statistic.Q10)[0], 1e-9);
        assertEquals(0.0037483278795500397, statistics.get(Statistic.Q50)[0], 1e-9);
        assertEquals(5.554178912230489, statistics.get(Statistic.Q90)[0], 1e-9);
        assertEquals(8.959181215847272, statistics.get(Statistic.Q99)[0], 1e-9);
    }

    @Test
    void whatDoesNotMoveHasNoDeviation() {
        FeatureStatistics statistics =
                FeatureStatistics.of(column(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1), 0, 7);
        assertEquals(0, statistics.get(Statistic.STD)[0]);
        assertEquals(0.1, statistics.get(Statistic.MEAN)[0]);
        assertEquals(0.1, statistics.get(Statistic.Q50)[0], 2e-10);
        double large = 1e12;
        assertEquals(large, FeatureStatistics.of(column(large, large), 0, 2).get(Statistic.Q99)[0]);
    }

    @Test
    void episodesAggregate() {
        FrameTable frames =
                FrameTable.of(List.of(column(1, 2, 3, 10, 20, 30, 40, 50)), new int[] {3, 8});
        FeatureStatistics all = DatasetStatistics.of(frames).feature("x");
        FeatureStatistics first = DatasetStatistics.perEpisode(frames).get(0).feature("x");
        FeatureStatistics second = DatasetStatistics.perEpisode(frames).get(1).feature("x");
        FeatureStatistics pooled = FeatureStatistics.of(column(1, 2, 3, 10, 20, 30, 40, 50), 0, 8);
        assertEquals(8, all.count());
        for (Statistic same : List.of(Statistic.MIN, Statistic.MAX)) {
            assertArrayEquals(pooled.get(same), all.get(same));
        }
        assertEquals(pooled.get(Statistic.MEAN)[0], all.get(Statistic.MEAN)[0], 1e-12);
        assertEquals(pooled.get(Statistic.STD)[0], all.get(Statistic.STD)[0], 1e-12);
        for (Statistic low : List.of(Statistic.Q01, Statistic.Q10, Statistic.Q50)) {
            assertArrayEquals(first.get(low), all.get(low));
        }
        for (Statistic high : List.of(Statistic.Q90, Statistic.Q99)) {
            assertArrayEquals(second.get(high), all.get(high));
        }
    }

    @Test
    void aStatisticThatAnEpisodeLacksIsNotAggregated() {
        FeatureStatistics with =
                FeatureStatistics.of(
                        "x",
                        2,
                        Map.of(Statistic.MIN, new double[] {1}, Statistic.Q01, new double[] {1}));
        FeatureStatistics without =
                FeatureStatistics.of("x", 2, Map.of(Statistic.MIN, new double[] {0}));
        FeatureStatistics both = FeatureStatistics.aggregate(List.of(with, without));
        assertEquals(0, both.get(Statistic.MIN)[0]);
        assertFalse(both.has(Statistic.Q01));
    }

    @Test
    void missingStatisticsAreNamed() {
        DatasetStatistics none = DatasetStatistics.of(List.of());
        assertTrue(
                assertThrows(MissingStatisticsException.class, () -> none.feature("action"))
                        .getMessage()
                        .contains("'action'"));
        FeatureStatistics few =
                FeatureStatistics.of("action", 2, Map.of(Statistic.MIN, new double[] {0}));
        String message =
                assertThrows(
                                MissingStatisticsException.class,
                                () -> Normalizer.of(Normalization.QUANTILES, few))
                        .getMessage();
        assertTrue(message.contains("'action'") && message.contains("q01"), message);
    }

    private static final FeatureStatistics TWO =
            FeatureStatistics.of(
                    "x",
                    10,
                    Map.of(
                            Statistic.MEAN, new double[] {1, 5},
                            Statistic.STD, new double[] {2, 0},
                            Statistic.MIN, new double[] {-1, 5},
                            Statistic.MAX, new double[] {3, 5},
                            Statistic.Q01, new double[] {-0.5, 5},
                            Statistic.Q99, new double[] {2.5, 5},
                            Statistic.Q10, new double[] {0, 5},
                            Statistic.Q90, new double[] {2, 5}));

    private static float[] normalized(Normalization mode, float... vectors) {
        Normalizer.of(mode, TWO).normalize(vectors);
        return vectors;
    }

    @Test
    void modesFollowTheirFormulas() {
        assertArrayEquals(new float[] {2, 5}, normalized(Normalization.IDENTITY, 2, 5));
        assertArrayEquals(
                new float[] {1f / (2f + 1e-8f), 0}, normalized(Normalization.MEAN_STD, 2, 5));
        assertArrayEquals(new float[] {0.5f, -1}, normalized(Normalization.MIN_MAX, 2, 5));
        assertArrayEquals(
                new float[] {2 * 2.5f / 3 - 1, -1}, normalized(Normalization.QUANTILES, 2, 5));
        assertArrayEquals(new float[] {2, -1}, normalized(Normalization.QUANTILE10, 3, 5));
        assertArrayEquals(new float[] {0.5f, 0}, normalized(Normalization.LIMITS, 2, 5));
        assertArrayEquals(
                new float[] {1 / (2 + 1e-6f), 0}, normalized(Normalization.OPENPI_MEAN_STD, 2, 5));
        assertArrayEquals(
                new float[] {2.5f / (3 + 1e-6f) * 2 - 1, -1},
                normalized(Normalization.OPENPI_QUANTILES, 2, 5));
        float hundredMillionth = 1e-8f;
        assertArrayEquals(
                new float[] {0, 2 * (6f - 5f) / hundredMillionth - 1},
                normalized(Normalization.MIN_MAX, 1, 6));
    }

    @Test
    void everyModeHasItsInverse() {
        for (Normalization mode : Normalization.values()) {
            float[] vectors = {2, 5, -7.5f, 5, 100, 5};
            Normalizer normalizer = Normalizer.of(mode, TWO);
            normalizer.normalize(vectors);
            normalizer.unnormalize(vectors);
            assertArrayEquals(new float[] {2, 5, -7.5f, 5, 100, 5}, vectors, 2e-5f, mode.name());
        }
    }

    @Test
    void halfAVectorIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Normalizer.of(Normalization.MEAN_STD, TWO).normalize(new float[3]));
    }
}
