package dev.ugoki.cpu.generated;

import dev.ugoki.cpu.VectorModule;

import java.lang.foreign.Arena;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Generates and warms micro-kernels of matrix products on one daemon thread. */
public final class TileCompiler {
    private static final System.Logger LOG = System.getLogger(TileCompiler.class.getName());

    private static final int ATTEMPTS = 4;
    private static final double FIRST_LIMIT_SECONDS = 5;

    private static final int DEPTH = 64;

    private static final VectorWidth WIDTH = VectorWidth.PREFERRED;

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
        request(
                "the product of " + shape,
                () -> TileEmitter.define(shape, WIDTH),
                (code, arena) -> exercise(shape, code, arena),
                use);
    }

    /** Hands the code for transpositions to {@code use} when the JIT has compiled it. */
    public static void compileTransposition(Consumer<TransposeCode> use) {
        request("transposition", () -> TransposeEmitter.define(WIDTH), TileCompiler::exercise, use);
    }

    private static <T> void request(
            String name,
            Supplier<T> define,
            BiFunction<T, Arena, Runnable> exercise,
            Consumer<T> use) {
        execute(1, name, define, exercise, use);
    }

    private static <T> void execute(
            int number,
            String name,
            Supplier<T> define,
            BiFunction<T, Arena, Runnable> exercise,
            Consumer<T> use) {
        THREAD.execute(
                () -> {
                    try {
                        attempt(number, name, define, exercise, use);
                    } catch (RuntimeException | Error e) {
                        LOG.log(System.Logger.Level.ERROR, "generating " + name + " failed", e);
                    }
                });
    }

    /** As {@link KernelCompiler} does: what the JIT left in a slow tier is tried again. */
    private static <T> void attempt(
            int number,
            String name,
            Supplier<T> define,
            BiFunction<T, Arena, Runnable> exercise,
            Consumer<T> use) {
        T code = define.get();
        if (warm(exercise, code, FIRST_LIMIT_SECONDS * (1 << number - 1))) {
            use.accept(code);
        } else if (number < ATTEMPTS) {
            execute(number + 1, name, define, exercise, use);
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The JIT did not compile {0} in {1} attempts; it stays slow. Start Java with"
                            + " -XX:Tier3DelayOn=1000.",
                    name,
                    ATTEMPTS);
        }
    }

    private static <T> boolean warm(
            BiFunction<T, Arena, Runnable> exercise, T code, double limitSeconds) {
        try (Arena arena = Arena.ofConfined()) {
            return WarmUp.run(exercise.apply(code, arena), limitSeconds);
        }
    }

    private static Runnable exercise(TileShape shape, TileCode code, Arena arena) {
        int columns = shape.vectors() * WIDTH.lanes();
        long a = floats(arena, 4L * shape.rows() * DEPTH);
        long b = floats(arena, 4L * columns * DEPTH);
        long c = floats(arena, 4L * shape.rows() * columns);
        long aRow = shape.adjacentRows() ? 4 : 4 * DEPTH;
        long aColumn = shape.adjacentRows() ? 4L * shape.rows() : 4;
        long row = 4L * columns;
        return () -> {
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, 3, false);
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, 3, true);
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, WIDTH.lanes(), false);
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, WIDTH.lanes(), true);
        };
    }

    private static Runnable exercise(TransposeCode code, Arena arena) {
        int lanes = WIDTH.lanes();
        int vectors = DEPTH / lanes;
        long source = floats(arena, 4L * lanes * DEPTH);
        long target = floats(arena, 4L * lanes * DEPTH);
        return () -> code.run(lanes, vectors, source, 4 * DEPTH, target, 4L * lanes);
    }

    private static long floats(Arena arena, long bytes) {
        return arena.allocate(bytes, 64).address();
    }
}
