package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

/**
 * Matrix products of tensors. F32 and F64 go to {@link MatrixProduct}, taking transposed operands
 * as they are; F16 and BF16 are computed as F32 and rounded once; integers go through plain loops.
 */
final class Products {
    private Products() {}

    static void matMul(Stored a, Stored b, Stored result) {
        DType dtype = result.dtype();
        if (result.elementCount() == 0) {
            return;
        }
        switch (dtype) {
            case F32, F64 -> floating(a, b, result);
            case F16, BF16 -> narrow(a, b, result);
            case I64, I32, I8, U8, BOOL -> integers(a, b, result);
        }
    }

    private static void floating(Stored a, Stored b, Stored result) {
        try (Matrices left = Matrices.of(a);
                Matrices right = Matrices.of(b)) {
            int rank = result.shape().rank();
            long m = result.shape().extent(-2);
            long n = result.shape().extent(-1);
            long k = a.shape().extent(-1);
            long batches = result.elementCount() / (m * n);
            long bytes = result.dtype().byteSize();
            boolean oneWeight = rank == 3 && right.isSharedOver(0) && left.joinsRows();
            if (oneWeight) {
                m *= batches;
                batches = 1;
            }
            long rows = m;
            long count = batches;
            if (count == 1) {
                multiply(result.dtype(), rows, n, k, left, 0, right, 0, result.address());
            } else {
                // Small products side by side; each is cut by its shape alone all the same.
                ThreadPool.shared()
                        .parallelFor(
                                Math.toIntExact(count),
                                batch ->
                                        multiply(
                                                result.dtype(),
                                                rows,
                                                n,
                                                k,
                                                left,
                                                left.offset(batch),
                                                right,
                                                right.offset(batch),
                                                result.address() + batch * rows * n * bytes));
            }
        }
    }

    private static void multiply(
            DType dtype,
            long m,
            long n,
            long k,
            Matrices a,
            long aOffset,
            Matrices b,
            long bOffset,
            long result) {
        MatrixProduct.multiply(
                dtype,
                Math.toIntExact(m),
                Math.toIntExact(n),
                Math.toIntExact(k),
                a.address + aOffset,
                Math.toIntExact(a.distance),
                a.transposed,
                b.address + bOffset,
                Math.toIntExact(b.distance),
                b.transposed,
                result,
                Math.toIntExact(n),
                false);
    }

    private static void narrow(Stored a, Stored b, Stored result) {
        long m = result.shape().extent(-2);
        long n = result.shape().extent(-1);
        long k = a.shape().extent(-1);
        long batches = result.elementCount() / (m * n);
        long floats = NativeMemory.allocate(4 * result.elementCount() + NativeMemory.PADDING);
        try (Reordered left = Reordered.floats(a);
                Reordered right = Reordered.floats(b)) {
            for (long batch = 0; batch < batches; batch++) {
                MatrixProduct.multiply(
                        DType.F32,
                        Math.toIntExact(m),
                        Math.toIntExact(n),
                        Math.toIntExact(k),
                        left.address() + 4 * batch * m * k,
                        Math.toIntExact(k),
                        false,
                        right.address() + 4 * batch * k * n,
                        Math.toIntExact(n),
                        false,
                        floats + 4 * batch * m * n,
                        Math.toIntExact(n),
                        false);
            }
            Chunks.fromFloats(floats, result.elementCount(), result.dtype(), result.address());
        } finally {
            NativeMemory.free(floats);
        }
    }

    private static void integers(Stored a, Stored b, Stored result) {
        long m = result.shape().extent(-2);
        long n = result.shape().extent(-1);
        long k = a.shape().extent(-1);
        DType dtype = result.dtype();
        int bytes = dtype.byteSize();
        long rows = result.elementCount() / n;
        try (Reordered left = Reordered.contiguous(a);
                Reordered right = Reordered.contiguous(b)) {
            for (long row = 0; row < rows; row++) {
                long matrix = row / m;
                for (long column = 0; column < n; column++) {
                    long sum = 0;
                    for (long i = 0; i < k; i++) {
                        long x = Chunks.getLong(dtype, left.address() + (row * k + i) * bytes);
                        long at = (matrix * k + i) * n + column;
                        sum += x * Chunks.getLong(dtype, right.address() + at * bytes);
                    }
                    Chunks.setLong(dtype, result.address() + (row * n + column) * bytes, sum);
                }
            }
        }
    }

    /** An operand's matrices: rows at a distance, or columns at a distance, else copied. */
    private static final class Matrices implements AutoCloseable {
        final long address;
        final long distance;
        final boolean transposed;
        private final Reordered memory;
        private final Shape shape;
        private final long[] strides;
        private final int bytes;

        private Matrices(Stored x, Reordered memory, long address, long[] strides) {
            this.memory = memory;
            this.address = address;
            this.shape = x.shape();
            this.strides = strides;
            this.bytes = x.dtype().byteSize();
            long rows = shape.extent(-2);
            long columns = shape.extent(-1);
            long rowStride = strides[strides.length - 2];
            long columnStride = strides[strides.length - 1];
            boolean plain = columns == 1 || columnStride == 1;
            this.transposed = !(plain && (rows == 1 || rowStride >= columns));
            this.distance =
                    transposed
                            ? (columns == 1 ? Math.max(1, rows) : columnStride)
                            : (rows == 1 ? Math.max(1, columns) : rowStride);
        }

        static Matrices of(Stored x) {
            long rows = x.shape().extent(-2);
            long columns = x.shape().extent(-1);
            int rank = x.shape().rank();
            long rowStride = x.stride(rank - 2);
            long columnStride = x.stride(rank - 1);
            boolean plain =
                    (columns == 1 || columnStride == 1) && (rows == 1 || rowStride >= columns);
            boolean transposed =
                    (rows == 1 || rowStride == 1) && (columns == 1 || columnStride >= rows);
            if (plain || transposed) {
                // The view's memory is not its own to free: an uncopied Reordered does nothing.
                Reordered own = Reordered.at(x.address());
                return new Matrices(x, own, x.address(), x.toStrides());
            }
            Reordered copy = Reordered.contiguous(x);
            return new Matrices(x, copy, copy.address(), x.shape().toRowMajorStrides());
        }

        /** Bytes from the first matrix to number {@code batch}. */
        long offset(long batch) {
            long offset = 0;
            long rest = batch;
            for (int dim = shape.rank() - 3; dim >= 0; dim--) {
                offset += rest % shape.extent(dim) * strides[dim];
                rest /= shape.extent(dim);
            }
            return offset * bytes;
        }

        boolean isSharedOver(int dim) {
            return strides[dim] == 0;
        }

        /** Whether the rows of all matrices follow one another, so that they are one matrix. */
        boolean joinsRows() {
            return !transposed && strides[0] == shape.extent(1) * distance;
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
