package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.TileCode;
import dev.ugoki.cpu.generated.TileCompiler;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The micro-kernel of F32 products: one tile of C, {@code C = A B} or {@code C += A B}.
 *
 * <p>There is one for each number of rows and each number of whole vectors, up to a size whose sums
 * fit into the registers. It runs generated code where that is compiled, and {@link ScalarProduct}
 * until then; both give the same bits, each element one chain of fma that begins with zero. Any
 * number of threads may run it at once.
 */
final class Tile {
    /** Elements of a vector. */
    static final int LANES = VectorModule.isUsable() ? Lanes.COUNT : 16;

    /** With 512 bits there are 32 registers, else 16: for the sums, a row of B and a factor. */
    private static final boolean MANY_REGISTERS = LANES == 16;

    private static final int VECTORS = 2;

    /** The greatest number of rows of a tile from packed panels. */
    static final int ROWS = MANY_REGISTERS ? 14 : 6;

    /** The greatest number of columns of a tile from packed panels. */
    static final int COLUMNS = VECTORS * LANES;

    private static final int DIRECT_VECTORS = MANY_REGISTERS ? 4 : 2;

    /** Rows that lie apart take an address each, and of those there are sixteen on any machine. */
    static final int DIRECT_ROWS = 6;

    /** The greatest number of columns of a tile from matrices. */
    static final int DIRECT_COLUMNS = DIRECT_VECTORS * LANES;

    private static final Tile[][] PACKED = tiles(ROWS, VECTORS, true);
    private static final Tile[][] DIRECT = tiles(DIRECT_ROWS, DIRECT_VECTORS, false);

    private final int rows;
    private final int vectors;
    private final boolean adjacentRows;
    private final AtomicBoolean requested = new AtomicBoolean();
    private volatile @Nullable TileCode code;

    private Tile(int rows, int vectors, boolean adjacentRows) {
        this.rows = rows;
        this.vectors = vectors;
        this.adjacentRows = adjacentRows;
    }

    private static Tile[][] tiles(int rows, int vectors, boolean adjacentRows) {
        Tile[][] tiles = new Tile[rows][vectors];
        for (int row = 0; row < rows; row++) {
            for (int vector = 0; vector < vectors; vector++) {
                tiles[row][vector] = new Tile(row + 1, vector + 1, adjacentRows);
            }
        }
        return tiles;
    }

    /** Elements of each row of B's panel for this many columns: whole vectors. */
    static int width(int columns) {
        return (columns + LANES - 1) / LANES * LANES;
    }

    /**
     * One tile of at most {@link #ROWS} rows and {@link #COLUMNS} columns, from packed panels.
     *
     * @param depth columns of A and rows of B, at most {@link PackedProduct#DEPTH}
     * @param a the address of A's panel: column after column, each of {@code rows} elements
     * @param b the address of B's panel: row after row, each of {@link #width}{@code (columns)}
     *     elements, of which those beyond {@code columns} do not matter
     * @param c the address of the tile
     * @param cRow bytes from one row of C to the next
     */
    static void run(
            int rows,
            int columns,
            int depth,
            long a,
            long b,
            long c,
            long cRow,
            boolean accumulate) {
        int vectors = (columns + LANES - 1) / LANES;
        PACKED[rows - 1][vectors - 1].run(
                columns, depth, a, 4, 4L * rows, b, 4L * LANES * vectors, c, cRow, accumulate);
    }

    /**
     * One tile of at most {@link #DIRECT_ROWS} rows and {@link #DIRECT_COLUMNS} columns, from
     * matrices as they are. Distances are in bytes; elements of a row of B are adjacent.
     */
    static void runDirect(
            int rows,
            int columns,
            int depth,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        int vectors = (columns + LANES - 1) / LANES;
        DIRECT[rows - 1][vectors - 1].run(
                columns, depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
    }

    /** Whether {@link #run} has its final speed for this size; asks for it where it has not. */
    static boolean isReady(int rows, int columns) {
        return PACKED[rows - 1][(columns + LANES - 1) / LANES - 1].isReady();
    }

    /** The same for {@link #runDirect}. */
    static boolean isDirectReady(int rows, int columns) {
        return DIRECT[rows - 1][(columns + LANES - 1) / LANES - 1].isReady();
    }

    private boolean isReady() {
        compile();
        return code != null || !TileCompiler.isUsable();
    }

    private void run(
            int columns,
            int depth,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        TileCode compiled = code;
        if (compiled == null) {
            compile();
            ScalarProduct.tile(
                    rows, columns, depth, a, aRow, aColumn, b, bRow, 4, c, cRow, accumulate);
        } else {
            int lastLanes = columns - (vectors - 1) * LANES;
            compiled.run(depth, a, aRow, aColumn, b, bRow, c, cRow, lastLanes, accumulate);
        }
    }

    private void compile() {
        if (TileCompiler.isUsable() && !requested.get() && !requested.getAndSet(true)) {
            TileCompiler.compile(rows, vectors, adjacentRows, compiled -> code = compiled);
        }
    }
}
