package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;

/** Elements between a device and the heap, row-major. */
final class HostCopies {
    private static final long LARGEST_HEAP_COPY = 1 << 20;
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private HostCopies() {}

    /** The elements of a tensor as bytes, row-major, in the machine's order. */
    static MemorySegment download(Tensor tensor) {
        try (TensorScope _ = TensorScope.open()) {
            if (!(tensor.withLineage(null).contiguous().payload() instanceof Stored stored)) {
                throw new IllegalStateException(
                        ErrorPrefix.orElse("download")
                                + ": the values of a traced tensor ("
                                + tensor.type()
                                + ") are not known while its program is traced; compute with it"
                                + " instead, choose with select, repeat with a loop (Prim.Loop), or"
                                + " return it from the program");
            }
            return download(stored);
        }
    }

    /** The elements of a contiguous view as bytes, in the machine's order. */
    static MemorySegment download(Stored stored) {
        MemorySegment segment = hostMemory(stored.type());
        pin(stored);
        try {
            stored.storage().backend().download(stored, segment);
        } finally {
            stored.storage().unpin();
        }
        return segment;
    }

    /** The elements of a tensor as {@code dtype} in an array that {@code toArray} makes. */
    static <A> A toArray(
            String operation, Tensor tensor, DType dtype, Function<MemorySegment, A> toArray) {
        long count = tensor.shape().elementCount();
        if (count > LARGEST_ARRAY) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": "
                            + tensor.type()
                            + " has more elements than an array can hold ("
                            + LARGEST_ARRAY
                            + "); slice it, or use toMemory()");
        }
        try (TensorScope _ = TensorScope.open()) {
            Tensor converted =
                    tensor.dtype() == dtype ? tensor : tensor.withLineage(null).cast(dtype);
            MemorySegment elements = download(converted);
            try {
                return toArray.apply(elements);
            } catch (OutOfMemoryError e) {
                throw heapIsFull(converted.type());
            }
        }
    }

    private static MemorySegment hostMemory(TensorType type) {
        long bytes = type.byteSize();
        try {
            return bytes <= LARGEST_HEAP_COPY
                    ? MemorySegment.ofArray(new byte[(int) bytes])
                    : Arena.ofAuto().allocate(bytes, Long.BYTES);
        } catch (OutOfMemoryError e) {
            throw heapIsFull(type);
        }
    }

    /** One large request failed, and nothing else: the JVM is as well as it was before. */
    private static OutOfDeviceMemoryException heapIsFull(TensorType type) {
        return new OutOfDeviceMemoryException(
                ErrorPrefix.orElse("download")
                        + ": Java has no memory for a copy of "
                        + type
                        + " ("
                        + type.byteSize()
                        + " bytes); raise it with -Xmx, or slice the tensor");
    }

    private static void pin(Stored stored) {
        try {
            stored.storage().pin();
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    ErrorPrefix.orElse("download") + ": " + stored.type() + ": " + e.getMessage(),
                    e);
        }
    }

    /** A new tensor on {@code backend} of row-major elements in the machine's order. */
    static Tensor upload(Backend backend, MemorySegment elements, TensorType type) {
        if (type.dtype() == DType.BOOL) {
            requireBooleans(elements);
        }
        Stored stored = Engine.allocate("tensor", backend, type);
        backend.upload(elements, stored);
        return new Tensor(type, stored, null);
    }

    /** Kernels count on it that BOOL is 0 or 1. */
    private static void requireBooleans(MemorySegment elements) {
        for (long at = 0; at < elements.byteSize(); at++) {
            byte value = elements.get(ValueLayout.JAVA_BYTE, at);
            if (value != 0 && value != 1) {
                throw new IllegalArgumentException(
                        ErrorPrefix.orElse("tensor")
                                + ": byte "
                                + at
                                + " of a BOOL tensor is "
                                + value
                                + ", and must be 0 or 1");
            }
        }
    }
}
