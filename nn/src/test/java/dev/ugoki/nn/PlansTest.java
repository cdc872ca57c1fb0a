package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.BatchNorm2d;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Gru;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.layer.Lstm;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.GradientClipping;
import dev.ugoki.nn.optim.MovingAverage;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.nn.optim.Schedule;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.nn.policy.DiffusionPolicy;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.NoiseSchedule;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.nn.policy.VlaPolicy;
import dev.ugoki.nn.vision.SiglipVision;
import dev.ugoki.tck.Allocation;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.plan.Plan;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

/** Networks as plans: the same bits as eagerly, and nothing allocated once they are warm. */
final class PlansTest {
    private static final int CALLS = 200;

    private static Sequential mlp() {
        Key key = Key.of(1);
        return new Sequential(
                new Linear(13, 64, key.fold(0)),
                Activation.relu(),
                new Linear(64, 64, key.fold(1)),
                Activation.gelu(),
                new Linear(64, 6, key.fold(2)));
    }

    @Test
    void anMlpRunsAsAPlanWithTheSameBitsAndWithoutAllocating() {
        Sequential network = mlp();
        Tensor x = Random.normal(Key.of(3), DType.F32, 1, 13);

        checkInference(Ugoki.compile(in -> new Tensor[] {network.apply(in[0])}), x);
    }

    @Test
    void theUnetOfPushTRunsAsAPlanWithTheSameBitsAndWithoutAllocating() {
        ConditionalUnet1d network =
                ConditionalUnet1d.Config.of(2, 20).withChannels(64, 128, 256).build(Key.of(2));
        Tensor x = Random.normal(Key.of(4), DType.F32, 1, 16, 2);
        Tensor step = Tensor.of(new float[] {7}, 1);
        Tensor condition = Random.normal(Key.of(5), DType.F32, 1, 20);

        checkInference(
                Ugoki.compile(in -> new Tensor[] {network.apply(in[0], in[1], in[2])}),
                x,
                step,
                condition);
    }

    @Test
    void actRunsAsAPlanWithTheSameBitsAndWithoutAllocating() {
        ActPolicy policy =
                ActPolicy.Config.of(6, 4)
                        .withEnvironment(3)
                        .withChunk(20)
                        .withLayers(
                                new ActPolicy.Layers(
                                        32, 2, 48, ActPolicy.Nonlinearity.RELU, 2, 1, false, 0.1))
                        .build(Key.of(2));
        policy.eval();

        checkInference(
                Ugoki.compile(
                        in ->
                                new Tensor[] {
                                    policy.sample(
                                            Observations.ofState(in[0]).withEnvironment(in[1]),
                                            Key.of(0))
                                }),
                Random.normal(Key.of(4), DType.F32, 1, 6),
                Random.normal(Key.of(5), DType.F32, 1, 3));
    }

    @ParameterizedTest
    @EnumSource(DiffusionSampler.Kind.class)
    void aSamplerAllocatesNothing(DiffusionSampler.Kind kind) {
        DiffusionPolicy policy = sampler(kind);

        checkInference(
                Ugoki.compile(in -> new Tensor[] {policy.sample(in[0], Key.of(in[1]))}),
                Random.normal(Key.of(5), DType.F32, 1, 5),
                Key.of(3).asTensor());
    }

    /** Images and text are read once; their keys and values serve all steps of the sampling. */
    @ParameterizedTest
    @EnumSource(VlaPolicy.Style.class)
    void aPolicyThatReadsAllocatesNothing(VlaPolicy.Style style) {
        VlaPolicy policy =
                VlaPolicy.Config.nano(1, 3, 2)
                        .withVision(
                                new VlaPolicy.Vision(
                                        new SiglipVision.Config(16, 4, 1, 2, 32, 48), 1, 2))
                        .withStyle(style)
                        .withSteps(2)
                        .build(Key.of(5));
        policy.eval();

        checkInference(
                Ugoki.compile(
                        in ->
                                new Tensor[] {
                                    policy.sample(
                                            Observations.ofState(in[0])
                                                    .withImages(in[1])
                                                    .withInstruction(
                                                            new Observations.Instruction(
                                                                    in[2], in[3])),
                                            Key.of(in[4]))
                                }),
                Random.normal(Key.of(1), DType.F32, 1, 3),
                Random.normal(Key.of(2), DType.F32, 1, 3, 16, 16),
                Tensor.of(new long[] {5, 6, 7, 0}, 1, 4),
                Tensor.of(new boolean[] {true, true, true, false}, 1, 4),
                Key.of(3).asTensor());
    }

    @Test
    void cellsThatReadASequenceAllocateNothing() {
        Lstm lstm = new Lstm(5, 16, 2, Key.of(1));
        Gru gru = new Gru(16, 24, 1, Key.of(2));

        checkInference(
                Ugoki.compile(
                        in -> {
                            Lstm.Read read =
                                    lstm.apply(in[0], new Lstm.State(in[1], in[1].mul(0.5)));
                            return new Tensor[] {
                                gru.apply(read.output()).output(), read.state().c()
                            };
                        }),
                Random.normal(Key.of(3), DType.F32, 1, 7, 5),
                Random.normal(Key.of(4), DType.F32, 2, 1, 16));
    }

    @Test
    void layersWithAdaptersAllocateNothing() {
        Sequential network = mlp();
        Lora.attach(network, _ -> true, Lora.Config.of(4), Key.of(9));
        Lora.parameters(network)
                .values()
                .forEach(
                        each ->
                                each.assign(
                                        Random.normal(
                                                Key.of(8),
                                                DType.F32,
                                                each.type().shape().toArray())));
        network.eval();

        checkInference(
                Ugoki.compile(in -> new Tensor[] {network.apply(in[0])}),
                Random.normal(Key.of(3), DType.F32, 1, 13));
    }

    private static void checkInference(Plan plan, Tensor... inputs) {
        BoundPlan bound = plan.bind(inputs);
        bound.run();
        float[] cold = bound.result(0).toFloatArray();
        bound.warmUp();
        bound.run();
        float[] warm = bound.result(0).toFloatArray();

        assertArrayEquals(cold, warm);
        assertArrayEquals(plan.joinedAtOnce().apply(inputs)[0].toFloatArray(), warm);
        assertEquals(0, Allocation.bytesPerCall(CALLS, bound::run), bound::describe);
    }

    @Test
    void theUnetAsAPlanHasTheBitsOfTheUnet() {
        ConditionalUnet1d network =
                ConditionalUnet1d.Config.of(2, 20)
                        .withChannels(16, 32)
                        .withGroups(4)
                        .build(Key.of(2));
        Plan plan =
                Ugoki.compile(in -> new Tensor[] {network.apply(in[0], in[1], in[2])})
                        .joinedAtOnce();
        Tensor x = Random.normal(Key.of(4), DType.F32, 3, 16, 2);
        Tensor step = Tensor.of(new float[] {7, 3, 99}, 3);
        Tensor condition = Random.normal(Key.of(5), DType.F32, 3, 20);

        assertArrayEquals(
                network.apply(x, step, condition).toFloatArray(),
                plan.apply(x, step, condition)[0].toFloatArray());
    }

    @Test
    void aSamplerIsOnePlan() {
        DiffusionPolicy policy = sampler(DiffusionSampler.Kind.DDPM);
        Tensor conditioning = Random.normal(Key.of(5), DType.F32, 2, 5);
        Plan plan =
                Ugoki.compile(in -> new Tensor[] {policy.sample(in[0], Key.of(in[1]))})
                        .joinedAtOnce();
        for (long seed = 0; seed < 2; seed++) {
            assertArrayEquals(
                    policy.sample(conditioning, Key.of(seed)).toFloatArray(),
                    plan.apply(conditioning, Key.of(seed).asTensor())[0].toFloatArray());
        }
    }

    private static DiffusionPolicy sampler(DiffusionSampler.Kind kind) {
        return new DiffusionPolicy(
                ConditionalUnet1d.Config.of(2, 5)
                        .withChannels(8, 16)
                        .withGroups(4)
                        .withStepWidth(8)
                        .build(Key.of(2)),
                8,
                2,
                new DiffusionSampler(
                        NoiseSchedule.squaredCosine(20),
                        kind,
                        4,
                        DiffusionSampler.Prediction.NOISE,
                        1));
    }

    @Test
    void softmaxAndLayerNormAllocateNothing() {
        LayerNorm norm = new LayerNorm(48);
        Tensor x = Random.normal(Key.of(4), DType.F32, 6, 48);

        checkInference(
                Ugoki.compile(
                        in -> new Tensor[] {norm.apply(in[0].mul(2)).softmax(-1).logSoftmax(-1)}),
                x);
    }

    /** A regression with noise on its inputs, trained by AdamW with clipping and averaging. */
    private static final class Training {
        final Sequential network = mlp();
        final Optimizer optimizer = Optimizer.of(network, AdamW.of(1e-2), Schedule.linearWarmup(5));
        final MovingAverage average =
                new MovingAverage(network, MovingAverage.Decay.power(0.75, 0.99));

        Tensor loss(Tensor[] batch, Key key) {
            Tensor noise = Random.normal(key, DType.F32, batch[0].shape().toArray());
            Tensor y = network.apply(batch[0].add(noise.mul(0.01)));
            return Losses.mse(y, batch[1], Reduction.MEAN);
        }

        double eagerStep(Key key, Tensor... batch) {
            try (TensorScope _ = TensorScope.open()) {
                var found = Autograd.valueAndGrad(() -> loss(batch, key), optimizer.parameters());
                optimizer.step(GradientClipping.byGlobalNorm(found.gradients(), 0.5).gradients());
                average.update();
                return found.value().item();
            }
        }

        PlannedStep planned() {
            return PlannedStep.of(optimizer, this::loss).withClipping(0.5).withAverage(average);
        }
    }

    @Test
    void aPlannedTrainingStepHasTheBitsOfTheEagerOne() {
        Training eager = new Training();
        Training planned = new Training();
        PlannedStep step = planned.planned();
        Tensor x = Random.normal(Key.of(3), DType.F32, 32, 13);
        Tensor y = Random.normal(Key.of(6), DType.F32, 32, 6);
        for (int i = 0; i < 4; i++) {
            Key key = Key.of(100 + i);
            assertEquals(eager.eagerStep(key, x, y), step.run(key, Key.of(0), x, y));
            if (i == 1) {
                step.warmUp();
            }
        }
        assertEquals(eager.optimizer.stepCount(), planned.optimizer.stepCount());
        List<String> names = List.copyOf(eager.network.namedParameters().keySet());
        for (String name : names) {
            assertArrayEquals(
                    eager.network.namedParameters().get(name).tensor().toFloatArray(),
                    planned.network.namedParameters().get(name).tensor().toFloatArray(),
                    name);
            assertArrayEquals(
                    eager.average.averages().get(name).toDoubles(),
                    planned.average.averages().get(name).toDoubles(),
                    name);
        }
    }

    @Test
    void aPlannedStepMovesRunningStatisticsAsTheEagerOneDoes() {
        Tensor x = Random.normal(Key.of(3), DType.F32, 4, 3, 6, 6).mul(2).add(1);
        Tensor target = Random.normal(Key.of(4), DType.F32, 4, 5, 6, 6);
        Sequential eager = normed();
        Optimizer optimizer = Optimizer.of(eager, AdamW.of(1e-2));
        Sequential planned = normed();
        PlannedStep step =
                PlannedStep.of(
                        Optimizer.of(planned, AdamW.of(1e-2)),
                        (batch, _) ->
                                Losses.mse(planned.apply(batch[0]), batch[1], Reduction.MEAN));
        for (int i = 0; i < 3; i++) {
            var found =
                    Autograd.valueAndGrad(
                            () -> Losses.mse(eager.apply(x), target, Reduction.MEAN),
                            optimizer.parameters());
            optimizer.step(found.gradients());

            assertEquals(found.value().item(), step.run(Key.of(i), Key.of(0), x, target));
            assertEquals(eager.stateDict(), planned.stateDict());
            if (i == 1) {
                step.warmUp();
            }
        }
    }

    private static Sequential normed() {
        return new Sequential(
                new Conv2d(3, 5, 3, Convolutions.Settings.DEFAULT.withPadding(1), Key.of(1)),
                new BatchNorm2d(5),
                Activation.relu(),
                new BatchNorm2d(5));
    }

    @Test
    void aPlannedTrainingStepAllocatesNothing() {
        Training training = new Training();
        Tensor x = Random.normal(Key.of(3), DType.F32, 32, 13);
        Tensor y = Random.normal(Key.of(6), DType.F32, 32, 6);
        PlannedStep.Bound step = training.planned().bind(x, y);
        step.warmUp();

        assertEquals(0, Allocation.bytesPerCall(CALLS, step::run), step::describe);
    }
}
