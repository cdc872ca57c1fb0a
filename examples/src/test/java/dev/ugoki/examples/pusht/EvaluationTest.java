package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EvaluationTest {
    @Test
    void doingNothingScoresAsPublished() {
        var evaluation = Evaluation.run(ChunkPolicy.noOperation(), Evaluation.STANDARD_SEED, 50, 2);
        print("no-op", evaluation);
        assertEquals(0.076, evaluation.meanMaximumReward(), 0.005);
        assertEquals(0, evaluation.successRate());
        assertEquals(300, evaluation.meanSteps());
    }

    @Test
    void theNearestNeighbourScoresAsPublished() {
        var demonstrations = SharedData.humanDemonstrations();
        var one =
                Evaluation.run(
                        new NearestNeighbourPolicy(demonstrations, 1),
                        Evaluation.STANDARD_SEED,
                        50,
                        2);
        print("nearest neighbour, chunk 1", one);
        var eight =
                Evaluation.run(
                        new NearestNeighbourPolicy(demonstrations, 8),
                        Evaluation.STANDARD_SEED,
                        50,
                        2);
        print("nearest neighbour, chunk 8", eight);
        assertEquals(0.470, one.meanMaximumReward(), 0.03);
        assertEquals(0.790, eight.meanMaximumReward(), 0.03);
    }

    @Test
    void theNumberOfThreadsDoesNotMatter() {
        ChunkPolicy policy =
                observation -> {
                    var state = observation.current();
                    float x = (float) (state.blockX() + 20 * Math.sin(observation.step()));
                    return new float[] {x, (float) state.blockY(), x + 5, x};
                };
        var one = Evaluation.run(policy, 7, 6, 1);
        var three = Evaluation.run(policy, 7, 6, 3);
        for (int i = 0; i < 6; i++) {
            assertEquals(one.episodes().get(i).states(), three.episodes().get(i).states());
            assertArrayEquals(one.episodes().get(i).actions(), three.episodes().get(i).actions());
        }
        assertTrue(one.episodes().get(0).maximumReward() < 1);
    }

    @Test
    void aPolicyThatAnswersHalfAPositionIsRefused() {
        ChunkPolicy policy = observation -> new float[3];
        var error =
                assertThrows(
                        IllegalStateException.class, () -> Evaluation.runEpisode(policy, 100_000));
        assertTrue(error.getMessage().contains("3 numbers"), error.getMessage());
        assertThrows(IllegalStateException.class, () -> Evaluation.run(policy, 100_000, 3, 2));
    }

    private static void print(String name, Evaluation evaluation) {
        System.out.printf(
                "%s: %.3f +- %.3f, success %.2f, %.0f steps, p50 %.3f ms, p99 %.3f ms%n",
                name,
                evaluation.meanMaximumReward(),
                evaluation.standardError(),
                evaluation.successRate(),
                evaluation.meanSteps(),
                evaluation.inferenceMillis(0.5),
                evaluation.inferenceMillis(0.99));
    }
}
