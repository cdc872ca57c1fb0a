package dev.ugoki.tck.tensor;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A backend with a memory of its own, whose one operation reads the first and the last eight bytes
 * of its operand and writes them, one higher, to its result: enough to notice memory that two
 * tensors have at once, and fast for large ones.
 */
final class MarkingBackend implements Backend {
    private final MemoryPool memory;
    private final AtomicLong held = new AtomicLong();

    MarkingBackend(long budget) {
        HostMemory host = new HostMemory();
        memory =
                new MemoryPool(
                        "marking",
                        new MemoryPool.Source() {
                            @Override
                            public long allocate(long bytes) {
                                held.addAndGet(bytes);
                                return host.allocate(bytes);
                            }

                            @Override
                            public void free(long address, long bytes) {
                                held.addAndGet(-bytes);
                                host.free(address, bytes);
                            }
                        },
                        budget);
    }

    /** Bytes taken from the system and not given back. */
    long held() {
        return held.get();
    }

    /** A tensor with {@code mark} at both ends. */
    Tensor mark(TensorType type, long mark) {
        Storage storage = memory.allocate(type, this);
        Stored stored = new Stored(storage, type);
        write(stored, mark);
        return Tensor.wrap(type, stored);
    }

    /** The mark, which must be the same at both ends. */
    long read(Tensor tensor) {
        Stored stored = (Stored) tensor.payload();
        stored.storage().pin();
        try {
            return read(stored);
        } finally {
            stored.storage().unpin();
        }
    }

    private static long read(Stored stored) {
        MemorySegment bytes = bytes(stored);
        long first = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        long last = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, bytes.byteSize() - Long.BYTES);
        if (first != last) {
            throw new AssertionError("somebody else wrote here: " + first + ", " + last);
        }
        return first;
    }

    private static void write(Stored stored, long mark) {
        MemorySegment bytes = bytes(stored);
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, mark);
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, bytes.byteSize() - Long.BYTES, mark);
    }

    private static MemorySegment bytes(Stored stored) {
        return HostMemory.segment(stored.address(), stored.type().byteSize());
    }

    @Override
    public void execute(Op op, Stored[] operands, Stored[] results) {
        write(results[0], read(operands[0]) + 1);
    }

    @Override
    public Device device() {
        return new Device("marking", 0);
    }

    @Override
    public MemoryPool memory() {
        return memory;
    }

    @Override
    public Support supports(Op op, TensorType... operands) {
        return Support.NATIVE;
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void synchronize() {}

    @Override
    public List<String> describe() {
        return List.of("for tests of memory");
    }
}
