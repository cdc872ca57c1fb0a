package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

class HandoverTest {
    private static final int PUBLISHED = 200_000;

    @Test
    void theReaderGetsTheLatestAndOnlyOnce() {
        Handover<int[]> handover = new Handover<>(() -> new int[1]);
        assertFalse(handover.takeLatest());
        for (int i = 1; i <= 5; i++) {
            handover.writing()[0] = i;
            handover.publish();
        }

        assertTrue(handover.takeLatest());
        assertEquals(5, handover.reading()[0]);
        assertFalse(handover.takeLatest());
        assertEquals(5, handover.reading()[0]);
        handover.writing()[0] = 6;
        assertEquals(5, handover.reading()[0]);
        handover.publish();
        assertTrue(handover.takeLatest());
        assertEquals(6, handover.reading()[0]);
    }

    /** Each object is filled with one number; a reader that sees two was given it too early. */
    @Test
    void nothingIsSeenThatIsStillBeingWritten() throws InterruptedException {
        Handover<int[]> handover = new Handover<>(() -> new int[64]);
        Thread writer =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    for (int i = 1; i <= PUBLISHED; i++) {
                                        Arrays.fill(handover.writing(), i);
                                        handover.publish();
                                    }
                                });
        int seen = 0;
        while (seen < PUBLISHED) {
            if (!handover.takeLatest()) {
                Thread.onSpinWait();
                continue;
            }
            int[] read = handover.reading();
            int first = read[0];
            assertTrue(first > seen, first + " after " + seen);
            for (int each : read) {
                assertEquals(first, each);
            }
            seen = first;
        }
        writer.join();
    }
}
