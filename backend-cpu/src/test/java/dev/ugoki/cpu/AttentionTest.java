package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ScaledDotProductAttention;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Attention in blocks against the decomposition in F64, and its bits, memory and allocations. */
class AttentionTest {
    private static final Key KEY = Key.of(5);
    private static final ThreadMXBean THREAD = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int CALLS = 10;
    private static final Composite FORWARD = new ScaledDotProductAttention(0.2, false);
    private static final Composite BACKWARD = new ScaledDotProductAttention.Gradient(0.2, false);
    private static final int THREADS = ThreadPool.shared().threads();

    @AfterEach
    void restoreThreads() {
        ThreadPool.shared().setThreads(THREADS);
    }

    private static Tensor normal(int number, long... shape) {
        return Random.normal(KEY.fold(number), DType.F64, shape);
    }

    private static Tensor allowed(double share, long... shape) {
        return Random.uniform(KEY.fold(9), DType.F64, shape).lt(share);
    }

    /** The result, and the gradients of queries, keys and values of a weighted sum of it. */
    private static List<Tensor> results(
            DType dtype, Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, boolean causal) {
        List<Tensor> operands = new ArrayList<>();
        for (Tensor operand : List.of(q, k, v)) {
            operands.add(Autograd.variable(operand.cast(dtype)));
        }
        Tensor cast = mask == null || mask.dtype() == DType.BOOL ? mask : mask.cast(dtype);
        Tensor y =
                Attention.scaledDotProduct(
                        operands.get(0), operands.get(1), operands.get(2), cast, causal);
        Tensor weights = Random.normal(KEY.fold(7), DType.F64, y.shape().toArray());
        List<Tensor> all = new ArrayList<>(List.of(y.detach()));
        all.addAll(Autograd.gradients(y.mul(weights.cast(dtype)).sum(), operands));
        return all;
    }

    private static void check(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, boolean causal) {
        List<Tensor> expected = results(DType.F64, q, k, v, mask, causal);
        List<Tensor> actual = results(DType.F32, q, k, v, mask, causal);
        for (int i = 0; i < expected.size(); i++) {
            double[] exact = expected.get(i).toDoubleArray();
            double[] near = actual.get(i).toDoubleArray();
            double largest = Arrays.stream(exact).map(Math::abs).max().orElse(0);
            assertArrayEquals(exact, near, 2e-5 * Math.max(1, largest), "result " + i);
        }
    }

    @Test
    void blocksOfQueriesAndKeysMakeOneAttention() {
        for (long[] lengths : new long[][] {{1, 1}, {64, 128}, {65, 129}, {100, 300}, {257, 31}}) {
            for (boolean causal : new boolean[] {false, true}) {
                Tensor q = normal(0, 2, lengths[0], 20);
                Tensor k = normal(1, 2, lengths[1], 20);
                Tensor v = normal(2, 2, lengths[1], 37);
                check(q, k, v, null, causal);
                check(q, k, v, allowed(0.4, 2, lengths[0], lengths[1]), causal);
                check(q, k, v, allowed(0.4, 2, 1, lengths[1]), causal);
                check(q, k, v, normal(3, lengths[0], lengths[1]), causal);
            }
        }
    }

    /** Weights that are fewer than results are scaled in place of those. */
    @Test
    void fewKeysMakeAttentionToo() {
        for (long[] lengths :
                new long[][] {{100, 3, 16}, {65, 31, 32}, {1, 1, 16}, {130, 100, 128}}) {
            Tensor q = normal(0, 2, lengths[0], 16);
            Tensor k = normal(1, 2, lengths[1], 16);
            Tensor v = normal(2, 2, lengths[1], lengths[2]);
            Tensor some = allowed(0.4, 2, lengths[0], lengths[1]);
            for (boolean causal : new boolean[] {false, true}) {
                check(q, k, v, null, causal);
                check(q, k, v, some, causal);
            }
            Tensor added = some.select(q.scalarLike(1), q.scalarLike(Double.NEGATIVE_INFINITY));
            check(q, k, v, added, false);
        }
    }

    @Test
    void depthsBeyondOneChainOfProductsAreSummedUp() {
        check(normal(0, 3, 300), normal(1, 200, 300), normal(2, 200, 270), null, false);
    }

    @Test
    void aGreatScoreInALaterBlockOfKeysOutweighsWhatCameBefore() {
        Tensor k = normal(1, 300, 16);
        Tensor growing = Tensor.arange(DType.F64, 300).div(10).unsqueeze(1);
        check(normal(0, 70, 16), k.mul(growing), normal(2, 300, 16), null, false);
    }

    @Test
    void queriesThatMayAttendToNothingGiveZeros() {
        Tensor mask = Tensor.arange(DType.I64, 70).rem(3).ne(0).unsqueeze(1).expand(70, 200);
        Tensor q = normal(0, 70, 16);
        Tensor k = normal(1, 200, 16);
        check(q, k, k, mask, false);
        Tensor added = mask.select(q.scalarLike(0), q.scalarLike(Double.NEGATIVE_INFINITY));
        check(q, k, k, added, false);
    }

    @Test
    void headsOfQueriesShareHeadsOfKeys() {
        Tensor q = normal(0, 2, 6, 33, 16);
        Tensor k = normal(1, 2, 2, 70, 16);
        Tensor v = normal(2, 2, 2, 70, 24);
        for (Tensor mask : List.of(allowed(0.7, 2, 6, 33, 70), allowed(0.7, 2, 1, 33, 70))) {
            check(q, k, v, mask, false);
            Tensor grouped = Attention.scaledDotProduct(q, k, v, mask, false);
            Tensor repeated =
                    Attention.scaledDotProduct(
                            q, repeated(k), repeated(v), mask.expand(2, 6, 33, 70), false);
            assertArrayEquals(repeated.toDoubleArray(), grouped.toDoubleArray(), 1e-12);
        }
    }

    private static Tensor repeated(Tensor x) {
        long[] e = x.shape().toArray();
        return x.unsqueeze(2).expand(e[0], e[1], 3, e[2], e[3]).reshape(e[0], 6, e[2], e[3]);
    }

    @Test
    void headsMayLieBesideEachOtherInARow() {
        Tensor q = normal(0, 2, 90, 4, 16).permute(0, 2, 1, 3);
        Tensor k = normal(1, 2, 140, 4, 16).permute(0, 2, 1, 3);
        check(q, k, k, null, false);
        check(q.flip(-1), k.flip(-2), k, null, true);
    }

    @Test
    void bitsAreTheSameColdAndWarmAndWithAnyNumberOfThreads() {
        Tensor q = normal(0, 3, 100, 24);
        Tensor k = normal(1, 3, 150, 24);
        Tensor v = normal(2, 3, 150, 40);
        Tensor mask = allowed(0.6, 3, 100, 150);
        List<String> cold = texts(results(DType.F32, q, k, v, mask, false));
        long end = System.nanoTime() + 2_000_000_000L;
        while (System.nanoTime() < end) {
            assertEquals(cold, texts(results(DType.F32, q, k, v, mask, false)));
        }
        ThreadPool.shared().setThreads(1);
        assertEquals(cold, texts(results(DType.F32, q, k, v, mask, false)));
        ThreadPool.shared().setThreads(3);
        assertEquals(cold, texts(results(DType.F32, q, k, v, mask, false)));
    }

    private static List<String> texts(List<Tensor> tensors) {
        return tensors.stream().map(x -> Arrays.toString(x.toDoubleArray())).toList();
    }

    @Test
    void warmKernelsAllocateNothing() {
        ThreadPool.shared().setThreads(1);
        Tensor one = normal(0, 1, 16, 32).cast(DType.F32);
        Tensor many = normal(0, 2, 96, 32).cast(DType.F32);
        // The compiler works beside the calls and may be busy with others.
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        long more;
        do {
            more = bytesPerCall(many) - bytesPerCall(one);
        } while (more > 0 && System.nanoTime() < end);
        assertTrue(more <= 0, more + " more bytes for 192 rows than for 16");
    }

    /** The least of several rounds. */
    private static long bytesPerCall(Tensor x) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            long before = THREAD.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                try (TensorScope _ = TensorScope.open()) {
                    Tensor[] y = Engine.apply(FORWARD, x, x, x);
                    Engine.apply(BACKWARD, y[0], y[0], y[1], x, x, x);
                }
            }
            least = Math.min(least, THREAD.getCurrentThreadAllocatedBytes() - before);
        }
        return least / CALLS;
    }
}
