package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.embodied.control.CameraImage;
import dev.ugoki.embodied.control.ChunkController;
import dev.ugoki.embodied.control.Execution;
import dev.ugoki.embodied.control.PolicyInference;
import dev.ugoki.embodied.control.SimulatedClock;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tck.Allocation;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.NamedGraph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** In a JVM of its own, as {@link CompiledPolicyTest}. */
class CompiledVisionPolicyTest {
    private static final int CALLS = 50;

    /** From a camera's bytes to an action, in a policy with a ResNet and a transformer. */
    @Test
    void aCompiledPolicyThatSeesActsAsItDoesEagerlyAndAllocatesNothing() {
        PolicyFeature state =
                new PolicyFeature("observation.state", PolicyFeature.Kind.STATE, List.of(3));
        PolicyFeature image =
                new PolicyFeature(
                        "observation.images.top", PolicyFeature.Kind.VISUAL, List.of(3, 32, 32));
        PolicyFeature action = new PolicyFeature("action", PolicyFeature.Kind.ACTION, List.of(2));
        PolicyConfig config =
                PolicyConfig.of(
                        List.of(state, image),
                        action,
                        Map.of(),
                        1,
                        new PolicyNetwork.Act(
                                4,
                                new ActPolicy.Layers(
                                        16, 2, 24, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0.1),
                                ActPolicy.Vae.DEFAULT,
                                null));
        RobotPolicy policy =
                RobotPolicy.create(
                        config,
                        PolicyScales.of(config, DatasetStatistics.of(List.of())),
                        Key.of(1));
        policy.network().module().eval();
        NamedGraph graph = PolicyGraph.drawing(policy);
        ChunkController controller =
                PolicyInference.of(graph, BufferProgram.compiled(graph.graph()), Key.of(1))
                        .controller()
                        .withExecution(Execution.recedingHorizon(4, 1))
                        .withClock(new SimulatedClock())
                        .build();
        CameraImage camera = CameraImage.of(32, 32, 3);
        MemorySegment frame = Arena.ofAuto().allocate(camera.pictureBytes());
        frame.fill((byte) 77);
        float[] joints = {0.1f, 0.2f, 0.3f};
        float[] acted = new float[2];
        Runnable step =
                () -> {
                    controller.observation().put(0, joints);
                    camera.write(frame, controller.observation().buffer(1));
                    controller.act(acted);
                };

        step.run();

        Tensor seen = Tensor.full(DType.F32, Shape.of(1, 3, 32, 32), 77 / 255f);
        Tensor expected =
                policy.predict(
                        Map.of(
                                state.name(),
                                Tensor.of(joints, 1, joints.length),
                                image.name(),
                                seen),
                        Key.of(0));
        assertArrayEquals(
                Arrays.copyOf(expected.toFloatArray(), 2), acted, "the same bits as eagerly");
        assertEquals(0, Allocation.bytesPerCall(CALLS, step));
    }

    private static void check(PolicyNetwork network) {
        PolicyFeature state = PolicyFeature.state("observation.state", 3);
        PolicyFeature image =
                new PolicyFeature(
                        "observation.images.top", PolicyFeature.Kind.VISUAL, List.of(3, 40, 36));
        PolicyConfig config =
                PolicyConfig.of(
                        List.of(state, image),
                        PolicyFeature.action("action", 2),
                        Map.of(),
                        3,
                        network);
        RobotPolicy policy =
                RobotPolicy.create(config, PolicyScales.of(config, statistics()), Key.of(1));
        policy.network().module().eval();
        CompiledProgramCheck.check(PolicyGraph.drawing(policy), CALLS);
    }

    private static DatasetStatistics statistics() {
        return DatasetStatistics.of(
                List.of(
                        FeatureStatistics.of(
                                "action",
                                20,
                                Map.of(
                                        Statistic.MIN, new double[] {-1, -2},
                                        Statistic.MAX, new double[] {3, 2}))));
    }

    /** Diffusion Policy, which sees two steps, with each sampler. */
    @ParameterizedTest
    @EnumSource(DiffusionSampler.Kind.class)
    void aCompiledDiffusionPolicyAllocatesNothing(DiffusionSampler.Kind kind) {
        check(
                new PolicyNetwork.Diffusion(
                        2,
                        8,
                        List.of(36, 32),
                        false,
                        true,
                        4,
                        false,
                        new VisualDiffusionPolicy.Unet(List.of(8, 16), 3, 4, 8, true),
                        new PolicyNetwork.Diffusion.Noise(
                                kind,
                                100,
                                "squaredcos_cap_v2",
                                0.0001,
                                0.02,
                                DiffusionSampler.Prediction.NOISE,
                                1),
                        2,
                        false));
    }

    /** The places of keypoints are what the network sees of an image; the median of draws acts. */
    @Test
    void aCompiledPolicyOfKeypointsAllocatesNothing() {
        check(
                new PolicyNetwork.Chunk(
                        2,
                        8,
                        new NetworkConfig.Flow(
                                16, 1, 8, FlowPolicy.Config.DEFAULT.withSteps(2).withDraws(3)),
                        Optional.of(new ConditionedPolicy.Vision(List.of(8, 8, 16), 4, 0, 1))));
    }
}
