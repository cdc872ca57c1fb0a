package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.policy.ActPolicy.Averaging;
import dev.ugoki.nn.policy.ActPolicy.Layers;
import dev.ugoki.nn.policy.ActPolicy.Nonlinearity;
import dev.ugoki.nn.policy.ActPolicy.Vae;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;

class ActPolicyTest {
    private static final Key KEY = Key.of(5);
    private static final Layers SMALL = new Layers(16, 2, 24, Nonlinearity.RELU, 2, 1, false, 0.1);

    private static ActPolicy.Config small() {
        return ActPolicy.Config.of(3, 2)
                .withChunk(4)
                .withLayers(SMALL)
                .withVae(new Vae(true, 4, 1, 10));
    }

    private static Observations observations(long count) {
        return Observations.ofState(Random.normal(Key.of(1), DType.F32, count, 3));
    }

    private static Tensor actions(long count) {
        return Random.normal(Key.of(2), DType.F32, count, 4, 2);
    }

    /** Published check sums: any number of cameras goes through one backbone. */
    @ParameterizedTest
    @CsvSource({"6, 1, 51597190", "6, 3, 51597190", "14, 1, 51613582"})
    void theDefaultHasAsManyParametersAsLeRobots(int width, int cameras, long expected) {
        ActPolicy policy =
                Module.sketch(
                        () -> ActPolicy.Config.of(width, width).withCameras(cameras).build(KEY));
        assertEquals(expected, policy.parameterCount());
    }

    @Test
    void actingDrawsNothingAndLooksAtNoActions() {
        ActPolicy policy = small().build(KEY);
        policy.eval();
        Observations seen = observations(2);
        Tensor chunk = policy.sample(seen, Key.of(1));
        assertArrayEquals(new long[] {2, 4, 2}, chunk.shape().toArray());
        assertArrayEquals(chunk.toFloatArray(), policy.sample(seen, Key.of(2)).toFloatArray());
        var loss = policy.losses(seen, actions(2), null, Tensor.zeros(DType.F32, 2, 4));
        assertNull(loss.divergence());
    }

    @Test
    void whatIsMadeUpDoesNotChangeTheLoss() {
        for (Averaging averaging : Averaging.values()) {
            ActPolicy policy = small().withAveraging(averaging).build(KEY);
            Tensor padding =
                    Tensor.of(
                            new boolean[] {false, false, true, true, false, true, true, true},
                            2,
                            4);
            Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 4);
            Tensor changed = actions(2).maskedFill(padding.unsqueeze(-1), 9);
            assertEquals(
                    lossOf(policy, actions(2), padding, noise),
                    lossOf(policy, changed, padding, noise),
                    1e-5);
            assertFalse(
                    Math.abs(
                                    lossOf(policy, actions(2), null, noise)
                                            - lossOf(policy, changed, null, noise))
                            < 1e-3);
        }
    }

    private static double lossOf(ActPolicy policy, Tensor actions, Tensor padding, Tensor noise) {
        return RandomScope.call(
                KEY, () -> policy.losses(observations(2), actions, padding, noise).total().item());
    }

    @Test
    void theTwoWaysOfAveragingDifferByThePartThatIsReal() {
        Tensor padding =
                Tensor.of(new boolean[] {false, true, true, true, false, false, true, true}, 2, 4);
        double[] errors = new double[2];
        for (Averaging averaging : Averaging.values()) {
            ActPolicy policy = small().withAveraging(averaging).build(KEY);
            policy.eval();
            errors[averaging.ordinal()] =
                    policy.losses(
                                    observations(2),
                                    actions(2),
                                    padding,
                                    Tensor.zeros(DType.F32, 2, 4))
                            .error()
                            .item();
        }
        assertEquals(errors[0] * 3 / 8, errors[1], 1e-6);
    }

    @Test
    void theLatentIsDrawnByTheKey() {
        ActPolicy policy = small().build(KEY);
        double[] losses = new double[3];
        for (int i = 0; i < 3; i++) {
            Key key = Key.of(i / 2);
            losses[i] =
                    RandomScope.call(
                            KEY, () -> policy.loss(observations(2), actions(2), null, key).item());
        }
        assertEquals(losses[0], losses[1]);
        assertFalse(losses[0] == losses[2]);
    }

    @Test
    void matricesOfTheTransformersStartEvenlyByFanInAndFanOut() {
        ActPolicy policy = small().build(KEY);
        double bound = Math.sqrt(6.0 / (16 + 24));
        float[] up =
                policy.namedParameters()
                        .get("model.encoder.layers.0.linear1.weight")
                        .tensor()
                        .toFloatArray();
        double largest = 0;
        for (float each : up) {
            largest = Math.max(largest, Math.abs(each));
        }
        assertEquals(bound, largest, 0.05 * bound);
        float[] other =
                policy.namedParameters()
                        .get("model.encoder.layers.1.linear1.weight")
                        .tensor()
                        .toFloatArray();
        assertFalse(Arrays.equals(up, other));
    }

    @Test
    void whatIsMissingIsNamed() {
        ActPolicy policy = small().withEnvironment(5).build(KEY);
        var problem =
                assertThrows(
                        IllegalArgumentException.class, () -> policy.sample(observations(1), KEY));
        assertEquals("ACT: needs the state of the environment", problem.getMessage());
        Tensor noise = Tensor.zeros(DType.F32, 1, 4);
        assertThrows(
                IllegalArgumentException.class,
                () -> policy.losses(observations(1), actions(1).slice(1, 0, 3), null, noise));
    }
}
