package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.spi.HostMemory;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Code that waits for the JIT. One daemon thread generates it and calls it on a few elements until
 * it is compiled for good; then it is handed over. What is missed most goes first.
 */
final class CodeQueue {
    /**
     * How to make a piece of code.
     *
     * @param name for messages
     * @param define gives new code
     * @param exercise a few calls of code on memory of an arena
     */
    record Recipe<T>(String name, Supplier<T> define, BiFunction<T, Arena, Runnable> exercise) {}

    private static final System.Logger LOG = System.getLogger(CodeQueue.class.getName());

    /** How often new code is given to the JIT, each time with twice the patience. */
    private static final int ATTEMPTS = 4;

    private static final double FIRST_LIMIT_SECONDS = 2;

    /** HotSpot frees what its JIT used for a method at most five seconds later. */
    private static final long NANOS_UNTIL_JIT_RESTS = 5_000_000_000L;

    /**
     * How often it is looked, so far apart, whether the JIT has worked on after the last code: it
     * goes on with what calls that.
     */
    private static final int LOOKS = 12;

    /** Waiting requests, and how many there are besides, in work. Guarded by itself. */
    private static final List<Request<?>> WAITING = new ArrayList<>();

    private static int inWork;

    static {
        Thread thread = new Thread(CodeQueue::serve, "ugoki-kernel-compiler");
        thread.setDaemon(true);
        thread.start();
    }

    private CodeQueue() {}

    private static final class Request<T> {
        final Recipe<T> recipe;
        final LongSupplier missed;
        final Consumer<T> use;
        final CompletableFuture<Boolean> done = new CompletableFuture<>();
        int attempts;

        Request(Recipe<T> recipe, LongSupplier missed, Consumer<T> use) {
            this.recipe = recipe;
            this.missed = missed;
            this.use = use;
        }

        /** What failed before waits for others, but not for ever. */
        long urgency() {
            return missed.getAsLong() >> 3 * attempts;
        }
    }

    /**
     * Hands code to {@code use} when the JIT has compiled it.
     *
     * @param missed how much was computed without the code so far, in vector operations
     * @return true after {@code use} was called; false where the JIT would not compile the code;
     *     exceptional where it could not be generated
     */
    static <T> CompletableFuture<Boolean> request(
            Recipe<T> recipe, LongSupplier missed, Consumer<T> use) {
        Request<T> request = new Request<>(recipe, missed, use);
        put(request);
        return request.done;
    }

    private static void put(Request<?> request) {
        synchronized (WAITING) {
            WAITING.add(request);
            WAITING.notifyAll();
        }
    }

    /** How many pieces of code are not done. */
    static int pending() {
        synchronized (WAITING) {
            return WAITING.size() + inWork;
        }
    }

    /** Waits until none is pending; whether that came within the time. */
    static boolean awaitNone(long time, TimeUnit unit) throws InterruptedException {
        long end = System.nanoTime() + unit.toNanos(time);
        synchronized (WAITING) {
            while (WAITING.size() + inWork > 0) {
                long rest = end - System.nanoTime();
                if (rest <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(WAITING, rest);
            }
        }
        return true;
    }

    private static void serve() {
        int looks = 0;
        long trimmed = 0;
        while (true) {
            Request<?> request = take(looks > 0 ? NANOS_UNTIL_JIT_RESTS : 0);
            if (request == null) {
                looks--;
                long compiled = millisOfJit();
                if (compiled != trimmed) {
                    // It may have used two hundred megabytes, which the C library would keep.
                    HostMemory.trimLibrary();
                    trimmed = compiled;
                }
                continue;
            }
            looks = LOOKS;
            boolean again = attempt(request);
            synchronized (WAITING) {
                inWork--;
                if (again) {
                    WAITING.add(request);
                }
                WAITING.notifyAll();
            }
        }
    }

    /** How long the JIT has worked so far; -1 where that is not known. */
    private static long millisOfJit() {
        CompilationMXBean jit = ManagementFactory.getCompilationMXBean();
        return jit != null && jit.isCompilationTimeMonitoringSupported()
                ? jit.getTotalCompilationTime()
                : -1;
    }

    /** The most urgent request; null if none comes within so many nanoseconds, 0 for no limit. */
    private static @Nullable Request<?> take(long nanos) {
        long end = System.nanoTime() + nanos;
        synchronized (WAITING) {
            while (WAITING.isEmpty()) {
                long rest = end - System.nanoTime();
                if (nanos > 0 && rest <= 0) {
                    return null;
                }
                try {
                    if (nanos > 0) {
                        TimeUnit.NANOSECONDS.timedWait(WAITING, rest);
                    } else {
                        WAITING.wait();
                    }
                } catch (InterruptedException e) {
                    // nobody interrupts it with a meaning
                }
            }
            Request<?> request =
                    WAITING.stream().max(Comparator.comparingLong(Request::urgency)).orElseThrow();
            WAITING.remove(request);
            inWork++;
            return request;
        }
    }

    /**
     * Where many methods wait for the JIT, it may leave one in a slow tier for good. A new class
     * has a new profile, so that is not final.
     *
     * @return whether to try again
     */
    private static <T> boolean attempt(Request<T> request) {
        Recipe<T> recipe = request.recipe;
        request.attempts++;
        try (Arena arena = Arena.ofConfined()) {
            T code = recipe.define().get();
            double limit = FIRST_LIMIT_SECONDS * (1 << request.attempts - 1);
            WarmUp.Outcome outcome = WarmUp.run(recipe.exercise().apply(code, arena), limit);
            boolean last = request.attempts == ATTEMPTS;
            if (outcome == WarmUp.Outcome.WARM || last && outcome == WarmUp.Outcome.ALMOST) {
                request.use.accept(code);
                request.done.complete(true);
            } else if (!last) {
                return true;
            } else {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "The JIT did not compile generated code in {0} attempts; it stays"
                                + " interpreted and slow. Start Java with"
                                + " -XX:Tier3DelayOn=1000. {1}",
                        ATTEMPTS,
                        recipe.name());
                request.done.complete(false);
            }
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "generating " + recipe.name() + " failed", e);
            request.done.completeExceptionally(e);
        }
        return false;
    }
}
