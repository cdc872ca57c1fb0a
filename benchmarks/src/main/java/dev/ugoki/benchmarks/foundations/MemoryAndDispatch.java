package dev.ugoki.benchmarks.foundations;

import com.sun.management.ThreadMXBean;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Backends;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What an eager operation on 16 floats costs through the whole public path, and whether tensors
 * that no scope owns stay within a budget however fast they are made.
 */
final class MemoryAndDispatch {
    private static final int ADDITIONS = 100;
    private static final int ROUNDS = 15;
    private static final int SCOPES_IN_ROUND = 20_000;

    private MemoryAndDispatch() {}

    static List<Foundations.Finding> ask() throws IOException, InterruptedException {
        List<Foundations.Finding> findings = new ArrayList<>();
        double[] cost = costOfAddition();
        findings.add(
                new Foundations.Finding(
                        "Adding 16 floats inside a scope, through the whole path",
                        "90 ns or less",
                        String.format(
                                Locale.ROOT, "%.0f ns, %.0f bytes of garbage", cost[0], cost[1])));
        String unscoped =
                Foundations.child(MemoryAndDispatch.class, List.of("-Dugoki.memory=" + (2L << 30)))
                        .getLast();
        findings.add(
                new Foundations.Finding(
                        "8 threads, each making 2,000 tensors of 4 MiB outside any scope (64 GB in"
                                + " all) under a budget of 2 GiB",
                        "ends within the budget",
                        unscoped));
        return findings;
    }

    /** Median nanoseconds and bytes of one addition. */
    private static double[] costOfAddition() {
        Tensor x = Tensor.zeros(DType.F32, 16);
        Tensor y = Tensor.ones(DType.F32, 16);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        double[] nanos = new double[ROUNDS];
        double bytes = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long allocated = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            for (int i = 0; i < SCOPES_IN_ROUND; i++) {
                try (TensorScope _ = TensorScope.open()) {
                    Tensor sum = x;
                    for (int k = 0; k < ADDITIONS; k++) {
                        sum = sum.add(y);
                    }
                }
            }
            double count = (double) SCOPES_IN_ROUND * ADDITIONS;
            nanos[round] = (System.nanoTime() - start) / count;
            bytes = (threads.getCurrentThreadAllocatedBytes() - allocated) / count;
        }
        Arrays.sort(nanos);
        return new double[] {nanos[ROUNDS / 2], bytes};
    }

    /** The unscoped loop; prints how long it took and what was held at most. */
    public static void main(String[] arguments) throws InterruptedException {
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        long[] most = new long[8];
        for (int t = 0; t < 8; t++) {
            int number = t;
            threads.add(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        var pool = Backends.forDevice(Device.cpu()).memory();
                                        for (int i = 0; i < 2000; i++) {
                                            Tensor.full(DType.F32, Shape.of(1 << 20), i);
                                            most[number] =
                                                    Math.max(most[number], pool.committedBytes());
                                        }
                                    }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.printf(
                Locale.ROOT,
                "%.1f s, at most %d MiB held%n",
                (System.nanoTime() - start) * 1e-9,
                Arrays.stream(most).max().orElseThrow() >> 20);
    }
}
