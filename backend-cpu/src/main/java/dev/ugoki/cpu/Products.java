package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;

/**
 * Matrix products of tensors. F32 and F64 go to {@link MatrixProduct}, taking transposed operands
 * as they are; F16 and BF16 are computed as F32 and rounded once, BF16 by {@link OneDnnMatMul}
 * where oneDNN was asked for; integers go through plain loops.
 */
final class Products {
    private static final long PRODUCTS_OF_A_TASK = 1 << 16;

    /** Products of so few multiplications that choosing a kernel would take longer. */
    private static final long TINY = 1 << 14;

    private Products() {}

    static void matMul(Stored a, Stored b, Stored result) {
        DType dtype = result.dtype();
        if (result.elementCount() == 0) {
            return;
        }
        switch (dtype) {
            case F32 -> {
                if (isTiny(a, b, result)) {
                    tiny(a, b, result);
                } else {
                    floating(a, b, result);
                }
            }
            case F64 -> floating(a, b, result);
            case F16 -> narrow(a, b, result);
            case BF16 -> {
                if (OneDnn.isUsable() && a.elementCount() > 0) {
                    byOneDnn(a, b, result);
                } else {
                    narrow(a, b, result);
                }
            }
            case I64, I32, I8, U8, BOOL -> integers(a, b, result);
        }
    }

    /** Whether {@link #linear} can do it. */
    static boolean hasLinear(TensorType[] operands) {
        return operands[0].dtype() == DType.F32 && operands[0].shape().elementCount() > 0;
    }

    /** {@code x W^T + b}, of operands x, W and maybe b in F32; see {@link Linear}. */
    static void linear(Stored[] operands, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        try (Reordered x = Reordered.contiguous(operands[0]);
                Matrices weight = Matrices.of(operands[1]);
                Reordered bias =
                        operands.length == 3
                                ? Reordered.contiguous(operands[2])
                                : Reordered.at(0)) {
            int n = Math.toIntExact(result.shape().extent(-1));
            int m = Math.toIntExact(result.elementCount() / n);
            int k = Math.toIntExact(operands[1].shape().extent(1));
            MatrixProduct.f32WithBias(
                    m,
                    n,
                    k,
                    x.address(),
                    k,
                    false,
                    weight.address,
                    weight.distance,
                    !weight.transposed,
                    bias.address(),
                    result.address(),
                    n);
        }
    }

    private static boolean isTiny(Stored a, Stored b, Stored result) {
        return a.isContiguous()
                && b.isContiguous()
                && a.shape().rank() == 2
                && a.elementCount() > 0
                && a.elementCount() * b.shape().extent(1) <= TINY
                && !OneDnn.isUsable();
    }

    /** What {@link MatrixProduct} would do after some thought. */
    private static void tiny(Stored a, Stored b, Stored result) {
        int m = (int) a.shape().extent(0);
        int n = (int) b.shape().extent(1);
        int k = (int) a.shape().extent(1);
        DirectProduct.run(
                m,
                n,
                k,
                a.address(),
                4L * k,
                4,
                b.address(),
                4L * n,
                result.address(),
                4L * n,
                false);
    }

    private static void floating(Stored a, Stored b, Stored result) {
        try (Matrices left = Matrices.of(a);
                Matrices right = Matrices.of(b)) {
            int m = Math.toIntExact(result.shape().extent(-2));
            int n = Math.toIntExact(result.shape().extent(-1));
            int k = Math.toIntExact(a.shape().extent(-1));
            int batch = Math.toIntExact(result.elementCount() / ((long) m * n));
            DType dtype = result.dtype();
            if (batch == 1) {
                one(dtype, m, n, k, left, right, result.address());
            } else if (result.shape().rank() == 3 && right.isShared() && left.joinsRows()) {
                one(dtype, Math.multiplyExact(m, batch), n, k, left, right, result.address());
            } else {
                many(dtype, batch, m, n, k, left, right, result.address());
            }
        }
    }

    private static void one(DType dtype, int m, int n, int k, Matrices a, Matrices b, long result) {
        product(
                dtype,
                m,
                n,
                k,
                a.address,
                a.distance,
                a.transposed,
                b.address,
                b.distance,
                b.transposed,
                result,
                n,
                false);
    }

    private static void many(
            DType dtype, int batch, int m, int n, int k, Matrices a, Matrices b, long result) {
        long[] aOffsets = a.offsets(batch);
        long[] bOffsets = b.offsets(batch);
        long[] cOffsets = new long[batch];
        Arrays.setAll(cOffsets, i -> (long) i * m * n);
        if (dtype == DType.F64) {
            MatrixProduct.f64Batch(
                    m,
                    n,
                    k,
                    a.address,
                    a.distance,
                    aOffsets,
                    a.transposed,
                    b.address,
                    b.distance,
                    bOffsets,
                    b.transposed,
                    result,
                    n,
                    cOffsets,
                    false);
        } else {
            MatrixProduct.f32Batch(
                    m,
                    n,
                    k,
                    a.address,
                    a.distance,
                    aOffsets,
                    a.transposed,
                    b.address,
                    b.distance,
                    bOffsets,
                    b.transposed,
                    result,
                    n,
                    cOffsets,
                    false);
        }
    }

    /** One product in F32 or F64; see {@link MatrixProduct#f32}. */
    static void product(
            DType dtype,
            int m,
            int n,
            int k,
            long a,
            long aDistance,
            boolean aTransposed,
            long b,
            long bDistance,
            boolean bTransposed,
            long c,
            long cDistance,
            boolean accumulate) {
        if (dtype == DType.F64) {
            MatrixProduct.f64(
                    m,
                    n,
                    k,
                    a,
                    aDistance,
                    aTransposed,
                    b,
                    bDistance,
                    bTransposed,
                    c,
                    cDistance,
                    accumulate);
        } else {
            MatrixProduct.f32(
                    m,
                    n,
                    k,
                    a,
                    aDistance,
                    aTransposed,
                    b,
                    bDistance,
                    bTransposed,
                    c,
                    cDistance,
                    accumulate);
        }
    }

    private static void narrow(Stored a, Stored b, Stored result) {
        long m = result.shape().extent(-2);
        long n = result.shape().extent(-1);
        long k = a.shape().extent(-1);
        long batches = result.elementCount() / (m * n);
        try (Reordered left = Reordered.floats(a);
                Reordered right = Reordered.floats(b);
                WideResult wide = WideResult.of(result)) {
            MatrixProduct.f32Batch(
                    Math.toIntExact(batches),
                    Math.toIntExact(m),
                    Math.toIntExact(n),
                    Math.toIntExact(k),
                    left.address(),
                    k,
                    m * k,
                    false,
                    right.address(),
                    n,
                    k * n,
                    false,
                    wide.address(),
                    n,
                    m * n,
                    false);
            wide.store();
        }
    }

    private static void byOneDnn(Stored a, Stored b, Stored result) {
        try (Matrices left = Matrices.of(a);
                Matrices right = Matrices.of(b)) {
            int m = Math.toIntExact(result.shape().extent(-2));
            int n = Math.toIntExact(result.shape().extent(-1));
            int k = Math.toIntExact(a.shape().extent(-1));
            int batch = Math.toIntExact(result.elementCount() / ((long) m * n));
            long[] aOffsets = left.offsets(batch);
            long[] bOffsets = right.offsets(batch);
            for (int i = 0; i < batch; i++) {
                OneDnnMatMul.multiply(
                        m,
                        n,
                        k,
                        left.address + Short.BYTES * aOffsets[i],
                        left.distance,
                        left.transposed,
                        right.address + Short.BYTES * bOffsets[i],
                        right.distance,
                        right.transposed,
                        result.address() + (long) Short.BYTES * i * m * n,
                        n);
            }
        }
    }

    /** Rows of the result side by side; in each, rows of b are added up, times elements of a. */
    private static void integers(Stored a, Stored b, Stored result) {
        int m = Math.toIntExact(result.shape().extent(-2));
        int n = Math.toIntExact(result.shape().extent(-1));
        int k = Math.toIntExact(a.shape().extent(-1));
        DType dtype = result.dtype();
        int bytes = dtype.byteSize();
        long rows = result.elementCount() / n;
        long rowsOfTask = Math.max(1, PRODUCTS_OF_A_TASK / Math.max(1, (long) n * k));
        int tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        try (Reordered left = Reordered.contiguous(a);
                Reordered right = Reordered.contiguous(b)) {
            ThreadPool.shared()
                    .parallelFor(
                            tasks,
                            task -> {
                                long[] sums = new long[n];
                                long end = Math.min(rows, (task + 1) * rowsOfTask);
                                for (long row = task * rowsOfTask; row < end; row++) {
                                    Arrays.fill(sums, 0);
                                    long x = left.address() + row * k * bytes;
                                    long y = right.address() + row / m * k * n * bytes;
                                    for (int i = 0; i < k; i++) {
                                        long factor = Chunks.getLong(dtype, x + (long) i * bytes);
                                        addRow(dtype, factor, y + (long) i * n * bytes, sums);
                                    }
                                    long to = result.address() + row * n * bytes;
                                    for (int j = 0; j < n; j++) {
                                        Chunks.setLong(dtype, to + (long) j * bytes, sums[j]);
                                    }
                                }
                            });
        }
    }

    /** {@code sums += factor * row}. */
    private static void addRow(DType dtype, long factor, long row, long[] sums) {
        switch (dtype) {
            case I32 -> {
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += factor * NativeMemory.getInt(row + 4L * j);
                }
            }
            case I64 -> {
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += factor * NativeMemory.getLong(row + 8L * j);
                }
            }
            case I8 -> {
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += factor * Chunks.getLong(DType.I8, row + j);
                }
            }
            case U8 -> {
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += factor * Chunks.getLong(DType.U8, row + j);
                }
            }
            case F64, F32, F16, BF16, BOOL -> throw new IllegalStateException(dtype + " product");
        }
    }

    /** An operand's matrices: rows at a distance, or columns at a distance, else copied. */
    static final class Matrices implements AutoCloseable {
        final long address;
        final long distance;
        final boolean transposed;
        private final Reordered memory;
        private final Shape shape;
        private final long[] strides;

        private Matrices(Stored x, Reordered memory, long address, long[] strides) {
            this.memory = memory;
            this.address = address;
            this.shape = x.shape();
            this.strides = strides;
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

        /** Whether the matrices are taken as they lie. */
        static boolean needNoCopy(Stored x) {
            long rows = x.shape().extent(-2);
            long columns = x.shape().extent(-1);
            int rank = x.shape().rank();
            long rowStride = x.stride(rank - 2);
            long columnStride = x.stride(rank - 1);
            boolean plain =
                    (columns == 1 || columnStride == 1) && (rows == 1 || rowStride >= columns);
            return plain || (rows == 1 || rowStride == 1) && (columns == 1 || columnStride >= rows);
        }

        /** How matrices lie that {@link #needNoCopy}, wherever that is. */
        static Matrices layout(Stored x) {
            return new Matrices(x, Reordered.at(0), 0, x.toStrides());
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

        /** Elements from the first matrix to each of {@code count}. */
        long[] offsets(int count) {
            long[] offsets = new long[count];
            for (int batch = 0; batch < count; batch++) {
                long rest = batch;
                for (int dim = shape.rank() - 3; dim >= 0; dim--) {
                    offsets[batch] += rest % shape.extent(dim) * strides[dim];
                    rest /= shape.extent(dim);
                }
            }
            return offsets;
        }

        /** Whether all matrices of three dimensions are one and the same. */
        boolean isShared() {
            return strides[0] == 0;
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
