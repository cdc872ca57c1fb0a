package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.plan.Plan;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Random programs of what plans join, with broadcasts, views and reductions between, run eagerly
 * and as plans: with the same bits.
 */
final class PlanFuzzTest {
    private static final int PROGRAMS = 150;
    private static final int OPERATIONS = 14;

    @Test
    void randomProgramsHaveTheSameBitsAsPlans() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            try (TensorScope _ = TensorScope.open()) {
                check(seed);
            }
        }
    }

    private static void check(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] shape = {1 + random.nextInt(3), 2 * (1 + random.nextInt(3)), 1 + random.nextInt(20)};
        Tensor[] inputs = {
            Random.normal(Key.of(seed), DType.F32, shape),
            Random.normal(Key.of(seed).fold(1), DType.F32, shape[1], 1),
            Random.normal(Key.of(seed).fold(2), DType.F32, shape[0], 1, shape[2])
        };
        Tensor[] eager = program(seed, inputs);
        Plan plan = Plan.of(in -> program(seed, in)).joinedAtOnce();
        for (int run = 0; run < 2; run++) {
            Tensor[] planned = plan.apply(inputs);
            for (int i = 0; i < eager.length; i++) {
                assertSameBits(
                        eager[i],
                        planned[i],
                        "program " + seed + ", result " + i + "\n" + plan.describe());
            }
        }
    }

    private static void assertSameBits(Tensor expected, Tensor found, String where) {
        assertEquals(expected.type(), found.type(), where);
        double[] wanted = expected.toDoubleArray();
        double[] given = found.toDoubleArray();
        for (int i = 0; i < wanted.length; i++) {
            if (Double.doubleToLongBits(wanted[i]) != Double.doubleToLongBits(given[i])) {
                throw new AssertionError(
                        where + ": at " + i + " " + given[i] + ", eagerly " + wanted[i]);
            }
        }
    }

    /** A program of the numbers that the seed gives; the same at every call. */
    private static Tensor[] program(int seed, Tensor... in) {
        SplittableRandom random = new SplittableRandom(~seed);
        long[] shape = in[0].shape().toArray();
        List<Tensor> values = new ArrayList<>(List.of(in[0]));
        for (int i = 0; i < OPERATIONS; i++) {
            Tensor x = values.get(random.nextInt(values.size()));
            Tensor y = values.get(random.nextInt(values.size()));
            values.add(
                    switch (random.nextInt(19)) {
                        case 0 -> x.add(y);
                        case 1 -> x.mul(in[1]);
                        case 2 -> x.sub(in[2]);
                        case 3 -> x.mul(0.5).add(1);
                        case 4 -> x.tanh();
                        case 5 -> x.gelu();
                        case 6 -> x.mish();
                        case 7 -> x.gt(y).select(x, y.neg());
                        case 8 ->
                                x.sub(x.mean(true, -1))
                                        .mul(x.square().mean(true, 1).add(1).rsqrt());
                        case 9 ->
                                x.reshape(shape[0], 2, -1)
                                        .mul(2)
                                        .sum(true, -1)
                                        .expand(shape[0], 2, shape[1] / 2 * shape[2])
                                        .add(x.reshape(shape[0], 2, -1))
                                        .reshape(shape);
                        case 10 -> x.transpose(0, 1).mul(y.transpose(0, 1)).transpose(0, 1);
                        case 11 -> x.maximum(y).minimum(1);
                        case 12 -> x.flip(2).exp().add(1).log();
                        case 13 -> x.div(y.square().add(1));
                        case 14 -> x.softmax(-1).add(y);
                        case 15 -> x.cast(DType.I32).cast(DType.F32).add(y.sigmoid());
                        case 16 -> x.slice(2, 0, 1).mul(y);
                        case 17 -> x.sum(true, 0).mul(1).add(y);
                        default -> x.mul(1).add(Tensor.full(DType.F32, in[0].shape(), 0.25).mul(y));
                    });
        }
        int last = values.size() - 1;
        return new Tensor[] {
            values.get(last), values.get(random.nextInt(last)), values.get(last - 1)
        };
    }
}
