package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.ModelCases;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.layer.MultiheadAttention.Mask;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

class MultiheadAttentionTest {
    private static final Key KEY = Key.of(3);

    private static MultiheadAttention attention() {
        return new MultiheadAttention.Config(8, 2).build(KEY);
    }

    private static Tensor sequence(long seed, long length) {
        return Random.normal(Key.of(seed), DType.F32, 2, length, 8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mha/0", "mha/1"})
    void agreesWithPyTorch(String id) throws IOException {
        var expected = ModelCases.read(id);
        var config = expected.config().json();
        MultiheadAttention attention =
                new MultiheadAttention.Config(
                                config.get("embedDim").asInt(),
                                config.get("heads").asInt(),
                                config.get("bias").asBoolean(),
                                0)
                        .build(KEY);
        attention.load(expected.parameters());
        Tensor query = expected.input("query");
        Tensor key = expected.input("key");
        Tensor value = expected.input("value");
        Mask mask = Mask.ofKeyPadding(expected.input("keyPaddingMask"));
        var attended = attention.attend(query, key, value, mask);
        expected.checkOutput("output", attended.output());
        expected.checkOutput("weights", attended.weights());
        expected.checkOutput("output", attention.apply(query, key, value, mask));
        expected.checkLoss(
                () ->
                        Losses.mse(
                                attention.apply(query, key, value, mask),
                                expected.input("target"),
                                Reduction.MEAN),
                attention.namedParameters());
    }

    @Test
    void namesAreThoseOfPyTorch() {
        assertEquals(
                List.of("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"),
                List.copyOf(attention().stateDict().keySet()));
        float[] bias = attention().namedParameters().get("out_proj.bias").tensor().toFloatArray();
        assertArrayEquals(new float[8], bias);
    }

    @Test
    void selfAttentionIsAttentionToTheSameValues() {
        MultiheadAttention attention = attention();
        Tensor x = sequence(1, 5);
        assertArrayEquals(
                attention.apply(x, x.copy(), x.copy(), Mask.NONE).toFloatArray(),
                attention.apply(x, x, x, Mask.NONE).toFloatArray(),
                1e-6f);
    }

    @Test
    void aCausalQueryDoesNotSeeWhatFollows() {
        MultiheadAttention attention = attention();
        Tensor x = sequence(1, 5);
        Tensor changed = Tensor.concat(1, x.slice(1, 0, 3), sequence(2, 2));
        Tensor one = attention.apply(x, x, x, Mask.CAUSAL);
        Tensor other = attention.apply(changed, changed, changed, Mask.CAUSAL);
        assertArrayEquals(
                one.slice(1, 0, 3).toFloatArray(), other.slice(1, 0, 3).toFloatArray(), 1e-6f);
        assertFalse(Arrays.equals(one.toFloatArray(), other.toFloatArray()));
        assertArrayEquals(
                one.toFloatArray(),
                attention.attend(x, x, x, Mask.CAUSAL).output().toFloatArray(),
                1e-6f);
    }

    @Test
    void allowedAndPaddingMustBothAllow() {
        MultiheadAttention attention = attention();
        Tensor x = sequence(1, 3);
        Tensor allowed = Tensor.of(new boolean[] {true, true, false}, 1, 3);
        Tensor padding = Tensor.of(new boolean[] {false, true, false, true, true, true}, 2, 3);
        Mask mask = new Mask(allowed, padding, false);
        var attended = attention.attend(x, x, x, mask);
        float[] weights = attended.weights().toFloatArray();
        for (int query = 0; query < 3; query++) {
            assertArrayEquals(
                    new float[] {1, 0, 0}, Arrays.copyOfRange(weights, 3 * query, 3 * query + 3));
        }
        // In the second sample nothing is allowed: zeros, and through the output projection its
        // bias, which is 0 at first.
        assertArrayEquals(new float[24], attended.output().slice(0, 1, 2).toFloatArray());
        assertArrayEquals(
                attended.output().toFloatArray(),
                attention.apply(x, x, x, mask).toFloatArray(),
                1e-6f);
    }

    @Test
    void dropoutDropsWeightsInTrainingOnly() {
        MultiheadAttention attention = new MultiheadAttention.Config(8, 2, true, 0.5).build(KEY);
        Tensor x = sequence(1, 5);
        float[] trained =
                RandomScope.call(KEY, () -> attention.apply(x, x, x, Mask.NONE)).toFloatArray();
        attention.eval();
        float[] evaluated = attention.apply(x, x, x, Mask.NONE).toFloatArray();
        assertFalse(Arrays.equals(trained, evaluated));
        assertArrayEquals(attention().apply(x, x, x, Mask.NONE).toFloatArray(), evaluated);
    }

    @Test
    void headsMustDivideTheWidth() {
        assertThrows(IllegalArgumentException.class, () -> new MultiheadAttention.Config(8, 3));
    }
}
