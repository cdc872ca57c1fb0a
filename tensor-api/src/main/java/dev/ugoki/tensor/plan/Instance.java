package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A program ready to run, for inputs of certain types and layouts. Until its joined kernels are
 * compiled, which happens in the background, the operations run one by one, with the kernels that
 * run them eagerly; the next run after that takes the joined ones.
 */
final class Instance {
    private final Graph traced;
    private final Graph simplified;
    private final Executable joined;
    private final CompletableFuture<Boolean> ready;
    private final boolean timed;
    private final PlanEvent event = new PlanEvent();
    private @Nullable Executable single;

    Instance(Backend backend, Graph traced, List<Stored> inputs, boolean atOnce) {
        this.traced = traced;
        this.simplified = Compilation.simplified(backend, traced);
        this.timed = PlanDebug.isOn();
        this.joined = new Executable(Compilation.steps(backend, simplified, inputs, true), true);
        this.ready = joined.ready();
        if (!atOnce && !ready.isDone()) {
            single = new Executable(Compilation.steps(backend, simplified, inputs, false), false);
        }
        if (timed) {
            PlanDebug.print(describe());
        }
    }

    Graph graph() {
        return traced;
    }

    /** What the next run goes through. */
    Executable current() {
        Executable first = single;
        if (first == null) {
            return joined;
        }
        if (!ready.isDone()) {
            return first;
        }
        if (ready.isCompletedExceptionally() || !ready.join()) {
            return first; // the JIT will not; each operation's own kernel is faster then
        }
        first.close();
        single = null;
        return joined;
    }

    void run(Executable executable) {
        event.begin();
        executable.run(timed);
        event.report(simplified, executable == joined);
    }

    /** Waits until runs are at full speed. */
    void warmUp() {
        try {
            ready.join();
        } catch (java.util.concurrent.CompletionException e) {
            throw new IllegalStateException("plan: a kernel could not be made", e.getCause());
        }
    }

    String describe() {
        return "plan of\n"
                + simplified
                + "runs these steps, in "
                + joined.ownBytes()
                + " bytes of memory\n"
                + joined.describe();
    }
}
