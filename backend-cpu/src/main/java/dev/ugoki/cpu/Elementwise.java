package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.ValueLayout;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Functions of single elements, for every dtype and layout: runs are found by {@link Walk}, cut
 * into pieces that depend on shape alone, and handed to a kernel of the dtype. F32 has vector
 * kernels; F16 and BF16 are computed as F32 and rounded once; integers are computed as I64.
 */
final class Elementwise {
    private static final long PIECE = 1 << 14;

    private Elementwise() {}

    /** What is done to a piece of a run: {@code count} elements at the operands' addresses. */
    private interface Kernel {
        void run(long count, long a, long b, long c, long result);
    }

    private static void run(Stored result, Kernel kernel, Walk walk, Stored... operands) {
        long piecesOfRun = (walk.runLength() + PIECE - 1) / PIECE;
        long runsOfTask = Math.max(1, PIECE / Math.max(1, walk.runLength()));
        long units = piecesOfRun > 1 ? walk.runCount() * piecesOfRun : walk.runCount();
        int tasks =
                Math.toIntExact(piecesOfRun > 1 ? units : (units + runsOfTask - 1) / runsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            if (piecesOfRun > 1) {
                                long first = task % piecesOfRun * PIECE;
                                long count = Math.min(PIECE, walk.runLength() - first);
                                piece(
                                        result,
                                        kernel,
                                        walk,
                                        operands,
                                        task / piecesOfRun,
                                        first,
                                        count);
                            } else {
                                long end = Math.min(units, (task + 1) * runsOfTask);
                                for (long run = task * runsOfTask; run < end; run++) {
                                    piece(result, kernel, walk, operands, run, 0, walk.runLength());
                                }
                            }
                        });
    }

    private static void piece(
            Stored result,
            Kernel kernel,
            Walk walk,
            Stored[] operands,
            long run,
            long first,
            long count) {
        long to = result.address() + (run * walk.runLength() + first) * result.dtype().byteSize();
        kernel.run(
                count,
                address(walk, operands, 0, run, first),
                address(walk, operands, 1, run, first),
                address(walk, operands, 2, run, first),
                to);
    }

    private static long address(Walk walk, Stored[] operands, int i, long run, long first) {
        if (i >= operands.length) {
            return 0;
        }
        long skipped = walk.isScalar(i) ? 0 : first * operands[i].dtype().byteSize();
        return walk.address(i, run) + skipped;
    }

    static void unary(Prim.Unary.Kind kind, Stored x, Stored result) {
        try (Walk walk = Walk.through(result.shape(), x)) {
            boolean scalar = walk.isScalar(0);
            run(result, unaryKernel(kind, x.dtype(), scalar), walk, x);
        }
    }

    private static Kernel unaryKernel(Prim.Unary.Kind kind, DType dtype, boolean scalar) {
        int bytes = dtype.byteSize();
        long step = scalar ? 0 : bytes;
        if (dtype == DType.F32) {
            FloatKernels kernels = FloatKernels.INSTANCE;
            return (count, a, _, _, to) -> kernels.unary(kind, count, a, scalar, to);
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
        try (Walk walk = Walk.through(result.shape(), x, y)) {
            Kernel kernel = binaryKernel(kind, x.dtype(), walk.isScalar(0), walk.isScalar(1));
            run(result, kernel, walk, x, y);
        }
    }

    private static Kernel binaryKernel(
            Prim.Binary.Kind kind, DType dtype, boolean xScalar, boolean yScalar) {
        int bytes = dtype.byteSize();
        long xStep = xScalar ? 0 : bytes;
        long yStep = yScalar ? 0 : bytes;
        if (dtype == DType.F32) {
            FloatKernels kernels = FloatKernels.INSTANCE;
            return (count, a, b, _, to) -> kernels.binary(kind, count, a, xScalar, b, yScalar, to);
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
        try (Walk walk = Walk.through(result.shape(), x, y)) {
            Kernel kernel = compareKernel(kind, x.dtype(), walk.isScalar(0), walk.isScalar(1));
            run(result, kernel, walk, x, y);
        }
    }

    private static Kernel compareKernel(
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
        try (Walk walk = Walk.through(result.shape(), condition, x, y)) {
            long step = walk.isScalar(0) ? 0 : 1;
            int bytes = x.dtype().byteSize();
            long xStep = walk.isScalar(1) ? 0 : bytes;
            long yStep = walk.isScalar(2) ? 0 : bytes;
            run(result, selectKernel(bytes, step, xStep, yStep), walk, condition, x, y);
        }
    }

    private static Kernel selectKernel(int bytes, long step, long xStep, long yStep) {
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
        try (Walk walk = Walk.through(result.shape(), x)) {
            run(result, castKernel(x.dtype(), result.dtype(), walk.isScalar(0)), walk, x);
        }
    }

    private static Kernel castKernel(DType from, DType to, boolean scalar) {
        long step = scalar ? 0 : from.byteSize();
        int bytes = to.byteSize();
        if (from.isFloating()) {
            return (count, a, _, _, result) -> {
                for (long i = 0; i < count; i++) {
                    double x = Chunks.getDouble(from, a + i * step);
                    storeCast(x, to, result + i * bytes);
                }
            };
        }
        return (count, a, _, _, result) -> {
            for (long i = 0; i < count; i++) {
                long x = Chunks.getLong(from, a + i * step);
                storeCast(x, to, result + i * bytes);
            }
        };
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
            case F64, F16, BF16 -> Chunks.setDouble(to, address, x);
            case I64, I32, I8, U8, BOOL -> Chunks.setLong(to, address, x);
        }
    }
}
