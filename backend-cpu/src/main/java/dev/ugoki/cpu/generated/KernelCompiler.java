package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Schedule;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Generates and warms code on one daemon thread, in the order of the requests. */
final class KernelCompiler {
    private static final System.Logger LOG = System.getLogger(KernelCompiler.class.getName());

    /** How often new code for a kernel is given to the JIT, each time with twice the patience. */
    private static final int ATTEMPTS = 4;

    private static final double FIRST_LIMIT_SECONDS = 5;

    private final VectorWidth width;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread daemon = new Thread(task, "ugoki-kernel-compiler");
                        daemon.setDaemon(true);
                        return daemon;
                    });

    KernelCompiler(VectorWidth width) {
        this.width = width;
    }

    /** The schedule that code for this kernel follows. */
    Schedule schedule(Kernel kernel) {
        return Schedule.of(kernel, width.valuesPerPass());
    }

    /**
     * Completes {@code done} with true after {@code use} was given warm code; with false where the
     * JIT would not compile it; exceptionally where it could not be generated.
     */
    void compile(
            Kernel kernel,
            LoopShape shape,
            Consumer<KernelCode> use,
            CompletableFuture<Boolean> done) {
        thread.execute(() -> attempt(1, kernel, shape, use, done));
    }

    /**
     * Where many methods wait for the JIT, it may leave one in a slow tier for good. A new class
     * has a new profile, so that is not final: it is tried again, after the kernels that wait.
     */
    private void attempt(
            int number,
            Kernel kernel,
            LoopShape shape,
            Consumer<KernelCode> use,
            CompletableFuture<Boolean> done) {
        try {
            KernelCode code = KernelClass.define(kernel, shape, width);
            ScratchSize scratchSize = ScratchSize.of(kernel, schedule(kernel));
            double limitSeconds = FIRST_LIMIT_SECONDS * (1 << number - 1);
            if (WarmUp.run(kernel, code, shape, scratchSize, limitSeconds)) {
                use.accept(code);
                done.complete(true);
            } else if (number < ATTEMPTS) {
                thread.execute(() -> attempt(number + 1, kernel, shape, use, done));
            } else {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "The JIT did not compile a generated kernel in {0} attempts; it stays"
                                + " interpreted and slow. Start Java with"
                                + " -XX:Tier3DelayOn=1000. {1}",
                        ATTEMPTS,
                        kernel);
                done.complete(false);
            }
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.ERROR, "generating a kernel failed", e);
            done.completeExceptionally(e);
        }
    }
}
