package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * The oneDNN library, where it is asked for: its F32 products, for tiles of {@link MatrixProduct};
 * {@link OneDnnMatMul} has those in BF16. It takes {@code -Dugoki.onednn=on}, and the jar {@code
 * org.bytedeco:dnnl} with this platform's classifier on the class path. Without the property
 * nothing is searched for or loaded.
 *
 * <p>Each tile is computed on the calling thread alone: OpenMP is told so by each thread, before
 * its first product.
 *
 * <p>Source: the C interface of oneDNN 3, {@code dnnl_sgemm}, whose matrices are row-major.
 */
@SuppressWarnings("restricted") // calling native code is what this class is for
final class OneDnn {
    /** The system property: {@code on}, or the path of a library; without it there is no oneDNN. */
    static final String PROPERTY = "ugoki.onednn";

    /** Where it is looked for once it is asked for. */
    static final NativeLibrary SOURCE =
            new NativeLibrary(
                    "dnnl",
                    PROPERTY,
                    List.of(
                            "dnnl_sgemm",
                            "dnnl_version",
                            "dnnl_get_effective_cpu_isa",
                            "omp_set_num_threads"),
                    List.of("libgomp.so.1", "libdnnl.so.3"),
                    List.of("libiomp5.dylib", "libdnnl.3.dylib"),
                    List.of("dnnl.dll"));

    private static final byte PLAIN = 'N';
    private static final byte TRANSPOSED = 'T';

    /** A loaded library. */
    private record Functions(MethodHandle sgemm, MethodHandle setThreads, String version) {}

    private static final NativeLibrary.@Nullable Found FOUND = isWanted() ? SOURCE.find() : null;
    private static final @Nullable Functions FUNCTIONS = functions();

    /** Threads that OpenMP was told about; it keeps the number for each of them. */
    private static final ThreadLocal<Boolean> TOLD = ThreadLocal.withInitial(OneDnn::useOneThread);

    private OneDnn() {}

    private static boolean isWanted() {
        String wanted = System.getProperty(PROPERTY, "none");
        return !wanted.equals("none");
    }

    /** Whether it was asked for, found and loaded. */
    static boolean isUsable() {
        return FUNCTIONS != null;
    }

    /**
     * The library's functions.
     *
     * @throws IllegalStateException if it is not usable
     */
    static SymbolLookup symbols() {
        SymbolLookup symbols = FOUND == null ? null : FOUND.symbols();
        if (symbols == null) {
            throw new IllegalStateException("oneDNN: " + describe());
        }
        return symbols;
    }

    /** What became of it, in words. */
    static String describe() {
        NativeLibrary.Found found = FOUND;
        if (found == null) {
            return "not asked for (-D" + PROPERTY + "=on)";
        }
        Functions functions = FUNCTIONS;
        return functions == null
                ? "asked for, and missing: " + found.problem()
                : functions.version() + " from " + found.path();
    }

    /** {@code C = A B + beta C} on this thread; as {@link OpenBlas#sgemm}. */
    static void sgemm(
            boolean transposeA,
            boolean transposeB,
            long m,
            long n,
            long k,
            long a,
            long lda,
            long b,
            long ldb,
            float beta,
            long c,
            long ldc) {
        Functions functions = FUNCTIONS;
        if (functions == null) {
            throw new IllegalStateException("oneDNN: " + describe());
        }
        TOLD.get();
        byte flagA = transposeA ? TRANSPOSED : PLAIN;
        byte flagB = transposeB ? TRANSPOSED : PLAIN;
        int status;
        try {
            status =
                    (int)
                            functions
                                    .sgemm()
                                    .invokeExact(
                                            flagA, flagB, m, n, k, 1f, a, lda, b, ldb, beta, c,
                                            ldc);
        } catch (Throwable e) {
            throw new AssertionError("dnnl_sgemm", e);
        }
        if (status != 0) {
            throw new IllegalStateException(
                    "dnnl_sgemm of m %d, n %d, k %d: status %d".formatted(m, n, k, status));
        }
    }

    private static @Nullable Functions functions() {
        SymbolLookup symbols = FOUND == null ? null : FOUND.symbols();
        if (symbols == null) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        ValueLayout flag = ValueLayout.JAVA_BYTE;
        ValueLayout count = ValueLayout.JAVA_LONG;
        ValueLayout factor = ValueLayout.JAVA_FLOAT;
        MethodHandle sgemm =
                linker.downcallHandle(
                        symbols.findOrThrow("dnnl_sgemm"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                flag,
                                flag,
                                count,
                                count,
                                count,
                                factor,
                                count,
                                count,
                                count,
                                count,
                                factor,
                                count,
                                count));
        return new Functions(sgemm, setThreads(linker, symbols), version(linker, symbols));
    }

    /** OpenMP's function, which comes with the library, or with what it was linked to. */
    private static MethodHandle setThreads(Linker linker, SymbolLookup symbols) {
        return linker.downcallHandle(
                symbols.findOrThrow("omp_set_num_threads"),
                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    }

    /** Tells OpenMP, which remembers it for the calling thread. */
    static boolean useOneThread() {
        Functions functions = FUNCTIONS;
        if (functions == null) {
            return false;
        }
        try {
            functions.setThreads().invokeExact(1);
        } catch (Throwable e) {
            throw new AssertionError("omp_set_num_threads", e);
        }
        return true;
    }

    private static String version(Linker linker, SymbolLookup symbols) {
        MemoryLayout numbers = MemoryLayout.sequenceLayout(3, ValueLayout.JAVA_INT);
        MethodHandle version =
                linker.downcallHandle(
                        symbols.findOrThrow("dnnl_version"),
                        FunctionDescriptor.of(ValueLayout.ADDRESS.withTargetLayout(numbers)));
        MethodHandle instructions =
                linker.downcallHandle(
                        symbols.findOrThrow("dnnl_get_effective_cpu_isa"),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT));
        try {
            MemorySegment found = (MemorySegment) version.invokeExact();
            int set = (int) instructions.invokeExact();
            return "oneDNN %d.%d.%d, instruction sets 0x%x"
                    .formatted(
                            found.getAtIndex(ValueLayout.JAVA_INT, 0),
                            found.getAtIndex(ValueLayout.JAVA_INT, 1),
                            found.getAtIndex(ValueLayout.JAVA_INT, 2),
                            set);
        } catch (Throwable e) {
            throw new AssertionError("dnnl_version", e);
        }
    }
}
