package dev.ugoki.embodied.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The statistics of all features of a data set, or of one of its episodes.
 *
 * <pre>{@code
 * DatasetStatistics statistics = DatasetStatistics.of(frames);
 * Normalizer normalizer = Normalizer.of(Normalization.MIN_MAX, statistics.feature("action"));
 * }</pre>
 */
public final class DatasetStatistics {
    private final Map<String, FeatureStatistics> features;

    private DatasetStatistics(Map<String, FeatureStatistics> features) {
        this.features = features;
    }

    /** Statistics of these features. */
    public static DatasetStatistics of(Iterable<FeatureStatistics> features) {
        Map<String, FeatureStatistics> map = new LinkedHashMap<>();
        for (FeatureStatistics feature : features) {
            map.put(feature.feature(), feature);
        }
        return new DatasetStatistics(map);
    }

    /**
     * The statistics of all numeric features, taken per episode and then aggregated, as LeRobot
     * does: so the quantiles are an envelope of the episodes'.
     */
    public static DatasetStatistics of(FrameTable frames) {
        return aggregate(perEpisode(frames));
    }

    /** The statistics of all numeric features in each episode. */
    public static List<DatasetStatistics> perEpisode(FrameTable frames) {
        List<DatasetStatistics> episodes = new ArrayList<>();
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            int from = frames.episodeStart(episode);
            int to = frames.episodeEnd(episode);
            episodes.add(
                    of(
                            frames.columns().stream()
                                    .filter(column -> column.feature().type().isNumeric())
                                    .map(column -> FeatureStatistics.of(column, from, to))
                                    .toList()));
        }
        return episodes;
    }

    /**
     * The statistics of several episodes together, see {@link FeatureStatistics#aggregate}; a
     * feature counts where it occurs.
     */
    public static DatasetStatistics aggregate(List<DatasetStatistics> episodes) {
        Map<String, List<FeatureStatistics>> parts = new LinkedHashMap<>();
        for (DatasetStatistics episode : episodes) {
            episode.features.forEach(
                    (name, feature) ->
                            parts.computeIfAbsent(name, n -> new ArrayList<>()).add(feature));
        }
        return of(parts.values().stream().map(FeatureStatistics::aggregate).toList());
    }

    /** The names of the features. */
    public Set<String> features() {
        return Collections.unmodifiableSet(features.keySet());
    }

    public boolean has(String feature) {
        return features.containsKey(feature);
    }

    /**
     * The statistics of a feature.
     *
     * @throws MissingStatisticsException if there are none; the message names it
     */
    public FeatureStatistics feature(String name) {
        FeatureStatistics found = features.get(name);
        if (found == null) {
            throw new MissingStatisticsException(
                    "no statistics of feature '%s'; there are some of %s"
                            .formatted(name, features.keySet()));
        }
        return found;
    }
}
