package dev.ugoki.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Products of BF16 matrices by oneDNN, with sums in F32 that are rounded once: what processors with
 * tiles of BF16 (AMX) do many times faster than F32. Only where {@link OneDnn#isUsable()}.
 *
 * <p>oneDNN prepares a primitive for a shape. Each thread has its own, for the last {@value
 * #PREPARED} shapes, and computes with one thread.
 *
 * <p>Source: the C interface of oneDNN 3, the matmul primitive.
 */
@SuppressWarnings("restricted") // calling native code is what this class is for
final class OneDnnMatMul {
    /** What a primitive is prepared for; distances between rows are in elements. */
    private record Key(
            int m,
            int n,
            int k,
            long lda,
            boolean transposeA,
            long ldb,
            boolean transposeB,
            long ldc) {}

    /** A primitive, and its three operands, which are moved before each run. */
    private record Primitive(
            MemorySegment primitive,
            MemorySegment a,
            MemorySegment b,
            MemorySegment c,
            MemorySegment arguments) {}

    private static final int PREPARED = 64;

    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int BF16 = 2;
    private static final int SOURCE = 1;
    private static final int DESTINATION = 17;
    private static final int WEIGHTS = 33;

    /** Up to this many multiplications a product is one tile, and up to the next two. */
    private static final long ONE_TILE = 1 << 22;

    private static final long TWO_TILES = 1 << 28;
    private static final int MOST_TILES = 8;
    private static final int COLUMNS = 64;

    private static final StructLayout ARGUMENT =
            MemoryLayout.structLayout(
                    ValueLayout.JAVA_INT, MemoryLayout.paddingLayout(4), ValueLayout.ADDRESS);

    private static final ThreadLocal<OneDnnMatMul> OF_THREAD =
            ThreadLocal.withInitial(OneDnnMatMul::new);

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
    private final MemorySegment engine;
    private final MemorySegment stream;
    private final Map<Key, Primitive> prepared =
            new LinkedHashMap<>(PREPARED, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Key, Primitive> eldest) {
                    if (size() <= PREPARED) {
                        return false;
                    }
                    destroy(eldest.getValue());
                    return true;
                }
            };

    private OneDnnMatMul() {
        OneDnn.useOneThread();
        call(Functions.ENGINE_CREATE, handle, CPU, 0L);
        engine = created();
        call(Functions.STREAM_CREATE, handle, engine, IN_ORDER);
        stream = created();
    }

    /**
     * {@code C = A B}, in tiles of columns on all threads.
     *
     * @param a address of A, m x k after transposition; likewise b (k x n) and c (m x n)
     */
    static void multiply(
            int m,
            int n,
            int k,
            long a,
            long lda,
            boolean transposeA,
            long b,
            long ldb,
            boolean transposeB,
            long c,
            long ldc) {
        long work = (long) m * n * k;
        int tiles = work <= ONE_TILE ? 1 : work <= TWO_TILES ? 2 : MOST_TILES;
        int width = Math.ceilDiv(Math.ceilDiv(n, tiles), COLUMNS) * COLUMNS;
        ThreadPool.shared()
                .parallelFor(
                        Math.ceilDiv(n, width),
                        tile -> {
                            int left = tile * width;
                            Key key =
                                    new Key(
                                            m,
                                            Math.min(width, n - left),
                                            k,
                                            lda,
                                            transposeA,
                                            ldb,
                                            transposeB,
                                            ldc);
                            long bTile = b + Short.BYTES * (transposeB ? left * ldb : left);
                            OF_THREAD.get().run(key, a, bTile, c + (long) Short.BYTES * left);
                        });
    }

    private void run(Key key, long a, long b, long c) {
        Primitive primitive = prepared.get(key);
        if (primitive == null) {
            primitive = prepare(key);
            prepared.put(key, primitive);
        }
        move(primitive.a(), a);
        move(primitive.b(), b);
        move(primitive.c(), c);
        int status;
        try {
            status =
                    (int)
                            Functions.EXECUTE.invokeExact(
                                    primitive.primitive(), stream, 3, primitive.arguments());
        } catch (Throwable e) {
            throw new AssertionError("dnnl_primitive_execute", e);
        }
        requireSuccess(status);
    }

    private static void move(MemorySegment operand, long address) {
        int status;
        try {
            status = (int) Functions.SET_HANDLE.invokeExact(operand, address);
        } catch (Throwable e) {
            throw new AssertionError("dnnl_memory_set_data_handle", e);
        }
        requireSuccess(status);
    }

    private Primitive prepare(Key key) {
        MemorySegment a = description(key.m(), key.k(), key.lda(), key.transposeA());
        MemorySegment b = description(key.k(), key.n(), key.ldb(), key.transposeB());
        MemorySegment c = description(key.m(), key.n(), key.ldc(), false);
        MemorySegment none = MemorySegment.NULL;
        call(Functions.MATMUL, handle, engine, a, b, none, c, none);
        MemorySegment description = created();
        call(Functions.PRIMITIVE_CREATE, handle, description);
        MemorySegment primitive = created();
        MemorySegment[] operands = {memory(a), memory(b), memory(c)};
        int[] places = {SOURCE, WEIGHTS, DESTINATION};
        MemorySegment arguments = Arena.ofAuto().allocate(ARGUMENT, places.length);
        for (int i = 0; i < places.length; i++) {
            long at = i * ARGUMENT.byteSize();
            arguments.set(ValueLayout.JAVA_INT, at, places[i]);
            arguments.set(ValueLayout.ADDRESS, at + Long.BYTES, operands[i]);
        }
        call(Functions.PRIMITIVE_DESC_DESTROY, description);
        for (MemorySegment each : new MemorySegment[] {a, b, c}) {
            call(Functions.DESC_DESTROY, each);
        }
        return new Primitive(primitive, operands[0], operands[1], operands[2], arguments);
    }

    private MemorySegment description(long rows, long columns, long distance, boolean transposed) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment extents = local.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            MemorySegment strides =
                    local.allocateFrom(
                            ValueLayout.JAVA_LONG,
                            transposed ? 1 : distance,
                            transposed ? distance : 1);
            call(Functions.DESC_CREATE, handle, 2, extents, BF16, strides);
            return created();
        }
    }

    private MemorySegment memory(MemorySegment description) {
        call(Functions.MEMORY_CREATE, handle, description, engine, MemorySegment.NULL);
        return created();
    }

    private MemorySegment created() {
        return handle.get(ValueLayout.ADDRESS, 0);
    }

    private static void destroy(Primitive primitive) {
        call(Functions.PRIMITIVE_DESTROY, primitive.primitive());
        call(Functions.MEMORY_DESTROY, primitive.a());
        call(Functions.MEMORY_DESTROY, primitive.b());
        call(Functions.MEMORY_DESTROY, primitive.c());
    }

    private static void call(MethodHandle function, Object... arguments) {
        int status;
        try {
            status = (int) function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError("oneDNN", e);
        }
        requireSuccess(status);
    }

    private static void requireSuccess(int status) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN: a BF16 product failed with status " + status);
        }
    }

    /** The functions, by what they are told; all return a status. */
    private static final class Functions {
        private static final ValueLayout P = ValueLayout.ADDRESS;
        private static final ValueLayout I = ValueLayout.JAVA_INT;

        static final MethodHandle ENGINE_CREATE =
                function("dnnl_engine_create", P, I, ValueLayout.JAVA_LONG);
        static final MethodHandle STREAM_CREATE = function("dnnl_stream_create", P, P, I);
        static final MethodHandle DESC_CREATE =
                function("dnnl_memory_desc_create_with_strides", P, I, P, I, P);
        static final MethodHandle DESC_DESTROY = function("dnnl_memory_desc_destroy", P);
        static final MethodHandle MEMORY_CREATE = function("dnnl_memory_create", P, P, P, P);
        static final MethodHandle MEMORY_DESTROY = function("dnnl_memory_destroy", P);
        static final MethodHandle SET_HANDLE =
                function("dnnl_memory_set_data_handle", P, ValueLayout.JAVA_LONG);
        static final MethodHandle MATMUL =
                function("dnnl_matmul_primitive_desc_create", P, P, P, P, P, P, P);
        static final MethodHandle PRIMITIVE_DESC_DESTROY =
                function("dnnl_primitive_desc_destroy", P);
        static final MethodHandle PRIMITIVE_CREATE = function("dnnl_primitive_create", P, P);
        static final MethodHandle PRIMITIVE_DESTROY = function("dnnl_primitive_destroy", P);
        static final MethodHandle EXECUTE = function("dnnl_primitive_execute", P, P, I, P);

        private Functions() {}

        private static MethodHandle function(String name, ValueLayout... arguments) {
            SymbolLookup symbols = OneDnn.symbols();
            return Linker.nativeLinker()
                    .downcallHandle(
                            symbols.findOrThrow(name),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
        }
    }
}
