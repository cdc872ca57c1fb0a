package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

class ThreadPoolTest {
    private final ThreadPool pool = new ThreadPool(4);

    @AfterEach
    void stopWorkers() {
        pool.setThreads(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7, 64, 1000, 65535, 65536, 200_001})
    void everyTaskRunsOnce(int tasks) {
        AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
        pool.parallelFor(tasks, runs::incrementAndGet);
        for (int i = 0; i < tasks; i++) {
            assertEquals(1, runs.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 1000, 65535, 65536})
    void everyBriefTaskRunsOnce(int tasks) {
        AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
        pool.parallelFor(tasks, 1, runs::incrementAndGet);
        for (int i = 0; i < tasks; i++) {
            assertEquals(1, runs.get(i));
        }
    }

    /** Threads that have slept since they began are woken where there is more than a little. */
    @Test
    void anotherThreadTakesPartInManyBriefTasks() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        pool.parallelFor(
                30_000,
                1,
                index -> {
                    threads.add(Thread.currentThread());
                    long end = System.nanoTime() + 10_000;
                    while (System.nanoTime() < end) {
                        Thread.onSpinWait();
                    }
                });
        assertTrue(threads.size() > 1, threads.toString());
    }

    @Test
    void theFirstExceptionOfBriefTasksReachesTheCaller() {
        RuntimeException thrown = new RuntimeException("from task 3");
        TaskOfTrouble trouble = new TaskOfTrouble(3, thrown);
        assertSame(
                thrown,
                assertThrows(RuntimeException.class, () -> pool.parallelFor(100, 1, trouble)));
        everyBriefTaskRunsOnce(100);
    }

    private record TaskOfTrouble(int index, RuntimeException thrown) implements ThreadPool.Task {
        @Override
        public void run(int at) {
            if (at == index) {
                throw thrown;
            }
        }
    }

    @Test
    void jobsInQuickSuccessionDoNotMix() {
        for (int round = 0; round < 20_000; round++) {
            int tasks = 2 + round % 5;
            AtomicInteger sum = new AtomicInteger();
            pool.parallelFor(tasks, index -> sum.addAndGet(index + 1));
            assertEquals(tasks * (tasks + 1) / 2, sum.get());
        }
    }

    @Test
    void anotherThreadTakesPart() throws InterruptedException {
        CountDownLatch bothRun = new CountDownLatch(2);
        pool.parallelFor(
                2,
                index -> {
                    bothRun.countDown();
                    awaitLatch(bothRun);
                });
        assertEquals(0, bothRun.getCount());
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void theFirstExceptionReachesTheCallerAndThePoolLivesOn() {
        RuntimeException thrown = new RuntimeException("from task 3");
        RuntimeException caught =
                assertThrows(
                        RuntimeException.class,
                        () -> pool.parallelFor(100, new TaskOfTrouble(3, thrown)));
        assertSame(thrown, caught);
        everyTaskRunsOnce(100);
    }

    @Test
    void errorsReachTheCallerToo() {
        assertThrows(
                StackOverflowError.class,
                () ->
                        pool.parallelFor(
                                8,
                                index -> {
                                    throw new StackOverflowError("task " + index);
                                }));
    }

    @Test
    void nestedCallsRunInOrderOnTheSameThread() {
        AtomicInteger outOfPlace = new AtomicInteger();
        pool.parallelFor(
                16,
                outer -> {
                    Thread thread = Thread.currentThread();
                    List<Integer> order = new ArrayList<>();
                    pool.parallelFor(
                            5,
                            inner -> {
                                order.add(inner);
                                if (Thread.currentThread() != thread) {
                                    outOfPlace.incrementAndGet();
                                }
                            });
                    if (!order.equals(List.of(0, 1, 2, 3, 4))) {
                        outOfPlace.incrementAndGet();
                    }
                });
        assertEquals(0, outOfPlace.get());
    }

    @Test
    void severalThreadsMayCallAtOnce() throws Exception {
        try (var callers = Executors.newFixedThreadPool(3)) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int caller = 0; caller < 3; caller++) {
                results.add(callers.submit(() -> sumOfManyJobs(2_000)));
            }
            for (Future<Integer> result : results) {
                assertEquals(2_000 * 45, result.get());
            }
        }
    }

    private int sumOfManyJobs(int jobs) {
        AtomicInteger sum = new AtomicInteger();
        for (int job = 0; job < jobs; job++) {
            pool.parallelFor(10, sum::addAndGet);
        }
        return sum.get();
    }

    @Test
    void theNumberOfThreadsChangesAtRunTime() {
        for (int threads : new int[] {1, 3, 2, 8, 1, 2}) {
            pool.setThreads(threads);
            assertEquals(threads, pool.threads());
            everyTaskRunsOnce(333);
        }
    }

    @Test
    void badNumbersOfThreadsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> pool.setThreads(0));
        assertThrows(IllegalArgumentException.class, () -> new ThreadPool(-1));
        assertThrows(
                IllegalStateException.class,
                () -> pool.parallelFor(2, index -> pool.setThreads(2)));
    }

    @Test
    void aJobMakesNoGarbage() {
        int[] ran = new int[64];
        ThreadPool.Task task = index -> ran[index]++;
        assertEquals(0, Allocation.bytesPerCall(() -> pool.parallelFor(2, task)));
        assertTrue(ran[0] > 0 && ran[1] > 0);
    }
}
