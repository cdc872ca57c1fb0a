package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.policy.RealTimeChunking.Schedule;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;

/** A robot whose position is one number, and whose policy says where it should be at each step. */
class ChunkControllerTest {
    private static final int LENGTH = 5;

    private final SimulatedClock clock = new SimulatedClock();
    private final float[] action = new float[1];

    /** Says {@code 100 * observation + j} for action j. */
    private static void hundreds(Observation observation, float[] chunk) {
        float seen = observation.buffer(0).get(ValueLayout.JAVA_FLOAT, 0);
        for (int j = 0; j < chunk.length; j++) {
            chunk[j] = 100 * seen + j;
        }
    }

    private ChunkController.Builder controller(ChunkInference inference) {
        return ChunkController.of(inference, LENGTH, 1)
                .withInput(Observation.vector(1))
                .withClock(clock)
                .withWarmUpChunks(0);
    }

    private ChunkController.Builder hundreds() {
        return controller(ChunkControllerTest::hundreds);
    }

    /** One step: the number of the step is what is observed. */
    private Outcome step(ChunkController controller) {
        controller.observation().put(0, new float[] {controller.steps()});
        return controller.act(action);
    }

    private List<Float> actions(ChunkController controller, int steps) {
        List<Float> actions = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            assertEquals(Outcome.ACTED, step(controller));
            actions.add(action[0]);
        }
        return actions;
    }

    @Test
    void aChunkIsCarriedOutToItsEndBeforeTheNext() {
        assertEquals(List.of(0f, 1f, 2f, 3f, 4f, 500f, 501f), actions(hundreds().build(), 7));
    }

    @Test
    void aRecedingHorizonTakesTheFirstActionsOfEachChunk() {
        ChunkController controller =
                hundreds().withExecution(Execution.recedingHorizon(LENGTH, 2)).build();

        assertEquals(List.of(0f, 1f, 200f, 201f, 400f, 401f), actions(controller, 6));
    }

    @Test
    void actionsThatPassWhileAChunkIsComputedAreSkippedInIt() {
        ChunkController controller = hundreds().withExecution(new Execution.Queue(3)).build();
        controller.computeBeside();
        assertEquals(Outcome.WAITING, step(controller));
        controller.inferNow();
        // Nothing was carried out while the first chunk was computed, so all of it is.
        assertEquals(List.of(0f, 1f), actions(controller, 2));
        // With three left, the next chunk is asked for at step 3, when the robot has done two.
        assertEquals(List.of(2f, 3f), actions(controller, 2));
        controller.inferNow();

        // It was of step 3; two actions have passed since.
        assertEquals(List.of(302f, 303f, 304f), actions(controller, 3));
        assertEquals(2, controller.lastDelaySteps());
        assertEquals(0, controller.misses());
    }

    @Test
    void aChunkThatComesLateLetsTheRobotHold() {
        ChunkController controller = hundreds().build();
        controller.computeBeside();
        step(controller);
        controller.inferNow();
        actions(controller, 5);

        assertEquals(Outcome.HELD, step(controller));
        assertEquals(4, action[0]);
        assertEquals(Outcome.HELD, step(controller));
        controller.inferNow();

        // The robot stood still, so no action of the new chunk is past.
        assertEquals(List.of(600f), actions(controller, 1));
        assertEquals(2, controller.misses());
    }

    @Test
    void aRobotThatExtrapolatesMovesOnAndSkipsWhatIsPast() {
        ChunkController controller =
                hundreds().onMiss(OnMiss.EXTRAPOLATE).extrapolatingAtMost(2).build();
        controller.computeBeside();
        step(controller);
        controller.inferNow();
        actions(controller, 5);

        assertEquals(Outcome.EXTRAPOLATED, step(controller));
        assertEquals(5, action[0]);
        assertEquals(Outcome.EXTRAPOLATED, step(controller));
        assertEquals(6, action[0]);
        assertEquals(Outcome.HELD, step(controller));
        assertEquals(6, action[0]);
        controller.inferNow();

        // The new chunk was of step 6; two steps of moving have passed since.
        assertEquals(List.of(602f), actions(controller, 1));
    }

    @Test
    void aRobotThatStopsStaysStoppedUntilItIsReset() {
        ChunkController controller = hundreds().onMiss(OnMiss.STOP).withStopAction(-1).build();
        controller.computeBeside();
        step(controller);
        controller.inferNow();
        actions(controller, 5);

        assertEquals(Outcome.STOPPED, step(controller));
        assertEquals(-1, action[0]);
        controller.inferNow();
        assertEquals(Outcome.STOPPED, step(controller));

        controller.reset();
        assertEquals(Outcome.WAITING, step(controller));
        controller.inferNow();
        assertEquals(Outcome.ACTED, step(controller));
        assertEquals(800, action[0]);
    }

    @Test
    void aChunkOfTheEpisodeBeforeIsNotCarriedOut() {
        ChunkController controller = hundreds().build();
        controller.computeBeside();
        step(controller);
        controller.inferNow();
        controller.reset();

        assertEquals(Outcome.WAITING, step(controller));
        controller.inferNow();
        assertEquals(Outcome.ACTED, step(controller));
        assertEquals(100, action[0]);
    }

    @Test
    void inferenceThatTakesTooLongInTheControlThreadIsAMiss() {
        long[] takes = {1_000};
        ChunkController controller =
                controller(
                                (observation, chunk) -> {
                                    clock.advance(takes[0]);
                                    hundreds(observation, chunk);
                                })
                        .withExecution(Execution.recedingHorizon(LENGTH, 2))
                        .withDeadline(5_000)
                        .build();
        actions(controller, 2);
        takes[0] = 6_000;

        assertEquals(Outcome.HELD, step(controller));
        assertEquals(1, action[0]);
        takes[0] = 1_000;
        // The late chunk, of step 2, is carried out now.
        assertEquals(List.of(200f, 201f), actions(controller, 2));
        assertEquals(1, controller.misses());
    }

    @Test
    void aFailedInferenceStopsTheRobotAndTellsWhy() {
        IllegalStateException problem = new IllegalStateException("the network is gone");
        ChunkController controller =
                controller(
                                (_, _) -> {
                                    throw problem;
                                })
                        .withStopAction(7)
                        .build();

        assertEquals(Outcome.STOPPED, step(controller));
        assertEquals(7, action[0]);
        assertSame(problem, controller.failure());
    }

    @Test
    void theDelayIsWhatMostChunksDoNotExceed() {
        DelayEstimate delay = new DelayEstimate(2);
        delay.add(50);
        delay.add(40);
        assertEquals(0, delay.steps());
        for (int i = 0; i < 100; i++) {
            delay.add(i % 32 == 0 ? 9 : 3);
        }

        assertEquals(3, delay.steps());
        for (int i = 0; i < 6; i++) {
            delay.add(8);
        }
        assertEquals(8, delay.steps());
    }

    @Test
    void realTimeChunkingTellsThePolicyWhatIsLeft() {
        List<float[]> prefixes = new ArrayList<>();
        List<float[]> weights = new ArrayList<>();
        ChunkController controller =
                controller(
                                (observation, chunk) -> {
                                    prefixes.add(observation.prefix().actions().clone());
                                    weights.add(observation.prefix().weights().clone());
                                    hundreds(observation, chunk);
                                })
                        .withExecution(new Execution.RealTimeChunking(3, 3, Schedule.LINEAR))
                        .build();
        controller.computeBeside();
        step(controller);
        controller.inferNow();
        actions(controller, 4);
        controller.inferNow();
        assertArrayEquals(new float[LENGTH], weights.get(0));
        // Three were left, the last of them is repeated; nothing is known of the delay but one 1.
        assertArrayEquals(new float[] {2, 3, 4, 4, 4}, prefixes.get(1));
        assertArrayEquals(new float[] {1, 2 / 3f, 1 / 3f, 0, 0}, weights.get(1));
        actions(controller, 1);
        controller.inferNow();

        assertEquals(2, controller.lastDelaySteps());
    }

    @Test
    void nothingIsAllocatedByAStep() {
        for (Execution execution :
                List.of(
                        new Execution.Queue(2),
                        new Execution.TemporalEnsemble(0.01),
                        new Execution.RealTimeChunking(3, 4, Schedule.EXP))) {
            ChunkController controller = hundreds().withExecution(execution).build();
            float[] observed = {1};
            for (int i = 0; i < 20_000; i++) {
                controller.observation().put(0, observed);
                controller.act(action);
            }
            assertEquals(0, allocatedBySteps(controller, observed), execution::toString);
        }
    }

    private long allocatedBySteps(ChunkController controller, float[] observed) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        // The first reading loads classes.
        for (int attempt = 0; attempt < 3; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                controller.observation().put(0, observed);
                controller.act(action);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @Test
    void anInferenceThreadWorksBesideTheControlThread() throws InterruptedException {
        SynchronousQueue<Long> done = new SynchronousQueue<>();
        try (ChunkController controller =
                controller(
                                (observation, chunk) -> {
                                    hundreds(observation, chunk);
                                    try {
                                        done.put(observation.step());
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                })
                        .build()) {
            controller.startInference();
            assertEquals(Outcome.WAITING, step(controller));
            assertEquals(0L, done.take());
            while (step(controller) == Outcome.WAITING) {
                Thread.onSpinWait();
            }
            assertEquals(0, action[0]);
            assertFalse(controller.pendingActions() > LENGTH);
        }
        assertTrue(done.isEmpty());
    }
}
