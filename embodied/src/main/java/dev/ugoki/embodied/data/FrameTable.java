package dev.ugoki.embodied.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Demonstrations in memory: named features, each with a vector per frame, and where episodes end.
 *
 * <p>The frames of all episodes follow each other; episode {@code e} is frames {@code
 * [episodeStart(e), episodeEnd(e))}. Both readers deliver this, and windows ({@link DeltaWindows},
 * {@link ReplayWindows}) and statistics ({@link DatasetStatistics}) work on it:
 *
 * <pre>{@code
 * FrameTable frames = LeRobotDataset.open(dir).readFrames(List.of("observation.state", "action"));
 * float[] actions = frames.column("action").floats();
 * }</pre>
 */
public final class FrameTable {
    private final Map<String, Column> columns = new LinkedHashMap<>();
    private final int[] episodeEnds;
    private final int[] episodeOfFrame;

    private FrameTable(List<Column> columns, int[] episodeEnds) {
        this.episodeEnds = episodeEnds.clone();
        this.episodeOfFrame = new int[episodeEnds.length == 0 ? 0 : last(episodeEnds)];
        int start = 0;
        for (int episode = 0; episode < episodeEnds.length; episode++) {
            Arrays.fill(episodeOfFrame, start, episodeEnds[episode], episode);
            start = episodeEnds[episode];
        }
        for (Column column : columns) {
            if (column.frameCount() != episodeOfFrame.length) {
                throw new IllegalArgumentException(
                        "feature '%s' has %d frames, but the episodes end at %d"
                                .formatted(
                                        column.name(), column.frameCount(), episodeOfFrame.length));
            }
            if (this.columns.put(column.name(), column) != null) {
                throw new IllegalArgumentException("feature '" + column.name() + "' twice");
            }
        }
    }

    private static int last(int[] ends) {
        for (int i = 0, previous = 0; i < ends.length; previous = ends[i++]) {
            if (ends[i] <= previous) {
                throw new IllegalArgumentException(
                        "episode %d ends at frame %d, but begins at %d"
                                .formatted(i, ends[i], previous));
            }
        }
        return ends[ends.length - 1];
    }

    /**
     * A table of these columns.
     *
     * @param episodeEnds for each episode the frame after its last one; increasing
     * @throws IllegalArgumentException if the ends don't increase, or a column has not as many
     *     frames as the last end says
     */
    public static FrameTable of(List<Column> columns, int[] episodeEnds) {
        return new FrameTable(columns, episodeEnds);
    }

    public int frameCount() {
        return episodeOfFrame.length;
    }

    public int episodeCount() {
        return episodeEnds.length;
    }

    /** The first frame of an episode. */
    public int episodeStart(int episode) {
        return episode == 0 ? 0 : episodeEnds[episode - 1];
    }

    /** The frame after the last one of an episode. */
    public int episodeEnd(int episode) {
        return episodeEnds[episode];
    }

    /** How many frames an episode has; at least one. */
    public int episodeLength(int episode) {
        return episodeEnd(episode) - episodeStart(episode);
    }

    /** The episode that a frame belongs to. */
    public int episodeOf(int frame) {
        return episodeOfFrame[frame];
    }

    /** The columns, in the order of the data set. */
    public List<Column> columns() {
        return List.copyOf(columns.values());
    }

    public boolean hasColumn(String name) {
        return columns.containsKey(name);
    }

    /**
     * The column of a feature.
     *
     * @throws IllegalArgumentException if there is none; the message lists those that there are
     */
    public Column column(String name) {
        Column column = columns.get(name);
        if (column == null) {
            throw new IllegalArgumentException(
                    "no feature '" + name + "'; there are " + columns.keySet());
        }
        return column;
    }

    /** The same frames, with these features alone. */
    public FrameTable select(Collection<String> names) {
        return new FrameTable(names.stream().map(this::column).toList(), episodeEnds);
    }

    /** The same frames, with one more feature. */
    public FrameTable with(Column added) {
        List<Column> all = new ArrayList<>(columns.values());
        all.add(added);
        return new FrameTable(all, episodeEnds);
    }

    /** A copy of the frame numbers that the episodes end before. */
    public int[] episodeEnds() {
        return episodeEnds.clone();
    }

    @Override
    public String toString() {
        return "%d frames in %d episodes: %s"
                .formatted(frameCount(), episodeCount(), columns.values());
    }
}
