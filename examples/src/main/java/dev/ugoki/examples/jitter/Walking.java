package dev.ugoki.examples.jitter;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.embodied.control.ChunkController;
import dev.ugoki.embodied.control.Outcome;
import dev.ugoki.embodied.control.PolicyInference;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.graph.NamedGraph;

/** The {@link WalkingNetwork}, compiled, in a controller. */
final class Walking implements MeasureJitter.Actor {
    private final ChunkController controller;
    private final float[] observed = new float[WalkingNetwork.OBSERVED];
    private final float[] action = new float[WalkingNetwork.JOINTS];

    Walking() {
        NamedGraph graph = WalkingNetwork.create().program();
        PolicyInference inference =
                PolicyInference.of(graph, BufferProgram.compiled(graph.graph()), Key.of(1));
        controller = inference.controller().build();
    }

    @Override
    public boolean run(long cycle) {
        WalkingNetwork.observe(cycle, observed);
        controller.observation().put(0, observed);
        return controller.act(action) == Outcome.ACTED;
    }

    @Override
    public float[] action() {
        return action;
    }
}
