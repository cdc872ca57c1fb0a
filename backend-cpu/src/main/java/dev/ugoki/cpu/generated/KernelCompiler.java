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
    private static final double WARM_UP_LIMIT_SECONDS = 20;

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
        thread.execute(
                () -> {
                    try {
                        KernelCode code = KernelClass.define(kernel, shape, width);
                        boolean warm = WarmUp.run(kernel, code, shape, WARM_UP_LIMIT_SECONDS);
                        if (warm) {
                            use.accept(code);
                        } else {
                            LOG.log(
                                    System.Logger.Level.WARNING,
                                    "The JIT did not compile a generated kernel within {0} s; it"
                                            + " stays interpreted and slow. Start Java with"
                                            + " -XX:Tier3DelayOn=1000 and without -Xint. {1}",
                                    WARM_UP_LIMIT_SECONDS,
                                    kernel);
                        }
                        done.complete(warm);
                    } catch (Throwable e) {
                        LOG.log(System.Logger.Level.ERROR, "generating a kernel failed", e);
                        done.completeExceptionally(e);
                    }
                });
    }
}
