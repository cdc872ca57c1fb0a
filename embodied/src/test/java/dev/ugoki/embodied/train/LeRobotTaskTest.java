package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.LeRobotConfig;
import dev.ugoki.embodied.act.LeRobotFeature;
import dev.ugoki.embodied.act.LeRobotNetwork;
import dev.ugoki.embodied.act.LeRobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class LeRobotTaskTest {
    private static final FrameTable FRAMES = SmallTask.frames(1);
    private static final LeRobotFeature STATE =
            new LeRobotFeature("observation.state", LeRobotFeature.Kind.STATE, List.of(2));
    private static final LeRobotFeature MARK =
            new LeRobotFeature(
                    "observation.environment_state", LeRobotFeature.Kind.ENV, List.of(3));
    private static final LeRobotFeature ACTION =
            new LeRobotFeature("action", LeRobotFeature.Kind.ACTION, List.of(2));

    @TempDir private Path folder;

    private static LeRobotNetwork act() {
        return new LeRobotNetwork.Act(
                6,
                new ActPolicy.Layers(16, 2, 32, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0.1),
                new ActPolicy.Vae(true, 4, 1, 1),
                null);
    }

    private static LeRobotNetwork diffusion(boolean masksPadding) {
        return new LeRobotNetwork.Diffusion(
                2,
                8,
                List.of(),
                false,
                true,
                4,
                false,
                new VisualDiffusionPolicy.Unet(List.of(8, 16), 3, 4, 8, true),
                LeRobotNetwork.Diffusion.Noise.DEFAULT,
                5,
                masksPadding);
    }

    private static LeRobotConfig config(LeRobotNetwork network) {
        return LeRobotConfig.of(
                List.of(STATE, MARK),
                ACTION,
                Map.of(
                        LeRobotFeature.Kind.STATE, Normalization.MIN_MAX,
                        LeRobotFeature.Kind.ENV, Normalization.MEAN_STD,
                        LeRobotFeature.Kind.ACTION, Normalization.MIN_MAX),
                4,
                network);
    }

    private static LeRobotTask task(LeRobotNetwork network) {
        return LeRobotTask.of(FRAMES, config(network), Key.of(3));
    }

    @Test
    void policiesOfLeRobotLearnAndAreSavedAsItDoes() throws IOException {
        for (LeRobotNetwork network : List.of(act(), diffusion(true))) {
            LeRobotTask task = task(network);
            Path run = folder.resolve(network.type());
            double[] losses = new double[2];
            Path checkpoint =
                    TrainingRun.start(run, task, SmallTask.SETTINGS.withSteps(60))
                            .train(
                                    progress ->
                                            losses[progress.step() <= 5 ? 0 : 1] = progress.loss());
            assertTrue(losses[1] < 0.8 * losses[0], losses[0] + " to " + losses[1]);
            Path pretrained = Checkpoints.pretrainedModel(checkpoint);
            assertTrue(Files.exists(pretrained.resolve("policy_preprocessor.json")));
            LeRobotPolicy loaded = LeRobotPolicy.load(pretrained);
            assertEquals(task.policy().config(), loaded.config());
            boolean twoSteps = network.observationSteps() == 2;
            Map<String, Tensor> seen =
                    Map.of(
                            STATE.name(), observation(twoSteps, 50, 60),
                            MARK.name(), observation(twoSteps, 40, 50, 1));
            float[] actions = loaded.predict(seen, Key.of(1)).toFloatArray();
            assertArrayEquals(actions, loaded.predict(seen, Key.of(1)).toFloatArray());
        }
    }

    private static Tensor observation(boolean twoSteps, float... values) {
        Tensor one = Tensor.of(values, 1, 1, values.length);
        return twoSteps ? Tensor.concat(1, one, one) : one.squeeze(1);
    }

    /** Of each episode of 30 frames, a chunk of 8 from the step before needs 3 frames more. */
    @Test
    void diffusionLeavesOutTheLastFramesOfEpisodes() {
        assertEquals(FRAMES.frameCount(), task(act()).sampleCount());
        int left = FRAMES.frameCount() - 3 * FRAMES.episodeCount();
        assertEquals(left, task(diffusion(false)).sampleCount());
    }

    /** A chunk that begins at an episode's last frame is made up but for its first action. */
    @Test
    void whatIsMadeUpIsLeftOutWhereTheSettingsSaySo() {
        int last = FRAMES.episodeEnd(0) - 4;
        double[] losses = new double[2];
        for (boolean masks : new boolean[] {false, true}) {
            LeRobotTask task = task(diffusion(masks));
            losses[masks ? 1 : 0] = task.loss(new int[] {last}, Key.of(5)).item();
        }
        assertNotEquals(losses[0], losses[1]);
        double[] inside = new double[2];
        for (boolean masks : new boolean[] {false, true}) {
            LeRobotTask task = task(diffusion(masks));
            inside[masks ? 1 : 0] = task.loss(new int[] {10}, Key.of(5)).item();
        }
        assertEquals(inside[0], inside[1], 1e-6);
    }

    @Test
    void otherDataIsAnotherTask() {
        String one = task(act()).fingerprint();
        assertEquals(one, task(act()).fingerprint());
        LeRobotConfig same = config(act());
        assertNotEquals(one, LeRobotTask.of(SmallTask.frames(2), same, Key.of(3)).fingerprint());
        assertNotEquals(one, task(diffusion(false)).fingerprint());
    }

    @Test
    void imagesAreNoNumbers() {
        LeRobotFeature image =
                new LeRobotFeature(
                        "observation.image", LeRobotFeature.Kind.VISUAL, List.of(3, 32, 32));
        LeRobotConfig config = LeRobotConfig.of(List.of(STATE, image), ACTION, Map.of(), 4, act());
        assertThrows(
                IllegalArgumentException.class, () -> LeRobotTask.of(FRAMES, config, Key.of(3)));
    }

    @Test
    void presetsAreLeRobots() {
        TrainingSettings act = LeRobotTask.preset(act());
        assertEquals(1e-5, act.optimizer().learningRate());
        assertEquals(8, act.batchSize());
        assertEquals(0, act.decaySteps());
        TrainingSettings diffusion = LeRobotTask.preset(diffusion(false));
        assertEquals(0.95, diffusion.optimizer().beta1());
        assertEquals(500, diffusion.warmupSteps());
        assertEquals(diffusion.steps(), diffusion.warmupSteps() + diffusion.decaySteps());
        assertEquals(10, diffusion.gradientClip());
    }
}
