package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

/** An operand's elements in contiguous memory: its own, where that will do, or a copy. */
final class Reordered implements AutoCloseable {
    private static final long ELEMENTS_OF_A_TASK = 1 << 16;

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
        if (x.dtype() == DType.F32) {
            return contiguous(x);
        }
        try (Reordered narrow = contiguous(x)) {
            return floats(narrow, x.dtype(), x.elementCount());
        }
    }

    /** {@code count} elements of F32, F16 or BF16 as F32; {@code x} stays its owner's to close. */
    static Reordered floats(Reordered x, DType dtype, long count) {
        if (dtype == DType.F32) {
            return at(x.address);
        }
        long copy = NativeMemory.allocate(4 * count + NativeMemory.PADDING);
        int tasks = Math.toIntExact((count + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long first = task * ELEMENTS_OF_A_TASK;
                            Chunks.toFloats(
                                    dtype,
                                    x.address + 2 * first,
                                    Math.min(ELEMENTS_OF_A_TASK, count - first),
                                    copy + 4 * first);
                        });
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
