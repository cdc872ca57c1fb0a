package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * How to go through strided operands and a contiguous result together: as rows of columns, and
 * around these what dimensions are left; see {@link Walk}. Most operations have one row.
 *
 * <p>Along the columns an operand either advances element by element or stays where it is. One that
 * does neither, or not over enough columns to be worth a kernel's call, is copied to contiguous
 * memory first; the copy lives until {@link #close}.
 */
final class Nest implements AutoCloseable {
    private final long[] addresses;
    private final long[] copies;
    private final int[] byteSizes;
    private final Walk walk;

    private Nest(Shape shape, Walk plain, Stored[] operands) {
        int count = operands.length;
        addresses = new long[count];
        copies = new long[count];
        byteSizes = new int[count];
        boolean[] copied = plain.copies(operands);
        boolean again = false;
        long[][] strides = new long[count][];
        for (int i = 0; i < count; i++) {
            byteSizes[i] = operands[i].dtype().byteSize();
            if (copied[i]) {
                copies[i] =
                        NativeMemory.allocate(operands[i].type().byteSize() + NativeMemory.PADDING);
                StridedCopy.toContiguous(operands[i], copies[i]);
                addresses[i] = copies[i];
                strides[i] = shape.toRowMajorStrides();
                again = true;
            } else {
                addresses[i] = operands[i].address();
                strides[i] = operands[i].toStrides();
            }
        }
        walk = again ? Walk.of(shape, strides) : plain;
    }

    /** A nest for operands that all have the result's shape, which is not empty. */
    static Nest of(Shape shape, Stored... operands) {
        return new Nest(shape, Walk.of(shape, operands), operands);
    }

    long columns() {
        return walk.columns();
    }

    long rows() {
        return walk.rows();
    }

    /** How often the rows are gone through. */
    long repeats() {
        return walk.repeats();
    }

    /** Whether operand {@code i} stays where it is along a row. */
    boolean isConstantInRow(int i) {
        return walk.step(i) == 0;
    }

    /** Bytes from one row of operand {@code i} to the next. */
    long rowBytes(int i) {
        return walk.rowStep(i) * byteSizes[i];
    }

    /** The address of operand {@code i} at the first row of repeat {@code repeat}. */
    long address(int i, long repeat) {
        return addresses[i] + walk.offset(i, repeat) * byteSizes[i];
    }

    @Override
    public void close() {
        for (long copy : copies) {
            NativeMemory.free(copy);
        }
    }
}
