package dev.ugoki.cuda;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * The dimensions that several operands are walked through together, from the outermost; those that
 * lie in all operands as one are made one.
 */
final class Strides {
    /** Of the kernels' arrays. */
    static final int MAX_RANK = 12;

    private final int operands;
    private final long[] extents = new long[MAX_RANK];
    private final long[][] strides;
    private int rank;

    Strides(int operands) {
        this.operands = operands;
        this.strides = new long[operands][MAX_RANK];
    }

    /** All dimensions of a contiguous result and of operands of its shape. */
    static Strides of(Shape shape, Stored... operands) {
        Strides all = new Strides(operands.length + 1);
        long[] own = shape.toRowMajorStrides();
        long[] each = new long[operands.length + 1];
        for (int dim = 0; dim < shape.rank(); dim++) {
            each[0] = own[dim];
            for (int i = 0; i < operands.length; i++) {
                each[i + 1] = operands[i].stride(dim);
            }
            all.add(shape.extent(dim), each);
        }
        return all;
    }

    /** The next inner dimension, with a stride for each operand. */
    void add(long extent, long... each) {
        if (extent == 1) {
            return;
        }
        if (rank > 0 && continues(extent, each)) {
            extents[rank - 1] *= extent;
        } else {
            if (rank == MAX_RANK) {
                throw new UnsupportedOperationException(
                        "cuda: an operand has more than "
                                + MAX_RANK
                                + " dimensions that do not lie as fewer; copy() it first");
            }
            extents[rank++] = extent;
        }
        for (int i = 0; i < operands; i++) {
            strides[i][rank - 1] = each[i];
        }
    }

    private boolean continues(long extent, long[] each) {
        for (int i = 0; i < operands; i++) {
            if (strides[i][rank - 1] != extent * each[i]) {
                return false;
            }
        }
        return true;
    }

    /** How many elements there are. */
    long count() {
        long count = 1;
        for (int dim = 0; dim < rank; dim++) {
            count *= extents[dim];
        }
        return count;
    }

    int rank() {
        return rank;
    }

    /** The stride of the innermost dimension; 0 where there is none. */
    long innermost(int operand) {
        return rank == 0 ? 0 : strides[operand][rank - 1];
    }

    /** How an operand lies beside operand 0, which is contiguous. */
    NestWriter.Form form(int operand) {
        boolean contiguous = true;
        boolean single = true;
        for (int dim = 0; dim < rank; dim++) {
            contiguous &= strides[operand][dim] == strides[0][dim];
            single &= strides[operand][dim] == 0;
        }
        return contiguous
                ? NestWriter.Form.CONTIGUOUS
                : single ? NestWriter.Form.SINGLE : NestWriter.Form.STRIDED;
    }

    /** The extents, the first {@link #rank} of an array. */
    long[] extents() {
        return extents;
    }

    /** The strides of one operand, the first {@link #rank} of an array. */
    long[] strides(int operand) {
        return strides[operand];
    }

    /** Writes rank, extents and each operand's strides. */
    Arguments addTo(Arguments arguments) {
        arguments.add(rank).add(extents, rank, MAX_RANK);
        for (long[] each : strides) {
            arguments.add(each, rank, MAX_RANK);
        }
        return arguments;
    }

    /** Writes the kernels' structure Strided but for its extra members. */
    Arguments addStrided(Arguments arguments, long... pointers) {
        long count = count();
        arguments.add(count).add(Math.max(rank, 1));
        if (rank == 0) {
            arguments.add(1).add(extents, 0, MAX_RANK - 1);
        } else {
            arguments.add(extents, rank, MAX_RANK);
        }
        arguments.add(pointers, pointers.length, 4);
        for (int i = 0; i < 4; i++) {
            arguments.add(strides[Math.min(i, operands - 1)], i < operands ? rank : 0, MAX_RANK);
        }
        return arguments;
    }
}
