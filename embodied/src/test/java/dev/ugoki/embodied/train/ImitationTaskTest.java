package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.nn.vision.ImageAugmentation;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class ImitationTaskTest {
    private static final FrameTable FRAMES = SmallTask.frames(1);
    private static final PolicyFeature STATE =
            new PolicyFeature("observation.state", PolicyFeature.Kind.STATE, List.of(2));
    private static final PolicyFeature MARK =
            new PolicyFeature("observation.environment_state", PolicyFeature.Kind.ENV, List.of(3));
    private static final PolicyFeature ACTION =
            new PolicyFeature("action", PolicyFeature.Kind.ACTION, List.of(2));

    @TempDir private Path folder;

    private static PolicyNetwork act() {
        return new PolicyNetwork.Act(
                6,
                new ActPolicy.Layers(16, 2, 32, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0.1),
                new ActPolicy.Vae(true, 4, 1, 1),
                null);
    }

    private static PolicyNetwork diffusion(boolean masksPadding) {
        return new PolicyNetwork.Diffusion(
                2,
                8,
                List.of(),
                false,
                true,
                4,
                false,
                new VisualDiffusionPolicy.Unet(List.of(8, 16), 3, 4, 8, true),
                PolicyNetwork.Diffusion.Noise.DEFAULT,
                5,
                masksPadding);
    }

    private static PolicyConfig config(PolicyNetwork network) {
        return PolicyConfig.of(
                List.of(STATE, MARK),
                ACTION,
                Map.of(
                        PolicyFeature.Kind.STATE, Normalization.MIN_MAX,
                        PolicyFeature.Kind.ENV, Normalization.MEAN_STD,
                        PolicyFeature.Kind.ACTION, Normalization.MIN_MAX),
                4,
                network);
    }

    private static ImitationTask task(PolicyNetwork network) {
        return ImitationTask.of(FRAMES, config(network), Key.of(3));
    }

    @Test
    void policiesOfLeRobotLearnAndAreSavedAsItDoes() throws IOException {
        for (PolicyNetwork network : List.of(act(), diffusion(true))) {
            ImitationTask task = task(network);
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
            RobotPolicy loaded = RobotPolicy.load(pretrained);
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
            ImitationTask task = task(diffusion(masks));
            losses[masks ? 1 : 0] = task.loss(new int[] {last}, Key.of(5)).item();
        }
        assertNotEquals(losses[0], losses[1]);
        double[] inside = new double[2];
        for (boolean masks : new boolean[] {false, true}) {
            ImitationTask task = task(diffusion(masks));
            inside[masks ? 1 : 0] = task.loss(new int[] {10}, Key.of(5)).item();
        }
        assertEquals(inside[0], inside[1], 1e-6);
    }

    @Test
    void otherDataIsAnotherTask() {
        String one = task(act()).fingerprint();
        assertEquals(one, task(act()).fingerprint());
        PolicyConfig same = config(act());
        assertNotEquals(one, ImitationTask.of(SmallTask.frames(2), same, Key.of(3)).fingerprint());
        assertNotEquals(one, task(diffusion(false)).fingerprint());
    }

    @Test
    void imagesAreNoNumbers() {
        PolicyFeature image =
                new PolicyFeature(
                        "observation.image", PolicyFeature.Kind.VISUAL, List.of(3, 32, 32));
        PolicyConfig config = PolicyConfig.of(List.of(STATE, image), ACTION, Map.of(), 4, act());
        assertThrows(
                IllegalArgumentException.class,
                () -> ImitationTask.of(FRAMES, config, Key.of(3)).batch(new int[] {0}));
    }

    @Test
    void observationsAreDisturbedInTrainingAlone() {
        ImitationTask plain = SmallTask.task(SmallTask.REGRESSION);
        ImitationTask noisy = plain.withObservationNoise(0.5);
        int[] samples = {1, 5, 9};
        double expected = plain.loss(samples, Key.of(1)).item();
        assertNotEquals(expected, noisy.loss(samples, Key.of(1)).item());
        assertNotEquals(
                noisy.loss(samples, Key.of(2)).item(), noisy.loss(samples, Key.of(1)).item());
        noisy.network().eval();
        assertEquals(expected, noisy.loss(samples, Key.of(1)).item());
        assertNotEquals(plain.fingerprint(), noisy.fingerprint());
        assertEquals(expected, plain.heldOut(FRAMES).loss(samples, Key.of(1)).item());
    }

    /** Where all that is known of the point is moved, the way to the same actions is another. */
    @Test
    void theOriginIsMovedAndActionsStay() {
        ImitationTask plain = SmallTask.task(SmallTask.REGRESSION);
        ImitationTask moved = plain.withOriginNoise(3);
        int[] samples = {1, 5, 9};
        double expected = plain.loss(samples, Key.of(1)).item();
        // A fresh network says next to nothing, so its loss is the way that there is to go.
        assertTrue(moved.loss(samples, Key.of(1)).item() > expected);
        moved.network().eval();
        assertEquals(expected, moved.loss(samples, Key.of(1)).item());
        assertNotEquals(plain.fingerprint(), moved.fingerprint());
        assertThrows(IllegalArgumentException.class, () -> task(act()).withOriginNoise(0.1));
    }

    // ---- relative actions of ACT ----

    /** What never changes is not scaled, and what is predicted as 0 is the origin. */
    @Test
    void actionsOfActMayBeRelativeToThePoint() throws IOException {
        PolicyConfig config = config(act()).withActionsRelativeTo(STATE.name());
        ImitationTask task = ImitationTask.of(FRAMES, config, Key.of(3));
        task.network().eval();
        Map<String, Tensor> seen =
                Map.of(
                        STATE.name(), observation(false, 50, 60),
                        MARK.name(), observation(false, 40, 50, 1));
        float[] expected = task.policy().predict(seen, Key.of(1)).toFloatArray();
        task.policy().save(folder);
        RobotPolicy loaded = RobotPolicy.load(folder);
        assertEquals(config, loaded.config());
        assertArrayEquals(expected, loaded.predict(seen, Key.of(1)).toFloatArray());
        Tensor zeros = Tensor.zeros(DType.F32, 1, expected.length / 2, 2);
        Tensor origin = Tensor.of(new float[] {50, 60}, 1, 2);
        float[] held = loaded.scales().unnormalizeActions(zeros, origin).toFloatArray();
        for (int i = 0; i < held.length; i++) {
            assertEquals(i % 2 == 0 ? 50 : 60, held[i]);
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> config.withActionsRelativeTo("observation.nothing"));
    }

    // ---- images ----

    private record Pictures(int frameCount) implements FrameImages {
        @Override
        public int height() {
            return 24;
        }

        @Override
        public int width() {
            return 16;
        }

        @Override
        public void copyFrame(int frame, byte[] target, int offset) {
            for (int i = 0; i < 24 * 16 * 3; i++) {
                target[offset + i] = (byte) (frame * 7 + i % 3);
            }
        }
    }

    @Test
    void aPolicyLearnsFromImages() throws IOException {
        PolicyConfig config =
                PolicyConfig.of(
                        List.of(STATE, PolicyFeature.image("observation.image", 24, 16)),
                        ACTION,
                        Map.of(PolicyFeature.Kind.STATE, Normalization.MIN_MAX),
                        4,
                        new PolicyNetwork.Chunk(
                                2,
                                8,
                                SmallTask.REGRESSION,
                                Optional.of(
                                        new ConditionedPolicy.Vision(List.of(8, 8), 4, 3, 0.5))));
        ImitationTask task =
                ImitationTask.of(FRAMES, config.withActionsRelativeTo(STATE.name()), Key.of(3))
                        .withImages("observation.image", new Pictures(FRAMES.frameCount()))
                        .withAuxiliary(MARK.name());
        Tensor[] batch = task.batch(new int[] {3, 4});
        assertArrayEquals(new long[] {2, 24, 16, 3}, batch[1].shape().toArray());
        assertEquals(21, batch[1].toLongArray()[0]);
        ImitationTask changed = task.withAugmentation(ImageAugmentation.NONE.withColour(0.9, 0, 0));
        assertNotEquals(
                task.loss(new int[] {3}, Key.of(1)).item(),
                changed.loss(new int[] {3}, Key.of(1)).item());
        double[] losses = new double[2];
        Path checkpoint =
                TrainingRun.start(folder, changed, SmallTask.SETTINGS.withSteps(60))
                        .train(progress -> losses[progress.step() <= 5 ? 0 : 1] = progress.loss());
        assertTrue(losses[1] < 0.8 * losses[0], losses[0] + " to " + losses[1]);
        RobotPolicy loaded = RobotPolicy.load(Checkpoints.pretrainedModel(checkpoint));
        Tensor state = observation(true, 50, 60);
        Tensor image = Tensor.zeros(DType.F32, 1, 3, 24, 16);
        Tensor actions =
                loaded.predict(Map.of(STATE.name(), state, "observation.image", image), Key.of(1));
        assertArrayEquals(new long[] {1, 4, 2}, actions.shape().toArray());
        assertThrows(
                IllegalArgumentException.class,
                () -> task.withImages("observation.image", new Pictures(3)));
    }

    @Test
    void presetsAreLeRobots() {
        TrainingSettings act = ImitationTask.preset(act());
        assertEquals(1e-5, act.optimizer().learningRate());
        assertEquals(8, act.batchSize());
        assertEquals(0, act.decaySteps());
        TrainingSettings diffusion = ImitationTask.preset(diffusion(false));
        assertEquals(0.95, diffusion.optimizer().beta1());
        assertEquals(500, diffusion.warmupSteps());
        assertEquals(diffusion.steps(), diffusion.warmupSteps() + diffusion.decaySteps());
        assertEquals(10, diffusion.gradientClip());
    }
}
