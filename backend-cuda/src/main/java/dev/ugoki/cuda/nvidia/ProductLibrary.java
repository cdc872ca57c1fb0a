package dev.ugoki.cuda.nvidia;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_GELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_GELU_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSB;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_64F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16F;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;
import static org.bytedeco.cuda.global.cudart.CUDA_R_64F;

import dev.ugoki.cuda.driver.MatrixProducts;
import dev.ugoki.tensor.DType;

import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * cuBLASLt. It is column-major, so our row-major {@code c = a b} is asked for as {@code c' = b'
 * a'}. F32 is computed in F32 (no TF32), narrow types in F32. A plan for each shape is kept.
 */
final class ProductLibrary {
    private static final long WORKSPACE = 32L << 20;

    /** What all tensors have, in memory of their own and in a plan's: so both choose alike. */
    private static final int LARGEST_ALIGNMENT = 64;

    /** All that a plan depends on. */
    private record Key(
            DType dtype,
            long batches,
            long m,
            long n,
            long k,
            boolean aTurned,
            long aLeading,
            long aBatch,
            long aAlignment,
            boolean bTurned,
            long bLeading,
            long bBatch,
            long bAlignment,
            long cAlignment,
            boolean biased,
            MatrixProducts.Last last) {}

    private record Plan(
            cublasLtMatmulDescOpaque_t product,
            cublasLtMatrixLayoutOpaque_t first,
            cublasLtMatrixLayoutOpaque_t second,
            cublasLtMatrixLayoutOpaque_t result,
            cublasLtMatmulHeuristicResult_t choice) {}

    private final NvidiaDriver driver;
    private final cublasLtContext context = new cublasLtContext();
    private final Map<Key, Optional<Plan>> plans = new ConcurrentHashMap<>();
    private final Map<Long, Long> workspaces = new ConcurrentHashMap<>();
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final DoublePointer wideOne = new DoublePointer(1.0);
    private final DoublePointer wideZero = new DoublePointer(0.0);

    ProductLibrary(NvidiaDriver driver) {
        this.driver = driver;
        check("cublasLtCreate", cublas.cublasLtCreate(context));
    }

    private static void check(String call, int status) {
        if (status != 0) {
            throw new IllegalStateException("cuda: " + call + " gives cuBLAS status " + status);
        }
    }

    String version() {
        return Long.toString(cublas.cublasLtGetVersion());
    }

    private static Key key(MatrixProducts call) {
        boolean aTurned = call.aColumn() != 1 && call.k() > 1;
        boolean bTurned = call.bColumn() != 1 && call.n() > 1;
        long aLeading = aTurned ? call.aColumn() : call.aRow();
        long bLeading = bTurned ? call.bColumn() : call.bRow();
        return new Key(
                call.dtype(),
                call.batches(),
                call.m(),
                call.n(),
                call.k(),
                aTurned,
                Math.max(aLeading, aTurned ? call.m() : call.k()),
                call.aBatch(),
                alignment(call.a()),
                bTurned,
                Math.max(bLeading, bTurned ? call.k() : call.n()),
                call.bBatch(),
                alignment(call.b()),
                alignment(call.c()),
                call.bias() != 0,
                call.last());
    }

    private static long alignment(long address) {
        return Math.min(LARGEST_ALIGNMENT, Long.lowestOneBit(address));
    }

    boolean takes(MatrixProducts call) {
        return call.dtype().isFloating() && plan(call).isPresent();
    }

    private Optional<Plan> plan(MatrixProducts call) {
        return plans.computeIfAbsent(key(call), this::plan);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F64 -> CUDA_R_64F;
            case F32 -> CUDA_R_32F;
            case F16 -> CUDA_R_16F;
            case BF16 -> CUDA_R_16BF;
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException("" + dtype);
        };
    }

    private static cublasLtMatrixLayoutOpaque_t layout(
            Key key, long rows, long columns, long leading, long batchStride) {
        cublasLtMatrixLayoutOpaque_t layout;
        try (PointerPointer<Pointer> cell = new PointerPointer<>(1)) {
            check(
                    "cublasLtMatrixLayoutCreate",
                    cublas.cublasLtMatrixLayoutCreate(
                            cell, type(key.dtype()), rows, columns, leading));
            layout = new cublasLtMatrixLayoutOpaque_t(cell.get());
        }
        try (IntPointer count = new IntPointer(1);
                LongPointer offset = new LongPointer(1)) {
            count.put(Math.toIntExact(key.batches()));
            offset.put(batchStride);
            check(
                    "cublasLtMatrixLayoutSetAttribute",
                    cublas.cublasLtMatrixLayoutSetAttribute(
                            layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count, 4));
            check(
                    "cublasLtMatrixLayoutSetAttribute",
                    cublas.cublasLtMatrixLayoutSetAttribute(
                            layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, offset, 8));
        }
        return layout;
    }

    private static cublasLtMatmulDescOpaque_t product(Key key) {
        boolean wide = key.dtype() == DType.F64;
        cublasLtMatmulDescOpaque_t product;
        try (PointerPointer<Pointer> cell = new PointerPointer<>(1)) {
            check(
                    "cublasLtMatmulDescCreate",
                    cublas.cublasLtMatmulDescCreate(
                            cell,
                            wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                            wide ? CUDA_R_64F : CUDA_R_32F));
            product = new cublasLtMatmulDescOpaque_t(cell.get());
        }
        try (IntPointer turned = new IntPointer(1)) {
            turned.put(key.bTurned() ? CUBLAS_OP_T : CUBLAS_OP_N);
            check(
                    "cublasLtMatmulDescSetAttribute",
                    cublas.cublasLtMatmulDescSetAttribute(
                            product, CUBLASLT_MATMUL_DESC_TRANSA, turned, 4));
            turned.put(key.aTurned() ? CUBLAS_OP_T : CUBLAS_OP_N);
            check(
                    "cublasLtMatmulDescSetAttribute",
                    cublas.cublasLtMatmulDescSetAttribute(
                            product, CUBLASLT_MATMUL_DESC_TRANSB, turned, 4));
            turned.put(epilogue(key));
            check(
                    "cublasLtMatmulDescSetAttribute",
                    cublas.cublasLtMatmulDescSetAttribute(
                            product, CUBLASLT_MATMUL_DESC_EPILOGUE, turned, 4));
        }
        return product;
    }

    /** cuBLASLt's GELU is the one by tanh. */
    private static int epilogue(Key key) {
        return switch (key.last()) {
            case NONE -> key.biased() ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
            case RELU -> key.biased() ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
            case GELU_TANH -> key.biased() ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
        };
    }

    private Optional<Plan> plan(Key key) {
        cublasLtMatmulDescOpaque_t product = product(key);
        cublasLtMatrixLayoutOpaque_t first =
                layout(
                        key,
                        key.bTurned() ? key.k() : key.n(),
                        key.bTurned() ? key.n() : key.k(),
                        key.bLeading(),
                        key.bBatch());
        cublasLtMatrixLayoutOpaque_t second =
                layout(
                        key,
                        key.aTurned() ? key.m() : key.k(),
                        key.aTurned() ? key.k() : key.m(),
                        key.aLeading(),
                        key.aBatch());
        cublasLtMatrixLayoutOpaque_t result =
                layout(key, key.n(), key.m(), key.n(), key.m() * key.n());
        cublasLtMatmulHeuristicResult_t best = new cublasLtMatmulHeuristicResult_t(1);
        int[] count = new int[1];
        try (PointerPointer<Pointer> cell = new PointerPointer<>(1);
                LongPointer size = new LongPointer(1);
                IntPointer alignment = new IntPointer(1)) {
            check("cublasLtMatmulPreferenceCreate", cublas.cublasLtMatmulPreferenceCreate(cell));
            cublasLtMatmulPreferenceOpaque_t preference =
                    new cublasLtMatmulPreferenceOpaque_t(cell.get());
            size.put(WORKSPACE);
            cublas.cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, size, 8);
            alignment.put((int) key.bAlignment());
            cublas.cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment, 4);
            alignment.put((int) key.aAlignment());
            cublas.cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment, 4);
            alignment.put((int) key.cAlignment());
            cublas.cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment, 4);
            cublas.cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment, 4);
            int status =
                    cublas.cublasLtMatmulAlgoGetHeuristic(
                            context,
                            product,
                            first,
                            second,
                            result,
                            result,
                            preference,
                            1,
                            best,
                            count);
            cublas.cublasLtMatmulPreferenceDestroy(preference);
            boolean found = status == 0 && count[0] > 0 && best.state() == 0;
            return found
                    ? Optional.of(new Plan(product, first, second, result, best))
                    : Optional.empty();
        }
    }

    void run(MatrixProducts call, long stream) {
        Plan plan = plan(call).orElseThrow();
        if (call.bias() == 0) {
            multiply(call, plan, stream);
            return;
        }
        // The bias's address is part of the description, which all who multiply so share.
        synchronized (plan) {
            try (LongPointer bias = new LongPointer(1)) {
                bias.put(call.bias());
                check(
                        "cublasLtMatmulDescSetAttribute",
                        cublas.cublasLtMatmulDescSetAttribute(
                                plan.product(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias, 8));
            }
            multiply(call, plan, stream);
        }
    }

    private void multiply(MatrixProducts call, Plan plan, long stream) {
        boolean wide = call.dtype() == DType.F64;
        Pointer c = new NvidiaDriver.Raw(call.c());
        check(
                "cublasLtMatmul " + call,
                cublas.cublasLtMatmul(
                        context,
                        plan.product(),
                        wide ? wideOne : one,
                        new NvidiaDriver.Raw(call.b()),
                        plan.first(),
                        new NvidiaDriver.Raw(call.a()),
                        plan.second(),
                        wide ? wideZero : zero,
                        c,
                        plan.result(),
                        c,
                        plan.result(),
                        plan.choice().algo(),
                        new NvidiaDriver.Raw(workspace(stream)),
                        WORKSPACE,
                        driver.stream(stream)));
    }

    /** Memory of the stream's own: two products on two streams must not share it. */
    private long workspace(long stream) {
        return workspaces.computeIfAbsent(
                stream,
                _ -> {
                    long address = driver.allocate(WORKSPACE);
                    if (address == 0) {
                        throw new IllegalStateException(
                                "cuda: no memory for cuBLASLt's workspace of 32 MiB; lower"
                                        + " -Dugoki.memory=BYTES");
                    }
                    return address;
                });
    }

    /** Makes a stream ready for capture. */
    void prepare(long stream) {
        workspace(stream);
    }

    void forget(long stream) {
        Long workspace = workspaces.remove(stream);
        if (workspace != null) {
            driver.free(workspace);
        }
    }
}
