package dev.ugoki.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class QuickstartTest {
    @Test
    void theReadmesExampleLearns() {
        double loss = Quickstart.train(500);
        assertTrue(loss < 0.02, "loss " + loss);
    }
}
