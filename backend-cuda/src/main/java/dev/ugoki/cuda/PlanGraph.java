package dev.ugoki.cuda;

import dev.ugoki.tensor.spi.Repetition;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Cleaner;

/**
 * The steps of a plan as one graph. On new memory they first run one by one, which compiles what
 * was never compiled; the next run writes them down, and from then on one call runs them all.
 * {@code -Dugoki.cuda.graphs=false} runs them one by one for ever.
 */
final class PlanGraph implements Repetition {
    private static final Cleaner CLEANER = Cleaner.create();

    /** What outlives this: a plan is never closed, but collected. */
    private static final class Kept implements Runnable {
        private final Gpu gpu;
        private volatile @Nullable CapturedGraph graph;

        Kept(Gpu gpu) {
            this.gpu = gpu;
        }

        @Override
        public void run() {
            CapturedGraph last = graph;
            if (last != null) {
                gpu.abandon(last);
            }
        }
    }

    private final CudaBackend backend;
    private final Runnable steps;
    private final Kept kept;
    private @Nullable Lane ranOn;

    PlanGraph(CudaBackend backend, Runnable steps) {
        this.backend = backend;
        this.steps = steps;
        this.kept = new Kept(backend.gpu());
        CLEANER.register(this, kept);
    }

    @Override
    public void run() {
        Lane lane = backend.gpu().lane();
        CapturedGraph graph = kept.graph;
        if (lane.isCapturing()) {
            steps.run();
        } else if (lane != ranOn) {
            moved(); // a graph reports faults to the stream that it was captured for
            steps.run();
            ranOn = lane;
        } else {
            if (graph == null) {
                graph = backend.capture(steps);
                kept.graph = graph;
            }
            backend.replay(graph);
        }
    }

    @Override
    public void moved() {
        ranOn = null;
        CapturedGraph graph = kept.graph;
        if (graph != null) {
            kept.graph = null;
            backend.gpu().close(graph);
        }
    }

    @Override
    public void close() {
        moved();
    }
}
