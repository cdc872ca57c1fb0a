package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.List;

/**
 * Matrix products of the OpenBLAS library, called with raw addresses.
 *
 * <p>{@link #isUsable()} first; where it is false, {@link #unusableBecause()} says what was looked
 * for and where. The library is searched for once: the file that the system property {@value
 * #LIBRARY_PROPERTY} names (or {@code none}, to do without), else the native library in the jar
 * {@code org.bytedeco:openblas} for this platform, which is unpacked into the user's cache.
 *
 * <p>OpenBLAS is told to use one thread: parallelism is ours, over tiles that follow from shapes
 * alone, because its own threads change the bits of a result. Calls from several threads at once
 * are allowed.
 *
 * <p>Matrices are row-major; {@code ld} is the distance in elements between the starts of stored
 * rows. A transposed operand is stored with rows and columns exchanged: A, of m rows and k columns,
 * as k rows and m columns.
 */
@SuppressWarnings("restricted") // calling native code is what this class is for
public final class OpenBlas {
    /** The system property with the path of an OpenBLAS library, or {@code none}. */
    public static final String LIBRARY_PROPERTY = "ugoki.openblas";

    private static final AddressLayout TEXT =
            ValueLayout.ADDRESS.withTargetLayout(
                    MemoryLayout.sequenceLayout(Long.MAX_VALUE, ValueLayout.JAVA_BYTE));

    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;

    /**
     * Up to this many multiplications a call is made without telling the JVM that the thread is in
     * native code: it saves some ten nanoseconds, but garbage collection waits for its end.
     */
    private static final long CRITICAL_MULTIPLICATIONS = 1 << 17;

    /** Where it is looked for. */
    static final NativeLibrary SOURCE =
            new NativeLibrary(
                    "openblas",
                    LIBRARY_PROPERTY,
                    List.of(
                            "cblas_sgemm",
                            "cblas_dgemm",
                            "openblas_set_num_threads",
                            "openblas_get_config",
                            "openblas_get_corename"),
                    List.of(
                            "libgcc_s.so.1",
                            "libquadmath.so.0",
                            "libgfortran.so.5",
                            "libopenblas.so.0"),
                    List.of(
                            "libgcc_s.1.dylib",
                            "libgcc_s.1.1.dylib",
                            "libquadmath.0.dylib",
                            "libgfortran.5.dylib",
                            "libopenblas.0.dylib"),
                    List.of("libopenblas.dll"));

    private static final NativeLibrary.Found LIBRARY = SOURCE.find();

    private static final MethodHandle SGEMM = product("cblas_sgemm", ValueLayout.JAVA_FLOAT);
    private static final MethodHandle SGEMM_CRITICAL =
            product("cblas_sgemm", ValueLayout.JAVA_FLOAT, Linker.Option.critical(false));
    private static final MethodHandle DGEMM = product("cblas_dgemm", ValueLayout.JAVA_DOUBLE);
    private static final MethodHandle DGEMM_CRITICAL =
            product("cblas_dgemm", ValueLayout.JAVA_DOUBLE, Linker.Option.critical(false));

    static {
        useOneThread();
    }

    private OpenBlas() {}

    /** Whether the library was found and loaded. */
    public static boolean isUsable() {
        return LIBRARY.symbols() != null;
    }

    /** Why there is no OpenBLAS: what was looked for, where, and what to do; null if there is. */
    public static @Nullable String unusableBecause() {
        return LIBRARY.problem();
    }

    /** The file that was loaded; null if none was. */
    public static @Nullable Path path() {
        return LIBRARY.path();
    }

    /** How the library was built, beginning with name and version; "" if it is not usable. */
    public static String config() {
        return text("openblas_get_config");
    }

    /** The name and version, such as {@code OpenBLAS 0.3.31}; "" if it is not usable. */
    public static String version() {
        String[] words = config().strip().split("\\s+");
        return words.length < 2 ? "" : words[0] + " " + words[1];
    }

    /** The kind of processor that OpenBLAS chose its kernels for; "" if it is not usable. */
    public static String coreName() {
        return text("openblas_get_corename");
    }

    /**
     * {@code C = A B + beta C} in F32, on this thread. With {@code beta} 0, C is not read.
     *
     * @param a address of A, m x k after transposition; likewise b (k x n) and c (m x n)
     * @throws IllegalStateException if the library is not usable
     */
    static void sgemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc) {
        boolean small = (long) m * n * k <= CRITICAL_MULTIPLICATIONS;
        int flagA = transposeA ? TRANSPOSED : PLAIN;
        int flagB = transposeB ? TRANSPOSED : PLAIN;
        try {
            if (small) {
                SGEMM_CRITICAL.invokeExact(
                        ROW_MAJOR, flagA, flagB, m, n, k, 1f, a, lda, b, ldb, beta, c, ldc);
            } else {
                SGEMM.invokeExact(
                        ROW_MAJOR, flagA, flagB, m, n, k, 1f, a, lda, b, ldb, beta, c, ldc);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("cblas_sgemm", e);
        }
    }

    /** {@code C = A B + beta C} in F64; see {@link #sgemm}. */
    static void dgemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            long a,
            int lda,
            long b,
            int ldb,
            double beta,
            long c,
            int ldc) {
        boolean small = (long) m * n * k <= CRITICAL_MULTIPLICATIONS;
        int flagA = transposeA ? TRANSPOSED : PLAIN;
        int flagB = transposeB ? TRANSPOSED : PLAIN;
        try {
            if (small) {
                DGEMM_CRITICAL.invokeExact(
                        ROW_MAJOR, flagA, flagB, m, n, k, 1.0, a, lda, b, ldb, beta, c, ldc);
            } else {
                DGEMM.invokeExact(
                        ROW_MAJOR, flagA, flagB, m, n, k, 1.0, a, lda, b, ldb, beta, c, ldc);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("cblas_dgemm", e);
        }
    }

    /** A gemm function; one that throws, saying why, if the library is not usable. */
    private static MethodHandle product(
            String name, ValueLayout element, Linker.Option... options) {
        ValueLayout integer = ValueLayout.JAVA_INT;
        ValueLayout address = ValueLayout.JAVA_LONG;
        FunctionDescriptor descriptor =
                FunctionDescriptor.ofVoid(
                        integer, integer, integer, integer, integer, integer, element, address,
                        integer, address, integer, element, address, integer);
        SymbolLookup symbols = LIBRARY.symbols();
        if (symbols == null) {
            MethodHandle thrower =
                    MethodHandles.throwException(void.class, IllegalStateException.class)
                            .bindTo(new IllegalStateException("OpenBLAS: " + LIBRARY.problem()));
            return MethodHandles.dropArguments(
                    thrower, 0, descriptor.toMethodType().parameterList());
        }
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor, options);
    }

    private static void useOneThread() {
        SymbolLookup symbols = LIBRARY.symbols();
        if (symbols == null) {
            return;
        }
        MethodHandle setThreads =
                Linker.nativeLinker()
                        .downcallHandle(
                                symbols.findOrThrow("openblas_set_num_threads"),
                                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
        try {
            setThreads.invokeExact(1);
        } catch (Throwable e) {
            throw new AssertionError("openblas_set_num_threads", e);
        }
    }

    private static String text(String function) {
        SymbolLookup symbols = LIBRARY.symbols();
        if (symbols == null) {
            return "";
        }
        MethodHandle call =
                Linker.nativeLinker()
                        .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(TEXT));
        try {
            return ((MemorySegment) call.invokeExact()).getString(0);
        } catch (Throwable e) {
            throw new AssertionError(function, e);
        }
    }
}
