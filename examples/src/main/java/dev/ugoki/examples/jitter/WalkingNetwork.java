package dev.ugoki.examples.jitter;

import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;

import java.util.List;

/**
 * A policy of the size that makes four legs walk: 48 numbers in, less {@value #MEAN}, divided by
 * {@value #DEVIATION}; hidden layers of 512, 256 and 128 with silu between; the hyperbolic tangents
 * of 12 joints out. Its weights are random, its observations a slow wave.
 */
public final class WalkingNetwork {
    public static final int OBSERVED = 48;
    public static final int JOINTS = 12;
    public static final double MEAN = 0.1;
    public static final double DEVIATION = 0.7;

    private static final int[] WIDTHS = {OBSERVED, 512, 256, 128, JOINTS};

    private final List<Linear> layers;

    private WalkingNetwork(List<Linear> layers) {
        this.layers = layers;
    }

    /** The network, each time with the same weights. */
    public static WalkingNetwork create() {
        Key key = Key.of(7);
        return new WalkingNetwork(
                java.util.stream.IntStream.range(0, WIDTHS.length - 1)
                        .mapToObj(i -> new Linear(WIDTHS[i], WIDTHS[i + 1], key.fold(i)))
                        .toList());
    }

    /** The layers, the first one first. */
    public List<Linear> layers() {
        return layers;
    }

    /** From an observation {@code [1, 48]} to a chunk of one action, {@code [1, 1, 12]}. */
    public NamedGraph program() {
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor h = in[0].sub(MEAN).div(DEVIATION);
                            for (Linear layer : layers.subList(0, layers.size() - 1)) {
                                h = layer.apply(h).silu();
                            }
                            Tensor joints = layers.getLast().apply(h).tanh();
                            return new Tensor[] {joints.reshape(1, 1, JOINTS)};
                        },
                        new TensorType(DType.F32, Shape.of(1, OBSERVED)));
        return NamedGraph.of(graph).withInputs("observation").withResults("actions");
    }

    /** Writes what is observed in a cycle. */
    public static void observe(long cycle, float[] observed) {
        for (int i = 0; i < OBSERVED; i++) {
            observed[i] = (float) Math.sin(0.01 * cycle + i);
        }
    }
}
