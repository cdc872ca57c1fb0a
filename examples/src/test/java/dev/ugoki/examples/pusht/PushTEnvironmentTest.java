package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class PushTEnvironmentTest {
    @Test
    void replaysTheHumanEpisodesAsTheOriginalEngineDoes() {
        var report = OpenLoopReplay.run(SharedData.humanDemonstrations());
        System.out.println(
                "replay of "
                        + report.maximumError().length
                        + " episodes: "
                        + report.within(1)
                        + " within 1 px, "
                        + report.within(0.01)
                        + " within 0.01 px");
        assertTrue(report.within(1) >= 200, () -> report.within(1) + " within 1 px");
        assertTrue(report.within(0.01) >= 175, () -> report.within(0.01) + " within 0.01 px");
    }

    @Test
    void rewardsEqualTheRecordedOnes() {
        var recorded = SharedData.humanDemonstrations();
        float[] rewards = SharedData.recordedRewards();
        for (int episode = 0; episode < recorded.episodes(); episode++) {
            int last = recorded.end(episode) - 1;
            for (int frame = recorded.start(episode); frame < last; frame++) {
                double coverage = recorded.state(frame + 1).coverage();
                assertEquals(rewards[frame], PushTEnvironment.reward(coverage), 1e-6);
            }
        }
    }

    @Test
    void keypointsEqualTheRecordedOnesWhileTheBlockRests() {
        var recorded = SharedData.humanDemonstrations();
        int resting = 0;
        int equal = 0;
        for (int frame = 1; frame < recorded.frames(); frame++) {
            PushTState state = recorded.state(frame);
            PushTState before = recorded.state(frame - 1);
            if (state.blockX() == before.blockX()
                    && state.blockY() == before.blockY()
                    && state.blockAngle() == before.blockAngle()) {
                resting++;
                equal += largestKeypointError(recorded, frame) < 1e-4 ? 1 : 0;
            }
        }
        assertTrue(resting > 10_000);
        // The recorder read the keypoints one substep before the pose.
        assertTrue(equal > 0.99 * resting, equal + " of " + resting);
    }

    private static float largestKeypointError(Demonstrations recorded, int frame) {
        PushTState state = recorded.state(frame);
        float[] keypoints = new float[18];
        TBlock.keypoints(state.blockX(), state.blockY(), state.blockAngle(), keypoints, 0);
        float largest = 0;
        for (int i = 0; i < 18; i++) {
            largest =
                    Math.max(
                            largest, Math.abs(recorded.keypoints()[18 * frame + i] - keypoints[i]));
        }
        return largest;
    }

    @Test
    void everyStandardSeedStartsAsPublished() throws Exception {
        String json = Files.readString(SharedData.file("data/pusht_derived/eval_seeds.json"));
        Matcher matcher =
                Pattern.compile(
                                "\"seed\": (\\d+), \"init_state\": \\[([^]]*)], "
                                        + "\"obs_after_reset\": \\[([^]]*)], "
                                        + "\"coverage_after_reset\": ([^,}]*)")
                        .matcher(json);
        var environment = new PushTEnvironment();
        int seeds = 0;
        while (matcher.find()) {
            PushTState state = environment.reset(Long.parseLong(matcher.group(1)));
            String[] expected = matcher.group(3).split(", ");
            assertEquals(Double.parseDouble(expected[0]), state.agentX(), 1e-12);
            assertEquals(Double.parseDouble(expected[1]), state.agentY(), 1e-12);
            assertEquals(Double.parseDouble(expected[2]), state.blockX(), 1e-9);
            assertEquals(Double.parseDouble(expected[3]), state.blockY(), 1e-9);
            assertEquals(Double.parseDouble(expected[4]), state.blockAngle(), 1e-9);
            assertEquals(Double.parseDouble(matcher.group(4)), state.coverage(), 1e-9);
            seeds++;
        }
        assertTrue(seeds >= 500, seeds + " seeds");
    }

    @Test
    void aCopyGoesOnWithTheSameBits() {
        var random = new SplittableRandom(1);
        var original = new PushTEnvironment();
        original.reset(100_003);
        var copy = new PushTEnvironment();
        for (int round = 0; round < 30; round++) {
            copy.copyFrom(original);
            for (int i = 0; i < 20; i++) {
                PushTState state = original.state();
                double x = state.blockX() + random.nextDouble(-80, 80);
                double y = state.blockY() + random.nextDouble(-80, 80);
                assertEquals(original.step(x, y), copy.step(x, y));
            }
        }
    }

    @Test
    void refusesATargetThatIsNoNumber() {
        var environment = new PushTEnvironment();
        environment.reset(100_000);
        assertThrows(IllegalArgumentException.class, () -> environment.step(Double.NaN, 0));
    }
}
