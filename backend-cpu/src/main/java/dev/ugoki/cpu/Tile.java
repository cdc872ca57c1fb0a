package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.BlockCodes;
import dev.ugoki.cpu.generated.TileCode;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The micro-kernel of F32 products: one tile of C, {@code C = A B} or {@code C += A B}. Each
 * element is one chain of fma that begins with zero, so bits do not depend on how C is cut into
 * tiles.
 *
 * <p>There is generated code for each number of rows and of vectors, up to a size whose sums fit
 * into the registers. It is compiled when a size is first met, and what is missed most goes first.
 * Until then smaller tiles that are ready make up the larger one: two of them are asked for before
 * all others, so that the slow time of a program is the time that those two take. Only before that
 * {@link ScalarProduct} computes. Any number of threads may run a tile at once.
 */
final class Tile {
    /** Elements of a vector. */
    static final int LANES = VectorModule.isUsable() ? Lanes.COUNT : 16;

    /** With 512 bits there are 32 registers, else 16: for the sums, a row of B and a factor. */
    private static final boolean MANY_REGISTERS = LANES == 16;

    private static final int MOST_VECTORS = MANY_REGISTERS ? 4 : 2;

    /** The greatest number of rows of a tile from packed panels. */
    static final int ROWS = MANY_REGISTERS ? 14 : 6;

    /** The greatest number of columns of a tile from packed panels. */
    static final int COLUMNS = 2 * LANES;

    /** The greatest number of columns of any tile. */
    static final int MOST_COLUMNS = MOST_VECTORS * LANES;

    /**
     * Bytes from one column of A to the next, where rows lie apart, that generated code can add.
     */
    static final int MOST_BETWEEN_COLUMNS = Integer.MAX_VALUE / PackedProduct.DEPTH;

    /** By the number of vectors: rows whose elements in a column of A lie in one piece. */
    private static final int[] ADJACENT_ROWS =
            MANY_REGISTERS ? new int[] {ROWS, ROWS, 8, 6} : new int[] {ROWS, ROWS};

    /** The same for rows that lie apart: they take an address each, of which there are few. */
    private static final int[] ROWS_APART =
            MANY_REGISTERS ? new int[] {8, 8, 8, 6} : new int[] {6, 6};

    /** Tiles that others are made up of where they are not ready. */
    private static final int PART_ROWS = 4;

    private static final int PART_VECTORS = 2;

    private static final Tile[][] ADJACENT = tiles(ADJACENT_ROWS, true, false);
    private static final Tile[][] APART = tiles(ROWS_APART, false, false);
    private static final Tile[][] PARTIAL_ADJACENT = tiles(ADJACENT_ROWS, true, true);
    private static final Tile[][] PARTIAL_APART = tiles(ROWS_APART, false, true);

    private final int rows;
    private final int vectors;
    private final boolean adjacentRows;
    private final boolean partial;
    private final AtomicBoolean requested = new AtomicBoolean(!BlockCodes.isUsable());
    private volatile @Nullable TileCode code;

    /** Vector operations that were made without the code, about: threads may lose some. */
    private long missed;

    private Tile(int rows, int vectors, boolean adjacentRows, boolean partial) {
        this.rows = rows;
        this.vectors = vectors;
        this.adjacentRows = adjacentRows;
        this.partial = partial;
    }

    private static Tile[][] tiles(int[] mostRows, boolean adjacentRows, boolean partial) {
        Tile[][] tiles = new Tile[mostRows.length][];
        for (int vectors = 1; vectors <= tiles.length; vectors++) {
            tiles[vectors - 1] = new Tile[mostRows[vectors - 1]];
            for (int rows = 1; rows <= mostRows[vectors - 1]; rows++) {
                tiles[vectors - 1][rows - 1] = new Tile(rows, vectors, adjacentRows, partial);
            }
        }
        return tiles;
    }

    /** {@code columns}, rounded up to whole vectors. */
    static int width(int columns) {
        return (columns + LANES - 1) / LANES * LANES;
    }

    /**
     * How many of so many columns the next tile of a wide product has: what leaves no narrow rest,
     * which would wait for its own sums, and keeps addresses and sums in registers.
     */
    static int nextColumns(int columns, boolean adjacentRows) {
        int vectors = (columns + LANES - 1) / LANES;
        int next;
        if (!MANY_REGISTERS) {
            next = Math.min(vectors, MOST_VECTORS);
        } else if (adjacentRows) {
            next = vectors > 1 && vectors % 3 == 1 ? 2 : Math.min(vectors, 3);
        } else {
            next = vectors > 3 && vectors % 3 == 1 ? 4 : Math.min(vectors, 3);
        }
        return Math.min(columns, next * LANES);
    }

    /** The greatest number of rows of a tile with so many columns. */
    static int mostRows(int columns, boolean adjacentRows) {
        return (adjacentRows ? ADJACENT_ROWS : ROWS_APART)[(columns + LANES - 1) / LANES - 1];
    }

    /**
     * One tile from packed panels, of at most {@link #mostRows} rows.
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
        run(rows, columns, depth, a, 4, 4L * rows, b, 4L * width(columns), c, cRow, accumulate);
    }

    /**
     * One tile of at most {@link #mostRows} rows, from matrices as they are. Distances are in
     * bytes; elements of a row of B are adjacent, and whole vectors of them are read.
     *
     * @param aColumn at most {@link #MOST_BETWEEN_COLUMNS} unless {@code aRow} is 4
     */
    static void run(
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
        int lastLanes = columns - (vectors - 1) * LANES;
        Tile tile = of(rows, vectors, aRow == 4, lastLanes < LANES);
        TileCode compiled = tile.code;
        if (compiled != null) {
            compiled.run(depth, a, aRow, aColumn, b, bRow, c, cRow, lastLanes, accumulate);
        } else {
            tile.miss(columns, new Matrices(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate));
        }
    }

    private static Tile of(int rows, int vectors, boolean adjacentRows, boolean partial) {
        Tile[][] tiles =
                adjacentRows
                        ? partial ? PARTIAL_ADJACENT : ADJACENT
                        : partial ? PARTIAL_APART : APART;
        return tiles[vectors - 1][rows - 1];
    }

    /** Whether a tile of this size has its final speed; asks for it where it has not. */
    static boolean isReady(int rows, int columns, boolean adjacentRows) {
        int vectors = (columns + LANES - 1) / LANES;
        Tile tile = of(rows, vectors, adjacentRows, columns % LANES != 0);
        tile.request();
        return tile.code != null || !BlockCodes.isUsable();
    }

    /** Asks for the tiles that others are made up of, and for the largest. */
    static void request(boolean adjacentRows) {
        of(PART_ROWS, PART_VECTORS, adjacentRows, false).request();
        of(1, 1, adjacentRows, false).request();
        int[] mostRows = adjacentRows ? ADJACENT_ROWS : ROWS_APART;
        for (int vectors : new int[] {PART_VECTORS, MOST_VECTORS}) {
            of(mostRows[vectors - 1], vectors, adjacentRows, false).request();
        }
    }

    private void request() {
        if (!requested.get() && !requested.getAndSet(true)) {
            BlockCodes.tile(
                    rows,
                    vectors,
                    adjacentRows,
                    partial,
                    () -> missed,
                    compiled -> code = compiled);
        }
    }

    /** What {@link #run} is given besides the size of the tile. */
    record Matrices(
            int depth,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        /** For the part of the tile that begins so many rows down and bytes to the right. */
        Matrices part(int down, long right) {
            return new Matrices(
                    depth,
                    a + down * aRow,
                    aRow,
                    aColumn,
                    b + right,
                    bRow,
                    c + down * cRow + right,
                    cRow,
                    accumulate);
        }

        /** For a result that lies elsewhere and is not added to. */
        Matrices to(long result, long row) {
            return new Matrices(depth, a, aRow, aColumn, b, bRow, result, row, false);
        }

        private void run(TileCode code) {
            code.run(depth, a, aRow, aColumn, b, bRow, c, cRow, LANES, accumulate);
        }
    }

    private void miss(int columns, Matrices all) {
        Tile part = of(PART_ROWS, PART_VECTORS, adjacentRows, false);
        Tile least = of(1, 1, adjacentRows, false);
        long work = (long) rows * vectors * all.depth;
        missed += work;
        if (least.code == null || part.code == null) {
            // All other sizes together wait for these two.
            part.missed += LANES * work;
            least.missed += LANES * work;
            part.request();
            least.request();
        }
        request();
        if (least.code == null) {
            ScalarProduct.tile(
                    rows,
                    columns,
                    all.depth,
                    all.a,
                    all.aRow,
                    all.aColumn,
                    all.b,
                    all.bRow,
                    4,
                    all.c,
                    all.cRow,
                    all.accumulate);
        } else if (partial) {
            runPartial(columns, all);
        } else {
            runParts(rows, vectors, all, false);
        }
    }

    /** Whole vectors beside C, and of these what belongs into it. */
    private void runPartial(int columns, Matrices all) {
        long row = 4L * LANES * vectors;
        long whole = Scratch.tile(row * rows);
        Tile beside = of(rows, vectors, adjacentRows, false);
        TileCode compiled = beside.code;
        if (compiled != null) {
            all.to(whole, row).run(compiled);
        } else {
            beside.miss(vectors * LANES, all.to(whole, row));
        }
        for (int i = 0; i < rows; i++) {
            long from = whole + i * row;
            long to = all.c + i * all.cRow;
            for (int j = 0; j < columns; j++) {
                float sum = NativeMemory.getFloat(from + 4L * j);
                float before = all.accumulate ? NativeMemory.getFloat(to + 4L * j) : 0;
                NativeMemory.setFloat(to + 4L * j, all.accumulate ? before + sum : sum);
            }
        }
    }

    /**
     * A tile of smaller ones, down to such as are ready; those of one row and vector must be.
     *
     * @param inParts whether the tile itself is not to be used though it may be ready
     */
    static void runParts(int rows, int vectors, Matrices all, boolean inParts) {
        TileCode compiled = of(rows, vectors, all.aRow == 4, false).code;
        boolean smallest = rows == 1 && vectors == 1;
        if (compiled != null && (smallest || !inParts)) {
            all.run(compiled);
            return;
        }
        boolean across = vectors > PART_VECTORS || rows < PART_ROWS && vectors > 1;
        int height = across ? rows : rows > PART_ROWS ? PART_ROWS : 1;
        int width = !across ? vectors : vectors > PART_VECTORS ? PART_VECTORS : 1;
        runParts(height, width, all, false);
        int down = across ? 0 : height;
        runParts(
                rows - down,
                across ? vectors - width : vectors,
                all.part(down, across ? 4L * LANES * width : 0),
                false);
    }
}
