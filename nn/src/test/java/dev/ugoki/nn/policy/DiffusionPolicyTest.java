package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.nn.HostTensors;
import dev.ugoki.nn.ModelCases;
import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

class DiffusionPolicyTest {
    /** Cases without images: with scale and DDPM, and with shift alone and DDIM. */
    @ParameterizedTest
    @ValueSource(strings = {"diffusion/0", "diffusion/2"})
    void agreesWithLeRobot(String id) throws IOException {
        var expected = ModelCases.read(id);
        JsonNode config = expected.config().json();
        DiffusionPolicy policy = policy(config);
        policy.load(expected.parameters());
        Tensor observed =
                Tensor.concat(
                        2,
                        expected.input("observation.state"),
                        expected.input("observation.environment_state"));
        Tensor conditioning = observed.reshape(observed.extent(0), -1);
        Chunks chunks =
                new Chunks(conditioning, expected.input("action"), expected.input("action_is_pad"));
        expected.checkLoss(
                () -> policy.loss(chunks, expected.input("noise"), expected.input("timesteps")),
                policy.namedParameters());
        Tensor sampled =
                policy.sample(conditioning, expected.input("startNoise"), stepNoises(expected));
        int first = config.get("n_obs_steps").asInt() - 1;
        int last = first + config.get("n_action_steps").asInt();
        expected.checkOutput("actionsEval", sampled.slice(1, first, last));
    }

    private static Supplier<Tensor> stepNoises(ModelCase given) {
        if (!given.hasInput("stepNoises")) {
            return () -> {
                throw new AssertionError("DDIM draws nothing");
            };
        }
        Tensor noises = given.input("stepNoises");
        List<Tensor> each = new ArrayList<>(noises.split(0, ones(noises.extent(0))));
        return () -> each.removeFirst().squeeze(0);
    }

    private static long[] ones(long count) {
        long[] ones = new long[(int) count];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }

    private static DiffusionPolicy policy(JsonNode config) {
        int actions = config.get("actionDim").asInt();
        int observed =
                config.get("n_obs_steps").asInt()
                        * (config.get("stateDim").asInt() + config.get("envStateDim").asInt());
        List<Integer> channels = new ArrayList<>();
        config.get("down_dims").forEach(each -> channels.add(each.asInt()));
        int trained = config.get("num_train_timesteps").asInt();
        DiffusionSampler sampler =
                new DiffusionSampler(
                        NoiseSchedule.squaredCosine(trained),
                        DiffusionSampler.Kind.valueOf(config.get("noise_scheduler_type").asText()),
                        config.path("num_inference_steps").asInt(trained),
                        DiffusionSampler.Prediction.NOISE,
                        config.get("clip_sample_range").asDouble());
        ConditionalUnet1d network =
                new ConditionalUnet1d.Config(
                                actions,
                                observed,
                                channels,
                                config.get("kernel_size").asInt(),
                                config.get("n_groups").asInt(),
                                config.get("diffusion_step_embed_dim").asInt(),
                                config.get("use_film_scale_modulation").asBoolean())
                        .build(Key.of(1));
        return new DiffusionPolicy(network, config.get("horizon").asInt(), actions, sampler);
    }

    /**
     * A checkpoint as LeRobot writes it: loads by its names, and gives the actions that LeRobot
     * gave for recorded observations.
     */
    @Test
    void aCheckpointOfLeRobotGivesItsActions() throws IOException {
        String folder = "data/lerobot_checkpoints/diffusion/";
        Map<String, HostArray> golden =
                SafetensorsFile.read(ModelCases.sharedFile(folder + "golden.safetensors"));
        Map<String, HostArray> statistics =
                SafetensorsFile.read(
                        ModelCases.sharedFile(
                                folder
                                        + "current/policy_preprocessor_step_3_normalizer_processor"
                                        + ".safetensors"));
        DiffusionSampler sampler =
                new DiffusionSampler(
                        NoiseSchedule.squaredCosine(100),
                        DiffusionSampler.Kind.DDIM,
                        10,
                        DiffusionSampler.Prediction.NOISE,
                        1);
        ConditionalUnet1d network =
                ConditionalUnet1d.Config.of(2, 2 * 18)
                        .withChannels(32, 64, 128)
                        .withStepWidth(32)
                        .build(Key.of(1));
        DiffusionPolicy policy = new DiffusionPolicy(network, 16, 2, sampler);
        policy.load(ModelCases.sharedFile(folder + "current/model.safetensors"));
        Tensor observed =
                Tensor.concat(
                        2,
                        normalized("observation.state", golden, statistics),
                        normalized("observation.environment_state", golden, statistics));
        Tensor chunk =
                policy.sample(
                        observed.reshape(observed.extent(0), -1),
                        HostTensors.fromHost(golden.get("start_noise")),
                        () -> {
                            throw new AssertionError("DDIM draws nothing");
                        });
        Tensor least = HostTensors.fromHost(statistics.get("action.min"));
        Tensor range = HostTensors.fromHost(statistics.get("action.max")).sub(least);
        Tensor actions = chunk.slice(1, 1, 9).add(1).mul(0.5).mul(range).add(least);
        Tensor expected = HostTensors.fromHost(golden.get("action_chunk"));
        double worst = actions.sub(expected).div(range).abs().max(false).item();
        assertTrue(worst < 1e-4, () -> "off by " + worst + " of the range of the actions");
    }

    private static Tensor normalized(
            String feature, Map<String, HostArray> golden, Map<String, HostArray> statistics) {
        Tensor least = HostTensors.fromHost(statistics.get(feature + ".min"));
        Tensor most = HostTensors.fromHost(statistics.get(feature + ".max"));
        Tensor raw = HostTensors.fromHost(golden.get(feature));
        return raw.sub(least).div(most.sub(least)).mul(2).sub(1);
    }

    /** A network that knows the actions 0.5 is right for every schedule and kind of step. */
    @ParameterizedTest
    @EnumSource(DiffusionSampler.Prediction.class)
    void aPerfectNetworkIsSampledToWhatItKnows(DiffusionSampler.Prediction prediction) {
        NoiseSchedule schedule = NoiseSchedule.squaredCosine(50);
        for (DiffusionSampler.Kind kind : DiffusionSampler.Kind.values()) {
            DiffusionSampler sampler = new DiffusionSampler(schedule, kind, 10, prediction, 1);
            Tensor start = dev.ugoki.tensor.Random.normal(Key.of(1), DType.F64, 1, 4, 2);
            Tensor sampled =
                    sampler.sample(
                            (noisy, step) -> knowing(schedule, prediction, noisy, step),
                            start,
                            () -> Tensor.ones(DType.F64, 1, 4, 2));
            double[] expected = new double[8];
            java.util.Arrays.fill(expected, 0.5);
            assertArrayEquals(expected, sampled.toDoubleArray(), 1e-9, kind.toString());
        }
    }

    private static Tensor knowing(
            NoiseSchedule schedule,
            DiffusionSampler.Prediction prediction,
            Tensor noisy,
            int step) {
        Tensor actions = Tensor.full(DType.F64, noisy.shape(), 0.5);
        double kept = schedule.kept(step);
        return switch (prediction) {
            case ACTIONS -> actions;
            case NOISE -> noisy.sub(actions.mul(Math.sqrt(kept))).mul(1 / Math.sqrt(1 - kept));
        };
    }

    @Test
    void moreStepsThanTheScheduleHasAreRefused() {
        NoiseSchedule schedule = NoiseSchedule.squaredCosine(5);
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new DiffusionSampler(
                                schedule,
                                DiffusionSampler.Kind.DDIM,
                                6,
                                DiffusionSampler.Prediction.NOISE,
                                1));
        assertEquals(5, schedule.steps());
    }
}
