package dev.ugoki.cuda.bundle;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.transformer.TransformerConfig;
import dev.ugoki.nn.transformer.TransformerEncoderLayer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.plan.BoundPlan;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What is timed, by the names that {@code torch_times.py} uses for the same. Both read the sizes of
 * {@link Sizes}.
 */
final class Workloads {
    private static final Key KEY = Key.of(1);
    private static final double LEARNING_RATE = 1e-4;
    private static final int ACTIONS = 2;
    private static final int CONDITIONING = 132;

    private Workloads() {}

    /** Something to run again and again: as written, and as a plan. */
    record Workload(Runnable eager, Runnable planned) {}

    /** A workload that is made when its turn comes, inside a scope of its own. */
    record Named(String name, Supplier<Workload> make) {}

    /**
     * How large they are.
     *
     * @param products the extents of square products
     * @param policies the extents m, k, n of products as small as policies'
     * @param heads of attention
     * @param tokens of attention
     * @param layers of the transformer
     * @param width of its tokens, and 64 for each head
     * @param batch of its steps
     * @param length of its sequences
     * @param channels of the U-Net
     * @param chunks in a batch of its steps
     */
    record Sizes(
            List<Long> products,
            List<long[]> policies,
            List<Long> heads,
            List<Long> tokens,
            int layers,
            int width,
            long batch,
            long length,
            List<Integer> channels,
            long chunks) {
        /** Those of the goals. */
        static final Sizes FULL =
                new Sizes(
                        List.of(512L, 1024L, 2048L, 4096L, 8192L),
                        List.of(
                                new long[] {1, 512, 2048},
                                new long[] {16, 512, 2048},
                                new long[] {256, 512, 512}),
                        List.of(8L, 16L, 32L),
                        List.of(128L, 512L, 2048L, 8192L),
                        12,
                        768,
                        8,
                        512,
                        List.of(512, 1024, 2048),
                        64);

        /** As small as can be: to see that all of it runs. */
        static final Sizes SMOKE =
                new Sizes(
                        List.of(64L),
                        List.of(new long[] {1, 32, 48}),
                        List.of(2L),
                        List.of(64L),
                        2,
                        64,
                        2,
                        16,
                        List.of(16, 32),
                        2);
    }

    static List<Named> all(Sizes sizes) {
        List<Named> all = new ArrayList<>();
        for (DType dtype : List.of(DType.BF16, DType.F32)) {
            for (long n : sizes.products()) {
                all.add(product(dtype, n, n, n));
            }
            for (long[] each : sizes.policies()) {
                all.add(product(dtype, each[0], each[1], each[2]));
            }
        }
        for (boolean causal : new boolean[] {false, true}) {
            for (long heads : sizes.heads()) {
                for (long tokens : sizes.tokens()) {
                    all.add(attention(heads, tokens, causal));
                    all.add(attentionBackward(heads, tokens, causal));
                }
            }
        }
        for (DType dtype : List.of(DType.BF16, DType.F32)) {
            all.add(transformerStep(dtype, sizes));
        }
        all.add(unetStep(sizes));
        all.add(unetInference(sizes));
        return all;
    }

    private static Tensor normal(DType dtype, long... shape) {
        return Random.normal(KEY, DType.F32, shape).cast(dtype);
    }

    /** A program of tensors, run in a scope of its own, and as a plan of these inputs. */
    private static Workload program(Supplier<Tensor[]> program) {
        BoundPlan plan = Ugoki.compile(_ -> program.get()).bind(normal(DType.F32, 1));
        plan.warmUp();
        return new Workload(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        program.get();
                    }
                },
                plan::run);
    }

    private static Named product(DType dtype, long m, long k, long n) {
        return new Named(
                "product %s %dx%dx%d".formatted(dtype, m, k, n),
                () -> {
                    Tensor a = normal(dtype, m, k);
                    Tensor b = normal(dtype, k, n);
                    return program(() -> new Tensor[] {a.matmul(b)});
                });
    }

    private static String attentionName(String what, long heads, long tokens, boolean causal) {
        return "%s%s %dx%d".formatted(causal ? "causal " : "", what, heads, tokens);
    }

    private static Tensor[] queriesKeysValues(long heads, long tokens) {
        Tensor[] all = new Tensor[3];
        for (int i = 0; i < all.length; i++) {
            all[i] = normal(DType.BF16, 1, heads, tokens, 64);
        }
        return all;
    }

    private static Named attention(long heads, long tokens, boolean causal) {
        return new Named(
                attentionName("attention", heads, tokens, causal),
                () -> {
                    Tensor[] in = queriesKeysValues(heads, tokens);
                    var op = new ScaledDotProductAttention(0.125, causal);
                    return program(() -> Engine.apply(op, in));
                });
    }

    private static Named attentionBackward(long heads, long tokens, boolean causal) {
        return new Named(
                attentionName("attention backward", heads, tokens, causal),
                () -> {
                    Tensor[] in = queriesKeysValues(heads, tokens);
                    var op = new ScaledDotProductAttention(0.125, causal);
                    return program(
                            () -> {
                                List<Tensor> variables = new ArrayList<>();
                                for (Tensor each : in) {
                                    variables.add(Autograd.variable(each));
                                }
                                Tensor y = Engine.apply(op, variables.toArray(Tensor[]::new))[0];
                                return Autograd.gradients(y.sum(), variables)
                                        .toArray(Tensor[]::new);
                            });
                });
    }

    /** A network's training by AdamW, one step at a time. */
    private static Workload training(Module network, Supplier<Tensor> loss) {
        Optimizer optimizer = Optimizer.of(network, AdamW.of(LEARNING_RATE));
        PlannedStep.Bound planned = PlannedStep.of(optimizer, (_, _) -> loss.get()).bind();
        planned.prepare(KEY, KEY);
        planned.warmUp();
        return new Workload(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        var found = Autograd.valueAndGrad(loss, optimizer.parameters());
                        optimizer.step(found.gradients());
                    }
                },
                planned::run);
    }

    private static final class Encoder extends Module {
        private final ModuleList<TransformerEncoderLayer> layers;

        Encoder(Sizes sizes) {
            TransformerConfig config =
                    TransformerConfig.of(sizes.width(), sizes.width() / 64, 4 * sizes.width())
                            .withActivation(new Activation.GeluTanh())
                            .withNormFirst(true);
            List<TransformerEncoderLayer> all = new ArrayList<>();
            for (int i = 0; i < sizes.layers(); i++) {
                all.add(new TransformerEncoderLayer(config, KEY.fold(i)));
            }
            layers = child("layers", new ModuleList<>(all));
        }

        Tensor apply(Tensor x) {
            Tensor y = x;
            for (TransformerEncoderLayer layer : layers) {
                y = layer.apply(y, Mask.NONE);
            }
            return y;
        }
    }

    private static Named transformerStep(DType dtype, Sizes sizes) {
        return new Named(
                "transformer step " + dtype,
                () -> {
                    Encoder encoder = Init.withDType(dtype, () -> new Encoder(sizes));
                    Tensor x = normal(dtype, sizes.batch(), sizes.length(), sizes.width());
                    return training(encoder, () -> Losses.mse(encoder.apply(x), x, Reduction.MEAN));
                });
    }

    private static ConditionalUnet1d unet(Sizes sizes) {
        return ConditionalUnet1d.Config.of(ACTIONS, CONDITIONING)
                .withChannels(sizes.channels().toArray(Integer[]::new))
                .build(KEY);
    }

    private static Tensor steps(long count) {
        return Random.integers(KEY, 0, 100, count).cast(DType.F32);
    }

    private static Named unetStep(Sizes sizes) {
        return new Named(
                "U-Net step",
                () -> {
                    ConditionalUnet1d network = unet(sizes);
                    long n = sizes.chunks();
                    Tensor noisy = normal(DType.F32, n, 16, ACTIONS);
                    Tensor step = steps(n);
                    Tensor conditioning = normal(DType.F32, n, CONDITIONING);
                    return training(
                            network,
                            () ->
                                    Losses.mse(
                                            network.apply(noisy, step, conditioning),
                                            noisy,
                                            Reduction.MEAN));
                });
    }

    private static Named unetInference(Sizes sizes) {
        return new Named(
                "U-Net inference at batch 1",
                () -> {
                    ConditionalUnet1d network = unet(sizes);
                    network.eval();
                    Tensor noisy = normal(DType.F32, 1, 16, ACTIONS);
                    Tensor step = steps(1);
                    Tensor conditioning = normal(DType.F32, 1, CONDITIONING);
                    return program(
                            () ->
                                    new Tensor[] {
                                        Autograd.noGrad(
                                                () -> network.apply(noisy, step, conditioning))
                                    });
                });
    }
}
