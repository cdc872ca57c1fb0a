package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.plan.Plan;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/** How long a plan takes to make: printed, and bounded by the processor time of its thread. */
final class PlanLatencyTest {
    private static final int BLOCKS = 50;
    private static final double MOST_SECONDS = 2;

    @Test
    void aPlanOfFiveHundredOperationsIsMadeWithinTwoSeconds() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Plan plan = Plan.of(in -> new Tensor[] {network(in[0], in[1])});
        try (TensorScope _ = TensorScope.open()) {
            Tensor x = Random.normal(Key.of(1), DType.F32, 8, 64);
            Tensor weight = Random.normal(Key.of(2), DType.F32, 64, 64);
            long cpu = threads.getCurrentThreadCpuTime();
            long wall = System.nanoTime();
            BoundPlan bound = plan.bind(x, weight);
            double seconds = 1e-9 * (threads.getCurrentThreadCpuTime() - cpu);
            bound.run();
            double first = 1e-9 * (System.nanoTime() - wall);
            bound.warmUp();
            double warm = 1e-9 * (System.nanoTime() - wall);
            System.out.printf(
                    Locale.ROOT,
                    "a plan of %d operations: %.2f s of processor time to make, first result after"
                            + " %.2f s, full speed after %.2f s%n",
                    plan.graph(x.type(), weight.type()).nodes().size(),
                    seconds,
                    first,
                    warm);
            assertTrue(seconds < MOST_SECONDS, () -> seconds + " s");
        }
    }

    /** Ten operations a block, and more that views and scalars make. */
    private static Tensor network(Tensor x, Tensor weight) {
        Tensor h = x;
        for (int i = 0; i < BLOCKS; i++) {
            Tensor y = h.matmul(weight.transpose(0, 1)).gelu();
            Tensor centred = y.sub(y.mean(true, -1));
            Tensor spread = centred.square().mean(true, -1).add(1e-5).rsqrt();
            h = h.add(centred.mul(spread)).mul(0.5 + i);
        }
        return h;
    }
}
