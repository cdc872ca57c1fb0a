package dev.ugoki.examples.policy;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Some episodes of a table of frames, such as those to learn from. */
final class EpisodeChoice {
    private EpisodeChoice() {}

    /** The episodes whose numbers are chosen, one after the other, in F32. */
    static FrameTable of(FrameTable frames, IntPredicate chosen) {
        int[] episodes = IntStream.range(0, frames.episodeCount()).filter(chosen).toArray();
        int[] ends = new int[episodes.length];
        int count = 0;
        for (int i = 0; i < episodes.length; i++) {
            count += frames.episodeLength(episodes[i]);
            ends[i] = count;
        }
        List<Column> columns = new ArrayList<>();
        for (Column column : frames.columns()) {
            columns.add(chosen(frames, column, episodes, count));
        }
        return FrameTable.of(columns, ends);
    }

    private static Column chosen(FrameTable frames, Column column, int[] episodes, int count) {
        Feature feature = Feature.vector(column.name(), FeatureType.FLOAT32, column.width());
        float[] values = new float[count * column.width()];
        int at = 0;
        for (int episode : episodes) {
            for (int frame = frames.episodeStart(episode);
                    frame < frames.episodeEnd(episode);
                    frame++) {
                column.copyFrame(frame, values, at);
                at += column.width();
            }
        }
        return Column.of(feature, values);
    }
}
