package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.TileCode;
import dev.ugoki.cpu.generated.TileCompiler;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * F32 products of small matrices that lie in the caches, taken as they lie: {@code C = A B}, or
 * {@code C += A B}, on this thread. A may be stored either way; B by rows.
 *
 * <p>Every element is a sum over blocks of {@link PackedProduct#DEPTH} along the depth, each one
 * chain of fma that begins with zero: the same bits whatever the tiles, the vectors, and whether
 * the code of a tile is compiled yet.
 */
final class BlockProduct {
    private static final int LANES = VectorModule.isUsable() ? Lanes.COUNT : 16;

    /** With 512 bits there are 32 registers, else 16. */
    private static final boolean MANY_REGISTERS = LANES == 16;

    private static final int MAX_VECTORS = MANY_REGISTERS ? 4 : 2;

    /** Sums, a row of B and one factor have a register each; rows of A that lie apart a pointer. */
    private static final int[] MAX_ROWS =
            MANY_REGISTERS ? new int[] {8, 8, 8, 6} : new int[] {6, 6};

    private static final int MOST_COLUMNS = 4 * 16;

    private static final ThreadLocal<float[]> SUMS =
            ThreadLocal.withInitial(() -> new float[MOST_COLUMNS]);

    /** Tiles of A whose columns lie in one piece, and others. */
    private static final Tile[][] ADJACENT = tiles(true);

    private static final Tile[][] APART = tiles(false);

    private BlockProduct() {}

    private static Tile[][] tiles(boolean adjacentRows) {
        Tile[][] tiles = new Tile[MAX_VECTORS][];
        for (int vectors = 1; vectors <= MAX_VECTORS; vectors++) {
            tiles[vectors - 1] = new Tile[MAX_ROWS[vectors - 1]];
            for (int rows = 1; rows <= MAX_ROWS[vectors - 1]; rows++) {
                tiles[vectors - 1][rows - 1] = new Tile(rows, vectors, adjacentRows);
            }
        }
        return tiles;
    }

    /** {@code columns}, rounded up to whole vectors of any machine: what a row of C needs. */
    static int width(int columns) {
        return (columns + 15) & -16;
    }

    /**
     * One product. Distances are in bytes. What is beyond the {@code n}-th column of C, up to a
     * whole vector, is overwritten; B is read as far.
     *
     * @param m rows of C; {@code n} columns of C; {@code k} columns of A and rows of B
     * @param aRow from one row of A to the next; this or {@code aColumn} is 4
     * @param accumulate whether the product is added to C
     */
    static void run(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        Tile[][] tiles = aRow == 4 ? ADJACENT : APART;
        int allVectors = (n + LANES - 1) / LANES;
        for (int front = 0; front < k; front += PackedProduct.DEPTH) {
            int depth = Math.min(PackedProduct.DEPTH, k - front);
            boolean add = accumulate || front > 0;
            for (int vector = 0; vector < allVectors; vector += MAX_VECTORS) {
                int vectors = Math.min(MAX_VECTORS, allVectors - vector);
                Tile[] ofWidth = tiles[vectors - 1];
                long left = 4L * LANES * vector;
                long rowsOfB = b + front * bRow + left;
                int count = (m + ofWidth.length - 1) / ofWidth.length;
                int row = 0;
                for (int number = 0; number < count; number++) {
                    int next = (int) ((long) m * (number + 1) / count);
                    ofWidth[next - row - 1].run(
                            depth,
                            a + row * aRow + front * aColumn,
                            aRow,
                            aColumn,
                            rowsOfB,
                            bRow,
                            c + row * cRow + left,
                            cRow,
                            add);
                    row = next;
                }
            }
        }
    }

    /** One size of tile: generated code where that is compiled, plain loops until then. */
    private static final class Tile {
        private final int rows;
        private final int vectors;
        private final boolean adjacentRows;
        private final AtomicBoolean requested = new AtomicBoolean(!VectorModule.isUsable());
        private volatile @Nullable TileCode code;

        Tile(int rows, int vectors, boolean adjacentRows) {
            this.rows = rows;
            this.vectors = vectors;
            this.adjacentRows = adjacentRows;
        }

        void run(
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
            if (compiled != null) {
                compiled.run(depth, a, aRow, aColumn, b, bRow, c, cRow, LANES, accumulate);
                return;
            }
            if (!requested.get() && requested.compareAndSet(false, true)) {
                TileCompiler.compile(rows, vectors, adjacentRows, made -> code = made);
            }
            float[] sums = SUMS.get();
            for (int row = 0; row < rows; row++) {
                chains(depth, a + row * aRow, aColumn, b, bRow, sums);
                put(sums, c + row * cRow, accumulate);
            }
        }

        private void chains(int depth, long a, long aColumn, long b, long bRow, float[] sums) {
            int columns = vectors * LANES;
            Arrays.fill(sums, 0, columns, 0f);
            for (int i = 0; i < depth; i++) {
                float factor = NativeMemory.getFloat(a + i * aColumn);
                long row = b + i * bRow;
                for (int column = 0; column < columns; column++) {
                    float element = NativeMemory.getFloat(row + 4L * column);
                    sums[column] = Math.fma(factor, element, sums[column]);
                }
            }
        }

        private void put(float[] sums, long c, boolean accumulate) {
            for (int column = 0; column < vectors * LANES; column++) {
                long at = c + 4L * column;
                float sum = sums[column];
                NativeMemory.setFloat(at, accumulate ? NativeMemory.getFloat(at) + sum : sum);
            }
        }
    }
}
