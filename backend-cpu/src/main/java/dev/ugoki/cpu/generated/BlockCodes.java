package dev.ugoki.cpu.generated;

import dev.ugoki.cpu.VectorModule;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Generated code for blocks of matrices: products, transpositions, maxima. */
public final class BlockCodes {
    /**
     * So deep that a call passes for a loop, and no deeper: until the JIT is done each step of it
     * is a hundred times slower.
     */
    private static final int DEPTH = 20;

    private static final boolean USABLE = VectorModule.isUsable() && GeneratedKernels.hasJit();

    private BlockCodes() {}

    /** Whether code can be had: it takes the Vector API and a JIT. */
    public static boolean isUsable() {
        return USABLE;
    }

    /**
     * Hands the code for tiles of one size to {@code use} when the JIT has compiled it.
     *
     * @param partial whether the last vector of each row is stored in part, never wholly
     * @param missed how many vector operations were made without it so far
     */
    public static void tile(
            int rows,
            int vectors,
            boolean adjacentRows,
            boolean partial,
            LongSupplier missed,
            Consumer<TileCode> use) {
        TileShape shape = new TileShape(rows, vectors, adjacentRows, partial);
        CodeQueue.request(
                new CodeQueue.Recipe<>(
                        "the product of " + shape,
                        () -> TileEmitter.define(shape, VectorWidth.PREFERRED),
                        (code, arena) -> exercise(shape, code, arena)),
                missed,
                use);
    }

    /** Hands the code for transpositions to {@code use} when the JIT has compiled it. */
    public static void transposition(LongSupplier missed, Consumer<TransposeCode> use) {
        CodeQueue.request(
                new CodeQueue.Recipe<>(
                        "transposition",
                        () -> TransposeEmitter.define(VectorWidth.PREFERRED),
                        BlockCodes::exercise),
                missed,
                use);
    }

    /** Hands the code for the maxima of columns to {@code use} when the JIT has compiled it. */
    public static void columnMaxima(LongSupplier missed, Consumer<ColumnMaximaCode> use) {
        CodeQueue.request(
                new CodeQueue.Recipe<>(
                        "maxima of columns",
                        () -> ColumnMaximaEmitter.define(VectorWidth.PREFERRED),
                        BlockCodes::exercise),
                missed,
                use);
    }

    private static Runnable exercise(TileShape shape, TileCode code, Arena arena) {
        int allLanes = VectorWidth.PREFERRED.lanes();
        int columns = shape.vectors() * allLanes;
        long a = floats(arena, shape.rows() * DEPTH);
        long b = floats(arena, columns * DEPTH);
        long c = floats(arena, shape.rows() * columns);
        long aRow = shape.adjacentRows() ? 4 : 4 * DEPTH;
        long aColumn = shape.adjacentRows() ? 4L * shape.rows() : 4;
        long row = 4L * columns;
        int lanes = shape.partial() ? 3 : allLanes;
        return () -> {
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, lanes, false);
            code.run(DEPTH, a, aRow, aColumn, b, row, c, row, lanes, true);
        };
    }

    private static Runnable exercise(TransposeCode code, Arena arena) {
        int lanes = VectorWidth.PREFERRED.lanes();
        int vectors = 4;
        long source = floats(arena, lanes * vectors * lanes);
        long target = floats(arena, lanes * vectors * lanes);
        return () -> code.run(lanes, vectors, source, 4L * vectors * lanes, target, 4L * lanes);
    }

    private static Runnable exercise(ColumnMaximaCode code, Arena arena) {
        int lanes = VectorWidth.PREFERRED.lanes();
        int rows = 4 * DEPTH + 3;
        long x = floats(arena, rows * lanes * 4);
        long maxima = floats(arena, lanes * 4);
        return () -> code.run(rows, x, 16L * lanes, 4, maxima);
    }

    /** Numbers that products of do not grow out of F32. */
    private static long floats(Arena arena, int count) {
        MemorySegment area = arena.allocate(4L * count + 64, 64);
        for (int i = 0; i < count; i++) {
            area.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0.5f + i % 7 / 64f);
        }
        return area.address();
    }
}
