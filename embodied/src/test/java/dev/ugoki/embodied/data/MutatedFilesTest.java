package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hardwood.HardwoodContext;
import dev.ugoki.embodied.data.ParquetWriter.Field;
import dev.ugoki.embodied.data.ParquetWriter.Kind;
import dev.ugoki.embodied.data.ParquetWriter.Values;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Damages files of every format in thousands of ways. Whatever comes of it: the data or a {@link
 * DataFormatException}, soon, and without more memory than the whole file takes plus what its size
 * justifies. {@code -Dugoki.mutations=20000} for more of them.
 */
class MutatedFilesTest {
    private static final int MUTATIONS = Integer.getInteger("ugoki.mutations", 3000);
    private static final long READ_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** The Parquet library's threads each have buffers; what a lying header asks for is more. */
    private static final long SCRATCH = 16L << 20;

    private static final long SLOWEST_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final BufferPoolMXBean DIRECT =
            ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                    .filter(pool -> pool.getName().equals("direct"))
                    .findAny()
                    .orElseThrow();

    /** What all threads have ever allocated, and native buffers that have not been freed. */
    private static long allocatedBytes() {
        return THREADS.getTotalThreadAllocatedBytes() + DIRECT.getTotalCapacity();
    }

    /** Reads all of a data set. */
    private interface Reading {
        void read(Path folder) throws IOException;
    }

    /** A data set that is whole, what it is read by, and how much memory that takes. */
    private record Subject(Path folder, List<Path> files, Reading reading, long allocated) {}

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void damageEndsInAnExceptionThatNamesTheFile(@TempDir Path folder) throws IOException {
        List<Subject> subjects = subjects(folder);
        Random random = new Random(20_250_803);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Subject subject = subjects.get(i % subjects.size());
            Path file = subject.files.get(random.nextInt(subject.files.size()));
            byte[] whole = Files.readAllBytes(file);
            byte[] damaged = mutate(whole, random);
            Files.write(file, damaged);
            if (!readsOrRefuses(subject, file, damaged.length, "mutation " + i)) {
                refused++;
            }
            Files.write(file, whole);
        }
        assertTrue(refused > MUTATIONS / 2, refused + " of " + MUTATIONS + " refused");
    }

    private static boolean readsOrRefuses(Subject subject, Path file, int length, String which)
            throws IOException {
        long justified = 3 * subject.allocated + SCRATCH + 64L * length;
        long allocated = Long.MAX_VALUE;
        boolean read = false;
        // Threads of the JVM and of earlier tests are counted too: what a file makes a reader
        // allocate, it makes it allocate every time.
        long end = System.nanoTime() + READ_AGAIN_NANOS;
        while (allocated > justified && System.nanoTime() < end) {
            long before = allocatedBytes();
            long start = System.nanoTime();
            read = readsWhole(subject, file, which);
            long nanos = System.nanoTime() - start;
            allocated = Math.min(allocated, allocatedBytes() - before);
            assertTrue(nanos < SLOWEST_NANOS, which + " of " + file + " took " + nanos + " ns");
        }
        assertTrue(
                allocated <= justified,
                "%s of %s (%d bytes) allocated %d bytes; whole, the data set takes %d"
                        .formatted(which, file, length, allocated, subject.allocated));
        return read;
    }

    /** Whether the data set can be read; if not, the exception must name a file of it. */
    private static boolean readsWhole(Subject subject, Path file, String which) throws IOException {
        try {
            subject.reading.read(subject.folder);
            return true;
        } catch (DataFormatException problem) {
            assertTrue(
                    problem.getMessage().startsWith(subject.folder.toString()),
                    () -> which + ": " + problem.getMessage());
            return false;
        } catch (RuntimeException | Error problem) {
            throw new AssertionError(which + " of " + file, problem);
        }
    }

    private static List<Subject> subjects(Path folder) throws IOException {
        Map<Path, Reading> readings = new LinkedHashMap<>();
        readings.put(LeRobotDatasetTest.writeSmall(folder), MutatedFilesTest::readLeRobot);
        readings.put(writeVersion21(folder.resolve("v21")), MutatedFilesTest::readLeRobot);
        for (String name :
                List.of("snappy", "zstd", "plain", "page_v2", "many_pages", "page_index")) {
            Path copy = Files.createDirectory(folder.resolve(name));
            Path sample = SharedData.samples("pyarrow").resolve(name + ".parquet");
            Files.copy(sample, copy.resolve("sample.parquet"));
            readings.put(copy, MutatedFilesTest::readParquet);
        }
        Path zarr = SharedData.samples("zarr");
        readings.put(copyAll(zarr.resolve("replay"), folder), MutatedFilesTest::readReplayBuffer);
        for (String name :
                List.of(
                        "blosc_zstd_bits",
                        "blosc_lz4_bytes",
                        "blosc_zlib_none",
                        "large_lz4",
                        "zstd")) {
            readings.put(copyAll(zarr.resolve(name), folder), MutatedFilesTest::readArray);
        }
        List<Subject> subjects = new ArrayList<>();
        for (Map.Entry<Path, Reading> reading : readings.entrySet()) {
            reading.getValue().read(reading.getKey());
            long before = allocatedBytes();
            reading.getValue().read(reading.getKey());
            long allocated = allocatedBytes() - before;
            try (Stream<Path> all = Files.walk(reading.getKey())) {
                List<Path> files = all.filter(Files::isRegularFile).sorted().toList();
                subjects.add(new Subject(reading.getKey(), files, reading.getValue(), allocated));
            }
        }
        return subjects;
    }

    private static Path copyAll(Path source, Path parent) throws IOException {
        Path target = parent.resolve(source.getFileName().toString() + ".zarr");
        try (Stream<Path> all = Files.walk(source)) {
            all.forEach(
                    path -> {
                        try {
                            Files.copy(path, target.resolve(source.relativize(path).toString()));
                        } catch (IOException problem) {
                            throw new UncheckedIOException(problem);
                        }
                    });
        }
        return target;
    }

    private static Path writeVersion21(Path folder) throws IOException {
        Path meta = Files.createDirectories(folder.resolve("meta"));
        Path data = Files.createDirectories(folder.resolve("data/chunk-000"));
        Files.writeString(
                meta.resolve("info.json"),
                """
                {"codebase_version": "v2.1", "robot_type": "arm", "total_episodes": 2,
                 "total_frames": 5, "fps": 30, "chunks_size": 1000,
                 "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
                 "features": {
                   "action": {"dtype": "float32", "shape": [2], "names": [["a", "b"]]},
                   "timestamp": {"dtype": "float32", "shape": [1], "names": null},
                   "episode_index": {"dtype": "int64", "shape": [1]}}}
                """);
        Files.writeString(
                meta.resolve("tasks.jsonl"), "{\"task_index\": 0, \"task\": \"Do it.\"}\n");
        StringBuilder episodes = new StringBuilder();
        StringBuilder statistics = new StringBuilder();
        for (int episode = 0; episode < 2; episode++) {
            int length = 3 - episode;
            episodes.append(
                    "{\"episode_index\": %d, \"tasks\": [\"Do it.\"], \"length\": %d}\n"
                            .formatted(episode, length));
            statistics.append(
                    """
                    {"episode_index": %d, "stats": {"action": {"min": [0.5, 1e-3],\
                     "max": [1, 2], "mean": [0.7, 1], "std": [0.1, 1.25], "count": [%d]}}}
                    """
                            .formatted(episode, length));
            writeEpisode(data.resolve("episode_%06d.parquet".formatted(episode)), episode, length);
        }
        Files.writeString(meta.resolve("episodes.jsonl"), episodes);
        Files.writeString(meta.resolve("episodes_stats.jsonl"), statistics);
        return folder;
    }

    private static void writeEpisode(Path file, int episode, int length) throws IOException {
        float[] actions = new float[2 * length];
        float[] timestamps = new float[length];
        long[] episodes = new long[length];
        Arrays.fill(episodes, episode);
        try (ParquetWriter writer =
                new ParquetWriter(
                        file,
                        List.of(
                                new Field("action", Kind.FLOAT, true),
                                new Field("timestamp", Kind.FLOAT, false),
                                new Field("episode_index", Kind.INT64, false)),
                        Map.of())) {
            writer.writeRowGroup(
                    length,
                    List.of(
                            Values.ofVectors(actions, length, 2),
                            Values.ofScalars(timestamps),
                            Values.ofScalars(episodes)));
        }
    }

    private static void readLeRobot(Path folder) throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(folder);
        dataset.readFrames();
        dataset.statistics();
    }

    private static void readParquet(Path folder) throws IOException {
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(folder.resolve("sample.parquet"), context)) {
            for (String name : table.columnNames()) {
                table.read(name);
            }
        }
    }

    private static void readReplayBuffer(Path folder) throws IOException {
        ReplayBuffer buffer = ReplayBuffer.open(folder);
        buffer.readFrames(buffer.keys());
    }

    private static void readArray(Path folder) throws IOException {
        ZarrArray array = ZarrArray.open(folder);
        int rows = array.rowCount();
        switch (array.dtype()) {
            case F32 -> array.readFloats(0, rows);
            case F64 -> array.readDoubles(0, rows);
            case I64 -> array.readLongs(0, rows);
            case I32 -> array.readInts(0, rows);
            default -> array.readBytes(0, rows);
        }
    }

    private static final byte[][] EXTREMES = {
        {0},
        {-1},
        {0x7F},
        {-128},
        {-1, -1, -1, 0x7F},
        {0, 0, 0, -128},
        {-1, -1, -1, -1},
        {0, 0, 0, 0x10},
        {0, 0, 0, 0},
        // varints of 2^31 - 1, of -1, and zigzag's of 2^31 - 1 and 2^62
        {-1, -1, -1, -1, 0x07},
        {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
        {-2, -1, -1, -1, 0x0F},
        {-128, -128, -128, -128, -128, -128, -128, -128, -128, 1},
        "-1".getBytes(),
        "2147483647".getBytes(),
        "1e999".getBytes(),
        "NaN".getBytes(),
        "null".getBytes(),
        "[".getBytes(),
        "{\"".getBytes(),
        "99999".getBytes(),
    };

    private static byte[] mutate(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        int times = 1 + random.nextInt(3);
        for (int i = 0; i < times; i++) {
            bytes = mutateOnce(bytes, random);
        }
        return bytes;
    }

    private static byte[] mutateOnce(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        // Half of the damage goes where the numbers are: headers, and the end of Parquet files.
        if (random.nextBoolean()) {
            at =
                    random.nextBoolean()
                            ? at % Math.min(bytes.length, 64)
                            : bytes.length - 1 - at % Math.min(bytes.length, 1500);
        }
        byte[] extreme = EXTREMES[random.nextInt(EXTREMES.length)];
        switch (random.nextInt(8)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt();
            case 3, 4 -> {
                int length = Math.min(extreme.length, bytes.length - at);
                System.arraycopy(extreme, 0, bytes, at, length);
            }
            case 5 -> {
                return splice(bytes, at, at, extreme);
            }
            case 6 -> {
                if (random.nextInt(3) == 0) {
                    return Arrays.copyOf(bytes, at);
                }
                int to = Math.min(bytes.length, at + 1 + random.nextInt(8));
                return splice(bytes, at, to, new byte[0]);
            }
            default -> {
                int from = random.nextInt(bytes.length);
                int length = Math.min(1 + random.nextInt(16), bytes.length - Math.max(at, from));
                System.arraycopy(bytes, from, bytes, at, length);
            }
        }
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] inserted) {
        byte[] result = new byte[bytes.length - (to - from) + inserted.length];
        System.arraycopy(bytes, 0, result, 0, from);
        System.arraycopy(inserted, 0, result, from, inserted.length);
        System.arraycopy(bytes, to, result, from + inserted.length, bytes.length - to);
        return result;
    }
}
