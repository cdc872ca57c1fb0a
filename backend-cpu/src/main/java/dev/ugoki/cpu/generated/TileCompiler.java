package dev.ugoki.cpu.generated;

import dev.ugoki.cpu.VectorModule;

import java.lang.foreign.Arena;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Generates and warms micro-kernels of matrix products on one daemon thread. */
public final class TileCompiler {
    private static final System.Logger LOG = System.getLogger(TileCompiler.class.getName());

    private static final int ATTEMPTS = 4;
    private static final double FIRST_LIMIT_SECONDS = 5;

    private static final int DEPTH = 64;

    private static final boolean USABLE = VectorModule.isUsable() && GeneratedKernels.hasJit();

    private static final ExecutorService THREAD =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread daemon = new Thread(task, "ugoki-tile-compiler");
                        daemon.setDaemon(true);
                        return daemon;
                    });

    private TileCompiler() {}

    /** Whether code for tiles can be had: it takes the Vector API and a JIT. */
    public static boolean isUsable() {
        return USABLE;
    }

    /** Hands the code for tiles of this shape to {@code use} when the JIT has compiled it. */
    public static void compile(
            int rows, int vectors, boolean adjacentRows, Consumer<TileCode> use) {
        TileShape shape = new TileShape(rows, vectors, adjacentRows);
        THREAD.execute(() -> attempt(1, shape, use));
    }

    /** As {@link KernelCompiler} does: what the JIT left in a slow tier is tried again. */
    private static void attempt(int number, TileShape shape, Consumer<TileCode> use) {
        TileCode code = TileEmitter.define(shape, VectorWidth.PREFERRED);
        if (warm(shape, code, FIRST_LIMIT_SECONDS * (1 << number - 1))) {
            use.accept(code);
        } else if (number < ATTEMPTS) {
            THREAD.execute(() -> attempt(number + 1, shape, use));
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The JIT did not compile the product of {0} in {1} attempts; it stays slow."
                            + " Start Java with -XX:Tier3DelayOn=1000.",
                    shape,
                    ATTEMPTS);
        }
    }

    private static boolean warm(TileShape shape, TileCode code, double limitSeconds) {
        try (Arena arena = Arena.ofConfined()) {
            int columns = shape.vectors() * VectorWidth.PREFERRED.lanes();
            long a = arena.allocate(4L * shape.rows() * DEPTH, 64).address();
            long b = arena.allocate(4L * columns * DEPTH, 64).address();
            long c = arena.allocate(4L * shape.rows() * columns, 64).address();
            long aRow = shape.adjacentRows() ? 4 : 4 * DEPTH;
            long aColumn = shape.adjacentRows() ? 4L * shape.rows() : 4;
            long row = 4L * columns;
            return WarmUp.run(
                    () -> {
                        code.run(DEPTH, a, aRow, aColumn, b, row, c, row, false);
                        code.run(DEPTH, a, aRow, aColumn, b, row, c, row, true);
                    },
                    limitSeconds);
        }
    }
}
