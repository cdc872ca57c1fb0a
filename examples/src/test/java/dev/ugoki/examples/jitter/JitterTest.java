package dev.ugoki.examples.jitter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.control.LatencyHistogram;

import org.junit.jupiter.api.Test;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

import javax.imageio.ImageIO;

class JitterTest {
    /** 1000 cycles of {@code nanos}, the last two of 1 ms more. */
    private static MeasureJitter.Result result(String name, long nanos, long missed) {
        LatencyHistogram ends = new LatencyHistogram();
        for (int i = 0; i < 1000; i++) {
            ends.record(i < 998 ? nanos : nanos + 1_000_000);
        }
        return new MeasureJitter.Result(name, 50, ends, missed);
    }

    @Test
    void aPolicyThatIsAsEvenAsAnEmptyLoopMeetsTheGoal() {
        assertTrue(
                MeasureJitter.isGoalMet(
                        List.of(result("empty", 1_000, 3), result("policy", 250_000, 3))));
    }

    @Test
    void aLaterOrLessPunctualPolicyDoesNot() {
        assertFalse(
                MeasureJitter.isGoalMet(
                        List.of(result("empty", 1_000, 3), result("policy", 350_000, 3))));
        assertFalse(
                MeasureJitter.isGoalMet(
                        List.of(result("empty", 1_000, 3), result("policy", 2_000, 4))));
    }

    @Test
    void peersDoNotDecideWhetherTheGoalIsMet() {
        assertTrue(
                MeasureJitter.isGoalMet(
                        List.of(
                                result("empty", 1_000, 0),
                                result("policy", 2_000, 0),
                                result("peer", 9_000_000, 7))));
    }

    @Test
    void aPeerThatActsOtherwiseIsNotMeasured() {
        MeasureJitter.Actor still =
                new MeasureJitter.Actor() {
                    @Override
                    public float[] action() {
                        return new float[WalkingNetwork.JOINTS];
                    }

                    @Override
                    public boolean run(long cycle) {
                        return true;
                    }
                };

        String message =
                assertThrows(
                                IllegalStateException.class,
                                () ->
                                        MeasureJitter.requireSameActions(
                                                "peer", still, new Walking()))
                        .getMessage();

        assertTrue(message.contains("peer commands [0.0"), message);
        MeasureJitter.requireSameActions("peer", new Walking(), new Walking());
    }

    @Test
    void thePictureHasAChartForEachRate() throws IOException {
        byte[] png =
                JitterChart.png(List.of(result("empty", 1_000, 0), result("policy", 250_000, 0)));

        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));

        assertEquals(960, image.getWidth());
        assertEquals(560, image.getHeight());
    }

    @Test
    void garbageIsMadeAtItsRate() {
        try (Garbage garbage = Garbage.start(1_000_000_000)) {
            while (garbage.allocated() < 10_000_000) {
                Thread.onSpinWait();
            }
            assertTrue(garbage.allocated() >= 10_000_000);
        }
    }

    @Test
    void theWalkingPolicyActsInEveryCycle() {
        Walking walking = new Walking();
        for (long cycle = 0; cycle < 20; cycle++) {
            assertTrue(walking.run(cycle), "cycle " + cycle);
        }
    }
}
