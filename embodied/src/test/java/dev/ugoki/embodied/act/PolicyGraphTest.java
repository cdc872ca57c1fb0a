package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.embodied.control.ChunkController;
import dev.ugoki.embodied.control.Execution;
import dev.ugoki.embodied.control.Outcome;
import dev.ugoki.embodied.control.PolicyInference;
import dev.ugoki.embodied.control.SimulatedClock;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.train.SmallTask;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.FlowGuidance;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RealTimeChunking.Schedule;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.io.SavedGraph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class PolicyGraphTest {
    private static final FrameTable FRAMES = SmallTask.frames(1);
    private static final float[] OBSERVATION = {40, 50, 60, 45, 55, 40, 50, 60, 46, 57};
    private static final NetworkConfig UNET =
            new NetworkConfig.Unet(List.of(8, 16), 3, 4, 8, FlowPolicy.Config.DEFAULT.withSteps(2));

    @TempDir private Path folder;

    private static RobotPolicy policy(PolicyConfig config) {
        RobotPolicy policy = RobotPolicy.create(config, PolicyScales.of(config, FRAMES), Key.of(3));
        policy.network().module().eval();
        return policy;
    }

    private static float[] act(NamedGraph graph, float[] observation) {
        Tensor[] inputs =
                graph.inputs().size() == 1
                        ? new Tensor[] {row(observation)}
                        : new Tensor[] {row(observation), Key.of(1).asTensor()};
        return graph.graph().evaluate(inputs)[0].toFloatArray();
    }

    private static Tensor row(float[] values) {
        return Tensor.of(values, 1, values.length);
    }

    /** Bit for bit, though the one computes in arrays and the other in tensors. */
    @Test
    void theProgramActsAsThePolicyDoes() {
        for (NetworkConfig network : List.of(SmallTask.REGRESSION, SmallTask.FLOW, UNET)) {
            RobotPolicy policy = policy(SmallTask.config(network));
            float[] chunk = policy.predict(OBSERVATION, Key.of(1));

            float[] actions = act(PolicyGraph.drawing(policy), OBSERVATION);

            assertArrayEquals(Arrays.copyOfRange(chunk, 2, chunk.length), actions);
        }
    }

    @Test
    void absoluteActionsAndEveryNormalizationAreInTheProgramToo() {
        PolicyConfig relative = SmallTask.config(SmallTask.REGRESSION);
        float[] frame = {40, 50, 60, 46, 57};
        for (Normalization normalization :
                List.of(
                        Normalization.IDENTITY,
                        Normalization.MEAN_STD,
                        Normalization.MIN_MAX,
                        Normalization.LIMITS,
                        Normalization.QUANTILES)) {
            RobotPolicy policy =
                    policy(
                            PolicyConfig.of(
                                    relative.inputs(),
                                    relative.action(),
                                    normalization,
                                    6,
                                    new PolicyNetwork.Chunk(1, 6, SmallTask.REGRESSION)));

            assertArrayEquals(
                    policy.predict(frame, Key.of(1)),
                    act(PolicyGraph.of(policy), frame),
                    normalization.toString());
        }
    }

    @Test
    void aSavedProgramActsWithoutThePolicysClasses() throws IOException {
        RobotPolicy policy = policy(SmallTask.config(UNET));
        NamedGraph graph = PolicyGraph.drawing(policy);
        Path saved = folder.resolve("policy");
        SavedGraph.write(saved, graph);

        NamedGraph loaded = SavedGraph.read(saved);

        assertArrayEquals(act(graph, OBSERVATION), act(loaded, OBSERVATION));
        assertTrue(
                loaded.weights().containsAll(policy.network().module().namedParameters().keySet()));
        assertEquals(List.of("observation", "key"), loaded.inputs());
    }

    @Test
    void aControllerRunsAProgram() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.REGRESSION));
        NamedGraph graph = PolicyGraph.drawing(policy);
        ChunkController controller =
                PolicyInference.of(graph, BufferProgram.of(graph.graph()), Key.of(1))
                        .controller()
                        .withClock(new SimulatedClock())
                        .build();
        float[] action = new float[2];
        float[] expected = act(graph, OBSERVATION);
        for (int i = 0; i < 7; i++) {
            controller.observation().put(0, OBSERVATION);
            assertEquals(Outcome.ACTED, controller.act(action));
            assertArrayEquals(Arrays.copyOfRange(expected, 2 * i, 2 * i + 2), action);
        }
    }

    /** Of a small policy that sees, and of ACT, with actions relative to what is observed. */
    @Test
    void relativeActionsByFeaturesAreInTheProgramToo() {
        PolicyFeature image = PolicyFeature.image("observation.image", 16, 16);
        PolicyFeature state = PolicyFeature.state("observation.state", 2);
        PolicyNetwork seeing =
                new PolicyNetwork.Chunk(
                        2,
                        8,
                        SmallTask.REGRESSION,
                        Optional.of(new ConditionedPolicy.Vision(List.of(8, 8), 4, 0, 1)));
        PolicyNetwork act =
                new PolicyNetwork.Act(
                        4,
                        new ActPolicy.Layers(
                                16, 2, 24, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0.1),
                        ActPolicy.Vae.DEFAULT,
                        null);
        for (PolicyNetwork network : List.of(seeing, act)) {
            boolean sees = network == seeing;
            PolicyConfig config =
                    PolicyConfig.of(
                                    sees ? List.of(state, image) : List.of(state),
                                    PolicyFeature.action("action", 2),
                                    Map.of(PolicyFeature.Kind.STATE, Normalization.MIN_MAX),
                                    4,
                                    network)
                            .withActionsRelativeTo(state.name());
            RobotPolicy policy = policy(config);
            Tensor point = Tensor.of(new float[] {40, 50, 46, 57}, 1, 2, 2);
            Map<String, Tensor> seen =
                    sees
                            ? Map.of(
                                    state.name(),
                                    point,
                                    image.name(),
                                    Tensor.full(DType.F32, Shape.of(1, 3, 16, 16), 0.3))
                            : Map.of(state.name(), point.select(1, 1));
            NamedGraph graph = PolicyGraph.of(policy);
            Tensor[] inputs = graph.inputs().stream().map(seen::get).toArray(Tensor[]::new);

            assertArrayEquals(
                    policy.predict(seen, Key.of(1)).toFloatArray(),
                    graph.graph().evaluate(inputs)[0].toFloatArray());
        }
    }

    /** Drawn anew for each chunk, and the same in every run. */
    @Test
    void noiseIsDrawnAnewForEachChunk() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.FLOW));
        List<float[]> first = chunks(policy);
        List<float[]> again = chunks(policy);

        assertTrue(!Arrays.equals(first.get(0), first.get(1)), "the same noise twice");
        for (int i = 0; i < first.size(); i++) {
            assertArrayEquals(first.get(i), again.get(i));
        }
    }

    private static List<float[]> chunks(RobotPolicy policy) {
        NamedGraph graph = PolicyGraph.drawing(policy);
        ChunkController controller =
                PolicyInference.of(graph, BufferProgram.of(graph.graph()), Key.of(1))
                        .controller()
                        .withExecution(Execution.recedingHorizon(7, 1))
                        .withClock(new SimulatedClock())
                        .build();
        float[][] actions = new float[2][2];
        for (float[] action : actions) {
            controller.observation().put(0, OBSERVATION);
            controller.act(action);
        }
        return List.of(actions);
    }

    /** A weight of 1 at the strength of real-time chunking pulls close to what is left. */
    @Test
    void aGuidedProgramGoesOnFromTheChunkBefore() {
        RobotPolicy policy = policy(SmallTask.config(UNET));
        NamedGraph plain = PolicyGraph.drawing(policy);
        NamedGraph guided = PolicyGraph.guided(policy, FlowGuidance.DEFAULT);
        float[] previous = new float[7 * 2];
        for (int i = 0; i < previous.length; i++) {
            previous[i] = (i % 2 == 0 ? 46 : 57) + 0.5f * i;
        }
        float[] free = act(plain, OBSERVATION);
        float[] bound = guide(guided, previous, 1);

        assertArrayEquals(free, guide(guided, previous, 0));
        assertTrue(
                distance(bound, previous) < distance(free, previous) / 2,
                distance(bound, previous) + " and " + distance(free, previous));
    }

    private static float[] guide(NamedGraph guided, float[] previous, float weight) {
        float[] weights = new float[7];
        Arrays.fill(weights, weight);
        return guided.graph()
                .evaluate(
                        row(OBSERVATION),
                        Key.of(1).asTensor(),
                        Tensor.of(previous, 1, 7, 2),
                        Tensor.of(weights, 7))[0]
                .toFloatArray();
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum;
    }

    @Test
    void aControllerGuidesARealTimeProgram() {
        RobotPolicy policy = policy(SmallTask.config(UNET));
        NamedGraph graph = PolicyGraph.guided(policy, FlowGuidance.DEFAULT);
        ChunkController controller =
                PolicyInference.of(graph, BufferProgram.of(graph.graph()), Key.of(1))
                        .controller()
                        .withExecution(new Execution.RealTimeChunking(4, 5, Schedule.LINEAR))
                        .withClock(new SimulatedClock())
                        .build();
        float[] action = new float[2];
        for (int i = 0; i < 10; i++) {
            controller.observation().put(0, OBSERVATION);
            assertEquals(Outcome.ACTED, controller.act(action));
        }
        assertEquals(0, controller.misses());
    }

    @Test
    void onlyAFlowCanBeGuided() {
        RobotPolicy policy = policy(SmallTask.config(SmallTask.REGRESSION));

        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> PolicyGraph.guided(policy, FlowGuidance.DEFAULT))
                        .getMessage();

        assertTrue(message.contains("this is RegressionPolicy"), message);
    }
}
