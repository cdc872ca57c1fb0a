package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.plan.Plan;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

@ExtendWith(OnReference.class)
final class FlightRecorderTest {
    @TempDir Path folder;

    private List<RecordedEvent> recorded(Recording recording) throws IOException {
        Path file = folder.resolve("events.jfr");
        recording.stop();
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.ugoki."))
                .toList();
    }

    @Test
    void operationsAndMemoryAreRecordedWhereAskedFor() throws IOException {
        try (Recording recording = new Recording()) {
            recording.enable("dev.ugoki.Operation");
            recording.enable("dev.ugoki.Allocation");
            recording.start();
            Tensor x = Tensor.zeros(DType.F32, 3, 1_000_003);
            x.neg();

            List<RecordedEvent> events = recorded(recording);

            RecordedEvent neg =
                    events.stream()
                            .filter(event -> event.getEventType().getName().endsWith("Operation"))
                            .filter(event -> event.getString("operation").equals("neg"))
                            .findAny()
                            .orElseThrow();
            assertEquals("F32[3,1000003]", neg.getString("operand"));
            assertEquals("F32[3,1000003]", neg.getString("result"));
            assertEquals("reference", neg.getString("device"));
            assertTrue(neg.getDuration().toNanos() > 0);
            assertTrue(
                    events.stream()
                            .filter(event -> event.getEventType().getName().endsWith("Allocation"))
                            .anyMatch(event -> event.getLong("size") >= 12_000_036));
        }
    }

    @Test
    void runsOfPlansAreRecorded() throws IOException {
        Plan plan = Ugoki.compile(in -> new Tensor[] {in[0].neg().exp()});
        Tensor x = Tensor.zeros(DType.F32, 3);
        plan.apply(x);
        try (Recording recording = new Recording()) {
            recording.enable("dev.ugoki.Plan");
            recording.start();
            plan.apply(x);
            plan.apply(x);

            List<RecordedEvent> events =
                    recorded(recording).stream()
                            .filter(event -> event.getEventType().getName().endsWith("Plan"))
                            .toList();

            assertEquals(2, events.size());
            assertEquals(2, events.getFirst().getInt("operations"));
            assertEquals("F32[3]", events.getFirst().getString("result"));
        }
    }

    @Test
    void operationsAreNotRecordedUnlessAskedFor() throws IOException {
        try (Recording recording = new Recording()) {
            recording.start();
            Tensor.zeros(DType.F32, 3).neg();

            assertEquals(
                    0,
                    recorded(recording).stream()
                            .filter(event -> event.getEventType().getName().endsWith("Operation"))
                            .count());
        }
    }
}
