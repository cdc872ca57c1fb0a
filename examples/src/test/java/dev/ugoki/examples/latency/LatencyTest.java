package dev.ugoki.examples.latency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Map;

class LatencyTest {
    @Test
    void aPlanIsMadeBeforeItsFirstResultAndThatBeforeFullSpeed() {
        Latency found = Latency.ofPlan(LatencyRow.MLP);

        assertTrue(found.planned() > 0);
        assertTrue(found.first() > found.planned());
        assertTrue(found.full() >= found.first());
        assertTrue(found.operations() > 3);
        assertTrue(found.fullRun() > 0);
    }

    @Test
    void theLargePlanHasFiveHundredOperationsAndMore() {
        LatencyRow.Ready ready = LatencyRow.OPERATIONS.make();

        int count =
                dev.ugoki.tensor.graph.Graph.trace(
                                ready.function(),
                                ready.inputs()[0].type(),
                                ready.inputs()[1].type())
                        .nodes()
                        .size();

        assertTrue(count >= 500, count + " operations");
    }

    @Test
    void whatAnotherJvmPrintsIsReadAsItWas() {
        Latency latency = new Latency(12, 1.5, 0.25, 0.5, 0.75, 0.125, 1e-5);

        assertEquals(latency, Latency.read(latency.write()));
    }

    @Test
    void theTableHasALineForEachProgram() {
        Latency latency = new Latency(12, 1.5, 0.25, 0.5, 0.75, 0.125, 1e-5);

        String table = MeasureLatency.table(Map.of(LatencyRow.MLP, latency));

        assertTrue(
                table.endsWith(
                        "| MLP 64-256-256-14 | 12 | 1.50 s | 0.25 s | 0.50 s | 0.75 s | 125.0 ms |"
                                + " 0.010 ms |\n"),
                table);
    }
}
