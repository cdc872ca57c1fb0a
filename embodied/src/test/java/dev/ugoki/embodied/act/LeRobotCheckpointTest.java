package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.act.RobotPolicy.Layout;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.data.SharedData;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.nn.HostTensors;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class LeRobotCheckpointTest {
    private static final PolicyFeature STATE =
            new PolicyFeature("observation.state", PolicyFeature.Kind.STATE, List.of(3));
    private static final PolicyFeature IMAGE =
            new PolicyFeature(
                    "observation.images.top", PolicyFeature.Kind.VISUAL, List.of(3, 32, 32));
    private static final PolicyFeature ACTION =
            new PolicyFeature("action", PolicyFeature.Kind.ACTION, List.of(2));

    @TempDir private Path folder;

    // ---- the original's checkpoints ----

    @ParameterizedTest
    @CsvSource({"act, current", "act, legacy", "diffusion, current", "diffusion, legacy"})
    void checkpointsOfLeRobotGiveItsActions(String kind, String layout) throws IOException {
        Path checkpoints = SharedData.dataSet("lerobot_checkpoints/" + kind);
        Map<String, HostArray> golden =
                SafetensorsFile.read(checkpoints.resolve("golden.safetensors"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        golden.forEach((name, values) -> tensors.put(name, HostTensors.fromHost(values)));
        RobotPolicy policy = RobotPolicy.load(checkpoints.resolve(layout));
        Tensor expected = tensors.get("action_chunk");
        Tensor noise = tensors.get("start_noise");
        Tensor found = policy.predict(tensors, noise, Key.of(0));
        assertEquals(expected.shape(), found.shape());
        double range = expected.max(false).item() - expected.min(false).item();
        double worst = found.sub(expected).abs().max(false).item() / range;
        assertTrue(worst < 1e-5, () -> "off by " + worst + " of the range");
        for (Layout written : Layout.values()) {
            Path copy = Files.createTempDirectory(folder, "copy");
            policy.save(copy, policy.network().module().stateDict(), written);
            RobotPolicy again = RobotPolicy.load(copy);
            assertEquals(policy.config(), again.config());
            assertArrayEquals(
                    found.toFloatArray(), again.predict(tensors, noise, Key.of(0)).toFloatArray());
            assertEquals(
                    policy.network().module().stateDict(), again.network().module().stateDict());
        }
    }

    // ---- our own ----

    private static PolicyNetwork act() {
        return new PolicyNetwork.Act(
                4,
                new ActPolicy.Layers(16, 2, 24, ActPolicy.Nonlinearity.GELU, 1, 1, true, 0.1),
                new ActPolicy.Vae(true, 4, 1, 10),
                Backbone.RESNET18,
                0.01);
    }

    private static PolicyNetwork diffusion() {
        PolicyNetwork.Diffusion usual = PolicyNetwork.Diffusion.DEFAULT;
        return new PolicyNetwork.Diffusion(
                2,
                8,
                List.of(28, 30),
                false,
                true,
                4,
                true,
                Backbone.RESNET18,
                new VisualDiffusionPolicy.Unet(List.of(8, 16), 3, 4, 8, true),
                usual.noise(),
                3,
                true);
    }

    private static PolicyConfig config(PolicyNetwork network) {
        return PolicyConfig.of(
                List.of(STATE, IMAGE),
                ACTION,
                Map.of(
                        PolicyFeature.Kind.STATE, Normalization.QUANTILES,
                        PolicyFeature.Kind.VISUAL, Normalization.MEAN_STD,
                        PolicyFeature.Kind.ACTION, Normalization.MIN_MAX),
                3,
                network);
    }

    private static RobotPolicy create(PolicyConfig config) {
        return RobotPolicy.create(config, PolicyScales.of(config, statistics()), Key.of(1));
    }

    private static DatasetStatistics statistics() {
        List<FeatureStatistics> all = new ArrayList<>();
        for (PolicyFeature feature : List.of(STATE, IMAGE, ACTION)) {
            Map<Statistic, double[]> values = new LinkedHashMap<>();
            for (Statistic statistic : Statistic.values()) {
                double[] numbers = new double[feature.width()];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = 1 + i + statistic.ordinal() * 0.5;
                }
                values.put(statistic, numbers);
            }
            all.add(FeatureStatistics.of(feature.name(), 20, values));
        }
        return DatasetStatistics.of(all);
    }

    private static Map<String, Tensor> seen(boolean twoSteps) {
        long[] state = twoSteps ? new long[] {1, 2, 3} : new long[] {1, 3};
        long[] image = twoSteps ? new long[] {1, 2, 3, 32, 32} : new long[] {1, 3, 32, 32};
        return Map.of(
                STATE.name(), Random.normal(Key.of(1), DType.F32, state),
                IMAGE.name(), Random.uniform(Key.of(2), DType.F32, image));
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void aPolicyThatWasSavedActsAsBefore(Layout layout) throws IOException {
        for (PolicyNetwork network : List.of(act(), diffusion())) {
            RobotPolicy made = create(config(network));
            made.network().module().eval();
            Path target = Files.createTempDirectory(folder, "policy");
            made.save(target, made.network().module().stateDict(), layout);
            RobotPolicy loaded = RobotPolicy.load(target);
            assertEquals(made.config(), loaded.config());
            Map<String, Tensor> seen = seen(network.observationSteps() == 2);
            Tensor expected = made.predict(seen, Key.of(3));
            assertArrayEquals(
                    expected.toFloatArray(), loaded.predict(seen, Key.of(3)).toFloatArray());
            long steps = network instanceof PolicyNetwork.Act ? 4 : 3;
            assertArrayEquals(new long[] {1, steps, 2}, expected.shape().toArray());
        }
    }

    /** The statistics are used as the modes say, by hand. */
    @Test
    void observationsAndActionsAreScaled() {
        RobotPolicy policy = create(config(act()));
        var normalized =
                policy.normalized(
                        Map.of(
                                STATE.name(), Tensor.of(new float[] {3, 4, 7}, 1, 3),
                                IMAGE.name(), Tensor.full(DType.F32, Shape.of(1, 3, 32, 32), 0.5)));
        // q01 = 3 + i, q99 = 5 + i
        assertArrayEquals(new float[] {-1, -1, 1}, normalized.state().toFloatArray(), 1e-6f);
        // mean = 2 + i, std = 2.5 + i
        float[] image = normalized.images().getFirst().toFloatArray();
        for (int channel = 0; channel < 3; channel++) {
            double expected = (0.5 - (2 + channel)) / (2.5 + channel);
            assertEquals(expected, image[channel * 1024 + 77], 1e-6);
        }
        // min = 1 + i, max = 1.5 + i
        assertArrayEquals(
                new float[] {0, 1},
                policy.scales()
                        .normalizeActions(Tensor.of(new float[] {1.25f, 2.5f}, 1, 1, 2), null)
                        .toFloatArray(),
                1e-6f);
    }

    // ---- what is missing ----

    private Path saved(Layout layout) throws IOException {
        RobotPolicy made = create(config(act()));
        made.save(folder, made.network().module().stateDict(), layout);
        return folder;
    }

    private static void without(Path file, String name) throws IOException {
        Map<String, HostArray> tensors = new LinkedHashMap<>(SafetensorsFile.read(file));
        assertTrue(tensors.remove(name) != null, name);
        SafetensorsFile.write(file, tensors);
    }

    @Test
    void aMissingStatisticIsNamedWithTheFileThatWasSearched() throws IOException {
        String file = "policy_preprocessor_step_3_normalizer_processor.safetensors";
        without(saved(Layout.CURRENT).resolve(file), "observation.state.q99");
        var problem =
                assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
        assertTrue(problem.getMessage().contains("observation.state"), problem.getMessage());
        assertTrue(problem.getMessage().contains("q99"), problem.getMessage());
        assertTrue(problem.getMessage().contains(file), problem.getMessage());
    }

    @Test
    void aFolderWithoutStatisticsAnywhereIsRefused() throws IOException {
        Path legacy = saved(Layout.LEGACY);
        without(legacy.resolve("model.safetensors"), "unnormalize_outputs.buffer_action.min");
        var problem =
                assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
        assertTrue(problem.getMessage().contains("'action'"), problem.getMessage());
        assertTrue(problem.getMessage().contains("policy_preprocessor.json"), problem.getMessage());
        assertTrue(problem.getMessage().contains("model.safetensors"), problem.getMessage());
    }

    /** LeRobot writes infinities where it was given no statistics. */
    @Test
    void infinityIsNoStatistic() throws IOException {
        Path file = saved(Layout.LEGACY).resolve("model.safetensors");
        Map<String, HostArray> tensors = new LinkedHashMap<>(SafetensorsFile.read(file));
        float infinity = Float.POSITIVE_INFINITY;
        tensors.put(
                "normalize_inputs.buffer_observation_state.q01",
                HostArray.of(Shape.of(3), infinity, infinity, infinity));
        SafetensorsFile.write(file, tensors);
        assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
    }

    @Test
    void aFileOfStatisticsThatIsNotThereIsNamed() throws IOException {
        String file = "policy_postprocessor_step_0_unnormalizer_processor.safetensors";
        Files.delete(saved(Layout.CURRENT).resolve(file));
        var problem =
                assertThrows(MissingStatisticsException.class, () -> RobotPolicy.load(folder));
        assertTrue(problem.getMessage().contains(file), problem.getMessage());
    }

    private void change(String file, java.util.function.Consumer<ObjectNode> edit)
            throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        Path path = folder.resolve(file);
        ObjectNode root = (ObjectNode) mapper.readTree(path.toFile());
        edit.accept(root);
        mapper.writeValue(path.toFile(), root);
    }

    @Test
    void whatIsNotKnownIsRefusedByName() throws IOException {
        saved(Layout.CURRENT);
        change("config.json", root -> root.put("surprise", 1));
        var setting = assertThrows(FileFormatException.class, () -> RobotPolicy.load(folder));
        assertTrue(setting.getMessage().contains("surprise"), setting.getMessage());
        saved(Layout.CURRENT);
        change("config.json", root -> root.put("vision_backbone", "vit_b_16"));
        var backbone = assertThrows(FileFormatException.class, () -> RobotPolicy.load(folder));
        assertTrue(backbone.getMessage().contains("vit_b_16"), backbone.getMessage());
        saved(Layout.CURRENT);
        change(
                "policy_preprocessor.json",
                root ->
                        root.withArray("steps")
                                .addObject()
                                .put("registry_name", "delta_processor")
                                .putObject("config"));
        var step = assertThrows(FileFormatException.class, () -> RobotPolicy.load(folder));
        assertTrue(step.getMessage().contains("delta_processor"), step.getMessage());
    }

    @Test
    void trainingSettingsAreKept() throws IOException {
        saved(Layout.CURRENT);
        change("config.json", root -> root.put("optimizer_lr", 3e-5).put("device", "cuda"));
        RobotPolicy policy = RobotPolicy.load(folder);
        Path copy = Files.createTempDirectory(folder, "copy");
        policy.save(copy);
        assertTrue(Files.readString(copy.resolve("config.json")).contains("3.0E-5"));
        assertEquals(policy.config(), RobotPolicy.load(copy).config());
    }

    /** A checkpoint may know observations by other names than the robot. */
    @Test
    void observationsAreRenamed() throws IOException {
        saved(Layout.CURRENT);
        Map<String, Tensor> seen = new LinkedHashMap<>(seen(false));
        float[] before = RobotPolicy.load(folder).predict(seen, Key.of(3)).toFloatArray();
        change(
                "policy_preprocessor.json",
                root ->
                        ((ObjectNode) root.at("/steps/0/config/rename_map"))
                                .put("joints", STATE.name()));
        seen.put("joints", seen.remove(STATE.name()));
        RobotPolicy renamed = RobotPolicy.load(folder);
        assertArrayEquals(before, renamed.predict(seen, Key.of(3)).toFloatArray());
        var problem =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> renamed.predict(seen(false), Key.of(3)));
        assertTrue(problem.getMessage().contains("joints"), problem.getMessage());
    }

    @Test
    void observationsOfAnotherShapeAreRefused() {
        RobotPolicy policy = create(config(act()));
        Map<String, Tensor> seen = new LinkedHashMap<>(seen(false));
        seen.put(STATE.name(), Tensor.zeros(DType.F32, 1, 4));
        assertThrows(IllegalArgumentException.class, () -> policy.predict(seen, Key.of(3)));
    }
}
