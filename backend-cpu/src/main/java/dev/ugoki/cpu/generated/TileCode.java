package dev.ugoki.cpu.generated;

/** A micro-kernel of matrix products, for tiles of C of one size. Distances are in bytes. */
@FunctionalInterface
public interface TileCode {
    /**
     * {@code C = A B}, or {@code C += A B}, for one tile of C. Each element of the product is one
     * chain of fma, which begins with zero.
     *
     * @param depth columns of A and rows of B
     * @param a the address of A's part; its rows are as many as the tile's
     * @param aRow from one row of A to the next; code for adjacent rows takes it for 4
     * @param aColumn from one column of A to the next
     * @param b the address of B's part; whole vectors of its rows are read
     * @param bRow from one row of B to the next
     * @param c the address of the tile
     * @param cRow from one row of C to the next
     * @param lastLanes how many elements the last vector of each row of C has: all lanes, or fewer
     *     where the code is for {@link TileShape#partial} tiles
     * @param accumulate whether C is read and added to
     */
    void run(
            int depth,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            int lastLanes,
            boolean accumulate);
}
