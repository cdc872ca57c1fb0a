package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A tensor as a PyTorch file describes it: a view of a storage.
 *
 * @param offset of its first element in the storage
 * @param shape its extents
 * @param strides from one element to the next along each dimension, in elements
 */
record PytorchTensor(Storage storage, long offset, Shape shape, long[] strides) {
    /** Elements that tensors share; where they are is known when the file has been read. */
    static final class Storage {
        private final PytorchStorageType type;
        private final long count;
        private final @Nullable Storage root;
        private final long offset;
        private @Nullable MemorySegment elements;

        Storage(PytorchStorageType type, long count) {
            this.type = type;
            this.count = count;
            this.root = null;
            this.offset = 0;
        }

        /** A part of another one. */
        Storage(Storage root, long offset, long count) {
            this.type = root.type;
            this.count = count;
            this.root = root;
            this.offset = offset;
        }

        PytorchStorageType type() {
            return type;
        }

        long count() {
            return count;
        }

        void place(MemorySegment segment) {
            elements = segment;
        }

        @Nullable MemorySegment elements() {
            if (root != null) {
                MemorySegment whole = root.elements();
                int size = type.byteSize();
                return whole == null ? null : whole.asSlice(offset * size, count * size);
            }
            return elements;
        }
    }

    long byteSize() {
        return shape.elementCount() * storage.type().byteSize();
    }

    /** How many bytes a copy takes that is not refused. */
    long copySize() {
        return Math.min(shape.elementCount(), storage.count()) * storage.type().byteSize();
    }

    /** Whether the elements lie row-major and without gaps. */
    boolean isInOrder() {
        if (shape.elementCount() == 0) {
            return true;
        }
        long expected = 1;
        for (int dim = shape.rank() - 1; dim >= 0; dim--) {
            if (shape.extent(dim) != 1 && strides[dim] != expected) {
                return false;
            }
            expected *= shape.extent(dim);
        }
        return true;
    }

    DType dtype(Path path, String name) throws FileFormatException {
        DType dtype = storage.type().dtype();
        if (dtype == null) {
            throw new FileFormatException(
                    path, PytorchFile.unsupported(name, storage.type().className()));
        }
        return dtype;
    }

    /** The elements, row-major. */
    HostArray array(Path path, String name) throws FileFormatException {
        DType dtype = dtype(path, name);
        MemorySegment whole = storage.elements();
        if (whole == null) {
            throw new FileFormatException(
                    path, "tensor " + quote(name) + " has no elements in the file; it is cut off");
        }
        MemorySegment elements = isInOrder() ? slice(whole) : ordered(path, name, dtype, whole);
        if (dtype == DType.BOOL) {
            long index = Elements.firstNotBoolean(elements);
            if (index >= 0) {
                throw new FileFormatException(
                        path,
                        ("tensor %s is BOOL, but its element %d is %d, not 0 or 1; save it anew, as"
                                        + " uint8 if it holds numbers")
                                .formatted(
                                        quote(name),
                                        index,
                                        Elements.getByte(elements, index) & 0xff));
            }
        }
        return new HostArray(dtype, shape, elements);
    }

    private MemorySegment slice(MemorySegment whole) {
        long start = shape.elementCount() == 0 ? 0 : offset * storage.type().byteSize();
        return whole.asSlice(start, byteSize());
    }

    private MemorySegment ordered(Path path, String name, DType dtype, MemorySegment whole)
            throws FileFormatException {
        if (shape.elementCount() > storage.count()) {
            throw new FileFormatException(
                    path,
                    ("tensor %s has %d elements, but %d are stored for it; save it after"
                                    + " contiguous()")
                            .formatted(quote(name), shape.elementCount(), storage.count()));
        }
        MemorySegment ordered = HostArray.allocate(dtype, shape);
        int size = dtype.byteSize();
        long[] index = new long[shape.rank()];
        long from = offset;
        long count = shape.elementCount();
        for (long to = 0; to < count; to++) {
            MemorySegment.copy(whole, from * size, ordered, to * size, size);
            for (int dim = index.length - 1; dim >= 0; dim--) {
                from += strides[dim];
                if (++index[dim] < shape.extent(dim)) {
                    break;
                }
                from -= strides[dim] * shape.extent(dim);
                index[dim] = 0;
            }
        }
        return ordered;
    }
}
