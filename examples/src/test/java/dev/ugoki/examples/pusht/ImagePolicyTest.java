package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Arrays;

class ImagePolicyTest {
    private static final Demonstrations DEMONSTRATIONS = demonstrations();

    /** Two episodes in which nothing but the block and the disc's target move. */
    private static Demonstrations demonstrations() {
        int frames = 24;
        float[] agent = new float[2 * frames];
        float[] block = new float[3 * frames];
        float[] actions = new float[2 * frames];
        for (int frame = 0; frame < frames; frame++) {
            agent[2 * frame] = 100 + 7 * frame;
            agent[2 * frame + 1] = 300 - 5 * frame;
            block[3 * frame] = 200 + 6 * frame;
            block[3 * frame + 1] = 250 - 4 * frame;
            block[3 * frame + 2] = 0.25f * frame;
            actions[2 * frame] = 120 + 7 * frame;
            actions[2 * frame + 1] = 290 - 6 * frame;
        }
        return Demonstrations.fromPoses(agent, block, actions, new int[] {12, frames});
    }

    private static RobotPolicy policy(PushTImages images) throws IOException {
        PolicyConfig preset = PolicyKind.IMAGE.config();
        PolicyConfig config =
                preset.withNetwork(preset.network().with("{\"width\": 16, \"blocks\": 1}"));
        return ImitationTask.of(PushTData.features(DEMONSTRATIONS), config, Key.of(1))
                .withImages(ImagePolicy.IMAGE, images)
                .withAuxiliary(PushTData.KEYPOINTS)
                .policy();
    }

    private static ChunkPolicy.Observation at(int frame) {
        return new ChunkPolicy.Observation(
                DEMONSTRATIONS.state(Math.max(0, frame - 1)),
                DEMONSTRATIONS.state(frame),
                7,
                frame);
    }

    @Test
    void whatIsSeenIsWhatIsRendered() {
        PushTImages images = PushTImages.of(DEMONSTRATIONS);
        float[] seen = PushTImages.tensor(DEMONSTRATIONS.state(5)).toFloatArray();
        assertArrayEquals(seen, images.tensors(5, 6).toFloatArray());
        int rgb = PushTRenderer.observation(DEMONSTRATIONS.state(5)).getRGB(40, 30);
        int pixel = 30 * PushTRenderer.OBSERVATION_SIDE + 40;
        int plane = PushTRenderer.OBSERVATION_SIDE * PushTRenderer.OBSERVATION_SIDE;
        assertEquals((rgb >> 16 & 0xff) / 255.0, seen[pixel], 1e-6);
        assertEquals((rgb >> 8 & 0xff) / 255.0, seen[plane + pixel], 1e-6);
        assertEquals((rgb & 0xff) / 255.0, seen[2 * plane + pixel], 1e-6);
    }

    /** Only the image tells of the block, and it does. */
    @Test
    void aPolicySeesTheBlockInTheImage() throws IOException {
        RobotPolicy made = policy(PushTImages.of(DEMONSTRATIONS));
        made.network().module().eval();
        ChunkPolicy policy = new ImagePolicy(made);
        float[] chunk = policy.act(at(5));
        assertEquals(16, chunk.length);
        assertArrayEquals(chunk, policy.act(at(5)));
        PushTState now = DEMONSTRATIONS.state(5);
        PushTState turned =
                new PushTState(now.agentX(), now.agentY(), now.blockX(), now.blockY(), 2);
        ChunkPolicy.Observation other = new ChunkPolicy.Observation(at(5).previous(), turned, 7, 5);
        assertFalse(Arrays.equals(chunk, policy.act(other)), "the block is not seen");
        // What was before is told of the disc alone.
        ChunkPolicy.Observation elsewhere =
                new ChunkPolicy.Observation(
                        new PushTState(
                                at(5).previous().agentX(), at(5).previous().agentY(), 9, 9, 1),
                        now,
                        7,
                        5);
        assertArrayEquals(chunk, policy.act(elsewhere));
    }

    @Test
    void theNearestFrameIsTheFrameItself() throws IOException {
        PushTImages images = PushTImages.of(DEMONSTRATIONS);
        RobotPolicy made = policy(images);
        made.network().module().eval();
        ChunkPolicy retrieval = new RetrievalPolicy(made, DEMONSTRATIONS, images, 3);
        for (int frame : new int[] {0, 5, 13, 20}) {
            float[] expected =
                    Arrays.copyOfRange(DEMONSTRATIONS.actions(), 2 * frame, 2 * frame + 6);
            assertArrayEquals(expected, retrieval.act(at(frame)), "frame " + frame);
        }
        float[] last = retrieval.act(at(23));
        assertEquals(last[0], last[4], "beyond the end its last action stays");
    }

    @Test
    void aPolicyOnKeypointsSeesNoImages() {
        RobotPolicy state =
                ImitationTask.of(
                                PushTData.features(DEMONSTRATIONS),
                                PolicyKind.L1.config(),
                                Key.of(1))
                        .policy();
        assertFalse(ImagePolicy.sees(state));
        assertThrows(IllegalArgumentException.class, () -> new ImagePolicy(state));
        Tensor image = PushTImages.tensor(DEMONSTRATIONS.state(0));
        assertTrue(image.max(false).item() <= 1);
    }
}
