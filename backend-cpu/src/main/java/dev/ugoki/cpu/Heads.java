package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * The matrices {@code [.., rows, columns]} of an operand of attention in F32: taken where they lie,
 * if the elements of a row are neighbours, else copied.
 */
final class Heads implements AutoCloseable {
    private final Reordered memory;
    private final Shape shape;
    private final long[] strides;
    private final int count;
    private long base;

    private Heads(Reordered memory, Shape shape, long[] strides) {
        this.memory = memory;
        this.shape = shape;
        this.strides = strides;
        this.base = memory.address();
        int matrices = 1;
        for (int dim = 0; dim < shape.rank() - 2; dim++) {
            matrices = Math.multiplyExact(matrices, Math.toIntExact(shape.extent(dim)));
        }
        count = matrices;
    }

    /** F16 and BF16 become F32. */
    static Heads of(Stored x) {
        return needNoCopy(x)
                ? new Heads(Reordered.at(x.address()), x.shape(), x.toStrides())
                : new Heads(Reordered.floats(x), x.shape(), x.shape().toRowMajorStrides());
    }

    /** Matrices that need no copy, wherever that is: {@link #at} says so. */
    static Heads layout(Stored x) {
        return new Heads(Reordered.at(0), x.shape(), x.toStrides());
    }

    /** Whether matrices are taken where they lie. */
    static boolean needNoCopy(Stored x) {
        int last = x.shape().rank() - 1;
        boolean rows = x.shape().extent(last) == 1 || x.stride(last) == 1;
        return x.dtype() == DType.F32 && rows;
    }

    /** The first matrix is there now. */
    void at(long address) {
        base = address;
    }

    int count() {
        return count;
    }

    int rows() {
        return Math.toIntExact(shape.extent(-2));
    }

    int columns() {
        return Math.toIntExact(shape.extent(-1));
    }

    /** Bytes from one row of a matrix to the next. */
    long rowBytes() {
        return 4 * strides[strides.length - 2];
    }

    /** The address of a matrix. */
    long address(int head) {
        return base + 4 * offset(head, shape, strides);
    }

    /** Elements from the first matrix of a shape to the one with this number. */
    static long offset(int head, Shape shape, long[] strides) {
        long offset = 0;
        long rest = head;
        for (int dim = shape.rank() - 3; dim >= 0; dim--) {
            offset += rest % shape.extent(dim) * strides[dim];
            rest /= shape.extent(dim);
        }
        return offset;
    }

    @Override
    public void close() {
        memory.close();
    }
}
