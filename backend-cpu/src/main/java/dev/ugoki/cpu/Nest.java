package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * How to go through strided operands and a contiguous result together: as rows of columns, and
 * around these what dimensions are left. Dimensions that every operand walks through alike are
 * joined, so that most operations have one row.
 *
 * <p>Along the columns an operand either advances element by element or stays where it is. One that
 * does neither, or not over enough columns to be worth a kernel's call, is copied to contiguous
 * memory first; the copy lives until {@link #close}.
 */
final class Nest implements AutoCloseable {
    private static final long FEWEST_COLUMNS = 8;

    private final int operandCount;
    private final long[] addresses;
    private final long[] copies;
    private final int[] byteSizes;
    private final long[] extents;
    private final long[][] strides;
    private final int rank;

    private Nest(Shape shape, Stored[] operands, boolean[] copied) {
        operandCount = operands.length;
        addresses = new long[operandCount];
        copies = new long[operandCount];
        byteSizes = new int[operandCount];
        extents = new long[Math.max(1, shape.rank())];
        strides = new long[operandCount][extents.length];
        long[][] given = new long[operandCount][];
        for (int i = 0; i < operandCount; i++) {
            byteSizes[i] = operands[i].dtype().byteSize();
            if (copied[i]) {
                copies[i] =
                        NativeMemory.allocate(operands[i].type().byteSize() + NativeMemory.PADDING);
                StridedCopy.toContiguous(operands[i], copies[i]);
                addresses[i] = copies[i];
                given[i] = shape.toRowMajorStrides();
            } else {
                addresses[i] = operands[i].address();
                given[i] = operands[i].toStrides();
            }
        }
        rank = join(shape, given);
    }

    /** A nest for operands that all have the result's shape, which is not empty. */
    static Nest of(Shape shape, Stored... operands) {
        boolean[] copied = new boolean[operands.length];
        Nest nest = new Nest(shape, operands, copied);
        boolean enough = nest.columns() >= FEWEST_COLUMNS || nest.rank == 1;
        boolean again = false;
        for (int i = 0; i < operands.length; i++) {
            long step = nest.strides[i][nest.rank - 1];
            copied[i] = (step != 0 && step != 1) || (!enough && !operands[i].isContiguous());
            again |= copied[i];
        }
        return again ? new Nest(shape, operands, copied) : nest;
    }

    /** Joins what can be joined; the number of dimensions left, at least 1. */
    private int join(Shape shape, long[][] given) {
        int count = 0;
        for (int dim = 0; dim < shape.rank(); dim++) {
            long extent = shape.extent(dim);
            if (extent == 1) {
                continue;
            }
            if (count > 0 && continues(given, dim, count - 1, extent)) {
                extents[count - 1] *= extent;
                for (int i = 0; i < operandCount; i++) {
                    strides[i][count - 1] = given[i][dim];
                }
            } else {
                extents[count] = extent;
                for (int i = 0; i < operandCount; i++) {
                    strides[i][count] = given[i][dim];
                }
                count++;
            }
        }
        if (count == 0) {
            extents[0] = 1;
            return 1;
        }
        return count;
    }

    private boolean continues(long[][] given, int dim, int last, long extent) {
        for (int i = 0; i < operandCount; i++) {
            if (strides[i][last] != extent * given[i][dim]) {
                return false;
            }
        }
        return true;
    }

    long columns() {
        return extents[rank - 1];
    }

    long rows() {
        return rank < 2 ? 1 : extents[rank - 2];
    }

    /** How often the rows are gone through. */
    long repeats() {
        long repeats = 1;
        for (int dim = 0; dim < rank - 2; dim++) {
            repeats *= extents[dim];
        }
        return repeats;
    }

    /** Whether operand {@code i} stays where it is along a row. */
    boolean isConstantInRow(int i) {
        return strides[i][rank - 1] == 0;
    }

    /** Bytes from one row of operand {@code i} to the next. */
    long rowBytes(int i) {
        return rank < 2 ? 0 : strides[i][rank - 2] * byteSizes[i];
    }

    /** The address of operand {@code i} at the first row of repeat {@code repeat}. */
    long address(int i, long repeat) {
        long address = addresses[i];
        long rest = repeat;
        for (int dim = rank - 3; dim >= 0; dim--) {
            address += rest % extents[dim] * strides[i][dim] * byteSizes[i];
            rest /= extents[dim];
        }
        return address;
    }

    @Override
    public void close() {
        for (long copy : copies) {
            NativeMemory.free(copy);
        }
    }
}
