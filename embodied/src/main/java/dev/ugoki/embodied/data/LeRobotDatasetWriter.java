package dev.ugoki.embodied.data;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.ParquetWriter.Field;
import dev.ugoki.embodied.data.ParquetWriter.Kind;
import dev.ugoki.embodied.data.ParquetWriter.Values;
import dev.ugoki.tensor.io.WholeFolder;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * Writes demonstrations as a LeRobotDataset of version 3.0, so that LeRobot and {@link
 * LeRobotDataset} read them.
 *
 * <pre>{@code
 * LeRobotDatasetWriter.write(
 *         Path.of("demonstrations"), frames,
 *         new LeRobotDatasetWriter.Recording(10, "pusht", List.of("Push the T onto its target.")));
 * }</pre>
 *
 * <p>The folder appears at once, when all of it is on the disk, or not at all. {@code frame_index,
 * episode_index, index} and {@code task_index} are made anew; {@code timestamp} only where the
 * frames have none.
 */
public final class LeRobotDatasetWriter {
    /** As LeRobot: a data file is closed beyond this size. */
    private static final int DATA_FILE_MEGABYTES = 100;

    private static final int VIDEO_FILE_MEGABYTES = 200;
    private static final int FILES_PER_CHUNK = 1000;
    private static final int ROWS_PER_GROUP = 8192;

    private static final String DATA_PATH =
            "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /**
     * What frames don't tell of themselves.
     *
     * @param framesPerSecond at what rate they were recorded
     * @param robotType the robot, or null
     * @param tasks what was to be done: one for all episodes, or one for each
     */
    public record Recording(
            double framesPerSecond, @Nullable String robotType, List<String> tasks) {
        /**
         * @throws IllegalArgumentException if the rate is not positive, or there is no task
         */
        public Recording {
            if (!(framesPerSecond > 0) || tasks.isEmpty()) {
                throw new IllegalArgumentException(
                        "%s frames per second, tasks %s".formatted(framesPerSecond, tasks));
            }
            tasks = List.copyOf(tasks);
        }

        String task(int episode) {
            return tasks.get(tasks.size() == 1 ? 0 : episode);
        }
    }

    private final FrameTable frames;
    private final Recording recording;
    private final List<String> distinctTasks;

    /** The file each episode went to. */
    private final int[] fileOfEpisode;

    private LeRobotDatasetWriter(FrameTable frames, Recording recording) {
        this.recording = recording;
        Set<String> tasks = new LinkedHashSet<>();
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            tasks.add(recording.task(episode));
        }
        this.distinctTasks = List.copyOf(tasks);
        this.frames = withStandardColumns(frames);
        this.fileOfEpisode = new int[frames.episodeCount()];
    }

    /**
     * Writes a data set.
     *
     * @param folder a name that is not taken
     * @throws IllegalArgumentException if a feature is of a kind that is not written: a picture, or
     *     one whose shape has more than one dimension (flatten it first); if a value is not finite;
     *     or if there are neither one task nor as many as episodes
     * @throws FileAlreadyExistsException if there is something by the folder's name
     */
    public static void write(Path folder, FrameTable frames, Recording recording)
            throws IOException {
        for (Column column : frames.columns()) {
            checkWritable(column.feature());
        }
        if (frames.episodeCount() == 0) {
            throw new IllegalArgumentException("no episode to write");
        }
        if (recording.tasks.size() != 1 && recording.tasks.size() != frames.episodeCount()) {
            throw new IllegalArgumentException(
                    "%d tasks for %d episodes"
                            .formatted(recording.tasks.size(), frames.episodeCount()));
        }
        LeRobotDatasetWriter writer = new LeRobotDatasetWriter(frames, recording);
        List<DatasetStatistics> statistics = DatasetStatistics.perEpisode(writer.frames);
        WholeFolder.write(folder, partial -> writer.writeAll(partial, statistics));
    }

    private static void checkWritable(Feature feature) {
        if (!feature.type().isNumeric() && feature.type() != FeatureType.STRING) {
            throw new IllegalArgumentException(
                    "feature '%s' is %s, which is not written"
                            .formatted(feature.name(), feature.type().jsonName()));
        }
        if (feature.shape().rank() != 1 || feature.width() == 0) {
            throw new IllegalArgumentException(
                    "feature '%s' has shape %s; flatten it to a vector of %d"
                            .formatted(feature.name(), feature.shape(), feature.width()));
        }
    }

    private FrameTable withStandardColumns(FrameTable given) {
        int count = given.frameCount();
        float[] timestamp = new float[count];
        long[] frameIndex = new long[count];
        long[] episodeIndex = new long[count];
        long[] index = new long[count];
        long[] taskIndex = new long[count];
        for (int frame = 0; frame < count; frame++) {
            int episode = given.episodeOf(frame);
            frameIndex[frame] = frame - given.episodeStart(episode);
            timestamp[frame] = (float) (frameIndex[frame] / recording.framesPerSecond);
            episodeIndex[frame] = episode;
            index[frame] = frame;
            taskIndex[frame] = distinctTasks.indexOf(recording.task(episode));
        }
        Map<String, Column> columns = new LinkedHashMap<>();
        given.columns().forEach(column -> columns.put(column.name(), column));
        columns.putIfAbsent(
                "timestamp",
                Column.of(Feature.vector("timestamp", FeatureType.FLOAT32, 1), timestamp));
        putLongs(columns, "frame_index", frameIndex);
        putLongs(columns, "episode_index", episodeIndex);
        putLongs(columns, "index", index);
        putLongs(columns, "task_index", taskIndex);
        return FrameTable.of(List.copyOf(columns.values()), given.episodeEnds());
    }

    private static void putLongs(Map<String, Column> columns, String name, long[] values) {
        columns.put(name, Column.of(Feature.vector(name, FeatureType.INT64, 1), values));
    }

    private void writeAll(Path folder, List<DatasetStatistics> statistics) throws IOException {
        Path meta = Files.createDirectories(folder.resolve("meta"));
        writeFrames(folder);
        Files.createDirectories(meta);
        Files.write(meta.resolve("info.json"), JsonFile.toBytes(info()));
        Files.write(
                meta.resolve("stats.json"),
                JsonFile.toBytes(json(DatasetStatistics.aggregate(statistics))));
        writeTasks(meta.resolve("tasks.parquet"));
        writeEpisodes(meta.resolve("episodes/chunk-000/file-000.parquet"), statistics);
    }

    private void writeFrames(Path folder) throws IOException {
        int episode = 0;
        for (int file = 0; episode < frames.episodeCount(); file++) {
            Path path =
                    folder.resolve(
                            "data/chunk-%03d/file-%03d.parquet"
                                    .formatted(file / FILES_PER_CHUNK, file % FILES_PER_CHUNK));
            Files.createDirectories(path.getParent());
            try (ParquetWriter writer = new ParquetWriter(path, fields(), huggingFace())) {
                while (episode < frames.episodeCount()
                        && writer.position() < (long) DATA_FILE_MEGABYTES << 20) {
                    int first = episode;
                    int start = frames.episodeStart(first);
                    do {
                        fileOfEpisode[episode++] = file;
                    } while (episode < frames.episodeCount()
                            && frames.episodeEnd(episode) - start <= ROWS_PER_GROUP);
                    writeRows(writer, start, frames.episodeEnd(episode - 1));
                }
            }
        }
    }

    private List<Field> fields() {
        return frames.columns().stream()
                .map(
                        column ->
                                new Field(
                                        column.name(),
                                        kind(column.feature().type()),
                                        column.width() != 1))
                .toList();
    }

    private static Kind kind(FeatureType type) {
        return switch (type) {
            case FLOAT32 -> Kind.FLOAT;
            case FLOAT64 -> Kind.DOUBLE;
            case INT64 -> Kind.INT64;
            case INT32, UINT8 -> Kind.INT32;
            case BOOL -> Kind.BOOLEAN;
            case STRING -> Kind.STRING;
            default -> throw new AssertionError(type);
        };
    }

    private void writeRows(ParquetWriter writer, int from, int to) throws IOException {
        List<Values> values = new ArrayList<>();
        for (Column column : frames.columns()) {
            Object array = array(column.slice(from, to));
            values.add(
                    column.width() == 1
                            ? Values.ofScalars(array)
                            : Values.ofVectors(array, to - from, column.width()));
        }
        writer.writeRowGroup(to - from, values);
    }

    private static Object array(Column column) {
        return switch (column.feature().type()) {
            case FLOAT32 -> column.floats();
            case FLOAT64 -> column.doubles();
            case INT64 -> column.longs();
            case INT32 -> column.ints();
            case UINT8 -> {
                int[] wide = new int[column.bytes().length];
                Arrays.setAll(wide, i -> column.bytes()[i] & 0xFF);
                yield wide;
            }
            case BOOL -> {
                boolean[] booleans = new boolean[column.bytes().length];
                for (int i = 0; i < booleans.length; i++) {
                    booleans[i] = column.bytes()[i] != 0;
                }
                yield booleans;
            }
            default -> column.strings();
        };
    }

    /** The schema as Hugging Face's datasets library keeps it, which tells vectors' lengths. */
    private Map<String, String> huggingFace() throws IOException {
        ObjectNode features = JSON.objectNode();
        for (Column column : frames.columns()) {
            ObjectNode value =
                    JSON.objectNode()
                            .put("dtype", column.feature().type().jsonName())
                            .put("_type", "Value");
            if (column.width() != 1) {
                ObjectNode sequence = JSON.objectNode();
                sequence.set("feature", value);
                value = sequence.put("length", column.width()).put("_type", "Sequence");
            }
            features.set(column.name(), value);
        }
        ObjectNode root = JSON.objectNode();
        root.putObject("info").set("features", features);
        return Map.of("huggingface", JsonFile.toLine(root));
    }

    private ObjectNode info() {
        ObjectNode info =
                JSON.objectNode()
                        .put("codebase_version", "v3.0")
                        .put("robot_type", recording.robotType)
                        .put("total_episodes", frames.episodeCount())
                        .put("total_frames", frames.frameCount())
                        .put("total_tasks", distinctTasks.size())
                        .put("chunks_size", FILES_PER_CHUNK)
                        .put("data_files_size_in_mb", DATA_FILE_MEGABYTES)
                        .put("video_files_size_in_mb", VIDEO_FILE_MEGABYTES);
        putRate(info);
        info.putObject("splits").put("train", "0:" + frames.episodeCount());
        info.put("data_path", DATA_PATH);
        info.putNull("video_path");
        ObjectNode features = info.putObject("features");
        for (Column column : frames.columns()) {
            Feature feature = column.feature();
            ObjectNode node =
                    features.putObject(feature.name()).put("dtype", feature.type().jsonName());
            node.putArray("shape").add(feature.width());
            if (feature.names().isEmpty()) {
                node.putNull("names");
            } else {
                feature.names().forEach(node.putArray("names")::add);
            }
        }
        return info;
    }

    /** LeRobot wants a whole number where it is one. */
    private void putRate(ObjectNode info) {
        double rate = recording.framesPerSecond;
        if (rate == Math.rint(rate) && rate < Integer.MAX_VALUE) {
            info.put("fps", (int) rate);
        } else {
            info.put("fps", rate);
        }
    }

    private static ObjectNode json(DatasetStatistics statistics) {
        ObjectNode root = JSON.objectNode();
        for (String name : statistics.features()) {
            FeatureStatistics feature = statistics.feature(name);
            ObjectNode node = root.putObject(name);
            for (Statistic statistic : feature.statistics()) {
                ArrayNode array = node.putArray(statistic.jsonName());
                Arrays.stream(feature.get(statistic)).forEach(array::add);
            }
            node.putArray("count").add(feature.count());
        }
        return root;
    }

    /** A pandas frame whose index is the task: LeRobot looks tasks up by it. */
    private void writeTasks(Path file) throws IOException {
        ObjectNode pandas = JSON.objectNode();
        pandas.putArray("index_columns").add("task");
        pandas.putArray("column_indexes");
        ArrayNode columns = pandas.putArray("columns");
        addPandasColumn(columns, "task_index", "int64", "int64");
        addPandasColumn(columns, "task", "unicode", "object");
        List<Field> fields =
                List.of(
                        new Field("task_index", Kind.INT64, false),
                        new Field("task", Kind.STRING, false));
        try (ParquetWriter writer =
                new ParquetWriter(file, fields, Map.of("pandas", JsonFile.toLine(pandas)))) {
            long[] indices = new long[distinctTasks.size()];
            Arrays.setAll(indices, i -> i);
            writer.writeRowGroup(
                    indices.length,
                    List.of(
                            Values.ofScalars(indices),
                            Values.ofScalars(distinctTasks.toArray(new String[0]))));
        }
    }

    private static void addPandasColumn(
            ArrayNode columns, String name, String pandasType, String numpyType) {
        columns.addObject()
                .put("name", name)
                .put("field_name", name)
                .put("pandas_type", pandasType)
                .put("numpy_type", numpyType)
                .putNull("metadata");
    }

    private void writeEpisodes(Path file, List<DatasetStatistics> statistics) throws IOException {
        int count = frames.episodeCount();
        Map<Field, Values> table = new LinkedHashMap<>();
        putIndex(table, "episode_index", i -> i);
        String[] tasks = new String[count];
        Arrays.setAll(tasks, recording::task);
        table.put(new Field("tasks", Kind.STRING, true), Values.ofVectors(tasks, count, 1));
        putIndex(table, "length", frames::episodeLength);
        putIndex(table, "data/chunk_index", i -> fileOfEpisode[i] / FILES_PER_CHUNK);
        putIndex(table, "data/file_index", i -> fileOfEpisode[i] % FILES_PER_CHUNK);
        putIndex(table, "dataset_from_index", frames::episodeStart);
        putIndex(table, "dataset_to_index", frames::episodeEnd);
        for (String feature : statistics.get(0).features()) {
            putStatistics(table, feature, statistics);
        }
        putIndex(table, "meta/episodes/chunk_index", i -> 0);
        putIndex(table, "meta/episodes/file_index", i -> 0);
        Files.createDirectories(file.getParent());
        try (ParquetWriter writer =
                new ParquetWriter(file, List.copyOf(table.keySet()), Map.of())) {
            writer.writeRowGroup(count, List.copyOf(table.values()));
        }
    }

    private void putIndex(Map<Field, Values> table, String name, IntUnaryOperator value) {
        long[] values = new long[frames.episodeCount()];
        Arrays.setAll(values, value::applyAsInt);
        table.put(new Field(name, Kind.INT64, false), Values.ofScalars(values));
    }

    private static void putStatistics(
            Map<Field, Values> table, String feature, List<DatasetStatistics> statistics) {
        int count = statistics.size();
        for (Statistic statistic : Statistic.values()) {
            int width = statistics.get(0).feature(feature).get(statistic).length;
            double[] flat = new double[count * width];
            for (int episode = 0; episode < count; episode++) {
                double[] values = statistics.get(episode).feature(feature).get(statistic);
                System.arraycopy(values, 0, flat, episode * width, width);
            }
            String name = "stats/%s/%s".formatted(feature, statistic.jsonName());
            table.put(new Field(name, Kind.DOUBLE, true), Values.ofVectors(flat, count, width));
        }
        long[] counts = new long[count];
        Arrays.setAll(counts, episode -> statistics.get(episode).feature(feature).count());
        table.put(
                new Field("stats/%s/count".formatted(feature), Kind.INT64, true),
                Values.ofVectors(counts, count, 1));
    }
}
