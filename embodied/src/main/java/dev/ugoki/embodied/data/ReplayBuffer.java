package dev.ugoki.embodied.data;

import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Diffusion Policy's replay buffer: a zarr v2 group with the frames of all episodes in {@code
 * data/<key>} and where episodes end in {@code meta/episode_ends}.
 *
 * <pre>{@code
 * ReplayBuffer buffer = ReplayBuffer.open(Path.of("pusht_cchi_v7_replay.zarr"));
 * FrameTable frames = buffer.readFrames(List.of("state", "action"));
 * float[] image = buffer.array("img").readFloats(7, 8);
 * }</pre>
 */
public final class ReplayBuffer {
    private final Path folder;
    private final Map<String, ZarrArray> arrays;
    private final int[] episodeEnds;

    private ReplayBuffer(Path folder, Map<String, ZarrArray> arrays, int[] episodeEnds) {
        this.folder = folder;
        this.arrays = arrays;
        this.episodeEnds = episodeEnds;
    }

    /**
     * Opens the buffer; of the data only the episodes' ends are read.
     *
     * @throws DataFormatException if the folder is no such buffer, or damaged
     */
    public static ReplayBuffer open(Path folder) throws IOException {
        JsonFile.read(folder.resolve(".zgroup")).integer("zarr_format", 2, 2);
        int[] ends = readEpisodeEnds(folder.resolve("meta").resolve("episode_ends"));
        Map<String, ZarrArray> arrays = new LinkedHashMap<>();
        for (Path member : members(folder.resolve("data"))) {
            ZarrArray array = ZarrArray.open(member);
            if (array.rowCount() != ends[ends.length - 1]) {
                throw new DataFormatException(
                        member,
                        "%d rows, but the last episode ends at %d"
                                .formatted(array.rowCount(), ends[ends.length - 1]));
            }
            arrays.put(member.getFileName().toString(), array);
        }
        return new ReplayBuffer(folder, arrays, ends);
    }

    private static List<Path> members(Path data) throws IOException {
        if (!Files.isDirectory(data)) {
            throw new DataFormatException(data, "is missing");
        }
        try (Stream<Path> entries = Files.list(data)) {
            return entries.filter(entry -> Files.exists(entry.resolve(".zarray")))
                    .sorted()
                    .toList();
        }
    }

    private static int[] readEpisodeEnds(Path folder) throws IOException {
        ZarrArray array = ZarrArray.open(folder);
        if (array.shape().rank() != 1 || array.rowCount() == 0) {
            throw new DataFormatException(folder, "is no list of episode ends: " + array);
        }
        long[] ends =
                switch (array.dtype()) {
                    case I64 -> array.readLongs(0, array.rowCount());
                    case I32 ->
                            Arrays.stream(array.readInts(0, array.rowCount()))
                                    .asLongStream()
                                    .toArray();
                    default -> throw new DataFormatException(folder, "is " + array.dtype());
                };
        long previous = 0;
        for (long end : ends) {
            if (end <= previous || end > Integer.MAX_VALUE) {
                throw new DataFormatException(
                        folder, "an episode ends at %d after %d".formatted(end, previous));
            }
            previous = end;
        }
        return Arrays.stream(ends).mapToInt(Math::toIntExact).toArray();
    }

    /** The names of the arrays. */
    public List<String> keys() {
        return List.copyOf(arrays.keySet());
    }

    /**
     * The array of a key, to read rows of.
     *
     * @throws IllegalArgumentException if there is none
     */
    public ZarrArray array(String key) {
        ZarrArray array = arrays.get(key);
        if (array == null) {
            throw new IllegalArgumentException(
                    "no array '%s' in %s; there are %s".formatted(key, folder, arrays.keySet()));
        }
        return array;
    }

    /** A copy of the frame numbers that the episodes end before. */
    public int[] episodeEnds() {
        return episodeEnds.clone();
    }

    public int episodeCount() {
        return episodeEnds.length;
    }

    /** How many frames there are in all. */
    public int frameCount() {
        return episodeEnds[episodeEnds.length - 1];
    }

    /**
     * Reads these arrays whole.
     *
     * @throws IllegalArgumentException if there is no such array, or one exceeds 2 GiB: read that
     *     one in parts, through {@link #array}
     * @throws DataFormatException if a chunk is damaged
     */
    public FrameTable readFrames(Collection<String> keys) throws IOException {
        List<Column> columns = new ArrayList<>();
        for (String key : keys) {
            columns.add(readColumn(key, array(key)));
        }
        return FrameTable.of(columns, episodeEnds);
    }

    private static Column readColumn(String key, ZarrArray array) throws IOException {
        long[] extents = array.shape().toArray();
        Shape shape =
                extents.length == 1
                        ? Shape.of(1)
                        : Shape.of(Arrays.copyOfRange(extents, 1, extents.length));
        int rows = array.rowCount();
        return switch (array.dtype()) {
            case F32 -> Column.of(of(key, FeatureType.FLOAT32, shape), array.readFloats(0, rows));
            case F64 -> Column.of(of(key, FeatureType.FLOAT64, shape), array.readDoubles(0, rows));
            case I64 -> Column.of(of(key, FeatureType.INT64, shape), array.readLongs(0, rows));
            case I32 -> Column.of(of(key, FeatureType.INT32, shape), array.readInts(0, rows));
            case U8 -> Column.of(of(key, FeatureType.UINT8, shape), array.readBytes(0, rows));
            case BOOL -> Column.of(of(key, FeatureType.BOOL, shape), array.readBytes(0, rows));
            default -> throw new AssertionError(array.dtype());
        };
    }

    private static Feature of(String key, FeatureType type, Shape shape) {
        return new Feature(key, type, shape, List.of());
    }

    @Override
    public String toString() {
        return "%s: %d frames in %d episodes, %s"
                .formatted(folder, frameCount(), episodeCount(), arrays.values());
    }
}
