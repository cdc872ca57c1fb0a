package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;
import java.util.function.Predicate;

/** Operations that depend on one element of each operand, copies, and those without operands. */
final class Elementwise {
    private static final int DTYPES = DType.values().length;
    private static final KernelBatch UNARY_BATCH = ofFunctions("unary");
    private static final KernelBatch BINARY_BATCH = ofFunctions("binary");
    private static final KernelBatch WORD_BATCH =
            new KernelBatch("words", "conversions", "elementwise");
    private static final KernelBatch CAST_BATCH =
            new KernelBatch("cast", "conversions", "elementwise");

    /** By kind and dtype. */
    private static final KernelCode[][] UNARY =
            new KernelCode[Prim.Unary.Kind.values().length][DTYPES];

    private static final KernelCode[][] BINARY =
            new KernelCode[Prim.Binary.Kind.values().length][DTYPES];
    private static final KernelCode[][] COMPARE =
            new KernelCode[Prim.Compare.Kind.values().length][DTYPES];
    private static final KernelCode[][] CAST = new KernelCode[DTYPES][DTYPES];
    private static final KernelCode[] IOTA = new KernelCode[DTYPES];

    /** By bytes of an element. */
    private static final KernelCode[] SELECT = new KernelCode[9];

    private static final KernelCode[] COPY = new KernelCode[9];
    private static final KernelCode[] FILL = new KernelCode[9];
    private static final KernelCode RANDOM =
            WORD_BATCH.add("random_bits_i32", "Strided", "random_bits(p);");

    static {
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            add(UNARY_BATCH, "unary", kind, accepts(kind), UNARY[kind.ordinal()]);
        }
        for (Prim.Binary.Kind kind : Prim.Binary.Kind.values()) {
            add(BINARY_BATCH, "binary", kind, accepts(kind), BINARY[kind.ordinal()]);
        }
        for (Prim.Compare.Kind kind : Prim.Compare.Kind.values()) {
            add(BINARY_BATCH, "compare", kind, _ -> true, COMPARE[kind.ordinal()]);
        }
        for (DType from : DType.values()) {
            for (DType to : DType.values()) {
                String types = Names.of(from) + ", " + Names.of(to);
                CAST[from.ordinal()][to.ordinal()] =
                        CAST_BATCH.add(
                                "cast_" + Names.of(from) + "_" + Names.of(to),
                                "Strided",
                                "cast<" + types + ">(p);");
            }
            IOTA[from.ordinal()] =
                    WORD_BATCH.add(
                            "iota_" + Names.of(from),
                            "Strided",
                            "iota<" + Names.of(from) + ">(p);");
        }
        for (int bytes = 1; bytes <= 8; bytes *= 2) {
            SELECT[bytes] = addWords("select", bytes);
            COPY[bytes] = addWords("copy", bytes);
            FILL[bytes] = addWords("fill", bytes);
        }
    }

    private Elementwise() {}

    private static KernelBatch ofFunctions(String name) {
        return KernelBatch.ofPreamble(
                name,
                new KernelBatch(name, "conversions").preamble()
                        + Pointwise.functions()
                        + KernelBatch.source("functions.cuh")
                        + KernelBatch.source("elementwise.cuh"));
    }

    private static KernelCode addWords(String function, int bytes) {
        String word = Names.word(bytes);
        return WORD_BATCH.add(
                function + "_" + word, "Strided", "::" + function + "<" + word + ">(p);");
    }

    private static void add(
            KernelBatch batch,
            String function,
            Enum<?> kind,
            Predicate<DType> accepts,
            KernelCode[] table) {
        for (DType dtype : DType.values()) {
            if (accepts.test(dtype)) {
                String name = Names.of(kind);
                table[dtype.ordinal()] =
                        batch.add(
                                function + "_" + name.toLowerCase() + "_" + Names.of(dtype),
                                "Strided",
                                function + "<" + name + ", " + Names.of(dtype) + ">(p);");
            }
        }
    }

    private static Predicate<DType> accepts(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN -> dtype -> dtype != DType.BOOL;
            case NOT -> dtype -> !dtype.isFloating();
            case SQRT,
                    RSQRT,
                    EXP,
                    EXPM1,
                    LOG,
                    LOG1P,
                    SIN,
                    COS,
                    TAN,
                    ASIN,
                    ACOS,
                    ATAN,
                    SINH,
                    COSH,
                    TANH,
                    ERF,
                    SIGMOID,
                    FLOOR,
                    CEIL,
                    ROUND,
                    TRUNC ->
                    DType::isFloating;
        };
    }

    private static Predicate<DType> accepts(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD, SUB, MUL, DIV, REM, MAX, MIN -> dtype -> dtype != DType.BOOL;
            case POW, ATAN2 -> DType::isFloating;
            case AND, OR, XOR -> dtype -> !dtype.isFloating();
            case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> DType::isInteger;
        };
    }

    static List<KernelBatch> batches() {
        return List.of(UNARY_BATCH, BINARY_BATCH, WORD_BATCH, CAST_BATCH);
    }

    static void unary(Gpu gpu, Prim.Unary op, Stored x, Stored y) {
        run(gpu, UNARY[op.kind().ordinal()][x.dtype().ordinal()], y, x);
    }

    static void binary(Gpu gpu, Prim.Binary op, Stored x, Stored y, Stored z) {
        run(gpu, BINARY[op.kind().ordinal()][x.dtype().ordinal()], z, x, y);
    }

    static void compare(Gpu gpu, Prim.Compare op, Stored x, Stored y, Stored z) {
        run(gpu, COMPARE[op.kind().ordinal()][x.dtype().ordinal()], z, x, y);
    }

    static void select(Gpu gpu, Stored condition, Stored x, Stored y, Stored z) {
        run(gpu, SELECT[z.dtype().byteSize()], z, condition, x, y);
    }

    static void cast(Gpu gpu, Stored x, Stored y) {
        if (x.dtype() == y.dtype()) {
            copy(gpu, x, y);
        } else {
            run(gpu, CAST[x.dtype().ordinal()][y.dtype().ordinal()], y, x);
        }
    }

    /** The elements in row-major order; only their number must agree. */
    static void copy(Gpu gpu, Stored x, Stored y) {
        KernelCode kernel = COPY[x.dtype().byteSize()];
        Strides strides = Strides.of(x.shape(), x);
        launch(gpu, kernel, strides, y.address(), x.address());
    }

    /** A copy that lies contiguously, or the operand itself where it does. */
    static Stored contiguous(Gpu gpu, Gpu.Scratch scratch, Stored x) {
        if (x.isContiguous()) {
            return x;
        }
        Stored copy = scratch.allocate(x.type());
        copy(gpu, x, copy);
        return copy;
    }

    private static void run(Gpu gpu, KernelCode kernel, Stored result, Stored... operands) {
        long[] pointers = new long[operands.length + 1];
        pointers[0] = result.address();
        for (int i = 0; i < operands.length; i++) {
            pointers[i + 1] = operands[i].address();
        }
        launch(gpu, kernel, Strides.of(result.shape(), operands), pointers);
    }

    private static void launch(Gpu gpu, KernelCode kernel, Strides strides, long... pointers) {
        Arguments arguments = strides.addStrided(Arguments.begin(), pointers);
        gpu.launchFor(strides.count(), kernel, addExtra(arguments));
    }

    private static Arguments addExtra(Arguments arguments, long... extra) {
        return arguments.add(extra, extra.length, 6);
    }

    static void fill(Gpu gpu, DType dtype, Number value, Stored y) {
        Strides strides = Strides.of(y.shape());
        Arguments arguments = strides.addStrided(Arguments.begin(), y.address());
        addExtra(arguments, bits(dtype, value));
        gpu.launchFor(y.elementCount(), FILL[dtype.byteSize()], arguments);
    }

    private static long bits(DType dtype, Number value) {
        return switch (dtype) {
            case F64 -> Double.doubleToRawLongBits(value.doubleValue());
            case F32 -> Float.floatToRawIntBits((float) value.doubleValue());
            case F16 -> NarrowFloats.toF16(value.doubleValue());
            case BF16 -> NarrowFloats.toBF16(value.doubleValue());
            case I64, I32, I8, U8 -> value.longValue();
            case BOOL -> value.longValue() != 0 ? 1 : 0;
        };
    }

    static void iota(Gpu gpu, Prim.Iota op, Stored y) {
        long inner = 1;
        for (int dim = op.dim() + 1; dim < y.shape().rank(); dim++) {
            inner *= y.shape().extent(dim);
        }
        Arguments arguments = Strides.of(y.shape()).addStrided(Arguments.begin(), y.address());
        addExtra(arguments, y.shape().extent(op.dim()), Math.max(1, inner));
        gpu.launchFor(y.elementCount(), IOTA[y.dtype().ordinal()], arguments);
    }

    static void randomBits(Gpu gpu, long firstBlock, Stored key, Stored y) {
        Arguments arguments =
                Strides.of(y.shape()).addStrided(Arguments.begin(), y.address(), key.address());
        addExtra(arguments, firstBlock, key.stride(0));
        gpu.launchFor((y.elementCount() + 3) / 4, RANDOM, arguments);
    }

    static void pad(Gpu gpu, Prim.Pad op, Stored x, Stored y) {
        fill(gpu, y.dtype(), op.value(), y);
        Strides strides = new Strides(2);
        long first = 0;
        long[] own = y.shape().toRowMajorStrides();
        for (int dim = 0; dim < own.length; dim++) {
            Prim.Edges edges = op.edges().get(dim);
            first += edges.before() * own[dim];
            strides.add(x.shape().extent(dim), own[dim] * (1 + edges.between()), x.stride(dim));
        }
        long to = y.address() + first * y.dtype().byteSize();
        launch(gpu, COPY[x.dtype().byteSize()], strides, to, x.address());
    }

    static void concat(Gpu gpu, int dim, Stored[] operands, Stored y) {
        long[] own = y.shape().toRowMajorStrides();
        long to = y.address();
        for (Stored x : operands) {
            Strides strides = new Strides(2);
            for (int d = 0; d < own.length; d++) {
                strides.add(x.shape().extent(d), own[d], x.stride(d));
            }
            launch(gpu, COPY[x.dtype().byteSize()], strides, to, x.address());
            to += x.shape().extent(dim) * own[dim] * y.dtype().byteSize();
        }
    }
}
