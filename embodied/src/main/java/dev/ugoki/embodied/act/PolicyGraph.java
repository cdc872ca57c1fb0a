package dev.ugoki.embodied.act;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.policy.ChunkPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.FlowGuidance;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.TypeRules;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A whole policy as one program: normalization, network, sampler, and back to the robot's units.
 *
 * <pre>{@code
 * NamedGraph graph = PolicyGraph.of(policy);
 * SavedGraph.write(folder, graph);
 * OnnxFile.write(file, graph);
 * }</pre>
 *
 * <p>Inputs: {@code observation}, F32 {@code [1, observation steps * frame width]}, as {@link
 * RobotPolicy#act} takes it; of policies with images, ACT and Diffusion Policy the features by
 * their names instead, each with a batch of one, as {@link RobotPolicy#predict} takes them. Where
 * the policy starts from noise, {@code noise}, normal numbers, F32 {@code [draws, horizon, action
 * width]} with the {@linkplain FlowPolicy.Config#draws draws} of a flow, else one; where it draws
 * otherwise, {@code key}, I32 {@code [4]}, the words of a {@link Key}. Result: {@code actions}, F32
 * {@code [1, actions, action width]}, of which the first belongs to the present step.
 */
public final class PolicyGraph {
    private final RobotPolicy policy;
    private final PolicyConfig config;

    private PolicyGraph(RobotPolicy policy) {
        this.policy = policy;
        this.config = policy.config();
    }

    /** The program of a policy, whose weights it reads anew at each run. */
    public static NamedGraph of(RobotPolicy policy) {
        return isOnVectors(policy)
                ? new PolicyGraph(policy).plain(false)
                : byFeatures(policy, true);
    }

    /** Whether observations are one vector. */
    private static boolean isOnVectors(RobotPolicy policy) {
        return policy.network() instanceof ConditionedPolicy && policy.config().images().isEmpty();
    }

    /**
     * The program of a policy that draws its noise itself: instead of {@code noise} it takes {@code
     * key}. That is what a robot runs; other runtimes have no such draws.
     */
    public static NamedGraph drawing(RobotPolicy policy) {
        return isOnVectors(policy)
                ? new PolicyGraph(policy).plain(true)
                : byFeatures(policy, false);
    }

    /**
     * The program of a flow that goes on from the chunk before: real-time chunking. It draws its
     * noise; after {@code observation} and {@code key} it takes {@code previous}, F32 {@code [1,
     * actions, action width]}, what is left of that chunk in the robot's units, from the present
     * step on, and {@code weights}, F32 {@code [actions]}.
     *
     * @throws IllegalArgumentException if the policy is no flow
     */
    public static NamedGraph guided(RobotPolicy policy, FlowGuidance guidance) {
        if (isOnVectors(policy)
                && policy.network() instanceof ConditionedPolicy network
                && network.policy() instanceof FlowPolicy flow) {
            return new PolicyGraph(policy).guided(flow, guidance);
        }
        throw new IllegalArgumentException(
                "policy: real-time chunking guides the sampler of a flow on vectors, and this is "
                        + (policy.network() instanceof ConditionedPolicy network
                                ? network.policy().getClass().getSimpleName()
                                : policy.network().getClass().getSimpleName()));
    }

    private static NamedGraph byFeatures(RobotPolicy policy, boolean givenNoise) {
        PolicyConfig config = policy.config();
        List<String> names = new ArrayList<>();
        List<TensorType> types = new ArrayList<>();
        for (PolicyFeature input : config.inputs()) {
            names.add(policy.observedName(input));
            types.add(observed(config, input));
        }
        int observations = names.size();
        boolean noisy = policy.startsFromNoise();
        if (noisy && givenNoise) {
            names.add("noise");
            types.add(
                    new TensorType(
                            DType.F32,
                            Shape.of(
                                    draws(policy),
                                    policy.network().chunkLength(),
                                    policy.network().actionSize())));
        }
        if (noisy) {
            names.add("key");
            types.add(TypeRules.KEY);
        }
        Graph graph =
                Graph.trace(
                        in -> {
                            Map<String, Tensor> seen = new LinkedHashMap<>();
                            for (int i = 0; i < observations; i++) {
                                seen.put(names.get(i), in[i]);
                            }
                            Key key = noisy ? Key.of(in[in.length - 1]) : Key.of(0);
                            Tensor noise = noisy && givenNoise ? in[observations] : null;
                            return new Tensor[] {policy.predict(seen, noise, key)};
                        },
                        types.toArray(TensorType[]::new));
        return NamedGraph.of(graph)
                .withInputs(names.toArray(String[]::new))
                .withResults("actions")
                .withWeights(weights(policy.network().module()));
    }

    private static TensorType observed(PolicyConfig config, PolicyFeature input) {
        List<Long> extents = new ArrayList<>(List.of(1L));
        if (config.network().stepsOf(input) > 1) {
            extents.add((long) config.network().stepsOf(input));
        }
        input.shape().forEach(extent -> extents.add((long) extent));
        return new TensorType(
                DType.F32, Shape.of(extents.stream().mapToLong(Long::longValue).toArray()));
    }

    private NamedGraph plain(boolean draws) {
        ChunkPolicy network = network().policy();
        return switch (network) {
            case RegressionPolicy regression ->
                    trace(
                            List.of("observation"),
                            in -> regression.sample(normalized(in[0]), Key.of(0)),
                            observation());
            case FlowPolicy flow when !draws ->
                    trace(
                            List.of("observation", "noise"),
                            in -> flow.sample(normalized(in[0]), in[1]),
                            observation(),
                            chunks(flow.config().draws(), config.horizon()));
            default ->
                    trace(
                            List.of("observation", "key"),
                            in -> network.sample(normalized(in[0]), Key.of(in[1])),
                            observation(),
                            TypeRules.KEY);
        };
    }

    private NamedGraph guided(FlowPolicy flow, FlowGuidance guidance) {
        int past = config.firstAction();
        int future = config.horizon() - past;
        return trace(
                List.of("observation", "key", "previous", "weights"),
                in -> {
                    // The chunk begins in the past, where the robot was: that is free.
                    Tensor first = in[2].slice(1, 0, 1);
                    Tensor before = first.expand(1, past, config.action().width());
                    Tensor previous = past == 0 ? in[2] : Tensor.concat(1, before, in[2]);
                    Tensor weights = past == 0 ? in[3] : in[3].pad(0, past, 0, 0);
                    Tensor noise =
                            Random.normal(
                                    Key.of(in[1]),
                                    DType.F32,
                                    1,
                                    config.horizon(),
                                    config.action().width());
                    return flow.sample(
                            normalized(in[0]),
                            noise,
                            policy.scales().normalizeActions(previous, origins(in[0])),
                            weights,
                            guidance);
                },
                observation(),
                TypeRules.KEY,
                chunks(1, future),
                new TensorType(DType.F32, Shape.of(future)));
    }

    /** Computes a normalized chunk of a program's inputs, of which the first is the observation. */
    private interface Sampling {
        Tensor apply(Tensor... inputs);
    }

    private NamedGraph trace(List<String> names, Sampling sampling, TensorType... types) {
        int first = config.firstAction();
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor chunk = sampling.apply(in);
                            Tensor actions =
                                    policy.scales().unnormalizeActions(chunk, origins(in[0]));
                            return new Tensor[] {actions.slice(1, first, config.horizon())};
                        },
                        types);
        return NamedGraph.of(graph)
                .withInputs(names.toArray(String[]::new))
                .withResults("actions")
                .withWeights(weights(policy.network().module()));
    }

    private TensorType observation() {
        return new TensorType(DType.F32, Shape.of(1, config.conditioningWidth()));
    }

    private TensorType chunks(int count, int actions) {
        return new TensorType(DType.F32, Shape.of(count, actions, config.action().width()));
    }

    /** How many chunks are drawn for an observation. */
    private static int draws(RobotPolicy policy) {
        return policy.network() instanceof ConditionedPolicy network
                        && network.policy() instanceof FlowPolicy flow
                ? flow.config().draws()
                : 1;
    }

    private ConditionedPolicy network() {
        return (ConditionedPolicy) policy.network();
    }

    private Tensor normalized(Tensor observation) {
        return network().conditioning(policy.normalized(policy.features(observation)));
    }

    private @Nullable Tensor origins(Tensor observation) {
        return policy.origins(policy.features(observation));
    }

    private static Map<String, Tensor> weights(Module network) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        network.namedParameters().forEach((name, each) -> weights.put(name, each.tensor()));
        network.namedBuffers().forEach((name, each) -> weights.put(name, each.tensor()));
        return weights;
    }
}
