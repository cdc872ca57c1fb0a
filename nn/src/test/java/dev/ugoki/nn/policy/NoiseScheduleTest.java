package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.nn.ModelCases;

import org.junit.jupiter.api.Test;

import java.io.IOException;

class NoiseScheduleTest {
    @Test
    void theSquaredCosineAgreesWithTheTable() throws IOException {
        JsonNode table =
                new ObjectMapper()
                        .readTree(
                                ModelCases.sharedFile(
                                                "data/pusht_derived/squaredcos_cap_v2_100.json")
                                        .toFile());
        NoiseSchedule schedule = NoiseSchedule.squaredCosine(100);
        for (int t = 0; t < 100; t++) {
            assertEquals(table.get("betas").get(t).asDouble(), schedule.beta(t), 1e-12);
            double kept = table.get("alphas_cumprod").get(t).asDouble();
            assertEquals(1, schedule.kept(t) / kept, 1e-9);
        }
    }

    @Test
    void theSquaredCosineHasThePublishedEnds() {
        NoiseSchedule schedule = NoiseSchedule.squaredCosine(100);
        assertEquals(6.312816e-4, schedule.beta(0), 1e-10);
        assertEquals(0.999, schedule.beta(99));
        assertEquals(0.4938435904, schedule.kept(49), 1e-10);
        assertEquals(2.42857e-7, schedule.kept(99), 1e-12);
        assertEquals(1, schedule.kept(-1));
    }

    @Test
    void theLinearOneGoesFromBetaToBeta() {
        NoiseSchedule schedule = NoiseSchedule.linear(3, 0.1, 0.3);
        assertEquals(0.2, schedule.beta(1), 1e-12);
        assertEquals(0.9 * 0.8 * 0.7, schedule.kept(2), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> new NoiseSchedule(0.5, 1));
    }
}
