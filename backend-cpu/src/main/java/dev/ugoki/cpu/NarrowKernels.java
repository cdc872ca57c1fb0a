package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;

/**
 * Functions of F16 and BF16 elements by the kernels of F32: block by block, operands become F32,
 * the kernel runs, and its results are rounded.
 *
 * <p>For what IEEE 754 specifies exactly this gives the bits of one rounding: F32 has more than
 * twice as many digits as these types have, and two more (Figueroa: When is double rounding
 * innocuous?, 1995), and BF16's range of exponents is that of F32.
 */
final class NarrowKernels {
    private static final int BLOCK = 1024;
    private static final long BLOCK_BYTES = Float.BYTES * BLOCK + NativeMemory.PADDING;

    /** Operand tables of functions of one and of two operands. */
    private static final ThreadLocal<long[]> OF_ONE = ThreadLocal.withInitial(() -> new long[4]);

    private static final ThreadLocal<long[]> OF_TWO = ThreadLocal.withInitial(() -> new long[6]);

    private NarrowKernels() {}

    /** Whether there is a kernel. */
    static boolean has(Prim.Unary.Kind kind) {
        return FloatKernels.has(kind) || FunctionLoops.has(kind);
    }

    /** Applies the function to {@code count} elements, or to one, given to all. */
    static void unary(
            Prim.Unary.Kind kind, DType dtype, boolean scalar, long count, long x, long to) {
        if (scalar) {
            same(kind, dtype, count, x, to);
        } else if (FloatKernels.has(kind)) {
            generated(FloatKernels.unary(kind, Layout.FULL), dtype, count, x, false, 0, false, to);
        } else {
            long floats = Scratch.address(BLOCK_BYTES);
            for (long first = 0; first < count; first += BLOCK) {
                long some = Math.min(BLOCK, count - first);
                Chunks.toFloats(dtype, x + 2 * first, some, floats);
                // Whole vectors, since for the rest the loops would use the same scratch memory.
                FunctionLoops.BEST.run(kind, floats, floats, some + 15 & -16);
                Chunks.fromFloats(floats, some, dtype, to + 2 * first);
            }
        }
    }

    private static void same(Prim.Unary.Kind kind, DType dtype, long count, long x, long to) {
        unary(kind, dtype, false, 1, x, to);
        for (long i = 1; i < count; i++) {
            NativeMemory.copy(to, to + 2 * i, 2);
        }
    }

    /** Whether there is a kernel. */
    static boolean has(Prim.Binary.Kind kind) {
        return FloatKernels.has(kind);
    }

    /** Applies the function to {@code count} pairs; what is constant is one element for all. */
    static void binary(
            Prim.Binary.Kind kind,
            DType dtype,
            long count,
            long x,
            boolean xConstant,
            long y,
            boolean yConstant,
            long to) {
        Layout ofX = xConstant ? Layout.SCALAR : Layout.FULL;
        Layout ofY = yConstant ? Layout.SCALAR : Layout.FULL;
        GeneratedKernel kernel = FloatKernels.binary(kind, ofX, ofY);
        generated(kernel, dtype, count, x, xConstant, y, yConstant, to);
    }

    /** {@code y} is 0 where the kernel has one operand. */
    private static void generated(
            GeneratedKernel kernel,
            DType dtype,
            long count,
            long x,
            boolean xConstant,
            long y,
            boolean yConstant,
            long to) {
        long a = Scratch.address(3 * BLOCK_BYTES + kernel.flatScratchBytes());
        long b = a + BLOCK_BYTES;
        long result = b + BLOCK_BYTES;
        long[] table = (y == 0 ? OF_ONE : OF_TWO).get();
        table[0] = a;
        table[2] = y == 0 ? result : b;
        table[table.length - 2] = result;
        for (long first = 0; first < count; first += BLOCK) {
            long some = Math.min(BLOCK, count - first);
            load(dtype, x, xConstant, first, some, a);
            if (y != 0) {
                load(dtype, y, yConstant, first, some, b);
            }
            kernel.runFlat(table, 0, some, result + BLOCK_BYTES);
            Chunks.fromFloats(result, some, dtype, to + 2 * first);
        }
    }

    private static void load(
            DType dtype, long from, boolean constant, long first, long count, long to) {
        if (!constant) {
            Chunks.toFloats(dtype, from + 2 * first, count, to);
        } else if (first == 0) {
            Chunks.toFloats(dtype, from, 1, to);
        }
    }
}
