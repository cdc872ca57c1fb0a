package dev.ugoki.benchmarks;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;

/** Measures {@link Peaks}, in a process that may use vectors. */
final class PeakMeasurement {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int TURNS = 4_000_000;
    private static final long COPIED = 64L << 20;
    private static final int TRIES = 7;

    private PeakMeasurement() {}

    /** Prints both peaks with as many threads as the argument says. */
    public static void main(String[] arguments) throws InterruptedException {
        Peaks peaks = measure(Integer.parseInt(arguments[0]));
        System.out.println(peaks.flops() + " " + peaks.bytes());
    }

    private static Peaks measure(int threads) throws InterruptedException {
        double flops = 0;
        double bytes = 0;
        for (int i = 0; i < TRIES; i++) {
            double work = 2.0 * 16 * SPECIES.length() * TURNS * threads;
            flops = Math.max(flops, work / seconds(threads, PeakMeasurement::multiplyAdd));
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment[] buffers = new MemorySegment[2 * threads];
            for (int i = 0; i < buffers.length; i++) {
                buffers[i] = arena.allocate(COPIED, 64).fill((byte) 1);
            }
            for (int i = 0; i < TRIES; i++) {
                double took =
                        seconds(
                                threads,
                                thread -> buffers[2 * thread].copyFrom(buffers[2 * thread + 1]));
                bytes = Math.max(bytes, 2.0 * COPIED * threads / took);
            }
        }
        return new Peaks(flops, bytes);
    }

    private interface Work {
        void on(int thread);
    }

    private static double seconds(int threads, Work work) throws InterruptedException {
        CountDownLatch start = new CountDownLatch(1);
        Thread[] all = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            int thread = i;
            all[i] =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            start.await();
                                        } catch (InterruptedException e) {
                                            throw new IllegalStateException(e);
                                        }
                                        work.on(thread);
                                    });
        }
        long begin = System.nanoTime();
        start.countDown();
        for (Thread thread : all) {
            thread.join();
        }
        return (System.nanoTime() - begin) * 1e-9;
    }

    /** Sixteen chains, so that none waits for itself. */
    private static void multiplyAdd(int seed) {
        FloatVector m = FloatVector.broadcast(SPECIES, 0.999f + seed * 1e-6f);
        FloatVector c = FloatVector.broadcast(SPECIES, 1e-3f);
        FloatVector v0 = m, v1 = m, v2 = m, v3 = m, v4 = m, v5 = m, v6 = m, v7 = m;
        FloatVector w0 = c, w1 = c, w2 = c, w3 = c, w4 = c, w5 = c, w6 = c, w7 = c;
        for (int i = 0; i < TURNS; i++) {
            v0 = v0.fma(m, c);
            v1 = v1.fma(m, c);
            v2 = v2.fma(m, c);
            v3 = v3.fma(m, c);
            v4 = v4.fma(m, c);
            v5 = v5.fma(m, c);
            v6 = v6.fma(m, c);
            v7 = v7.fma(m, c);
            w0 = w0.fma(m, c);
            w1 = w1.fma(m, c);
            w2 = w2.fma(m, c);
            w3 = w3.fma(m, c);
            w4 = w4.fma(m, c);
            w5 = w5.fma(m, c);
            w6 = w6.fma(m, c);
            w7 = w7.fma(m, c);
        }
        FloatVector v = v0.add(v1).add(v2).add(v3).add(v4).add(v5).add(v6).add(v7);
        FloatVector w = w0.add(w1).add(w2).add(w3).add(w4).add(w5).add(w6).add(w7);
        float[] kept = new float[SPECIES.length()];
        v.add(w).intoArray(kept, 0);
        if (kept[0] == Float.MIN_VALUE) {
            throw new IllegalStateException("never so; it keeps the loop");
        }
    }
}
