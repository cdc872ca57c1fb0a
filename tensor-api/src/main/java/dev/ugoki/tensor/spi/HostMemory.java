package dev.ugoki.tensor.spi;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;

/**
 * A source of memory for backends whose device is this machine, 64-byte aligned: the C library's
 * and, on Linux, pages of their own for large blocks, since {@code free} keeps most of what it
 * gets.
 *
 * <p>Before each block stand two numbers of eight bytes: the bytes of its pages, or 0 where {@code
 * malloc} gave it, and the address to be given back.
 */
public final class HostMemory implements MemoryPool.Source {
    private static final long ALIGNMENT = 64;
    private static final MethodHandle MALLOC =
            function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE =
            function("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

    private static final boolean IS_LINUX = System.getProperty("os.name", "").equals("Linux");

    /** The least bytes that get pages of their own. */
    private static final long LARGE = 1 << 17;

    private static final long PAGE = 4096;
    private static final long HEADER = 2 * Long.BYTES;

    /** Linux's functions for pages, and the numbers that it has for what they are to do. */
    private static final class Pages {
        private static final int READ_AND_WRITE = 3;
        private static final int PRIVATE_AND_ANONYMOUS = 0x22;

        private static final MethodHandle MAP =
                function(
                        "mmap",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG));

        private static final MethodHandle UNMAP =
                function(
                        "munmap",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG));

        /** The address of new pages; -1 where there are none. */
        static long map(long bytes) throws Throwable {
            return (long) MAP.invokeExact(0L, bytes, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0L);
        }

        /** Gives pages back; whether that was refused. */
        static boolean failsToUnmap(long address, long bytes) throws Throwable {
            return (int) UNMAP.invokeExact(address, bytes) != 0;
        }
    }

    /**
     * The whole address space: a constant, so that no segment is made where a block is taken or
     * given back, however the JIT compiles its caller.
     */
    @SuppressWarnings("restricted")
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private final long leastWithPages;

    /** For blocks that are held for long, as those of a {@link MemoryPool}. */
    public HostMemory() {
        this(IS_LINUX ? LARGE : Long.MAX_VALUE);
    }

    private HostMemory(long leastWithPages) {
        this.leastWithPages = leastWithPages;
    }

    /**
     * The C library's alone: for blocks that come and go, for which new pages would cost more than
     * what is done with them.
     */
    public static HostMemory ofLibrary() {
        return new HostMemory(Long.MAX_VALUE);
    }

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
        long all = Math.addExact(bytes, ALIGNMENT + HEADER);
        long pages = bytes >= leastWithPages ? Math.addExact(all, PAGE - 1) & -PAGE : 0;
        long raw;
        try {
            raw = pages > 0 ? Pages.map(pages) : (long) MALLOC.invokeExact(all);
        } catch (Throwable e) {
            throw new IllegalStateException("malloc or mmap could not be called", e);
        }
        if (raw == (pages > 0 ? -1 : 0)) {
            return 0;
        }
        long aligned = (raw + HEADER + ALIGNMENT - 1) & -ALIGNMENT;
        ALL.set(ValueLayout.JAVA_LONG, aligned - HEADER, pages);
        ALL.set(ValueLayout.JAVA_LONG, aligned - Long.BYTES, raw);
        return aligned;
    }

    @Override
    public void free(long address, long bytes) {
        long pages = ALL.get(ValueLayout.JAVA_LONG, address - HEADER);
        long raw = ALL.get(ValueLayout.JAVA_LONG, address - Long.BYTES);
        boolean refused = false;
        try {
            if (pages > 0) {
                refused = Pages.failsToUnmap(raw, pages);
            } else {
                FREE.invokeExact(raw);
            }
        } catch (Throwable e) {
            throw new IllegalStateException("free or munmap could not be called", e);
        }
        if (refused) {
            throw new IllegalStateException(
                    "munmap refused " + pages + " bytes at " + Long.toHexString(raw));
        }
    }

    /** The GNU C library's function that gives back what is free; null where there is another. */
    private static final class Trim {
        @SuppressWarnings("restricted")
        private static final @Nullable MethodHandle TRIM =
                Linker.nativeLinker()
                        .defaultLookup()
                        .find("malloc_trim")
                        .map(
                                address ->
                                        Linker.nativeLinker()
                                                .downcallHandle(
                                                        address,
                                                        FunctionDescriptor.of(
                                                                ValueLayout.JAVA_INT,
                                                                ValueLayout.JAVA_LONG)))
                        .orElse(null);
    }

    /**
     * Gives back to the system what was freed in this process and the C library still holds, where
     * that library can. Takes milliseconds, and other threads that allocate may wait for it: for
     * the end of what needed much memory for once, as the compilation of code does.
     */
    public static void trimLibrary() {
        MethodHandle trim = Trim.TRIM;
        if (trim == null) {
            return;
        }
        try {
            int _ = (int) trim.invokeExact(0L);
        } catch (Throwable e) {
            throw new IllegalStateException("malloc_trim could not be called", e);
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
