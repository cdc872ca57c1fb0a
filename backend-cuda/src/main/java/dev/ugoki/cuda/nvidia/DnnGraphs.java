package dev.ugoki.cuda.nvidia;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * cuDNN's graph interface: descriptors that are made, given attributes, and finished. Descriptors
 * and their attributes are named by the numbers that the bindings have constants for.
 */
final class DnnGraphs {
    private static final int NOT_SUPPORTED = 3000;
    private static final int HANDLE = 0;
    private static final int BOOLEAN = 2;
    private static final int INT64 = 3;
    private static final int POINTER = 6;
    private static final int DESCRIPTOR = 15;

    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle finish;
    private final MethodHandle set;
    private final MethodHandle get;
    private final MethodHandle execute;

    /** The functions of a library that is loaded already. */
    @SuppressWarnings("restricted")
    DnnGraphs(Path library) {
        SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
        Linker linker = Linker.nativeLinker();
        var i = ValueLayout.JAVA_INT;
        var l = ValueLayout.JAVA_LONG;
        var a = ValueLayout.ADDRESS;
        create =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendCreateDescriptor"),
                        FunctionDescriptor.of(i, i, a));
        destroy =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendDestroyDescriptor"),
                        FunctionDescriptor.of(i, l));
        finish =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendFinalize"), FunctionDescriptor.of(i, l));
        set =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendSetAttribute"),
                        FunctionDescriptor.of(i, l, i, i, l, a));
        get =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendGetAttribute"),
                        FunctionDescriptor.of(i, l, i, i, l, a, a));
        execute =
                linker.downcallHandle(
                        symbols.findOrThrow("cudnnBackendExecute"),
                        FunctionDescriptor.of(i, l, l, l));
    }

    /** That cuDNN does not do what was described. */
    static final class Unsupported extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unsupported(String call, int status) {
            super(call + " gives cuDNN status " + status);
        }
    }

    private static void check(String call, int status) {
        if (status != 0) {
            if (status / 1000 <= NOT_SUPPORTED / 1000) {
                throw new Unsupported(call, status); // not supported, or not by this version
            }
            DnnStreams.check(call, status);
        }
    }

    /** A descriptor of one kind, which lives until {@link #destroy}. */
    long create(int kind) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(8, 8);
            check("cudnnBackendCreateDescriptor", (int) create.invokeExact(kind, cell));
            return cell.get(ValueLayout.JAVA_LONG, 0);
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    void destroy(long descriptor) {
        try {
            check("cudnnBackendDestroyDescriptor", (int) destroy.invokeExact(descriptor));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    void finish(long descriptor) {
        try {
            check("cudnnBackendFinalize", (int) finish.invokeExact(descriptor));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private void set(long descriptor, int attribute, int type, long count, MemorySegment values) {
        try {
            check(
                    "cudnnBackendSetAttribute " + attribute,
                    (int) set.invokeExact(descriptor, attribute, type, count, values));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private void setWords(long descriptor, int attribute, int type, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            set(
                    descriptor,
                    attribute,
                    type,
                    values.length,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, values));
        }
    }

    void setNumbers(long descriptor, int attribute, long... values) {
        setWords(descriptor, attribute, INT64, values);
    }

    void setPointers(long descriptor, int attribute, long... addresses) {
        setWords(descriptor, attribute, POINTER, addresses);
    }

    void setDescriptors(long descriptor, int attribute, long... values) {
        setWords(descriptor, attribute, DESCRIPTOR, values);
    }

    void setHandle(long descriptor, int attribute, long handle) {
        setWords(descriptor, attribute, HANDLE, handle);
    }

    /** An enumerated value of the type. */
    void setChoice(long descriptor, int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            set(descriptor, attribute, type, 1, arena.allocateFrom(ValueLayout.JAVA_INT, value));
        }
    }

    void setTrue(long descriptor, int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            set(
                    descriptor,
                    attribute,
                    BOOLEAN,
                    1,
                    arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 1));
        }
    }

    private long get(long descriptor, int attribute, int type, long most, MemorySegment values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(8, 8);
            check(
                    "cudnnBackendGetAttribute " + attribute,
                    (int) get.invokeExact(descriptor, attribute, type, most, count, values));
            return count.get(ValueLayout.JAVA_LONG, 0);
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    long getNumber(long descriptor, int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(8, 8);
            get(descriptor, attribute, INT64, 1, cell);
            return cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Values of an enumerated type, at most 64. */
    int[] getChoices(long descriptor, int attribute, int type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cells = arena.allocate(4 * 64, 8);
            int count = (int) get(descriptor, attribute, type, 64, cells);
            return cells.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
        }
    }

    /** The first of an attribute's descriptors, written over one of its kind; empty for none. */
    Optional<Long> getDescriptor(long descriptor, int attribute, int kind) {
        long one = create(kind);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocateFrom(ValueLayout.JAVA_LONG, one);
            if (get(descriptor, attribute, DESCRIPTOR, 1, cell) > 0) {
                return Optional.of(one);
            }
        }
        destroy(one);
        return Optional.empty();
    }

    void execute(long handle, long plan, long pack) {
        try {
            DnnStreams.check("cudnnBackendExecute", (int) execute.invokeExact(handle, plan, pack));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private static RuntimeException rethrown(Throwable e) {
        return e instanceof RuntimeException known
                ? known
                : new IllegalStateException("cuDNN could not be called", e);
    }
}
