package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** Products of matrices in F32 and F64 that are taken as they lie, ready to run. */
final class ProductStep implements Prepared {
    private final boolean isDouble;
    private final Slot a;
    private final Slot b;
    private final @Nullable Slot bias;
    private final Slot result;
    private final int m;
    private final int n;
    private final int k;
    private final long aDistance;
    private final long bDistance;
    private final boolean aTransposed;
    private final boolean bTransposed;

    /** Where the matrices of a batch are; null for one product. */
    private final long @Nullable [] aOffsets;

    private final long @Nullable [] bOffsets;
    private final long @Nullable [] cOffsets;

    private ProductStep(
            boolean isDouble,
            Slot a,
            Slot b,
            @Nullable Slot bias,
            Slot result,
            int[] sizes,
            long aDistance,
            boolean aTransposed,
            long bDistance,
            boolean bTransposed,
            long @Nullable [] @Nullable [] offsets) {
        this.isDouble = isDouble;
        this.a = a;
        this.b = b;
        this.bias = bias;
        this.result = result;
        this.m = sizes[0];
        this.n = sizes[1];
        this.k = sizes[2];
        this.aDistance = aDistance;
        this.bDistance = bDistance;
        this.aTransposed = aTransposed;
        this.bTransposed = bTransposed;
        this.aOffsets = offsets == null ? null : offsets[0];
        this.bOffsets = offsets == null ? null : offsets[1];
        this.cOffsets = offsets == null ? null : offsets[2];
    }

    /** {@code x W^T + b}; null where an operand has to be copied first. */
    static @Nullable Prepared linear(Slot[] in, Slot result) {
        Stored weight = in[1].stored();
        boolean asTheyLie =
                in[0].isContiguous()
                        && Products.Matrices.needNoCopy(weight)
                        && (in.length < 3 || in[2].isContiguous());
        if (!asTheyLie || result.elementCount() == 0) {
            return null;
        }
        int n = Math.toIntExact(result.shape().extent(-1));
        int m = Math.toIntExact(result.elementCount() / n);
        int k = Math.toIntExact(weight.shape().extent(1));
        Layout layout = Layout.of(weight);
        return new ProductStep(
                false,
                in[0],
                in[1],
                in.length == 3 ? in[2] : null,
                result,
                new int[] {m, n, k},
                k,
                false,
                layout.distance,
                !layout.transposed,
                null);
    }

    /** The product of all matrices of two tensors; null where an operand has to be copied first. */
    static @Nullable Prepared matMul(Slot[] in, Slot result) {
        DType dtype = result.dtype();
        Stored left = in[0].stored();
        Stored right = in[1].stored();
        if (dtype != DType.F32 && dtype != DType.F64
                || result.elementCount() == 0
                || !Products.Matrices.needNoCopy(left)
                || !Products.Matrices.needNoCopy(right)) {
            return null;
        }
        int m = Math.toIntExact(result.shape().extent(-2));
        int n = Math.toIntExact(result.shape().extent(-1));
        int k = Math.toIntExact(left.shape().extent(-1));
        int batch = Math.toIntExact(result.elementCount() / ((long) m * n));
        Layout x = Layout.of(left);
        Layout y = Layout.of(right);
        long[][] offsets = null;
        if (batch > 1) {
            if (result.shape().rank() == 3 && y.isShared() && x.joinsRows()) {
                m = Math.multiplyExact(m, batch);
            } else {
                long matrix = (long) m * n;
                long[] places = new long[batch];
                Arrays.setAll(places, i -> i * matrix);
                offsets = new long[][] {x.offsets(batch), y.offsets(batch), places};
            }
        }
        return new ProductStep(
                dtype == DType.F64,
                in[0],
                in[1],
                null,
                result,
                new int[] {m, n, k},
                x.distance,
                x.transposed,
                y.distance,
                y.transposed,
                offsets);
    }

    /** How a tensor's matrices lie, without an address. */
    private record Layout(Products.Matrices matrices, long distance, boolean transposed) {
        static Layout of(Stored x) {
            Products.Matrices matrices = Products.Matrices.layout(x);
            return new Layout(matrices, matrices.distance, matrices.transposed);
        }

        boolean isShared() {
            return matrices.isShared();
        }

        boolean joinsRows() {
            return matrices.joinsRows();
        }

        long[] offsets(int count) {
            return matrices.offsets(count);
        }
    }

    @Override
    public void run() {
        long x = a.address();
        long y = b.address();
        long z = result.address();
        if (aOffsets != null && bOffsets != null && cOffsets != null) {
            batch(x, aOffsets, y, bOffsets, z, cOffsets);
        } else if (isDouble) {
            MatrixProduct.f64(
                    m, n, k, x, aDistance, aTransposed, y, bDistance, bTransposed, z, n, false);
        } else {
            long added = bias == null ? 0 : bias.address();
            MatrixProduct.f32WithBias(
                    m, n, k, x, aDistance, aTransposed, y, bDistance, bTransposed, added, z, n);
        }
    }

    private void batch(long x, long[] inX, long y, long[] inY, long z, long[] inZ) {
        if (isDouble) {
            MatrixProduct.f64Batch(
                    m,
                    n,
                    k,
                    x,
                    aDistance,
                    inX,
                    aTransposed,
                    y,
                    bDistance,
                    inY,
                    bTransposed,
                    z,
                    n,
                    inZ,
                    false);
        } else {
            MatrixProduct.f32Batch(
                    m,
                    n,
                    k,
                    x,
                    aDistance,
                    inX,
                    aTransposed,
                    y,
                    bDistance,
                    inY,
                    bTransposed,
                    z,
                    n,
                    inZ,
                    false);
        }
    }
}
