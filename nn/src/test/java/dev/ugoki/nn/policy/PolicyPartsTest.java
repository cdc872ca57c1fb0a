package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.policy.RealTimeChunking.Schedule;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

class PolicyPartsTest {
    @Test
    void tokensSeeTheirOwnBlockAndThoseBefore() {
        Tensor valid = Tensor.of(new boolean[] {true, false, true, true}, 1, 4);
        Tensor mask = BlockAttentionMask.of(valid, false, false, true, false);
        assertArrayEquals(
                new long[] {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1}, mask.toLongArray());
        assertArrayEquals(
                new long[] {0, 0, 1, 2}, BlockAttentionMask.positions(valid).toLongArray());
    }

    @Test
    void allOnesIsCausal() {
        Tensor valid = Tensor.ones(DType.BOOL, 1, 3);
        assertArrayEquals(
                new long[] {1, 0, 0, 1, 1, 0, 1, 1, 1},
                BlockAttentionMask.of(valid, true, true, true).toLongArray());
    }

    @Test
    void theBindingFallsFromOneToZero() {
        double[] line = RealTimeChunking.prefixWeights(Schedule.LINEAR, 2, 4, 6);
        assertArrayEquals(new double[] {1, 1, 2 / 3.0, 1 / 3.0, 0, 0}, line, 1e-12);
        for (Schedule schedule : Schedule.values()) {
            double[] weights = RealTimeChunking.prefixWeights(schedule, 3, 8, 12);
            for (int i = 1; i < weights.length; i++) {
                assertTrue(weights[i] <= weights[i - 1], schedule + " rises at " + i);
            }
            assertEquals(1, weights[2], schedule.toString());
            assertEquals(0, weights[8], schedule.toString());
        }
    }

    @Test
    void guidanceIsBoundedAndStrongestAtNoise() {
        assertEquals(10, RealTimeChunking.guidance(1, 10));
        // tau = 1/2: 1 * (1/4 + 1/4) / (1/4)
        assertEquals(2, RealTimeChunking.guidance(0.5, 10), 1e-12);
        assertEquals(10, RealTimeChunking.guidance(0, 10));
    }

    @Test
    void theInverseCosineTransformGivesBackWhatWasTransformed() {
        Tensor x = Random.normal(Key.of(1), DType.F64, 3, 7, 2);
        Tensor y = CosineTransform.forward(x, 1);
        assertTrue(CosineTransform.inverse(y, 1).allClose(x, 0, 1e-12));
        // Orthonormal: lengths stay.
        assertEquals(x.square().sum().item(), y.square().sum().item(), 1e-10);
    }

    @Test
    void aConstantHasOneCosine() {
        Tensor y = CosineTransform.forward(Tensor.ones(DType.F64, 4), 0);
        assertArrayEquals(new double[] {2, 0, 0, 0}, y.toDoubleArray(), 1e-12);
    }

    @Test
    void aMixtureOfOneIsANormalDistribution() {
        Tensor logits = Tensor.of(new double[] {3}, 1, 1);
        Tensor means = Tensor.of(new double[] {1, 2}, 1, 1, 2);
        Tensor deviations = Tensor.of(new double[] {0.5, 2}, 1, 1, 2);
        Tensor value = Tensor.of(new double[] {1.5, 0}, 1, 2);
        double found = new GaussianMixture(logits, means, deviations).logDensity(value).item();
        double expected = -0.5 - 0.5 - Math.log(2 * Math.PI) - Math.log(0.5) - Math.log(2);
        assertEquals(expected, found, 1e-12);
    }

    /** Straight from the definition: all chunks kept, weighed by age. */
    @Test
    void theEnsembleIsTheWeightedMeanOfAllThatWasPredicted() {
        int chunk = 4;
        double coefficient = 0.3;
        TemporalEnsembler ensembler = new TemporalEnsembler(coefficient, chunk, 1);
        float[][] chunks = new float[9][chunk];
        for (int t = 0; t < chunks.length; t++) {
            for (int i = 0; i < chunk; i++) {
                chunks[t][i] = (float) Math.sin(3 * t + i * i);
            }
            double sum = 0;
            double weights = 0;
            int oldest = Math.max(0, t - chunk + 1);
            for (int from = oldest; from <= t; from++) {
                double weight = Math.exp(-coefficient * (from - oldest));
                sum += weight * chunks[from][t - from];
                weights += weight;
            }
            assertEquals(sum / weights, ensembler.next(chunks[t])[0], 1e-6, "step " + t);
        }
        ensembler.clear();
        assertArrayEquals(new float[] {7}, ensembler.next(new float[] {7, 0, 0, 0}));
        assertThrows(IllegalArgumentException.class, () -> ensembler.next(new float[3]));
    }

    @Test
    void noWeightingIsTheMean() {
        TemporalEnsembler ensembler = new TemporalEnsembler(0, 3, 2);
        ensembler.next(new float[] {0, 0, 2, 4, 0, 0});
        float[] mean = ensembler.next(new float[] {4, 6, 0, 0, 0, 0});
        assertEquals("[3.0, 5.0]", Arrays.toString(mean));
    }
}
