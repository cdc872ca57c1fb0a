package dev.ugoki.nn.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void warmsUpThenFallsAsHalfACosine() {
        Schedule schedule = Schedule.warmupCosine(10, 110);
        assertEquals(0, schedule.factor(0));
        assertEquals(0.5, schedule.factor(5));
        assertEquals(1, schedule.factor(10));
        assertEquals((1 + Math.sqrt(0.5)) / 2, schedule.factor(35), 1e-12);
        assertEquals(0.5, schedule.factor(60), 1e-12);
        assertEquals(0, schedule.factor(110), 1e-12);
        assertEquals(0, schedule.factor(500), 1e-12);
    }

    @Test
    void theCosineMayEndAboveZero() {
        Schedule schedule = Schedule.warmupCosine(0, 100, 0.2);
        assertEquals(1, schedule.factor(0));
        assertEquals(0.6, schedule.factor(50), 1e-12);
        assertEquals(0.2, schedule.factor(100), 1e-12);
    }

    @Test
    void theStableFormFallsInItsLastStepsOnly() {
        Schedule schedule = Schedule.warmupStableDecay(10, 110, 40);
        assertEquals(0.5, schedule.factor(5));
        assertEquals(1, schedule.factor(10));
        assertEquals(1, schedule.factor(70));
        assertEquals((1 + Math.sqrt(0.5)) / 2, schedule.factor(80), 1e-12);
        assertEquals(0.5, schedule.factor(90), 1e-12);
        assertEquals(0, schedule.factor(110), 1e-12);
        // All of it after the warm-up is the plain cosine.
        for (long made = 0; made < 120; made++) {
            assertEquals(
                    Schedule.warmupCosine(10, 110).factor(made),
                    Schedule.warmupStableDecay(10, 110, 100).factor(made));
        }
        assertThrows(IllegalArgumentException.class, () -> Schedule.warmupStableDecay(1, 10, -1));
    }

    @Test
    void otherFormsAreWhatTheirNamesSay() {
        assertEquals(1, Schedule.constant().factor(12345));
        assertEquals(0.25, Schedule.linearWarmup(4).factor(1));
        assertEquals(1, Schedule.linearWarmup(4).factor(9));
        assertEquals(0.75, Schedule.warmupLinear(10, 50).factor(20), 1e-12);
        assertEquals(0, Schedule.warmupLinear(10, 50).factor(60), 1e-12);
    }

    @Test
    void aNegativeWarmupIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Schedule.linearWarmup(-1));
    }
}
