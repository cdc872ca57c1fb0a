package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** kill -9 at random moments never costs the latest checkpoint. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KilledWriterTest {
    private static final int KILLS = 20;

    @TempDir Path checkpoints;

    @Test
    void theLatestCheckpointIsWholeHoweverTheWriterIsKilled() throws Exception {
        Random random = new Random(5);
        long announced = 0;
        int leftovers = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            announced = Math.max(announced, killAfter(1 + random.nextInt(70)));
            Optional<Path> latest = WholeFolder.pointedTo(checkpoints.resolve("last"));
            assertTrue(latest.isPresent() || announced == 0, "the pointer is lost");
            for (Path entry : entriesOf(checkpoints)) {
                String name = entry.getFileName().toString();
                if (name.startsWith(".")) {
                    leftovers++;
                } else if (name.equals("log")) {
                    String log = Files.readString(entry);
                    assertEquals(KilledWriter.logOf(log.lines().findFirst().orElse("")), log);
                } else if (!name.equals("last")) {
                    assertWhole(entry);
                }
            }
            if (latest.isPresent()) {
                long step = KilledWriter.stepOf(latest.get());
                assertTrue(step >= announced, step + " after " + announced + " was announced");
                assertWhole(latest.get());
            }
        }
        assertTrue(announced > 0, "no writer lived to finish a step");
        // otherwise the writers were killed in their pauses only, and nothing is shown
        assertTrue(leftovers > 0, "no writer was killed while it wrote");
    }

    /** Starts a writer, kills it when it has printed so many lines; its last finished step. */
    private long killAfter(int lines) throws Exception {
        Process writer =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-cp",
                                classPath(),
                                KilledWriter.class.getName(),
                                checkpoints.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        long announced = 0;
        try (BufferedReader output = writer.inputReader()) {
            for (int line = 0; line < lines; line++) {
                String text = output.readLine();
                assertTrue(text != null, "the writer ended by itself");
                if (!text.equals(".")) {
                    announced = Long.parseLong(text);
                }
            }
        } finally {
            writer.toHandle().destroyForcibly();
            writer.waitFor();
        }
        return announced;
    }

    private static String classPath() {
        return Stream.of(SafetensorsFile.class, DType.class, KilledWriter.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                .map(location -> Path.of(URI.create(location.toString())).toString())
                .distinct()
                .collect(Collectors.joining(System.getProperty("path.separator")));
    }

    private static void assertWhole(Path folder) throws IOException {
        long step = KilledWriter.stepOf(folder);
        assertSameEverywhere(step, SafetensorsFile.read(folder.resolve("model.safetensors")));
        assertSameEverywhere(step, NpzFile.read(folder.resolve("state/optimizer.npz")));
        assertEquals(
                KilledWriter.logOf(Long.toString(step)), Files.readString(folder.resolve("log")));
        assertEquals(3, entriesOf(folder).size());
    }

    private static void assertSameEverywhere(double step, Map<String, HostArray> arrays) {
        float[] values = arrays.get("weight").toFloats();
        assertEquals(KilledWriter.WEIGHTS, values.length);
        for (float value : values) {
            assertEquals(step, value);
        }
    }

    private static List<Path> entriesOf(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.toList();
        }
    }
}
