package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.ValueLayout;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Functions of single elements, for every dtype and layout: rows are found by {@link Nest}, cut
 * into tasks that depend on shape alone, and handed to a kernel of the dtype. Most of F32 has
 * generated kernels; F16 and BF16 are computed as F32, or where that has no kernel as F64, and
 * rounded; integers are computed as I64.
 */
final class Elementwise {
    static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final boolean VECTOR_CASTS = VectorModule.isUsable();

    private Elementwise() {}

    /** What is done to {@code count} elements at the operands' addresses. */
    interface Kernel {
        void run(long count, long a, long b, long c, long result);
    }

    private static void run(Stored result, Kernel kernel, Nest nest, Stored... operands) {
        long columns = nest.columns();
        long rows = nest.rows();
        long lines = rows * nest.repeats();
        if (lines == 1) {
            int bytes = result.dtype().byteSize();
            int tasks = Math.toIntExact((columns + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
            ThreadPool.shared()
                    .parallelFor(
                            tasks,
                            ELEMENTS_OF_A_TASK,
                            task -> {
                                long first = task * ELEMENTS_OF_A_TASK;
                                kernel.run(
                                        Math.min(ELEMENTS_OF_A_TASK, columns - first),
                                        element(nest, operands, 0, first),
                                        element(nest, operands, 1, first),
                                        element(nest, operands, 2, first),
                                        result.address() + first * bytes);
                            });
            return;
        }
        long linesOfTask = Math.max(1, ELEMENTS_OF_A_TASK / columns);
        int tasks = Math.toIntExact((lines + linesOfTask - 1) / linesOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        linesOfTask * columns,
                        task -> {
                            long end = Math.min(lines, (task + 1) * linesOfTask);
                            for (long line = task * linesOfTask; line < end; line++) {
                                kernel.run(
                                        columns,
                                        line(nest, operands, 0, line),
                                        line(nest, operands, 1, line),
                                        line(nest, operands, 2, line),
                                        result.address()
                                                + line * columns * result.dtype().byteSize());
                            }
                        });
    }

    private static long element(Nest nest, Stored[] operands, int i, long element) {
        if (i >= operands.length) {
            return 0;
        }
        long bytes = nest.isConstantInRow(i) ? 0 : operands[i].dtype().byteSize();
        return nest.address(i, 0) + element * bytes;
    }

    private static long line(Nest nest, Stored[] operands, int i, long line) {
        if (i >= operands.length) {
            return 0;
        }
        long rows = nest.rows();
        return nest.address(i, line / rows) + line % rows * nest.rowBytes(i);
    }

    static void unary(Prim.Unary.Kind kind, Stored x, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (x.dtype() == DType.F32 && FloatKernels.has(kind)) {
            FloatLoops.run(result, layouts -> FloatKernels.unary(kind, layouts[0]), x);
            return;
        }
        if (generated(new Prim.Unary(kind), result, x)) {
            return;
        }
        try (Nest nest = Nest.of(result.shape(), x)) {
            run(result, unaryKernel(kind, x.dtype(), nest.isConstantInRow(0)), nest, x);
        }
    }

    /** Runs the operation where it has a kernel of {@link WordKernels}; whether it has. */
    private static boolean generated(Prim op, Stored result, Stored... operands) {
        DType from = operands[operands.length - 1].dtype();
        if (!WordKernels.has(op, from, result.dtype())) {
            return false;
        }
        FloatLoops.run(
                result, layouts -> WordKernels.of(op, from, result.dtype(), layouts), operands);
        return true;
    }

    /**
     * Whether an operation has a generated kernel.
     *
     * @param first the dtype of its first operand
     * @param last of its last
     */
    static boolean isGenerated(Prim op, DType first, DType last, DType result) {
        boolean floats = first == DType.F32;
        return floats && op instanceof Prim.Unary unary && FloatKernels.has(unary.kind())
                || floats && op instanceof Prim.Binary binary && FloatKernels.has(binary.kind())
                || WordKernels.has(op, last, result);
    }

    static Kernel unaryKernel(Prim.Unary.Kind kind, DType dtype, boolean scalar) {
        int bytes = dtype.byteSize();
        long step = scalar ? 0 : bytes;
        if (dtype == DType.F32 && !scalar && FunctionLoops.has(kind)) {
            return (count, a, _, _, to) -> FunctionLoops.BEST.run(kind, a, to, count);
        }
        if (WideResult.isNarrow(dtype) && NarrowKernels.has(kind)) {
            return (count, a, _, _, to) -> NarrowKernels.unary(kind, dtype, scalar, count, a, to);
        }
        if (dtype.isFloating()) {
            DoubleUnaryOperator function = ScalarFunctions.of(kind);
            return (count, a, _, _, to) -> {
                for (long i = 0; i < count; i++) {
                    double x = Chunks.getDouble(dtype, a + i * step);
                    Chunks.setDouble(dtype, to + i * bytes, function.applyAsDouble(x));
                }
            };
        }
        LongUnaryOperator function = ScalarFunctions.ofIntegers(kind, dtype);
        return (count, a, _, _, to) -> {
            for (long i = 0; i < count; i++) {
                long x = Chunks.getLong(dtype, a + i * step);
                Chunks.setLong(dtype, to + i * bytes, function.applyAsLong(x));
            }
        };
    }

    static void binary(Prim.Binary.Kind kind, Stored x, Stored y, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (x.dtype() == DType.F32 && FloatKernels.has(kind)) {
            if (x.isContiguous() && y.isContiguous()) {
                GeneratedKernel kernel = FloatKernels.binary(kind, Layout.FULL, Layout.FULL);
                FloatLoops.runContiguous(kernel, x, y, result);
                return;
            }
            FloatLoops.run(
                    result, layouts -> FloatKernels.binary(kind, layouts[0], layouts[1]), x, y);
            return;
        }
        if (generated(new Prim.Binary(kind), result, x, y)) {
            return;
        }
        try (Nest nest = Nest.of(result.shape(), x, y)) {
            Kernel kernel =
                    binaryKernel(kind, x.dtype(), nest.isConstantInRow(0), nest.isConstantInRow(1));
            run(result, kernel, nest, x, y);
        }
    }

    static Kernel binaryKernel(
            Prim.Binary.Kind kind, DType dtype, boolean xScalar, boolean yScalar) {
        int bytes = dtype.byteSize();
        long xStep = xScalar ? 0 : bytes;
        long yStep = yScalar ? 0 : bytes;
        if (dtype == DType.F32 && kind == Prim.Binary.Kind.POW) {
            return (count, a, b, _, to) -> {
                for (long i = 0; i < count; i++) {
                    float x = NativeMemory.getFloat(a + i * xStep);
                    float y = NativeMemory.getFloat(b + i * yStep);
                    NativeMemory.setFloat(to + i * 4, PreciseMath.pow(x, y));
                }
            };
        }
        if (WideResult.isNarrow(dtype) && NarrowKernels.has(kind)) {
            return (count, a, b, _, to) ->
                    NarrowKernels.binary(kind, dtype, count, a, xScalar, b, yScalar, to);
        }
        if (dtype.isFloating()) {
            DoubleBinaryOperator function = ScalarFunctions.of(kind);
            return (count, a, b, _, to) -> {
                for (long i = 0; i < count; i++) {
                    double x = Chunks.getDouble(dtype, a + i * xStep);
                    double y = Chunks.getDouble(dtype, b + i * yStep);
                    Chunks.setDouble(dtype, to + i * bytes, function.applyAsDouble(x, y));
                }
            };
        }
        if (dtype == DType.I64 && LongLoops.has(kind)) {
            return (count, a, b, _, to) -> LongLoops.run(kind, count, a, xStep, b, yStep, to);
        }
        LongBinaryOperator function = ScalarFunctions.ofIntegers(kind, dtype);
        return (count, a, b, _, to) -> {
            for (long i = 0; i < count; i++) {
                long x = Chunks.getLong(dtype, a + i * xStep);
                long y = Chunks.getLong(dtype, b + i * yStep);
                Chunks.setLong(dtype, to + i * bytes, function.applyAsLong(x, y));
            }
        };
    }

    static void compare(Prim.Compare.Kind kind, Stored x, Stored y, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (generated(new Prim.Compare(kind), result, x, y)) {
            return;
        }
        try (Nest nest = Nest.of(result.shape(), x, y)) {
            Kernel kernel =
                    compareKernel(
                            kind, x.dtype(), nest.isConstantInRow(0), nest.isConstantInRow(1));
            run(result, kernel, nest, x, y);
        }
    }

    static Kernel compareKernel(
            Prim.Compare.Kind kind, DType dtype, boolean xScalar, boolean yScalar) {
        long xStep = xScalar ? 0 : dtype.byteSize();
        long yStep = yScalar ? 0 : dtype.byteSize();
        if (dtype.isFloating()) {
            return (count, a, b, _, to) -> {
                for (long i = 0; i < count; i++) {
                    double x = Chunks.getDouble(dtype, a + i * xStep);
                    double y = Chunks.getDouble(dtype, b + i * yStep);
                    Chunks.setBoolean(to + i, holds(kind, x, y));
                }
            };
        }
        if (dtype == DType.I64) {
            return (count, a, b, _, to) -> LongLoops.compare(kind, count, a, xStep, b, yStep, to);
        }
        return (count, a, b, _, to) -> {
            for (long i = 0; i < count; i++) {
                long x = Chunks.getLong(dtype, a + i * xStep);
                long y = Chunks.getLong(dtype, b + i * yStep);
                Chunks.setBoolean(to + i, holds(kind, x, y));
            }
        };
    }

    private static boolean holds(Prim.Compare.Kind kind, double x, double y) {
        return switch (kind) {
            case EQ -> x == y;
            case NE -> x != y;
            case LT -> x < y;
            case LE -> x <= y;
            case GT -> x > y;
            case GE -> x >= y;
        };
    }

    private static boolean holds(Prim.Compare.Kind kind, long x, long y) {
        return switch (kind) {
            case EQ -> x == y;
            case NE -> x != y;
            case LT -> x < y;
            case LE -> x <= y;
            case GT -> x > y;
            case GE -> x >= y;
        };
    }

    static void select(Stored condition, Stored x, Stored y, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (generated(new Prim.Select(), result, condition, x, y)) {
            return;
        }
        try (Nest nest = Nest.of(result.shape(), condition, x, y)) {
            long step = nest.isConstantInRow(0) ? 0 : 1;
            int bytes = x.dtype().byteSize();
            long xStep = nest.isConstantInRow(1) ? 0 : bytes;
            long yStep = nest.isConstantInRow(2) ? 0 : bytes;
            run(result, selectKernel(bytes, step, xStep, yStep), nest, condition, x, y);
        }
    }

    static Kernel selectKernel(int bytes, long step, long xStep, long yStep) {
        var all = NativeMemory.ALL;
        return switch (bytes) {
            case 8 ->
                    (count, c, a, b, to) -> {
                        for (long i = 0; i < count; i++) {
                            boolean first = Chunks.getBoolean(c + i * step);
                            long from = first ? a + i * xStep : b + i * yStep;
                            NativeMemory.setLong(to + i * 8, NativeMemory.getLong(from));
                        }
                    };
            case 4 ->
                    (count, c, a, b, to) -> {
                        for (long i = 0; i < count; i++) {
                            boolean first = Chunks.getBoolean(c + i * step);
                            long from = first ? a + i * xStep : b + i * yStep;
                            NativeMemory.setInt(to + i * 4, NativeMemory.getInt(from));
                        }
                    };
            case 2 ->
                    (count, c, a, b, to) -> {
                        for (long i = 0; i < count; i++) {
                            boolean first = Chunks.getBoolean(c + i * step);
                            long from = first ? a + i * xStep : b + i * yStep;
                            all.set(
                                    ValueLayout.JAVA_SHORT_UNALIGNED,
                                    to + i * 2,
                                    all.get(ValueLayout.JAVA_SHORT_UNALIGNED, from));
                        }
                    };
            default ->
                    (count, c, a, b, to) -> {
                        for (long i = 0; i < count; i++) {
                            boolean first = Chunks.getBoolean(c + i * step);
                            long from = first ? a + i * xStep : b + i * yStep;
                            all.set(
                                    ValueLayout.JAVA_BYTE,
                                    to + i,
                                    all.get(ValueLayout.JAVA_BYTE, from));
                        }
                    };
        };
    }

    static void cast(Stored x, Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (generated(new Prim.Cast(result.dtype()), result, x)) {
            return;
        }
        try (Nest nest = Nest.of(result.shape(), x)) {
            run(result, castKernel(x.dtype(), result.dtype(), nest.isConstantInRow(0)), nest, x);
        }
    }

    static Kernel castKernel(DType from, DType to, boolean scalar) {
        long step = scalar ? 0 : from.byteSize();
        int bytes = to.byteSize();
        if (!scalar && VECTOR_CASTS && VectorCasts.has(from, to)) {
            return (count, a, _, _, result) -> {
                long whole = count & -VectorCasts.GROUP;
                VectorCasts.run(from, to, a, whole, result);
                castScalars(
                        from, to, a + whole * step, step, count - whole, result + whole * bytes);
            };
        }
        if (!scalar && to == DType.F32 && WideResult.isNarrow(from)) {
            return (count, a, _, _, result) -> Chunks.toFloats(from, a, count, result);
        }
        if (!scalar && from == DType.F32 && WideResult.isNarrow(to)) {
            return (count, a, _, _, result) -> Chunks.fromFloats(a, count, to, result);
        }
        return (count, a, _, _, result) -> castScalars(from, to, a, step, count, result);
    }

    private static void castScalars(
            DType from, DType to, long source, long step, long count, long target) {
        int bytes = to.byteSize();
        for (long i = 0; i < count; i++) {
            long at = source + i * step;
            if (from.isFloating()) {
                storeCast(Chunks.getDouble(from, at), to, target + i * bytes);
            } else {
                storeCast(Chunks.getLong(from, at), to, target + i * bytes);
            }
        }
    }

    private static void storeCast(double x, DType to, long address) {
        switch (to) {
            case F64, F32, F16, BF16 -> Chunks.setDouble(to, address, x);
            case I64 -> NativeMemory.setLong(address, (long) x);
            case I32 -> NativeMemory.setInt(address, (int) x);
            case I8 -> Chunks.setLong(to, address, Math.clamp((long) x, -128, 127));
            case U8 -> Chunks.setLong(to, address, Math.clamp((long) x, 0, 255));
            case BOOL -> Chunks.setBoolean(address, x != 0);
        }
    }

    private static void storeCast(long x, DType to, long address) {
        switch (to) {
            case F32 -> NativeMemory.setFloat(address, x);
            case F64 -> NativeMemory.setDouble(address, x);
            case F16, BF16 -> Chunks.setDouble(to, address, NarrowFloats.roundedToOdd(x));
            case I64, I32, I8, U8, BOOL -> Chunks.setLong(to, address, x);
        }
    }
}
