package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

class FlightRecorderTest {
    @TempDir Path folder;

    private List<RecordedEvent> recorded(Recording recording, String name) throws IOException {
        Path file = folder.resolve(name + ".jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("dev.ugoki." + name))
                .toList();
    }

    @Test
    void chunksMissesAndDeadlinesAreRecorded() throws IOException {
        SimulatedClock clock = new SimulatedClock();
        ChunkController controller =
                ChunkController.of((_, chunk) -> Arrays.fill(chunk, 1), 2, 1)
                        .withClock(clock)
                        .build();
        controller.computeBeside();
        float[] action = new float[1];
        try (Recording recording = new Recording()) {
            recording.start();
            controller.act(action);
            controller.inferNow();
            for (int i = 0; i < 4; i++) {
                controller.act(action);
            }
            new ControlLoop(clock, 100)
                    .run(
                            cycle -> {
                                clock.advance(cycle == 1 ? 250 : 10);
                                return cycle < 5;
                            });
            recording.stop();

            RecordedEvent chunk = recorded(recording, "ActionChunk").getFirst();
            assertEquals(0, chunk.getLong("observed"));
            assertEquals(1, chunk.getInt("delay"));
            List<RecordedEvent> misses = recorded(recording, "ActionMissed");
            assertEquals(
                    List.of(1, 2), misses.stream().map(each -> each.getInt("inARow")).toList());
            assertEquals("HOLD", misses.getFirst().getString("done"));
            RecordedEvent deadline = recorded(recording, "DeadlineMissed").getFirst();
            assertEquals(1, deadline.getLong("cycle"));
            assertEquals(150, deadline.getDuration("late").toNanos());
        }
    }
}
