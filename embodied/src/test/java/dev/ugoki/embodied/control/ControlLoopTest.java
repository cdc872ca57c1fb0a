package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class ControlLoopTest {
    private static final long PERIOD = 1000;

    private final SimulatedClock clock = new SimulatedClock();
    private final ControlLoop loop = new ControlLoop(clock, PERIOD);
    private final List<Long> begun = new ArrayList<>();

    /** Runs five cycles; the one of number {@code slow} takes {@code nanos}, others 100. */
    private void run(long slow, long nanos) {
        loop.run(
                cycle -> {
                    begun.add(clock.nanoTime());
                    clock.advance(cycle == slow ? nanos : 100);
                    return begun.size() < 5;
                });
    }

    @Test
    void cyclesBeginAtMultiplesOfThePeriod() {
        run(-1, 0);

        assertEquals(List.of(0L, 1000L, 2000L, 3000L, 4000L), begun);
        assertEquals(0, loop.missedDeadlines());
        assertEquals(5, loop.wakeUps().count());
        assertEquals(0, loop.wakeUps().max());
        assertEquals(100, loop.ends().max());
    }

    @Test
    void aCycleThatTakesTooLongIsMissedAndNotMadeUpFor() {
        run(1, 2500);

        // Cycle 1 ended at 3500: cycles 2 and 3 are left out.
        assertEquals(List.of(0L, 1000L, 4000L, 5000L, 6000L), begun);
        assertEquals(1, loop.missedDeadlines());
        assertEquals(2500, loop.ends().max());
    }

    @Test
    void aCycleThatEndsJustWhenTheNextBeginsIsInTime() {
        run(1, 1000);

        assertEquals(List.of(0L, 1000L, 2000L, 3000L, 4000L), begun);
        assertEquals(0, loop.missedDeadlines());
    }

    @Test
    void percentilesAreExactToOnePartIn64() {
        Random random = new Random(4);
        LatencyHistogram histogram = new LatencyHistogram();
        long[] values = new long[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) Math.exp(random.nextDouble() * 30);
            histogram.record(values[i]);
        }
        Arrays.sort(values);
        for (double percent : new double[] {0, 1, 50, 90, 99, 99.9, 100}) {
            int rank = (int) Math.max(1, Math.ceil(values.length * percent / 100));
            long exact = values[rank - 1];
            long found = histogram.percentile(percent);
            assertTrue(
                    found >= exact && found <= exact + exact / 64 + 1,
                    percent + ": " + exact + ", " + found);
        }
        assertEquals(values[values.length - 1], histogram.max());
        assertEquals(values.length, histogram.countBetween(0, Long.MAX_VALUE));
    }

    @Test
    void everyDurationHasABucket() {
        LatencyHistogram histogram = new LatencyHistogram();
        for (long value : new long[] {-5, 0, 63, 64, 127, 128, Long.MAX_VALUE}) {
            histogram.record(value);
        }
        assertEquals(7, histogram.count());
        assertEquals(Long.MAX_VALUE, histogram.percentile(100));
        assertEquals(0, histogram.percentile(20));
        assertThrows(IllegalStateException.class, () -> new LatencyHistogram().percentile(50));
    }
}
