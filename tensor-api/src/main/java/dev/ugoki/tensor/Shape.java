package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.Arrays;

/**
 * The extents of a tensor's dimensions; a scalar has none. Immutable, equal by content.
 *
 * <p>Dimensions count from 0; where a method says so, negative ones count from the end, -1 being
 * the last.
 */
public final class Shape {
    /** The shape of a scalar. */
    public static final Shape SCALAR = new Shape(new long[0]);

    private final long[] extents;
    private final long elementCount;
    private final long[] rowMajorStrides;

    private Shape(long[] extents) {
        this.extents = extents;
        this.elementCount = countElements(extents);
        this.rowMajorStrides = new long[extents.length];
        long stride = 1;
        for (int dim = extents.length - 1; dim >= 0; dim--) {
            rowMajorStrides[dim] = stride;
            stride *= Math.max(1, extents[dim]);
        }
    }

    /**
     * A shape of these extents.
     *
     * @throws IllegalArgumentException if one is negative, or the number of elements exceeds a long
     */
    public static Shape of(long... extents) {
        return extents.length == 0 ? SCALAR : new Shape(extents.clone());
    }

    private static long countElements(long[] extents) {
        boolean empty = false;
        for (long extent : extents) {
            if (extent < 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("shape")
                                + ": "
                                + Arrays.toString(extents)
                                + ": extent "
                                + extent
                                + " is negative");
            }
            empty |= extent == 0;
        }
        if (empty) {
            return 0;
        }
        long count = 1;
        for (long extent : extents) {
            long high = Math.multiplyHigh(count, extent);
            count *= extent;
            if (high != 0 || count < 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("shape")
                                + ": "
                                + Arrays.toString(extents)
                                + ": more elements than a long can count (2^63 - 1)");
            }
        }
        return count;
    }

    /** The number of dimensions. */
    public int rank() {
        return extents.length;
    }

    /**
     * The extent of dimension {@code dim}; negative ones count from the end.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public long extent(int dim) {
        return extents[place(dim)];
    }

    private int place(int dim) {
        int at = dim < 0 ? dim + extents.length : dim;
        if (at < 0 || at >= extents.length) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("shape")
                            + ": dimension "
                            + dim
                            + " is not one of the "
                            + extents.length
                            + " dimensions of "
                            + this);
        }
        return at;
    }

    /** The product of the extents; 1 for a scalar. */
    public long elementCount() {
        return elementCount;
    }

    /** A copy of the extents. */
    public long[] toArray() {
        return extents.clone();
    }

    /** A copy of the distances in elements between neighbours along each dimension, row-major. */
    public long[] toRowMajorStrides() {
        return rowMajorStrides.clone();
    }

    /**
     * The distance in elements between neighbours along dimension {@code dim}, row-major; negative
     * ones count from the end.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public long rowMajorStride(int dim) {
        return rowMajorStrides[place(dim)];
    }

    /** All of them, not copied; callers must not write to them. */
    long[] rowMajorStrides() {
        return rowMajorStrides;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof Shape that && Arrays.equals(extents, that.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    /** The extents in brackets: {@code [8,64]}; {@code []} for a scalar. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int dim = 0; dim < extents.length; dim++) {
            text.append(dim == 0 ? "" : ",").append(extents[dim]);
        }
        return text.append(']').toString();
    }
}
