package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Shape;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

class LeRobotDatasetTest {
    private static @Nullable FrameTable humanoid;

    /** The frames of the G1 data set, read once: they are in a hundred files. */
    private static synchronized FrameTable humanoidFrames() throws IOException {
        if (humanoid == null) {
            humanoid = LeRobotDataset.open(SharedData.dataSet("g1_lerobot_v21")).readFrames();
        }
        return humanoid;
    }

    private static Feature feature(LeRobotDataset dataset, String name) {
        return dataset.features().stream()
                .filter(feature -> feature.name().equals(name))
                .findAny()
                .orElseThrow();
    }

    @Test
    void version21IsReadWhole() throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(SharedData.dataSet("g1_lerobot_v21"));
        assertEquals("v2.1", dataset.version());
        assertEquals(30, dataset.framesPerSecond());
        assertEquals(Optional.of("Unitree_G1_Inspire"), dataset.robotType());
        assertEquals(Map.of(0, "Pick up the yellow bottle on the table."), dataset.tasks());
        assertEquals(100, dataset.episodes().size());
        assertEquals(479, dataset.episodes().get(0).length());
        assertEquals("kLeftShoulderPitch", feature(dataset, "observation.state").names().get(0));
        FrameTable frames = humanoidFrames();
        assertEquals(35_965, frames.frameCount());
        assertEquals(26, frames.column("action").width());
        long[] index = frames.column("index").longs();
        for (int frame = 0; frame < index.length; frame++) {
            assertEquals(frame, index[frame]);
            assertEquals(frames.episodeOf(frame), frames.column("episode_index").longs()[frame]);
        }
    }

    @Test
    void version30IsReadWhole() throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(SharedData.dataSet("pusht_lerobot_v30"));
        assertEquals("v3.0", dataset.version());
        assertEquals(206, dataset.episodes().size());
        assertEquals(25_650, dataset.frameCount());
        assertEquals(
                List.of("Push the T-shaped block onto the T-shaped target."),
                dataset.episodes().get(205).tasks());
        assertEquals(FeatureType.VIDEO, feature(dataset, "observation.image").type());
        assertEquals(Shape.of(96, 96, 3), feature(dataset, "observation.image").shape());
        assertEquals(206, dataset.episodeStatistics().size());
        FrameTable frames = dataset.readFrames();
        assertEquals(10, frames.columns().size());
        assertEquals(2, frames.column("action").width());
    }

    @Test
    void videosAreListedButNotDecoded() throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(SharedData.dataSet("pusht_lerobot_v30"));
        IllegalArgumentException refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> dataset.readFrames(List.of("observation.image")));
        assertTrue(refused.getMessage().contains("'observation.image'"));
        assertTrue(refused.getMessage().contains("video"));
    }

    @Test
    void recomputedStatisticsOfEpisodesAgreeWithTheRecorded() throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(SharedData.dataSet("g1_lerobot_v21"));
        FrameTable frames = humanoidFrames();
        List<DatasetStatistics> mine = DatasetStatistics.perEpisode(frames);
        assertEquals(100, dataset.episodeStatistics().size());
        for (int episode = 0; episode < 100; episode++) {
            for (String name : mine.get(episode).features()) {
                FeatureStatistics recorded = dataset.episodeStatistics().get(episode).feature(name);
                // they took timestamps before rounding to float32, and sums in float32
                assertClose(recorded, mine.get(episode).feature(name), 1e-6, 2e-5);
            }
        }
        for (String name : List.of("observation.state", "action")) {
            assertClose(
                    dataset.statistics().feature(name),
                    DatasetStatistics.of(frames).feature(name),
                    0,
                    2e-5);
        }
    }

    /** The recorded statistics of PushT were taken over all frames in float64. */
    @Test
    void recomputedStatisticsOfTheWholeAgreeWithTheRecorded() throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(SharedData.dataSet("pusht_lerobot_v30"));
        DatasetStatistics mine = DatasetStatistics.of(dataset.readFrames());
        for (String name : mine.features()) {
            assertClose(
                    dataset.statistics().feature(name),
                    mine.feature(name),
                    name.equals("timestamp") ? 1e-6 : 0,
                    1e-7);
        }
        assertFalse(dataset.statistics().feature("action").has(Statistic.Q01));
        assertTrue(mine.feature("action").has(Statistic.Q01));
    }

    private static void assertClose(
            FeatureStatistics expected, FeatureStatistics actual, double extremes, double moments) {
        String name = expected.feature();
        assertEquals(expected.count(), actual.count(), name);
        for (Statistic statistic :
                List.of(Statistic.MIN, Statistic.MAX, Statistic.MEAN, Statistic.STD)) {
            boolean extreme = statistic == Statistic.MIN || statistic == Statistic.MAX;
            double[] theirs = expected.get(statistic);
            double[] ours = actual.get(statistic);
            assertEquals(theirs.length, ours.length);
            for (int i = 0; i < ours.length; i++) {
                double tolerance =
                        (extreme ? extremes : moments) * Math.max(1, Math.abs(theirs[i]));
                assertEquals(theirs[i], ours[i], tolerance, name + " " + statistic + " " + i);
            }
        }
    }

    @Test
    void whatIsWrittenIsReadBackBitForBit(@TempDir Path folder) throws IOException {
        FrameTable pusht =
                LeRobotDataset.open(SharedData.dataSet("pusht_lerobot_v30")).readFrames();
        for (FrameTable frames : List.of(pusht, humanoidFrames())) {
            Path written = folder.resolve(frames.frameCount() + " frames");
            LeRobotDatasetWriter.write(
                    written,
                    frames,
                    new LeRobotDatasetWriter.Recording(10, "robot", List.of("Do it.")));
            LeRobotDataset dataset = LeRobotDataset.open(written);
            FrameTable read = dataset.readFrames();
            assertArrayEquals(frames.episodeEnds(), read.episodeEnds());
            for (Column column : frames.columns()) {
                assertTrue(column.sameBits(read.column(column.name())), column.name());
            }
            assertEquals(
                    frames.columns().stream().map(Column::feature).map(Feature::names).toList(),
                    dataset.features().stream().map(Feature::names).toList());
            assertSameStatistics(DatasetStatistics.of(frames), dataset.statistics());
            assertSameStatistics(
                    DatasetStatistics.perEpisode(frames).get(7),
                    dataset.episodeStatistics().get(7));
        }
    }

    private static void assertSameStatistics(DatasetStatistics mine, DatasetStatistics read) {
        for (String name : mine.features()) {
            assertEquals(mine.feature(name).count(), read.feature(name).count());
            for (Statistic statistic : Statistic.values()) {
                assertArrayEquals(
                        mine.feature(name).get(statistic), read.feature(name).get(statistic));
            }
        }
    }

    /** Two episodes of 3 and 2 frames with features of every type that is written. */
    static FrameTable smallTable() {
        return FrameTable.of(
                List.of(
                        Column.of(
                                Feature.vector("observation.state", FeatureType.FLOAT32, 2),
                                new float[] {0, 1, 2, -0.0f, 4, 5, 6, 7, 8, Float.MIN_VALUE}),
                        Column.of(
                                Feature.vector("precise", FeatureType.FLOAT64, 1),
                                new double[] {0.1, 0.2, 0.3, -0.0, 1e100}),
                        Column.of(
                                Feature.vector("count", FeatureType.INT32, 1),
                                new int[] {1, 2, 3, 4, Integer.MIN_VALUE}),
                        Column.of(
                                Feature.vector("pixels", FeatureType.UINT8, 3),
                                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, -1, -128}),
                        Column.of(
                                Feature.vector("next.done", FeatureType.BOOL, 1),
                                new byte[] {0, 0, 1, 0, 1}),
                        Column.of(
                                Feature.vector("note", FeatureType.STRING, 1),
                                new String[] {"", "ä", "ä", "b", "c"})),
                new int[] {3, 5});
    }

    @Test
    void everyTypeIsWrittenAndStandardColumnsAreAdded(@TempDir Path folder) throws IOException {
        FrameTable frames = smallTable();
        Path written = folder.resolve("small");
        LeRobotDatasetWriter.write(
                written,
                frames,
                new LeRobotDatasetWriter.Recording(2.5, null, List.of("first", "second")));
        LeRobotDataset dataset = LeRobotDataset.open(written);
        FrameTable read = dataset.readFrames();
        for (Column column : frames.columns()) {
            assertTrue(column.sameBits(read.column(column.name())), column.name());
        }
        assertEquals(2.5, dataset.framesPerSecond());
        assertEquals(Optional.empty(), dataset.robotType());
        assertEquals(Map.of(0, "first", 1, "second"), dataset.tasks());
        assertEquals(List.of("second"), dataset.episodes().get(1).tasks());
        assertArrayEquals(new long[] {0, 1, 2, 0, 1}, read.column("frame_index").longs());
        assertArrayEquals(new long[] {0, 0, 0, 1, 1}, read.column("task_index").longs());
        assertArrayEquals(new float[] {0, 0.4f, 0.8f, 0, 0.4f}, read.column("timestamp").floats());
    }

    @Test
    void nothingIsWrittenOverOrLeftBehind(@TempDir Path folder) throws IOException {
        LeRobotDatasetWriter.Recording recording =
                new LeRobotDatasetWriter.Recording(10, null, List.of("task"));
        Path taken = Files.createDirectory(folder.resolve("taken"));
        assertThrows(
                FileAlreadyExistsException.class,
                () -> LeRobotDatasetWriter.write(taken, smallTable(), recording));
        float[] infinite = {1, Float.POSITIVE_INFINITY, 3, 4, 5};
        FrameTable bad =
                smallTable()
                        .with(Column.of(Feature.vector("bad", FeatureType.FLOAT32, 1), infinite));
        IllegalArgumentException refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> LeRobotDatasetWriter.write(folder.resolve("x"), bad, recording));
        assertTrue(refused.getMessage().contains("'bad' is Infinity in frame 1"));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(taken), left.toList());
        }
    }

    @Test
    void unknownKeysAndFeaturesDoNoHarm(@TempDir Path folder) throws IOException {
        Path written = writeSmall(folder);
        Path info = written.resolve("meta/info.json");
        String json = Files.readString(info);
        Files.writeString(
                info,
                json.replace("\"codebase_version\"", "\"tools\": [1, {}], \"codebase_version\"")
                        .replace(
                                "\"features\" : {",
                                "\"features\" : {\"depth\": {\"dtype\": \"depth16\", \"shape\":"
                                        + " [4], \"names\": {\"a\": [\"b\"]}, \"more\": null},"));
        LeRobotDataset dataset = LeRobotDataset.open(written);
        assertEquals(FeatureType.UNKNOWN, feature(dataset, "depth").type());
        assertEquals(List.of("b"), feature(dataset, "depth").names());
        assertEquals(5, dataset.readFrames().frameCount());
    }

    static Path writeSmall(Path folder) throws IOException {
        Path written = folder.resolve("small");
        LeRobotDatasetWriter.write(
                written,
                smallTable(),
                new LeRobotDatasetWriter.Recording(10, "r", List.of("task")));
        return written;
    }

    @Test
    void metadataThatAreAtOddsAreRefused(@TempDir Path folder) throws IOException {
        Path info = writeSmall(folder).resolve("meta/info.json");
        String json = Files.readString(info);
        for (String[] change :
                new String[][] {
                    {"\"total_frames\" : 5", "\"total_frames\" : 6", "total_frames"},
                    {"v3.0", "v4.0", "codebase_version"},
                    {"data/chunk-", "../../chunk-", "data_path"},
                    {"{file_index:03d}", "{episode_index:03d}", "data_path"},
                    {"\"fps\" : 10,", "\"fps\" : 10", "not valid JSON"},
                }) {
            Files.writeString(info, json.replace(change[0], change[1]));
            DataFormatException refused =
                    assertThrows(
                            DataFormatException.class,
                            () -> LeRobotDataset.open(folder.resolve("small")));
            assertTrue(refused.getMessage().contains(change[2]), refused.getMessage());
            assertTrue(refused.getMessage().startsWith(info.toString()), refused.getMessage());
        }
    }

    @Test
    void aDataFileThatIsMissingIsNamed(@TempDir Path folder) throws IOException {
        Path written = writeSmall(folder);
        Path data = written.resolve("data/chunk-000/file-000.parquet");
        Files.delete(data);
        LeRobotDataset dataset = LeRobotDataset.open(written);
        DataFormatException refused = assertThrows(DataFormatException.class, dataset::readFrames);
        assertEquals(data + ": is missing", refused.getMessage());
    }
}
