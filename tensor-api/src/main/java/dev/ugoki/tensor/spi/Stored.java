package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Payload;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * A strided view of a storage: the form in which a backend meets its operands.
 *
 * <p>Element {@code (i, j, ...)} lies {@code offset + i * stride(0) + j * stride(1) + ...} elements
 * from the start of the storage. Strides may be 0 (an expanded dimension) or negative (a flipped
 * one).
 */
public final class Stored implements Payload {
    private final Storage storage;
    private final TensorType type;
    private final long offset;

    /** Null where they are those of the shape, row-major. */
    private final long @Nullable [] strides;

    private final boolean contiguous;

    /** A contiguous view of the start of {@code storage}. */
    public Stored(Storage storage, TensorType type) {
        this(storage, type, 0, null, true);
    }

    /** A view; {@code strides} belongs to it from now on. */
    public Stored(Storage storage, TensorType type, long offset, long[] strides) {
        this(storage, type, offset, strides, isRowMajor(type.shape(), strides));
    }

    private Stored(
            Storage storage,
            TensorType type,
            long offset,
            long @Nullable [] strides,
            boolean contiguous) {
        this.storage = storage;
        this.type = type;
        this.offset = offset;
        this.strides = strides;
        this.contiguous = contiguous;
    }

    private static boolean isRowMajor(Shape shape, long[] strides) {
        long expected = 1;
        for (int dim = strides.length - 1; dim >= 0; dim--) {
            long extent = shape.extent(dim);
            if (extent != 1 && strides[dim] != expected) {
                return shape.elementCount() == 0;
            }
            expected *= extent;
        }
        return true;
    }

    public Storage storage() {
        return storage;
    }

    public TensorType type() {
        return type;
    }

    public DType dtype() {
        return type.dtype();
    }

    public Shape shape() {
        return type.shape();
    }

    public long elementCount() {
        return type.shape().elementCount();
    }

    /** Elements before the first one. */
    public long offset() {
        return offset;
    }

    /** The distance in elements between neighbours along {@code dim}. */
    public long stride(int dim) {
        return strides == null ? type.shape().rowMajorStride(dim) : strides[dim];
    }

    /** A copy of the strides in elements. */
    public long[] toStrides() {
        return strides == null ? type.shape().toRowMajorStrides() : strides.clone();
    }

    /** Whether the elements lie one after the other in row-major order. */
    public boolean isContiguous() {
        return contiguous;
    }

    /** The address of the first element. */
    public long address() {
        return storage.address() + offset * type.dtype().byteSize();
    }
}
