package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.AttentionCall;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Attention forward and backward without a matrix of scores, for F32, F16 and BF16 and widths up to
 * 128; wider ones decompose. F16 and BF16 without a mask go to cuDNN where that takes them, all
 * else runs on our own kernels.
 */
final class FlashAttention {
    private static final List<DType> DTYPES = List.of(DType.F32, DType.F16, DType.BF16);
    private static final int[] WIDTHS = {32, 64, 128};
    private static final int THREADS = 128;
    private static final int ROWS = 32;
    private static final int MOST_BATCHES = 65535;
    private static final KernelBatch BATCH = new KernelBatch("attention", "attention");

    /** By dtype and number of width. */
    private static final Map<DType, KernelCode[]> FORWARD = widths("attention");

    private static final Map<DType, KernelCode[]> QUERIES = widths("attention_queries");
    private static final Map<DType, KernelCode[]> KEYS = widths("attention_keys");
    private static final Map<DType, KernelCode> ALONG = new EnumMap<>(DType.class);

    static {
        for (DType dtype : DTYPES) {
            String type = Names.of(dtype);
            ALONG.put(
                    dtype,
                    BATCH.add(
                            "attention_along_" + type,
                            "Attention",
                            "attention_along<" + type + ">(p);"));
        }
    }

    private FlashAttention() {}

    private static Map<DType, KernelCode[]> widths(String function) {
        Map<DType, KernelCode[]> codes = new EnumMap<>(DType.class);
        for (DType dtype : DTYPES) {
            KernelCode[] each = new KernelCode[WIDTHS.length];
            for (int i = 0; i < WIDTHS.length; i++) {
                each[i] =
                        BATCH.addBounded(
                                function + "_" + WIDTHS[i] + "_" + Names.of(dtype),
                                "Attention",
                                THREADS,
                                function + "<" + Names.of(dtype) + ", " + WIDTHS[i] + ">(p);");
            }
            codes.put(dtype, each);
        }
        return codes;
    }

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    /** Whether there is a kernel; {@code first} is the number of the queries' operand. */
    static boolean has(TensorType[] operands, int first) {
        TensorType queries = operands[first];
        return DTYPES.contains(queries.dtype())
                && queries.shape().elementCount() > 0
                && operands[first + 1].shape().elementCount() > 0
                && operands[first + 2].shape().elementCount() > 0
                && widthNumber(queries.shape().extent(-1)) >= 0
                && widthNumber(operands[first + 2].shape().extent(-1)) >= 0;
    }

    /** The number of the smallest kernel that is wide enough, or -1. */
    private static int widthNumber(long width) {
        for (int i = 0; i < WIDTHS.length; i++) {
            if (width <= WIDTHS[i]) {
                return i;
            }
        }
        return -1;
    }

    static void forward(Gpu gpu, ScaledDotProductAttention op, Stored[] in, Stored[] out) {
        Stored mask = in.length > 3 ? in[3] : null;
        Call call = new Call(op.scale(), op.causal(), in[0], in[1], in[2], mask);
        AttentionCall asked = call.forLibrary(null, out[1], out[0], null, null);
        if (asked != null && gpu.driver.canAttend(asked)) {
            gpu.driver.attend(asked, gpu.lane().stream);
            return;
        }
        Arguments arguments =
                call.begin().add(0).add(0).add(out[0].address()).add(0).add(out[1].address());
        call.launch(gpu, FORWARD, arguments, call.queries, 3, 1);
    }

    /** Operands: cotangent, result, logarithms, queries, keys, values, perhaps a mask. */
    static void backward(
            Gpu gpu, ScaledDotProductAttention.Gradient op, Stored[] in, Stored[] out) {
        Stored mask = in.length > 6 ? in[6] : null;
        try (Gpu.Scratch scratch = gpu.scratch()) {
            Stored logarithms = Elementwise.contiguous(gpu, scratch, in[2]);
            Call call = new Call(op.scale(), op.causal(), in[3], in[4], in[5], mask);
            call.cotangent = in[0];
            AttentionCall asked = call.forLibrary(in[1], logarithms, out[0], out[1], out[2]);
            if (asked != null && gpu.driver.canAttend(asked)) {
                gpu.driver.attend(asked, gpu.lane().stream);
                return;
            }
            Stored along = scratch.allocate(logarithms.type());
            Call sums = new Call(op.scale(), op.causal(), in[1], in[4], in[5], mask);
            sums.cotangent = in[0];
            KernelCode alongKernel = ALONG.get(in[0].dtype());
            if (alongKernel == null) {
                throw new IllegalStateException("attention was called native in " + in[0].dtype());
            }
            gpu.launchFor(
                    along.elementCount(),
                    alongKernel,
                    sums.begin().add(0).add(0).add(0).add(0).add(along.address()));
            call.launch(
                    gpu,
                    QUERIES,
                    call.begin()
                            .add(logarithms.address())
                            .add(along.address())
                            .add(out[0].address())
                            .add(0)
                            .add(0),
                    call.queries,
                    4,
                    1);
            call.launch(
                    gpu,
                    KEYS,
                    call.begin()
                            .add(logarithms.address())
                            .add(along.address())
                            .add(out[1].address())
                            .add(out[2].address())
                            .add(0),
                    call.keys,
                    4,
                    2);
        }
    }

    /** The kernels' structure Attention. */
    private static final class Call {
        private final double scale;
        private final boolean causal;
        private final Stored q;
        private final Stored k;
        private final Stored v;
        private final @Nullable Stored mask;
        private @Nullable Stored cotangent;
        private final long queries;
        private final long keys;
        private final long valueWidth;

        Call(double scale, boolean causal, Stored q, Stored k, Stored v, @Nullable Stored mask) {
            this.scale = scale;
            this.causal = causal;
            this.q = q;
            this.k = k;
            this.v = v;
            this.mask = mask;
            this.queries = q.shape().extent(-2);
            this.keys = k.shape().extent(-2);
            this.valueWidth = v.shape().extent(-1);
        }

        private @Nullable Stored operand(int number) {
            return switch (number) {
                case 0 -> q;
                case 1 -> k;
                case 2 -> v;
                case 3 -> mask;
                default -> cotangent;
            };
        }

        /** The dimensions of batches, collapsed where operands allow it. */
        private Strides batches(@Nullable Stored... operands) {
            Strides all = new Strides(operands.length);
            for (int dim = 0; dim < q.shape().rank() - 2; dim++) {
                long[] each = new long[operands.length];
                for (int i = 0; i < each.length; i++) {
                    Stored operand = operands[i];
                    each[i] = operand == null ? 0 : operand.stride(dim);
                }
                all.add(q.shape().extent(dim), each);
            }
            return all;
        }

        /**
         * The same for a library; null for what none takes: F32, a mask, columns that do not touch,
         * more than two dimensions of batches.
         */
        @Nullable AttentionCall forLibrary(
                @Nullable Stored y,
                Stored logarithms,
                Stored first,
                @Nullable Stored second,
                @Nullable Stored third) {
            Strides all = batches(q, k, v, y, cotangent);
            if (mask != null
                    || q.dtype() == DType.F32
                    || all.rank() > 2
                    || !columnsTouch(q, k, v, y, cotangent)) {
                return null;
            }
            int rank = all.rank();
            return new AttentionCall(
                    y == null ? AttentionCall.Kind.FORWARD : AttentionCall.Kind.GRADIENTS,
                    q.dtype(),
                    rank > 1 ? all.extents()[0] : 1,
                    rank > 0 ? all.extents()[rank - 1] : 1,
                    queries,
                    keys,
                    q.shape().extent(-1),
                    valueWidth,
                    scale,
                    causal,
                    rows(q, all, 0),
                    rows(k, all, 1),
                    rows(v, all, 2),
                    rows(y, all, 3),
                    rows(cotangent, all, 4),
                    logarithms.address(),
                    first.address(),
                    second == null ? 0 : second.address(),
                    third == null ? 0 : third.address());
        }

        private static boolean columnsTouch(@Nullable Stored... operands) {
            for (Stored operand : operands) {
                int last = operand == null ? 0 : operand.shape().rank() - 1;
                if (operand != null
                        && operand.stride(last) != 1
                        && operand.shape().extent(last) > 1) {
                    return false;
                }
            }
            return true;
        }

        private static AttentionCall.Rows rows(@Nullable Stored operand, Strides all, int number) {
            if (operand == null) {
                return AttentionCall.Rows.NONE;
            }
            int rank = all.rank();
            long[] strides = all.strides(number);
            return new AttentionCall.Rows(
                    operand.address(),
                    rank > 1 ? strides[0] : 0,
                    rank > 0 ? strides[rank - 1] : 0,
                    operand.stride(operand.shape().rank() - 2));
        }

        Arguments begin() {
            int rank = q.shape().rank();
            Strides all = batches(q, k, v, mask, cotangent);
            Arguments arguments =
                    Arguments.begin()
                            .add(all.count())
                            .add(all.rank())
                            .add(all.extents(), all.rank(), Strides.MAX_RANK)
                            .add(queries)
                            .add(keys)
                            .add(q.shape().extent(-1))
                            .add(valueWidth)
                            .add(causal ? 1 : 0)
                            .add(mask == null ? 0 : mask.dtype() == DType.BOOL ? 1 : 2)
                            .addDouble(scale);
            for (int i = 0; i < 5; i++) {
                Stored operand = operand(i);
                if (operand == null) {
                    arguments.add(0).add(0).add(0);
                } else {
                    arguments
                            .add(operand.address())
                            .add(operand.stride(rank - 2))
                            .add(operand.stride(rank - 1));
                }
                arguments.add(all.strides(i), all.rank(), Strides.MAX_RANK);
            }
            return arguments;
        }

        /**
         * Starts one block for 32 rows of each batch.
         *
         * @param tiles of the widest operand, and {@code squares} of 32 x 32, in shared memory
         */
        void launch(
                Gpu gpu,
                Map<DType, KernelCode[]> kernels,
                Arguments arguments,
                long rows,
                int tiles,
                int squares) {
            int number = widthNumber(Math.max(q.shape().extent(-1), valueWidth));
            KernelCode[] kernel = kernels.get(q.dtype());
            if (kernel == null) {
                throw new IllegalStateException("attention was called native in " + q.dtype());
            }
            long count = 1;
            for (int dim = 0; dim < q.shape().rank() - 2; dim++) {
                count *= q.shape().extent(dim);
            }
            int shared = 4 * ROWS * (tiles * (WIDTHS[number] + 1) + squares * (ROWS + 1));
            gpu.launch(
                    kernel[number],
                    arguments,
                    Math.ceilDiv(rows, ROWS),
                    (int) Math.min(count, MOST_BATCHES),
                    THREADS,
                    shared);
        }
    }
}
