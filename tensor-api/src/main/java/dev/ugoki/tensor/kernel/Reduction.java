package dev.ugoki.tensor.kernel;

/**
 * A reduction over the columns of a row by a fixed tree, so that its bits don't depend on the width
 * of the hardware's vectors.
 *
 * <p>The columns are dealt sixteen at a time to four sets of sixteen lanes in turn, so that four
 * chains of additions run side by side. Every lane starts from {@link #identity()} and takes in its
 * columns in order; columns beyond the last are the identity. In the end the sets are combined,
 * beginning with the one whose turn comes next: first with second, third with fourth, then the two
 * results; then lanes {@code (j, j+8)}, of the eight that are left {@code (j, j+4)}, then {@code
 * (j, j+2)}, then {@code (j, j+1)}.
 */
public enum Reduction {
    /** The sum, starting from +0. */
    SUM,
    /**
     * The greatest value; NaN where there is one; of two equal zeros the earlier one in the tree.
     */
    MAXIMUM,
    /** The same as if no NaN were there; -infinity where there is nothing else. */
    LARGEST_NUMBER;

    /** Lanes that take in columns side by side. */
    public static final int LANES = 16;

    /** Sets of lanes that take turns. */
    public static final int SETS = 4;

    /** What each lane starts from. */
    public float identity() {
        return switch (this) {
            case SUM -> 0f;
            case MAXIMUM, LARGEST_NUMBER -> Float.NEGATIVE_INFINITY;
        };
    }

    /** Two values as one, the earlier one first. */
    public float combine(float x, float y) {
        return switch (this) {
            case SUM -> x + y;
            // A NaN in y must win and one in x must stay; Math.max would also order the zeros.
            case MAXIMUM -> y > x || y != y ? y : x;
            case LARGEST_NUMBER -> y > x ? y : x;
        };
    }
}
