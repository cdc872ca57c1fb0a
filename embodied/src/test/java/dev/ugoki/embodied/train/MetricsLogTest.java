package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

class MetricsLogTest {
    @TempDir private Path folder;

    @Test
    void goingOnDropsWhatCameAfterTheStepAndWhatWasCutOff() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsLog log = MetricsLog.open(file, 0)) {
            for (long step = 10; step <= 50; step += 10) {
                log.write(line(step));
                assertEquals(step / 10, Files.readString(file).lines().count(), "not flushed");
            }
        }
        Files.writeString(file, "{\"step\":60,\"lo", StandardOpenOption.APPEND);
        assertEquals(List.of(10L, 20L, 30L, 40L, 50L), steps(file));
        try (MetricsLog log = MetricsLog.open(file, 30)) {
            log.write(line(40));
        }
        assertEquals(List.of(10L, 20L, 30L, 40L), steps(file));
        assertEquals(line(40), MetricsLog.read(file).getLast());
        assertTrue(Files.readString(file).endsWith("}\n"));
    }

    private static List<Long> steps(Path file) throws IOException {
        return MetricsLog.read(file).stream().map(MetricsLog.Line::step).toList();
    }

    private static MetricsLog.Line line(long step) {
        return new MetricsLog.Line(step, 2, 0.25, 1e-3, 8123.5, 3.5);
    }
}
