package dev.ugoki.tensor;

import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Elements between a device and the heap, row-major. */
final class HostCopies {
    private static final long LARGEST_HEAP_COPY = 1 << 20;

    private HostCopies() {}

    /** The elements of a tensor as bytes, row-major, in the machine's order. */
    static MemorySegment download(Tensor tensor) {
        try (TensorScope _ = TensorScope.open()) {
            if (!(tensor.detach().contiguous().payload() instanceof Stored stored)) {
                throw new IllegalStateException(
                        "the values of a traced tensor ("
                                + tensor.type()
                                + ") are not known while its program is traced; compute with it"
                                + " instead, or return it from the program");
            }
            MemorySegment segment = hostMemory(stored.type().byteSize());
            stored.storage().pin();
            try {
                stored.storage().backend().download(stored, segment);
            } finally {
                stored.storage().unpin();
            }
            return segment;
        }
    }

    private static MemorySegment hostMemory(long bytes) {
        return bytes <= LARGEST_HEAP_COPY
                ? MemorySegment.ofArray(new byte[(int) bytes])
                : Arena.ofAuto().allocate(bytes, Long.BYTES);
    }

    /** A new tensor on {@code backend} of row-major elements in the machine's order. */
    static Tensor upload(Backend backend, MemorySegment elements, TensorType type) {
        Stored stored = new Stored(backend.memory().allocate(type, backend), type);
        backend.upload(elements, stored);
        return new Tensor(type, stored, null);
    }
}
