package dev.ugoki.examples.jitter;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.embodied.control.ChunkController;
import dev.ugoki.embodied.control.ControlLoop;
import dev.ugoki.embodied.control.Outcome;
import dev.ugoki.embodied.control.PolicyInference;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;

/**
 * A policy of the size that makes four legs walk: 48 numbers in, normalized, three hidden layers of
 * 512, 256 and 128, 12 joints out. Its weights are random, its observations a slow wave.
 */
final class Walking implements ControlLoop.Step {
    private static final int OBSERVED = 48;
    private static final int JOINTS = 12;

    private final ChunkController controller;
    private final float[] observed = new float[OBSERVED];
    private final float[] action = new float[JOINTS];

    Walking() {
        NamedGraph graph = graph();
        PolicyInference inference =
                PolicyInference.of(graph, BufferProgram.compiled(graph.graph()), Key.of(1));
        controller = inference.controller().build();
    }

    private static NamedGraph graph() {
        Key key = Key.of(7);
        Linear first = new Linear(OBSERVED, 512, key.fold(0));
        Linear second = new Linear(512, 256, key.fold(1));
        Linear third = new Linear(256, 128, key.fold(2));
        Linear last = new Linear(128, JOINTS, key.fold(3));
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor x = in[0].sub(0.1).div(0.7);
                            Tensor h = first.apply(x).silu();
                            h = third.apply(second.apply(h).silu()).silu();
                            return new Tensor[] {last.apply(h).tanh().reshape(1, 1, JOINTS)};
                        },
                        new TensorType(DType.F32, Shape.of(1, OBSERVED)));
        return NamedGraph.of(graph).withInputs("observation").withResults("actions");
    }

    @Override
    public boolean run(long cycle) {
        for (int i = 0; i < OBSERVED; i++) {
            observed[i] = (float) Math.sin(0.01 * cycle + i);
        }
        controller.observation().put(0, observed);
        return controller.act(action) == Outcome.ACTED;
    }
}
