package dev.ugoki.embodied.data;

import com.fasterxml.jackson.databind.JsonNode;

import dev.hardwood.HardwoodContext;
import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A LeRobotDataset folder, of version 2.0, 2.1 (a Parquet file per episode) or 3.0 (many episodes
 * per file); see huggingface.co/docs/lerobot.
 *
 * <pre>{@code
 * LeRobotDataset dataset = LeRobotDataset.open(Path.of("pusht"));
 * FrameTable frames = dataset.readFrames(List.of("observation.state", "action"));
 * Normalizer normalizer =
 *         Normalizer.of(Normalization.MIN_MAX, dataset.statistics().feature("action"));
 * }</pre>
 *
 * <p>Metadata are read leniently: keys that are not known don't matter, names of elements may have
 * any of the forms in use. Features of vectors and scalars are read; pictures and videos are listed
 * but not decoded. A damaged file ends in a {@link DataFormatException}. Immutable.
 */
public final class LeRobotDataset {
    /**
     * One recorded demonstration.
     *
     * @param index its number, from 0
     * @param tasks what was to be done, in words; usually one
     * @param length how many frames it has
     * @param firstFrame the number of its first frame in the whole data set
     * @param dataFile where its frames are, relative to the data set's folder
     */
    public record Episode(
            int index, List<String> tasks, int length, int firstFrame, String dataFile) {}

    private static final Pattern FIELD = Pattern.compile("\\{(\\w+)(?::0?(\\d{1,2})d)?\\}");

    private final Path folder;
    private final JsonFile info;
    private final int majorVersion;
    private final Map<String, Feature> features = new LinkedHashMap<>();
    private final Map<Integer, String> tasks = new TreeMap<>();
    private final List<Episode> episodes = new ArrayList<>();
    private final List<DatasetStatistics> episodeStatistics = new ArrayList<>();
    private DatasetStatistics statistics = DatasetStatistics.of(List.of());

    private LeRobotDataset(Path folder, JsonFile info) throws DataFormatException {
        this.folder = folder;
        this.info = info;
        this.majorVersion = majorVersion(info);
        readFeatures();
    }

    /**
     * Opens a data set: reads its metadata, none of its frames.
     *
     * @throws DataFormatException if a file of the metadata is missing, damaged, or at odds with
     *     another
     */
    public static LeRobotDataset open(Path folder) throws IOException {
        JsonFile info = JsonFile.read(folder.resolve("meta").resolve("info.json"));
        LeRobotDataset dataset = new LeRobotDataset(folder, info);
        if (dataset.majorVersion == 2) {
            dataset.readMetadataV2();
        } else {
            dataset.readMetadataV3();
        }
        dataset.checkTotals();
        return dataset;
    }

    private static int majorVersion(JsonFile info) throws DataFormatException {
        String version = info.text("codebase_version");
        if (version.matches("v[23]\\.\\d+")) {
            return version.charAt(1) - '0';
        }
        throw info.wrong(
                "codebase_version", "is \"" + version + "\"; read are v2.0, v2.1 and v3.0");
    }

    private void readFeatures() throws DataFormatException {
        JsonFile all = info.object("features");
        for (Map.Entry<String, JsonNode> entry : all.root().properties()) {
            JsonFile json = all.object(entry.getKey());
            try {
                features.put(
                        entry.getKey(),
                        new Feature(
                                entry.getKey(),
                                FeatureType.ofJsonName(json.text("dtype")),
                                shape(json),
                                names(json.node("names"))));
            } catch (IllegalArgumentException problem) {
                throw all.wrong(entry.getKey(), String.valueOf(problem.getMessage()));
            }
        }
    }

    private static Shape shape(JsonFile json) throws DataFormatException {
        JsonNode node = json.node("shape");
        if (!json.has("shape")) {
            return Shape.of(1);
        }
        if (!node.isArray() || node.size() > 8) {
            throw json.wrong("shape", "is no list of up to 8 extents");
        }
        long[] extents = new long[node.size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = json.integer(node.get(i), "shape", 0, Feature.MAX_WIDTH);
        }
        return Shape.of(extents);
    }

    /** A list, a list in a list, an object with a list, or null: writers differ. */
    private static List<String> names(JsonNode node) {
        List<String> names = new ArrayList<>();
        if (node.isTextual()) {
            names.add(node.textValue());
        } else if (node.isContainerNode()) {
            node.forEach(child -> names.addAll(names(child)));
        }
        return names;
    }

    private void readMetadataV2() throws IOException {
        Path meta = folder.resolve("meta");
        for (JsonFile line : JsonFile.readLines(meta.resolve("tasks.jsonl"))) {
            tasks.put((int) line.integer("task_index", 0, Integer.MAX_VALUE), line.text("task"));
        }
        int chunkSize = chunkSize();
        int first = 0;
        for (JsonFile line : JsonFile.readLines(meta.resolve("episodes.jsonl"))) {
            int index = (int) line.integer("episode_index", 0, Integer.MAX_VALUE);
            Map<String, Integer> place =
                    Map.of("episode_index", index, "episode_chunk", index / chunkSize);
            int length = (int) line.integer("length", 1, Integer.MAX_VALUE - first);
            addEpisode(line.file(), index, names(line.node("tasks")), length, first, place);
            first += length;
        }
        Path perEpisode = meta.resolve("episodes_stats.jsonl");
        if (Files.exists(perEpisode)) {
            for (JsonFile line : JsonFile.readLines(perEpisode)) {
                episodeStatistics.add(statistics(line.object("stats")));
            }
            if (episodeStatistics.size() != episodes.size()) {
                throw new DataFormatException(
                        perEpisode,
                        "statistics of %d episodes, but there are %d"
                                .formatted(episodeStatistics.size(), episodes.size()));
            }
            statistics = aggregate(perEpisode);
        } else {
            readGlobalStatistics();
        }
    }

    private DatasetStatistics aggregate(Path file) throws DataFormatException {
        try {
            return DatasetStatistics.aggregate(episodeStatistics);
        } catch (IllegalArgumentException problem) {
            throw new DataFormatException(file, String.valueOf(problem.getMessage()), problem);
        }
    }

    private int chunkSize() throws DataFormatException {
        return info.has("chunks_size")
                ? (int) info.integer("chunks_size", 1, Integer.MAX_VALUE)
                : 1000;
    }

    private void addEpisode(
            Path source,
            int index,
            List<String> tasks,
            int length,
            int firstFrame,
            Map<String, Integer> place)
            throws DataFormatException {
        if (index != episodes.size()) {
            throw new DataFormatException(
                    source, "episode %d stands where %d is due".formatted(index, episodes.size()));
        }
        episodes.add(new Episode(index, List.copyOf(tasks), length, firstFrame, dataFile(place)));
    }

    /** Fills in {@code data_path}, a Python format such as {@code file-{file_index:03d}}. */
    private String dataFile(Map<String, Integer> place) throws DataFormatException {
        String template = info.text("data_path");
        Matcher matcher = FIELD.matcher(template);
        StringBuilder path = new StringBuilder();
        while (matcher.find()) {
            Integer value = place.get(matcher.group(1));
            if (value == null) {
                throw info.wrong("data_path", "has a place for " + matcher.group(1));
            }
            String digits = matcher.group(2);
            int width = digits == null ? 1 : Math.max(1, Integer.parseInt(digits));
            matcher.appendReplacement(path, ("%0" + width + "d").formatted(value));
        }
        matcher.appendTail(path);
        Path root = folder.normalize();
        if (!root.resolve(path.toString()).normalize().startsWith(root)) {
            throw info.wrong("data_path", "leads out of the data set's folder");
        }
        return path.toString();
    }

    private void readGlobalStatistics() throws IOException {
        Path file = folder.resolve("meta").resolve("stats.json");
        if (Files.exists(file)) {
            statistics = statistics(JsonFile.read(file));
        }
    }

    private static DatasetStatistics statistics(JsonFile json) throws DataFormatException {
        List<FeatureStatistics> all = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : json.root().properties()) {
            JsonFile feature = json.object(entry.getKey());
            Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
            for (Statistic statistic : Statistic.values()) {
                if (feature.has(statistic.jsonName())) {
                    values.put(statistic, feature.numbers(statistic.jsonName()));
                }
            }
            double[] count = feature.has("count") ? feature.numbers("count") : new double[] {0};
            all.add(statistics(json.file(), entry.getKey(), count, values));
        }
        return DatasetStatistics.of(all);
    }

    private static FeatureStatistics statistics(
            Path file, String feature, double[] count, Map<Statistic, double[]> values)
            throws DataFormatException {
        if (count.length != 1 || !(count[0] >= 0)) {
            throw new DataFormatException(
                    file,
                    "statistics of '%s': count %s".formatted(feature, Arrays.toString(count)));
        }
        try {
            return FeatureStatistics.of(feature, (long) count[0], values);
        } catch (IllegalArgumentException problem) {
            throw new DataFormatException(file, String.valueOf(problem.getMessage()), problem);
        }
    }

    private void readMetadataV3() throws IOException {
        Path meta = folder.resolve("meta");
        try (HardwoodContext context = HardwoodContext.create(1)) {
            readTasks(meta.resolve("tasks.parquet"), context);
            for (Path file : parquetFiles(meta.resolve("episodes"))) {
                try (ParquetTable table = ParquetTable.open(file, context)) {
                    readEpisodes(file, table);
                }
            }
        }
        readGlobalStatistics();
    }

    private void readTasks(Path file, HardwoodContext context) throws IOException {
        try (ParquetTable table = ParquetTable.open(file, context)) {
            long[] indices = table.readLongs("task_index");
            String[] names =
                    table.readStrings(table.hasColumn("task") ? "task" : "__index_level_0__");
            for (int row = 0; row < indices.length; row++) {
                tasks.put((int) indices[row], names[row]);
            }
        }
    }

    private static List<Path> parquetFiles(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new DataFormatException(folder, "is missing");
        }
        try (Stream<Path> entries = Files.walk(folder, 4)) {
            return entries.filter(entry -> entry.toString().endsWith(".parquet")).sorted().toList();
        }
    }

    private void readEpisodes(Path file, ParquetTable table) throws IOException {
        long[] index = table.readLongs("episode_index");
        long[] length = table.readLongs("length");
        long[] chunk = table.readLongs("data/chunk_index");
        long[] fileIndex = table.readLongs("data/file_index");
        long[] from = table.readLongs("dataset_from_index");
        List<List<String>> named =
                table.hasColumn("tasks") ? table.readStringLists("tasks") : List.of();
        for (int row = 0; row < index.length; row++) {
            long first = episodes.isEmpty() ? 0 : endOf(episodes.get(episodes.size() - 1));
            if (length[row] < 1 || from[row] != first || first + length[row] > Integer.MAX_VALUE) {
                throw new DataFormatException(
                        file,
                        "episode %d of %d frames begins at frame %d, not at %d"
                                .formatted(index[row], length[row], from[row], first));
            }
            Map<String, Integer> place =
                    Map.of("chunk_index", (int) chunk[row], "file_index", (int) fileIndex[row]);
            List<String> tasksOfEpisode = named.isEmpty() ? List.of() : named.get(row);
            addEpisode(
                    file, (int) index[row], tasksOfEpisode, (int) length[row], (int) first, place);
        }
        readEpisodeStatistics(file, table);
    }

    private static int endOf(Episode episode) {
        return episode.firstFrame + episode.length;
    }

    /** Columns {@code stats/<feature>/<statistic>}; pictures' nest, and are passed over. */
    private void readEpisodeStatistics(Path file, ParquetTable table) throws IOException {
        List<List<FeatureStatistics>> rows = new ArrayList<>();
        for (int row = 0; row < table.rowCount(); row++) {
            rows.add(new ArrayList<>());
        }
        for (Feature feature : features.values()) {
            String prefix = "stats/" + feature.name() + "/";
            Map<Statistic, double[][]> columns = new EnumMap<>(Statistic.class);
            for (Statistic statistic : Statistic.values()) {
                if (table.isSimple(prefix + statistic.jsonName())) {
                    columns.put(statistic, table.readNumbers(prefix + statistic.jsonName()));
                }
            }
            if (columns.isEmpty() || !table.isSimple(prefix + "count")) {
                continue;
            }
            double[][] counts = table.readNumbers(prefix + "count");
            for (int row = 0; row < rows.size(); row++) {
                Map<Statistic, double[]> values = new EnumMap<>(Statistic.class);
                for (Map.Entry<Statistic, double[][]> column : columns.entrySet()) {
                    values.put(column.getKey(), column.getValue()[row]);
                }
                rows.get(row).add(statistics(file, feature.name(), counts[row], values));
            }
        }
        if (rows.stream().anyMatch(row -> !row.isEmpty())) {
            rows.forEach(row -> episodeStatistics.add(DatasetStatistics.of(row)));
        }
    }

    private void checkTotals() throws DataFormatException {
        if (episodes.isEmpty()) {
            throw new DataFormatException(folder, "the data set has no episode");
        }
        if (info.has("total_episodes")
                && info.integer("total_episodes", 0, Long.MAX_VALUE) != episodes.size()) {
            throw info.wrong(
                    "total_episodes",
                    "is %s, but %d are listed"
                            .formatted(info.node("total_episodes"), episodes.size()));
        }
        if (info.has("total_frames")
                && info.integer("total_frames", 0, Long.MAX_VALUE) != frameCount()) {
            throw info.wrong(
                    "total_frames",
                    "is %s, but the episodes have %d"
                            .formatted(info.node("total_frames"), frameCount()));
        }
    }

    /** The format's version, such as {@code v3.0}. */
    public String version() {
        return info.node("codebase_version").textValue();
    }

    /**
     * Frames per second.
     *
     * @throws DataFormatException if {@code info.json} doesn't tell
     */
    public double framesPerSecond() throws DataFormatException {
        double value = info.node("fps").asDouble(0);
        if (!(value > 0)) {
            throw info.wrong("fps", "is " + JsonFile.brief(info.node("fps")));
        }
        return value;
    }

    /** What robot it was, where the data set tells. */
    public Optional<String> robotType() {
        return Optional.ofNullable(info.node("robot_type").textValue());
    }

    /** All features, those that cannot be read included. */
    public List<Feature> features() {
        return List.copyOf(features.values());
    }

    /** The tasks in words, by their number ({@code task_index}). */
    public Map<Integer, String> tasks() {
        return Map.copyOf(tasks);
    }

    public List<Episode> episodes() {
        return List.copyOf(episodes);
    }

    /** How many frames all episodes have. */
    public int frameCount() {
        return endOf(episodes.get(episodes.size() - 1));
    }

    /**
     * The data set's statistics: those in {@code stats.json}, or for v2.1 the episodes' aggregated;
     * empty where there are none.
     */
    public DatasetStatistics statistics() {
        return statistics;
    }

    /** Each episode's own statistics; an empty list where the data set has none. */
    public List<DatasetStatistics> episodeStatistics() {
        return List.copyOf(episodeStatistics);
    }

    /** Reads all features that are numbers or strings, and not empty. */
    public FrameTable readFrames() throws IOException {
        return readFrames(
                features.values().stream()
                        .filter(LeRobotDataset::isReadable)
                        .map(Feature::name)
                        .toList());
    }

    /**
     * Reads these features of all episodes.
     *
     * @throws IllegalArgumentException if there is no such feature, or it is of a kind that is not
     *     read, such as video
     * @throws DataFormatException if a file is missing, damaged, or at odds with the metadata
     */
    public FrameTable readFrames(Collection<String> names) throws IOException {
        Map<Feature, List<Column>> parts = new LinkedHashMap<>();
        names.forEach(name -> parts.put(readable(name), new ArrayList<>()));
        try (HardwoodContext context = HardwoodContext.create(1)) {
            for (List<Episode> ofFile : episodesByFile()) {
                Path file = folder.resolve(ofFile.get(0).dataFile);
                try (ParquetTable table = ParquetTable.open(file, context)) {
                    checkRows(file, table, ofFile);
                    for (Map.Entry<Feature, List<Column>> part : parts.entrySet()) {
                        part.getValue().add(table.readColumn(part.getKey()));
                    }
                }
            }
        }
        int[] ends = episodes.stream().mapToInt(LeRobotDataset::endOf).toArray();
        return FrameTable.of(parts.values().stream().map(Column::concatenate).toList(), ends);
    }

    private Feature readable(String name) {
        Feature feature = features.get(name);
        if (feature == null) {
            throw new IllegalArgumentException(
                    "no feature '%s' in %s; there are %s"
                            .formatted(name, folder, features.keySet()));
        }
        if (!isReadable(feature)) {
            throw new IllegalArgumentException(
                    "feature '%s' of %s is %s %s, which is not decoded; read the numeric ones"
                            .formatted(name, folder, feature.type().jsonName(), feature.shape()));
        }
        return feature;
    }

    private static boolean isReadable(Feature feature) {
        return (feature.type().isNumeric() || feature.type() == FeatureType.STRING)
                && feature.width() > 0;
    }

    private List<List<Episode>> episodesByFile() throws DataFormatException {
        Map<String, List<Episode>> files = new LinkedHashMap<>();
        String previous = "";
        for (Episode episode : episodes) {
            if (files.containsKey(episode.dataFile) && !previous.equals(episode.dataFile)) {
                throw new DataFormatException(
                        folder.resolve(episode.dataFile), "its episodes don't follow each other");
            }
            files.computeIfAbsent(episode.dataFile, file -> new ArrayList<>()).add(episode);
            previous = episode.dataFile;
        }
        return List.copyOf(files.values());
    }

    /** The file must hold exactly its episodes, in their order. */
    private static void checkRows(Path file, ParquetTable table, List<Episode> ofFile)
            throws IOException {
        int due = ofFile.stream().mapToInt(Episode::length).sum();
        if (table.rowCount() != due) {
            throw new DataFormatException(
                    file, "%d frames, but its episodes have %d".formatted(table.rowCount(), due));
        }
        if (!table.hasColumn("episode_index")) {
            return;
        }
        long[] indices = table.readLongs("episode_index");
        int row = 0;
        for (Episode episode : ofFile) {
            for (int end = row + episode.length; row < end; row++) {
                if (indices[row] != episode.index) {
                    throw new DataFormatException(
                            file,
                            "row %d belongs to episode %d instead of %d"
                                    .formatted(row, indices[row], episode.index));
                }
            }
        }
    }
}
