package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.fuzz.Fuzzer;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.Test;

/** Hostile arguments never crash, hang or corrupt: {@code ugoki fuzz} makes many more calls. */
class CpuFuzzTest {
    private static final long CALLS = 50_000;

    @Test
    void anyCallGivesAnErrorThatSaysWhatToDoOrARightResult() {
        Fuzzer.Report report = new Fuzzer(Device.cpu(), 1).run(CALLS, _ -> {});
        assertEquals("", String.join("\n", report.failures()));
        assertEquals(CALLS, report.calls());
        assertTrue(report.compared() > CALLS / 10, () -> "compared: " + report.compared());
        assertTrue(report.refused() > CALLS / 10, () -> "refused: " + report.refused());
    }
}
