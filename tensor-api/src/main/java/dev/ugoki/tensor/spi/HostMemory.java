package dev.ugoki.tensor.spi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;

/**
 * A source of memory for backends whose device is this machine: the C library's, 64-byte aligned;
 * the address that {@code malloc} gave stands in the eight bytes before each block.
 */
public final class HostMemory implements MemoryPool.Source {
    private static final long ALIGNMENT = 64;
    private static final MethodHandle MALLOC =
            function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE =
            function("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

    /**
     * The whole address space: a constant, so that no segment is made where a block is taken or
     * given back, however the JIT compiles its caller.
     */
    @SuppressWarnings("restricted")
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    public HostMemory() {}

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }

    /** The bytes at {@code address}, which the caller knows to be there. */
    @SuppressWarnings("restricted")
    public static MemorySegment segment(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    @Override
    public long allocate(long bytes) {
        long raw;
        try {
            raw = (long) MALLOC.invokeExact(Math.addExact(bytes, ALIGNMENT + Long.BYTES));
        } catch (Throwable e) {
            throw new IllegalStateException("malloc could not be called", e);
        }
        if (raw == 0) {
            return 0;
        }
        long aligned = (raw + Long.BYTES + ALIGNMENT - 1) & -ALIGNMENT;
        ALL.set(ValueLayout.JAVA_LONG, aligned - Long.BYTES, raw);
        return aligned;
    }

    @Override
    public void free(long address, long bytes) {
        long raw = ALL.get(ValueLayout.JAVA_LONG, address - Long.BYTES);
        try {
            FREE.invokeExact(raw);
        } catch (Throwable e) {
            throw new IllegalStateException("free could not be called", e);
        }
    }

    /**
     * The bytes that the property {@code ugoki.memory} allows, or else half of what the machine, or
     * the container around this process, has.
     *
     * @throws IllegalArgumentException if the property is not a positive number of bytes
     */
    public static long budget() {
        String property = System.getProperty("ugoki.memory");
        if (property == null) {
            var system =
                    ManagementFactory.getPlatformMXBean(
                            com.sun.management.OperatingSystemMXBean.class);
            return system.getTotalMemorySize() / 2;
        }
        try {
            long bytes = Long.parseLong(property);
            if (bytes > 0) {
                return bytes;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(badBudget(property), e);
        }
        throw new IllegalArgumentException(badBudget(property));
    }

    private static String badBudget(String property) {
        return "ugoki.memory: '" + property + "' is not a positive number of bytes";
    }
}
