package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Draws are the same on every backend, to the bit. */
class RandomDrawsTest {
    private static final Key KEY = Key.of(11);

    private static List<Tensor> draws() {
        Tensor scores = Random.normal(KEY.fold(0), DType.F32, 50, 7);
        Tensor concentrations = Random.uniformBetween(0.1, 5, KEY.fold(1), DType.F64, 300);
        return List.of(
                Random.uniform(KEY, DType.F16, 300),
                Random.integers(KEY, DType.I32, -7, 1 << 30, 300),
                scores,
                Random.truncatedNormal(KEY, DType.F32, -2, 2, 300),
                Random.truncatedNormal(KEY, DType.F64, 6, 9, 300),
                Random.exponential(KEY, DType.F32, 300),
                Random.gumbel(KEY, DType.BF16, 300),
                Random.gamma(KEY, concentrations),
                Random.beta(KEY, 1.5, 1, DType.F32, 300),
                Random.beta(KEY, 2, 0.4, DType.F32, 300),
                Random.categorical(KEY, scores, 3, false),
                Random.permutation(KEY, 300),
                Random.bernoulli(KEY, scores.sigmoid().round()));
    }

    @Test
    void drawsOfTheCpuAreThoseOfTheReference() {
        List<double[]> expected =
                new Device("reference", 0)
                        .call(() -> draws().stream().map(Tensor::toDoubleArray).toList());
        List<double[]> actual =
                new Device("cpu", 0)
                        .call(() -> draws().stream().map(Tensor::toDoubleArray).toList());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "draw " + i);
        }
    }
}
