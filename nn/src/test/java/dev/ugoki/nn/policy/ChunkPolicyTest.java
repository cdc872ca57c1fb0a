package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

class ChunkPolicyTest {
    private static final Key KEY = Key.of(1);

    private static final RegressionPolicy.Hypotheses THREE =
            new RegressionPolicy.Hypotheses(3, 0.2);

    static Stream<ChunkPolicy> policies() {
        var plain = new ResidualMlp.Config(3, 8, 16, 1, 0);
        var denoiser = new ResidualMlp.Config(3 + 8, 8, 16, 1, 8);
        var unet = ConditionalUnet1d.Config.of(2, 3).withChannels(8, 8).withGroups(2);
        var ddim =
                new DiffusionSampler(
                        NoiseSchedule.squaredCosine(20),
                        DiffusionSampler.Kind.DDIM,
                        5,
                        DiffusionSampler.Prediction.NOISE,
                        1);
        FlowPolicy.Config flow = FlowPolicy.Config.DEFAULT;
        return Stream.of(
                new RegressionPolicy(plain.build(KEY), 4, 2),
                new RegressionPolicy(
                        new ResidualMlp.Config(3, THREE.outputs(8), 16, 1, 0).build(KEY),
                        4,
                        2,
                        THREE),
                new FlowPolicy(denoiser.build(KEY), 4, 2, flow),
                new FlowPolicy(unet.withStepWidth(8).build(KEY), 4, 2, flow.withSteps(4)),
                new DiffusionPolicy(denoiser.build(KEY), 4, 2, ddim));
    }

    private static Chunks chunks(long seed) {
        Tensor observed = Random.uniformBetween(-1, 1, Key.of(seed), DType.F32, 32, 3);
        Tensor ahead = observed.slice(1, 0, 2).mul(0.5).unsqueeze(1);
        return Chunks.of(observed, ahead.expand(32, 4, 2).copy());
    }

    @ParameterizedTest
    @MethodSource("policies")
    void trainingLowersTheLoss(ChunkPolicy policy) {
        Optimizer optimizer = Optimizer.of(policy, AdamW.of(3e-3));
        double before = policy.loss(chunks(99), KEY).item();
        for (int i = 0; i < 30; i++) {
            Chunks batch = chunks(i);
            Key key = KEY.fold(i);
            var step = Autograd.valueAndGrad(() -> policy.loss(batch, key), policy.parameters());
            optimizer.step(step.gradients());
        }
        double after = policy.loss(chunks(99), KEY).item();
        assertTrue(after < 0.8 * before, () -> before + " became " + after);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void samplesAreChunksThatTheKeyDecides(ChunkPolicy policy) {
        Tensor observed = chunks(1).conditioning();
        Tensor sampled = policy.sample(observed, KEY);
        assertEquals(Shape.of(32, 4, 2), sampled.shape());
        assertNull(sampled.lineage());
        assertArrayEquals(sampled.toFloatArray(), policy.sample(observed, KEY).toFloatArray());
        boolean random = !(policy instanceof RegressionPolicy);
        assertEquals(
                random,
                !Arrays.equals(
                        sampled.toFloatArray(),
                        policy.sample(observed, KEY.fold(1)).toFloatArray()));
    }

    @Test
    void paddedActionsDoNotCount() {
        ChunkPolicy policy = policies().findFirst().orElseThrow();
        Chunks whole = chunks(1);
        boolean[] flags = new boolean[32 * 4];
        for (int i = 0; i < 32; i++) {
            flags[4 * i + 3] = true;
        }
        Tensor padding = Tensor.of(flags, 32, 4);
        Tensor start = whole.actions().slice(1, 0, 3);
        Tensor other = Tensor.concat(1, start, Tensor.full(DType.F32, Shape.of(32, 1, 2), 9));
        double one = loss(policy, new Chunks(whole.conditioning(), whole.actions(), padding));
        double two = loss(policy, new Chunks(whole.conditioning(), other, padding));
        assertEquals(one, two, 1e-6);
        Tensor predicted = policy.sample(whole.conditioning(), KEY).slice(1, 0, 3);
        assertEquals(predicted.sub(start).abs().mean().item(), one, 1e-6);
        assertTrue(loss(policy, new Chunks(whole.conditioning(), other, null)) > 1);
    }

    private static double loss(ChunkPolicy policy, Chunks chunks) {
        return policy.loss(chunks, KEY).item();
    }

    /** Says the same of every observation. */
    private static final class Says extends Layer {
        private final double[] numbers;

        Says(double... numbers) {
            this.numbers = numbers;
        }

        @Override
        public Tensor apply(Tensor x) {
            return Tensor.of(numbers, 1, numbers.length).expand(x.extent(0), numbers.length);
        }
    }

    @Test
    void hypothesesAreAMixtureOfLaplaceDistributions() {
        RegressionPolicy policy =
                new RegressionPolicy(
                        new Says(1, 2, 3, 5, 0.3, -0.4),
                        2,
                        1,
                        new RegressionPolicy.Hypotheses(2, 0.5));
        Tensor observed = Tensor.zeros(DType.F64, 2, 3);
        Tensor actions = Tensor.of(new double[] {1, 1, 4, 4}, 2, 2, 1);
        double all = Math.exp(0.3) + Math.exp(-0.4);
        double first = Math.exp(0.3) / all;
        double second = Math.exp(-0.4) / all;

        double one = first * Math.exp(-0.5 / 0.5) + second * Math.exp(-3 / 0.5);
        double two = first * Math.exp(-2.5 / 0.5) + second * Math.exp(-1 / 0.5);
        assertEquals(
                -0.5 * (Math.log(one) + Math.log(two)) / 2,
                loss(policy, Chunks.of(observed, actions)),
                1e-12);
        // Of the second sample the second action is made up.
        double known = first * Math.exp(-3 / 0.5) + second * Math.exp(-1 / 0.5);
        Tensor padding = Tensor.of(new boolean[] {false, false, false, true}, 2, 2);
        assertEquals(
                -0.5 * (Math.log(one) + Math.log(known)) / 2,
                loss(policy, new Chunks(observed, actions, padding)),
                1e-12);
        assertArrayEquals(new double[] {1, 2, 1, 2}, policy.sample(observed, KEY).toDoubleArray());
    }

    @Test
    void theLikeliestHypothesisIsCarriedOut() {
        RegressionPolicy policy =
                new RegressionPolicy(new Says(7, 8, 9, 0.1, 0.3, 0.2), 1, 1, THREE);
        Tensor observed = Tensor.zeros(DType.F64, 1, 3);
        assertArrayEquals(new double[] {8}, policy.sample(observed, KEY).toDoubleArray());
    }

    @Test
    void whereTwoWaysLeadOnOneOfThemIsTaken() {
        var config = new ResidualMlp.Config(3, THREE.outputs(8), 16, 1, 0);
        RegressionPolicy policy = new RegressionPolicy(config.build(KEY), 4, 2, THREE);
        Optimizer optimizer = Optimizer.of(policy, AdamW.of(1e-2));
        Tensor observed = Tensor.zeros(DType.F32, 32, 3);
        Tensor left = Tensor.full(DType.F32, Shape.of(15, 4, 2), -1);
        Tensor right = Tensor.full(DType.F32, Shape.of(17, 4, 2), 1);
        Chunks both = Chunks.of(observed, Tensor.concat(0, left, right));
        for (int i = 0; i < 200; i++) {
            var step = Autograd.valueAndGrad(() -> policy.loss(both, KEY), policy.parameters());
            optimizer.step(step.gradients());
        }

        float[] taken = policy.sample(observed.slice(0, 0, 1), KEY).toFloatArray();
        float[] ahead = new float[8];
        Arrays.fill(ahead, Math.signum(taken[0]));
        assertArrayEquals(ahead, taken, 0.1f);
    }

    @Test
    void hypothesesNeedACountAndAScale() {
        for (var wrong :
                List.<Executable>of(
                        () -> new RegressionPolicy.Hypotheses(0, 1),
                        () -> new RegressionPolicy.Hypotheses(2, 0))) {
            var error = assertThrows(IllegalArgumentException.class, wrong);
            assertTrue(error.getMessage().contains("at least one hypothesis"), error.getMessage());
        }
    }

    @Test
    void severalNoisesAreSeveralSamples() {
        Chunks chunks = chunks(1);
        var network = new ResidualMlp.Config(3 + 8, 8, 16, 1, 8).build(KEY);
        FlowPolicy one = new FlowPolicy(network, 4, 2, FlowPolicy.Config.DEFAULT);
        FlowPolicy three = new FlowPolicy(network, 4, 2, one.config().withNoises(3));
        Chunks each =
                Chunks.of(
                        Indexing.repeatInterleave(chunks.conditioning(), 3, 0),
                        Indexing.repeatInterleave(chunks.actions(), 3, 0));

        assertEquals(loss(one, each), loss(three, chunks), 0);
        assertNotEquals(loss(one, chunks), loss(three, chunks), 1e-6);
    }

    @Test
    void chunksOfAnotherSizeAreRefused() {
        ChunkPolicy policy = policies().findFirst().orElseThrow();
        Tensor wrong = Tensor.zeros(DType.F32, 32, 5, 2);
        Chunks longer = Chunks.of(chunks(1).conditioning(), wrong);
        var error = assertThrows(IllegalArgumentException.class, () -> policy.loss(longer, KEY));
        assertTrue(error.getMessage().contains("[n,4,2]"), error.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> Chunks.of(Tensor.zeros(DType.F32, 31, 3), wrong));
    }

    /** Knows the one chunk that there is: its velocity leads straight there from everywhere. */
    private static final class Straight extends Module implements Denoiser {
        @Override
        public Tensor apply(Tensor noisy, Tensor step, Tensor conditioning) {
            Tensor time = step.mul(0.01).reshape(noisy.extent(0), 1, 1);
            return noisy.sub(0.25).div(time);
        }
    }

    @Test
    void theFlowLeadsStraightToTheActions() {
        FlowPolicy policy = new FlowPolicy(new Straight(), 4, 2, FlowPolicy.Config.DEFAULT);
        Tensor sampled = policy.sample(Tensor.zeros(DType.F64, 2, 3), KEY);
        double[] expected = new double[16];
        Arrays.fill(expected, 0.25);
        assertArrayEquals(expected, sampled.toDoubleArray(), 1e-12);
        Chunks there =
                Chunks.of(
                        Tensor.zeros(DType.F64, 2, 3),
                        Tensor.full(DType.F64, Shape.of(2, 4, 2), 0.25));
        assertEquals(0, policy.loss(there, KEY).item(), 1e-20);
    }

    @Test
    void theActionsAreTheMedianOfTheDraws() {
        var network = new ResidualMlp.Config(3 + 8, 8, 16, 1, 8).build(KEY);
        var one = new FlowPolicy(network, 4, 2, FlowPolicy.Config.DEFAULT.withSteps(2));
        var three = new FlowPolicy(network, 4, 2, one.config().withDraws(3));
        Tensor observed = chunks(1).conditioning().slice(0, 0, 2);
        Tensor noise = Random.normal(KEY, DType.F32, 6, 4, 2);
        float[][] draws = new float[3][];
        for (int draw = 0; draw < 3; draw++) {
            Tensor own =
                    Tensor.concat(
                            0, noise.slice(0, draw, draw + 1), noise.slice(0, 3 + draw, 4 + draw));
            draws[draw] = one.sample(observed, own).toFloatArray();
        }
        float[] median = new float[16];
        for (int i = 0; i < 16; i++) {
            float[] each = {draws[0][i], draws[1][i], draws[2][i]};
            Arrays.sort(each);
            median[i] = each[1];
        }

        assertArrayEquals(median, three.sample(observed, noise).toFloatArray(), 1e-6f);
    }

    @Test
    void theLossOfAVelocityIsSquaredOrAbsolute() {
        Chunks chunks = chunks(1);
        Tensor noise = Random.normal(KEY, DType.F32, 32, 4, 2);
        Tensor times = Tensor.full(DType.F32, Shape.of(32), 0.5);
        Tensor velocity = noise.sub(chunks.actions());
        FlowPolicy.Config config = FlowPolicy.Config.DEFAULT;
        FlowPolicy squared = new FlowPolicy(new Nothing(), 4, 2, config);
        FlowPolicy absolute =
                new FlowPolicy(new Nothing(), 4, 2, config.withLoss(FlowPolicy.Loss.L1));

        assertEquals(
                velocity.mul(velocity).mean().item(),
                squared.loss(chunks, noise, times).item(),
                1e-6);
        assertEquals(
                velocity.abs().mean().item(), absolute.loss(chunks, noise, times).item(), 1e-6);
    }

    private static final class Nothing extends Module implements Denoiser {
        @Override
        public Tensor apply(Tensor noisy, Tensor step, Tensor conditioning) {
            return noisy.mul(0);
        }
    }

    @Test
    void stateNamesAreThoseOfLeRobot() {
        ChunkPolicy diffusion =
                new DiffusionPolicy(
                        ConditionalUnet1d.Config.of(2, 3)
                                .withChannels(8, 8)
                                .withStepWidth(8)
                                .build(KEY),
                        4,
                        2,
                        new DiffusionSampler(
                                NoiseSchedule.squaredCosine(20),
                                DiffusionSampler.Kind.DDPM,
                                20,
                                DiffusionSampler.Prediction.NOISE,
                                1));
        var names = diffusion.stateDict().keySet();
        assertTrue(names.contains("diffusion.unet.down_modules.0.0.conv1.block.0.weight"));
        assertFalse(names.stream().anyMatch(name -> name.contains("Scales")), names.toString());
    }
}
