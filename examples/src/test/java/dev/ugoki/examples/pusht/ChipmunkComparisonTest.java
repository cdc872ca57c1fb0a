package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class ChipmunkComparisonTest {
    private static final int CONTROL_STEPS = 200;

    @Test
    void followsTheOriginalEngineSubstepBySubstep() {
        var library = Chipmunk.library();
        Assumptions.assumeTrue(
                library.isPresent(),
                "libchipmunk7 is not installed (apt-get install libchipmunk7)");
        int together = 0;
        int episodes = 40;
        for (int seed = 0; seed < episodes; seed++) {
            var random = new SplittableRandom(seed);
            PushTState start =
                    new PushTState(
                            random.nextDouble(50, 450),
                            random.nextDouble(50, 450),
                            random.nextDouble(100, 400),
                            random.nextDouble(100, 400),
                            random.nextDouble(-3, 9));
            var original = new Chipmunk(library.get(), start, true);
            var ours = new PushTEnvironment();
            ours.reset(start);
            if (substepsTogether(original, ours, random) == 10 * CONTROL_STEPS) {
                together++;
            }
        }
        System.out.println(
                together + " of " + episodes + " random episodes stay within 1e-6 px of Chipmunk");
        assertTrue(together >= 0.9 * episodes, together + " of " + episodes);
    }

    /** Pushes around the block, often into the walls; returns how long both agree. */
    private static int substepsTogether(
            Chipmunk original, PushTEnvironment ours, SplittableRandom random) {
        int touched = 0;
        for (int step = 0; step < CONTROL_STEPS; step++) {
            PushTState state = ours.state();
            double x = Math.clamp(state.blockX() + random.nextDouble(-150, 150), 0, 512);
            double y = Math.clamp(state.blockY() + random.nextDouble(-150, 150), 0, 512);
            for (int substep = 0; substep < 10; substep++) {
                original.substep(x, y);
                ours.substep(x, y);
                touched += ours.physics().contactPoints();
                PushTState expected = original.state();
                double error =
                        Math.hypot(
                                expected.blockX() - ours.physics().blockX(),
                                expected.blockY() - ours.physics().blockY());
                if (error > 1e-6) {
                    return 10 * step + substep;
                }
                assertEquals(expected.agentX(), ours.physics().agentX, 1e-9);
            }
        }
        assertTrue(touched > 100, "the episode hardly touched the block");
        return 10 * CONTROL_STEPS;
    }
}
