package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.TileCode;
import dev.ugoki.cpu.generated.TileCompiler;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The micro-kernel of F32 products: one tile of C, {@code C = A B} or {@code C += A B}, where A's
 * columns and B's rows lie in panels.
 *
 * <p>There is one for each number of rows from 1 to {@link #ROWS} and each number of whole vectors
 * up to {@link #COLUMNS} columns. It runs generated code where that is compiled, and {@link
 * ScalarProduct} until then; both give the same bits, each element one chain of fma that begins
 * with zero. Any number of threads may run it at once.
 */
final class Tile {
    /** Elements of a vector. */
    static final int LANES = VectorModule.isUsable() ? Lanes.COUNT : 16;

    /** With 512 bits there are 32 registers, else 16: for the sums, a row of B and a factor. */
    static final int ROWS = LANES == 16 ? 14 : 6;

    private static final int VECTORS = 2;

    /** The greatest number of columns. */
    static final int COLUMNS = VECTORS * LANES;

    private static final Tile[][] PACKED = tiles();

    private final int rows;
    private final int vectors;
    private final AtomicBoolean requested = new AtomicBoolean();
    private volatile @Nullable TileCode code;

    private Tile(int rows, int vectors) {
        this.rows = rows;
        this.vectors = vectors;
    }

    private static Tile[][] tiles() {
        Tile[][] tiles = new Tile[ROWS][VECTORS];
        for (int row = 0; row < ROWS; row++) {
            for (int vector = 0; vector < VECTORS; vector++) {
                tiles[row][vector] = new Tile(row + 1, vector + 1);
            }
        }
        return tiles;
    }

    /** Elements of each row of B's panel for this many columns: whole vectors. */
    static int width(int columns) {
        return (columns + LANES - 1) / LANES * LANES;
    }

    /**
     * One tile of at most {@link #ROWS} rows and {@link #COLUMNS} columns.
     *
     * @param depth columns of A and rows of B, at most {@link OwnProduct#DEPTH}
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
        Tile tile = PACKED[rows - 1][vectors - 1];
        tile.run(columns, depth, a, 4L * rows, b, 4L * LANES * vectors, c, cRow, accumulate);
    }

    private void run(
            int columns,
            int depth,
            long a,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        TileCode compiled = code;
        if (compiled == null) {
            compile();
            ScalarProduct.multiplyTile(
                    rows, columns, depth, a, 4, aColumn, b, bRow, 4, c, cRow, accumulate);
        } else if (columns == vectors * LANES) {
            compiled.run(depth, a, 4, aColumn, b, bRow, c, cRow, accumulate);
        } else {
            long edgeRow = 4L * LANES * vectors;
            long edge = Scratch.tile(4L * ROWS * COLUMNS);
            compiled.run(depth, a, 4, aColumn, b, bRow, edge, edgeRow, false);
            put(rows, columns, edge, edgeRow, c, cRow, accumulate);
        }
    }

    /** Whether tiles of this size have their final speed; asks for it where they have not. */
    static boolean isReady(int rows, int columns) {
        Tile tile = PACKED[rows - 1][(columns + LANES - 1) / LANES - 1];
        tile.compile();
        return tile.code != null || !TileCompiler.isUsable();
    }

    private void compile() {
        if (TileCompiler.isUsable() && !requested.get() && !requested.getAndSet(true)) {
            TileCompiler.compile(rows, vectors, true, compiled -> code = compiled);
        }
    }

    private static void put(
            int rows, int columns, long edge, long edgeRow, long c, long cRow, boolean add) {
        for (int row = 0; row < rows; row++) {
            long from = edge + row * edgeRow;
            long to = c + row * cRow;
            for (int column = 0; column < columns; column++) {
                float part = NativeMemory.getFloat(from + 4L * column);
                long element = to + 4L * column;
                NativeMemory.setFloat(element, add ? NativeMemory.getFloat(element) + part : part);
            }
        }
    }
}
