package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

/** An operand's elements in contiguous memory: its own, where that will do, or a copy. */
final class Reordered implements AutoCloseable {
    private final long address;
    private final boolean copied;

    private Reordered(long address, boolean copied) {
        this.address = address;
        this.copied = copied;
    }

    /** Memory that is somebody else's. */
    static Reordered at(long address) {
        return new Reordered(address, false);
    }

    /** In row-major order. */
    static Reordered contiguous(Stored x) {
        if (x.isContiguous()) {
            return new Reordered(x.address(), false);
        }
        long copy = NativeMemory.allocate(x.type().byteSize() + NativeMemory.PADDING);
        StridedCopy.toContiguous(x, copy);
        return new Reordered(copy, true);
    }

    /** With the reduced dimensions after all others. */
    static Reordered lastAxes(Prim.Reduce op, Stored x) {
        int rank = x.shape().rank();
        long[] extents = new long[rank];
        long[] strides = new long[rank];
        int next = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int dim = 0; dim < rank; dim++) {
                if (op.axes().contains(dim) == (pass == 1)) {
                    extents[next] = x.shape().extent(dim);
                    strides[next++] = x.stride(dim);
                }
            }
        }
        TensorType type = new TensorType(x.dtype(), Shape.of(extents));
        return contiguous(new Stored(x.storage(), type, x.offset(), strides));
    }

    /** In row-major order, as F32; for F32, F16 and BF16. */
    static Reordered floats(Stored x) {
        if (x.dtype() == dev.ugoki.tensor.DType.F32) {
            return contiguous(x);
        }
        long copy = NativeMemory.allocate(4 * x.elementCount() + NativeMemory.PADDING);
        try (Reordered narrow = contiguous(x)) {
            Chunks.toFloats(x.dtype(), narrow.address, x.elementCount(), copy);
        }
        return new Reordered(copy, true);
    }

    long address() {
        return address;
    }

    @Override
    public void close() {
        if (copied) {
            NativeMemory.free(address);
        }
    }
}
