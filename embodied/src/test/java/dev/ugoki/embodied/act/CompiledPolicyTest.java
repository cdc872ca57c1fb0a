package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.embodied.control.ChunkController;
import dev.ugoki.embodied.control.Execution;
import dev.ugoki.embodied.control.PolicyInference;
import dev.ugoki.embodied.control.SimulatedClock;
import dev.ugoki.embodied.train.SmallTask;
import dev.ugoki.nn.policy.FlowGuidance;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.tck.Allocation;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.graph.NamedGraph;

import org.junit.jupiter.api.Test;

import java.util.List;

/** In a JVM of its own, like a robot's: what the JIT met before decides what it does with loops. */
class CompiledPolicyTest {
    private static final int CALLS = 50;
    private static final float[] OBSERVATION = {40, 50, 60, 45, 55, 40, 50, 60, 46, 57};
    private static final NetworkConfig UNET =
            new NetworkConfig.Unet(List.of(8, 16), 3, 4, 8, FlowPolicy.Config.DEFAULT.withSteps(2));

    /** Of several draws, each number's median. */
    private static final NetworkConfig MEDIAN =
            new NetworkConfig.Flow(16, 2, 8, FlowPolicy.Config.DEFAULT.withSteps(2).withDraws(16));

    private static final NetworkConfig HYPOTHESES =
            new NetworkConfig.Regression(16, 2)
                    .withHypotheses(new RegressionPolicy.Hypotheses(3, 0.1));

    private static RobotPolicy policy(NetworkConfig network) {
        PolicyConfig config = SmallTask.config(network);
        RobotPolicy policy =
                RobotPolicy.create(config, PolicyScales.of(config, SmallTask.frames(1)), Key.of(3));
        policy.network().module().eval();
        return policy;
    }

    /** Normalization, network, sampler and the way back, as a plan: the same bits, no garbage. */
    @Test
    void aCompiledProgramActsAlikeAndAllocatesNothing() {
        for (NetworkConfig network :
                List.of(SmallTask.REGRESSION, HYPOTHESES, SmallTask.FLOW, UNET, MEDIAN)) {
            NamedGraph graph = PolicyGraph.drawing(policy(network));
            ChunkController eager = controller(graph, BufferProgram.of(graph.graph()));
            ChunkController compiled = controller(graph, BufferProgram.compiled(graph.graph()));
            float[] expected = new float[2];
            float[] action = new float[2];
            for (int i = 0; i < 5; i++) {
                eager.observation().put(0, OBSERVATION);
                eager.act(expected);
                compiled.observation().put(0, OBSERVATION);
                compiled.act(action);
                assertArrayEquals(expected, action, network.toString());
            }
            long bytes =
                    Allocation.bytesPerCall(
                            CALLS,
                            () -> {
                                compiled.observation().put(0, OBSERVATION);
                                compiled.act(action);
                            });
            assertEquals(0, bytes, network::toString);
        }
    }

    /** Each step of the sampler follows a gradient of the network. */
    @Test
    void aCompiledFlowThatGoesOnFromTheChunkBeforeAllocatesNothing() {
        NamedGraph graph =
                PolicyGraph.guided(policy(UNET), new FlowGuidance(FlowGuidance.Form.JACOBIAN, 5));
        CompiledProgramCheck.check(graph, CALLS);
    }

    private static ChunkController controller(NamedGraph graph, BufferProgram program) {
        return PolicyInference.of(graph, program, Key.of(1))
                .controller()
                .withExecution(Execution.recedingHorizon(7, 1))
                .withClock(new SimulatedClock())
                .build();
    }
}
