package dev.ugoki.examples.latency;

import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

/** The programs whose latency is measured. */
enum LatencyRow {
    MLP("MLP 64-256-256-14") {
        @Override
        Ready make() {
            Sequential network =
                    new Sequential(
                            new Linear(64, 256, KEY),
                            Activation.relu(),
                            new Linear(256, 256, KEY),
                            Activation.relu(),
                            new Linear(256, 14, KEY));
            return ready(in -> new Tensor[] {network.apply(in[0])}, normal(1, 64));
        }
    },
    UNET("PushT U-Net 64/128/256, one pass") {
        @Override
        Ready make() {
            ConditionalUnet1d network =
                    ConditionalUnet1d.Config.of(2, 40).withChannels(64, 128, 256).build(KEY);
            return ready(
                    in -> new Tensor[] {network.apply(in[0], in[1], in[2])},
                    normal(1, 16, 2),
                    Tensor.of(new float[] {7}, 1),
                    normal(1, 40));
        }
    },
    ACT("ACT, 128 wide, chunk of 100") {
        @Override
        Ready make() {
            ActPolicy policy =
                    ActPolicy.Config.of(14, 14)
                            .withLayers(
                                    new ActPolicy.Layers(
                                            128,
                                            4,
                                            512,
                                            ActPolicy.Nonlinearity.RELU,
                                            4,
                                            1,
                                            false,
                                            0))
                            .withVae(new ActPolicy.Vae(false, 32, 0, 0))
                            .build(KEY);
            policy.eval();
            return ready(
                    in -> new Tensor[] {policy.sample(Observations.ofState(in[0]), KEY)},
                    normal(1, 14));
        }
    },
    OPERATIONS("500 operations and more") {
        @Override
        Ready make() {
            return ready(in -> new Tensor[] {blocks(in[0], in[1])}, normal(8, 64), normal(64, 64));
        }

        /** Fifty times ten operations, and what views and scalars make. */
        private Tensor blocks(Tensor x, Tensor weight) {
            Tensor h = x;
            for (int i = 0; i < 50; i++) {
                Tensor y = h.matmul(weight.transpose(0, 1)).gelu();
                Tensor centred = y.sub(y.mean(true, -1));
                Tensor spread = centred.square().mean(true, -1).add(1e-5).rsqrt();
                h = h.add(centred.mul(spread)).mul(0.5 + i);
            }
            return h;
        }
    };

    private static final Key KEY = Key.of(1);

    private final String title;

    LatencyRow(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** A function, and what it is given. */
    record Ready(Graph.Program function, Tensor[] inputs) {}

    /** Makes weights and inputs. */
    abstract Ready make();

    static Ready ready(Graph.Program function, Tensor... inputs) {
        return new Ready(function, inputs);
    }

    static Tensor normal(long... shape) {
        return Random.normal(KEY, DType.F32, shape);
    }
}
