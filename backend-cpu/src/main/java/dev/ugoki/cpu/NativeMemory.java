package dev.ugoki.cpu;

import dev.ugoki.tensor.spi.HostMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Off-heap memory as raw addresses: what every kernel of this package reads and writes.
 *
 * <p>An address is a {@code long}. {@link #ALL} is one constant segment over the whole address
 * space, through which the addresses are reached; being constant it costs no type check and, in
 * practice, no bounds check. So nothing here protects the JVM from a wrong address: bounds and
 * lifetime are checked once per operation, by the caller.
 *
 * <p>Every block is 64-byte aligned and is followed by at least 64 bytes of padding, so that a full
 * vector may be read (never written) at any element.
 */
@SuppressWarnings("restricted") // raw memory is what this class is for
final class NativeMemory {
    /** Bytes after the end of every block that may be read and hold nothing of meaning. */
    static final int PADDING = 64;

    /** The whole address space as one segment. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** What no machine has; sums with it do not overflow. */
    private static final long LARGEST = Long.MAX_VALUE / 2;

    private static final HostMemory HOST = HostMemory.ofLibrary();

    /** Zeros, which stay in the first cache while they are copied from. */
    private static final long ZERO_BYTES = 4096;

    private static final long ZEROS = Arena.global().allocate(ZERO_BYTES, 64).address();

    static {
        // The first heap segment that a JVM meets makes it throw away every kernel compiled under
        // the assumption that there is none. Meet it now.
        MemorySegment.ofArray(new byte[1]).get(ValueLayout.JAVA_BYTE, 0);
    }

    private NativeMemory() {}

    /**
     * A new block of at least {@code bytes} bytes; its content is undefined.
     *
     * @throws IllegalArgumentException if {@code bytes} is negative
     * @throws OutOfMemoryError if the operating system refuses
     */
    static long allocate(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes");
        }
        long address = bytes > LARGEST ? 0 : HOST.allocate(bytes + PADDING);
        if (address == 0) {
            throw new OutOfMemoryError(
                    "the operating system refused " + bytes + " bytes of native memory");
        }
        return address;
    }

    /** Gives back a block that {@link #allocate} returned; 0 is ignored. */
    static void free(long address) {
        if (address != 0) {
            HOST.free(address, 0);
        }
    }

    /** Copies {@code bytes} bytes; the ranges may overlap. */
    static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /** Sets {@code bytes} bytes to zero. */
    static void clear(long address, long bytes) {
        // A copy makes no object; a slice, to be filled, is one unless the JIT sees through it.
        for (long done = 0; done < bytes; done += ZERO_BYTES) {
            copy(ZEROS, address + done, Math.min(ZERO_BYTES, bytes - done));
        }
    }

    static float getFloat(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    static void setFloat(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    static double getDouble(long address) {
        return ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, address);
    }

    static void setDouble(long address, double value) {
        ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, address, value);
    }

    static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    static void setLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    static void setInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }
}
