package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * How to go through strided operands and a contiguous result together: as a number of runs, in each
 * of which every operand either advances element by element or stays where it is.
 *
 * <p>An operand that does neither over long enough runs is copied to contiguous memory first; the
 * copy lives until {@link #close}.
 */
final class Walk implements AutoCloseable {
    /** Shorter runs are not worth a call of a kernel. */
    private static final long SHORTEST_RUN = 8;

    private final long runLength;
    private final long runCount;
    private final long[] outerExtents;
    private final long[][] outerStrides;
    private final long[] addresses;
    private final boolean[] scalar;
    private final int[] byteSizes;
    private final long[] copies;

    private Walk(Shape shape, Stored[] operands, boolean[] copied) {
        int rank = shape.rank();
        copies = new long[operands.length];
        addresses = new long[operands.length];
        scalar = new boolean[operands.length];
        byteSizes = new int[operands.length];
        long[][] strides = new long[operands.length][];
        for (int i = 0; i < operands.length; i++) {
            Stored operand = operands[i];
            byteSizes[i] = operand.dtype().byteSize();
            if (copied[i]) {
                copies[i] = NativeMemory.allocate(operand.type().byteSize() + NativeMemory.PADDING);
                StridedCopy.toContiguous(operand, copies[i]);
                addresses[i] = copies[i];
                strides[i] = shape.toRowMajorStrides();
            } else {
                addresses[i] = operand.address();
                strides[i] = operand.toStrides();
            }
        }
        int inner = innerDims(shape, strides);
        long length = 1;
        for (int dim = rank - inner; dim < rank; dim++) {
            length *= shape.extent(dim);
        }
        runLength = length;
        runCount = length == 0 ? 0 : shape.elementCount() / length;
        outerExtents = new long[rank - inner];
        for (int dim = 0; dim < outerExtents.length; dim++) {
            outerExtents[dim] = shape.extent(dim);
        }
        outerStrides = strides;
        for (int i = 0; i < operands.length; i++) {
            scalar[i] = isConstant(shape, strides[i], rank - inner);
        }
    }

    /** A walk through operands that all have the result's shape. */
    static Walk through(Shape shape, Stored... operands) {
        boolean[] copied = new boolean[operands.length];
        for (int i = 0; i < operands.length; i++) {
            copied[i] = !hasRuns(shape, operands[i]);
        }
        return new Walk(shape, operands, copied);
    }

    private static boolean hasRuns(Shape shape, Stored operand) {
        if (operand.isContiguous()) {
            return true;
        }
        long[] strides = operand.toStrides();
        int inner = innerDims(shape, new long[][] {strides});
        long length = 1;
        for (int dim = shape.rank() - inner; dim < shape.rank(); dim++) {
            length *= shape.extent(dim);
        }
        return length >= SHORTEST_RUN;
    }

    /** The most dimensions at the end over which each operand is row-major or constant. */
    private static int innerDims(Shape shape, long[][] strides) {
        int rank = shape.rank();
        int inner = 0;
        while (inner < rank) {
            int first = rank - inner - 1;
            for (long[] each : strides) {
                if (!isRowMajor(shape, each, first) && !isConstant(shape, each, first)) {
                    return inner;
                }
            }
            inner++;
        }
        return inner;
    }

    private static boolean isRowMajor(Shape shape, long[] strides, int first) {
        long expected = 1;
        for (int dim = shape.rank() - 1; dim >= first; dim--) {
            if (shape.extent(dim) != 1 && strides[dim] != expected) {
                return false;
            }
            expected *= shape.extent(dim);
        }
        return true;
    }

    private static boolean isConstant(Shape shape, long[] strides, int first) {
        for (int dim = shape.rank() - 1; dim >= first; dim--) {
            if (shape.extent(dim) != 1 && strides[dim] != 0) {
                return false;
            }
        }
        return true;
    }

    long runLength() {
        return runLength;
    }

    long runCount() {
        return runCount;
    }

    /** Whether operand {@code i} is one element over a whole run. */
    boolean isScalar(int i) {
        return scalar[i];
    }

    /** The address of operand {@code i} at the start of run {@code run}. */
    long address(int i, long run) {
        long address = addresses[i];
        long rest = run;
        for (int dim = outerExtents.length - 1; dim >= 0; dim--) {
            address += rest % outerExtents[dim] * outerStrides[i][dim] * byteSizes[i];
            rest /= outerExtents[dim];
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
