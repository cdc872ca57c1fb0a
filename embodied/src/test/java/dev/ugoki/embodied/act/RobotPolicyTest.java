package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.train.SmallTask;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class RobotPolicyTest {
    private static final FrameTable FRAMES = SmallTask.frames(1);
    private static final NetworkConfig UNET =
            new NetworkConfig.Unet(List.of(8, 16), 3, 4, 8, FlowPolicy.Config.DEFAULT.withSteps(2));

    @TempDir private Path folder;

    private static RobotPolicy policy(PolicyConfig config) {
        return RobotPolicy.create(config, PolicyScales.of(config, FRAMES), Key.of(3));
    }

    private static float[] observation() {
        return new float[] {40, 50, 60, 45, 55, 40, 50, 60, 46, 57};
    }

    @Test
    void aPolicyThatWasSavedActsAsBefore() throws IOException {
        for (NetworkConfig network : List.of(SmallTask.REGRESSION, SmallTask.FLOW, UNET)) {
            RobotPolicy made = policy(SmallTask.config(network));
            Path target = Files.createTempDirectory(folder, "policy");
            made.save(target);
            RobotPolicy loaded = RobotPolicy.load(target);
            assertEquals(made.config(), loaded.config());
            float[] expected = made.act(observation(), Key.of(1));
            assertEquals(4 * 2, expected.length);
            assertArrayEquals(expected, loaded.act(observation(), Key.of(1)));
        }
    }

    @Test
    void aPolicyWithAbsoluteActionsAndOtherScalesIsSavedToo() throws IOException {
        PolicyConfig relative = SmallTask.config(SmallTask.REGRESSION);
        PolicyConfig config =
                PolicyConfig.of(
                        relative.inputs(),
                        relative.action(),
                        Normalization.MEAN_STD,
                        6,
                        new PolicyNetwork.Chunk(1, 6, SmallTask.REGRESSION));
        RobotPolicy made = policy(config);
        made.save(folder);
        float[] frame = {40, 50, 60, 46, 57};
        assertArrayEquals(
                made.act(frame, Key.of(1)), RobotPolicy.load(folder).act(frame, Key.of(1)));
    }

    @Test
    void noiseFollowsFromTheKeyAlone() {
        RobotPolicy flow = policy(SmallTask.config(SmallTask.FLOW));
        float[] first = flow.predict(observation(), Key.of(1));
        assertArrayEquals(first, flow.predict(observation(), Key.of(1)));
        assertFalse(
                java.util.Arrays.equals(first, flow.predict(observation(), Key.of(2))),
                "another key, the same chunk");
    }

    @Test
    void whatIsCarriedOutBeginsNow() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.REGRESSION));
        float[] chunk = policy.predict(observation(), Key.of(1));
        assertEquals(8 * 2, chunk.length);
        assertArrayEquals(
                java.util.Arrays.copyOfRange(chunk, 2, 10), policy.act(observation(), Key.of(1)));
    }

    @Test
    void relativeActionsAreScaledByTheirDeviationAndComeBack() {
        PolicyConfig config = SmallTask.config(SmallTask.REGRESSION);
        PolicyScales scales = PolicyScales.of(config, FRAMES);
        float[] origins = {46, 57};
        float[] chunk = new float[16];
        for (int i = 0; i < chunk.length; i++) {
            chunk[i] = origins[i % 2] + i;
        }
        Tensor origin = Tensor.of(origins, 1, 2);
        Tensor scaled = scales.normalizeActions(Tensor.of(chunk, 1, 8, 2), origin);
        float[] normalized = scaled.toFloatArray();
        for (int i = 0; i < chunk.length; i++) {
            double scale = deviation(i / 2 - 1, i % 2);
            assertEquals(i / scale, normalized[i], 1e-4 * i, "element " + i);
        }
        float[] back = scales.unnormalizeActions(scaled, origin).toFloatArray();
        assertArrayEquals(chunk, back, 1e-3f);
    }

    /**
     * Straight from the definition: standard deviation of action at t + offset minus point at t.
     */
    private static double deviation(int offset, int dimension) {
        double sum = 0;
        double squares = 0;
        for (int frame = 0; frame < FRAMES.frameCount(); frame++) {
            int episode = FRAMES.episodeOf(frame);
            int source =
                    Math.clamp(
                            frame + offset,
                            FRAMES.episodeStart(episode),
                            FRAMES.episodeEnd(episode) - 1);
            double difference =
                    FRAMES.column("action").at(source, dimension)
                            - FRAMES.column("observation.state").at(frame, dimension);
            sum += difference;
            squares += difference * difference;
        }
        double mean = sum / FRAMES.frameCount();
        return Math.sqrt(squares / FRAMES.frameCount() - mean * mean);
    }

    @Test
    void actionsStayWithinWhatWasDemonstrated() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.REGRESSION));
        float[] far = observation();
        far[8] = 1e6f;
        far[9] = -1e6f;
        float[] chunk = policy.predict(far, Key.of(1));
        float[] actions = FRAMES.column("action").floats();
        float most = Float.NEGATIVE_INFINITY;
        float least = Float.POSITIVE_INFINITY;
        for (int i = 0; i < actions.length; i += 2) {
            most = Math.max(most, actions[i]);
            least = Math.min(least, actions[i + 1]);
        }
        assertEquals(most, chunk[0]);
        assertEquals(least, chunk[1]);
    }

    @Test
    void aPolicyComputesWhereItWasLoaded() throws IOException {
        RobotPolicy made = policy(SmallTask.config(SmallTask.FLOW));
        made.save(folder);
        RobotPolicy reference = new Device("reference", 0).call(() -> RobotPolicy.load(folder));
        assertArrayEquals(
                made.act(observation(), Key.of(1)), reference.act(observation(), Key.of(1)), 1e-3f);
    }

    @Test
    void observationsOfAnotherWidthAreRefused() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.REGRESSION));
        var error =
                assertThrows(
                        IllegalArgumentException.class, () -> policy.act(new float[9], Key.of(1)));
        assertTrue(error.getMessage().contains("9 numbers"), error.getMessage());
        assertTrue(error.getMessage().contains("2 steps of 5"), error.getMessage());
    }

    @Test
    void settingsThatAreNotKnownAreRefused() throws IOException {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.FLOW));
        policy.save(folder);
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        assertRefused(
                config, text.replace("\"horizon\"", "\"dropout\" : 0.1, \"horizon\""), "dropout");
        assertRefused(
                config,
                text.replace("\"time_scale\"", "\"sigma\" : 1, \"time_scale\""),
                "network.sigma");
        assertRefused(config, text.replace("residual_mlp", "transformer"), "transformer");
        assertRefused(config, text.replace("RELATIVE_STD", "MIN_MAX"), "ACTION");
        assertRefused(config, text.replace("\"horizon\" : 8", "\"horizon\" : 3"), "a chunk of 3");
        assertRefused(config, text.replace("ugoki_chunk", "vqbet"), "'vqbet'");
        assertRefused(config, text.substring(0, text.length() / 2), "not valid JSON");
        Files.writeString(config, text);
        RobotPolicy.load(folder);
    }

    private void assertRefused(Path config, String text, String named) throws IOException {
        Files.writeString(config, text);
        var error = assertThrows(FileFormatException.class, () -> RobotPolicy.load(folder));
        assertTrue(error.getMessage().contains(named), error.getMessage());
        assertTrue(error.getMessage().contains("config.json"), error.getMessage());
    }

    @Test
    void missingStatisticsAreAnErrorNotPassedOver() throws IOException {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.FLOW));
        policy.save(folder);
        Path before = folder.resolve("policy_preprocessor_step_3_normalizer_processor.safetensors");
        Path after =
                folder.resolve("policy_postprocessor_step_0_unnormalizer_processor.safetensors");
        Map<String, HostArray> whole = SafetensorsFile.read(before);
        SafetensorsFile.write(before, without(whole, "observation.state.max"));
        var missing =
                assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
        assertTrue(missing.getMessage().contains("observation.state"), missing.getMessage());
        SafetensorsFile.write(before, without(whole, "action.relative_std"));
        SafetensorsFile.write(after, without(whole, "action.relative_std"));
        var scale = assertThrows(FileFormatException.class, () -> RobotPolicy.load(folder));
        assertTrue(scale.getMessage().contains("action.relative_std"), scale.getMessage());
        Files.delete(after);
        assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
    }

    private static Map<String, HostArray> without(Map<String, HostArray> whole, String name) {
        Map<String, HostArray> part = new LinkedHashMap<>(whole);
        assertTrue(part.remove(name) != null, name + " is not in " + whole.keySet());
        return part;
    }

    @Test
    void anEpisodesFirstObservationStandsForThoseBeforeIt() {
        ObservationWindow window = new ObservationWindow(3, 2);
        assertThrows(IllegalStateException.class, window::steps);
        window.add(new float[] {1, 2});
        assertArrayEquals(new float[] {1, 2, 1, 2, 1, 2}, window.steps());
        window.add(new float[] {3, 4});
        assertArrayEquals(new float[] {1, 2, 1, 2, 3, 4}, window.steps());
        window.clear();
        window.add(new float[] {5, 6});
        assertArrayEquals(new float[] {5, 6, 5, 6, 5, 6}, window.steps());
        assertThrows(IllegalArgumentException.class, () -> window.add(new float[3]));
    }
}
