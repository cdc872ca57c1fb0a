package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;

/** Adds one row to many, in place; in the same way as the addition of two tensors. */
final class BiasAddition {
    private static final GeneratedKernel ADD =
            FloatKernels.binary(Prim.Binary.Kind.ADD, Layout.FULL, Layout.PER_COLUMN);

    private static final ThreadLocal<long[]> TABLE = ThreadLocal.withInitial(() -> new long[6]);

    private BiasAddition() {}

    /** Adds {@code columns} elements at {@code bias} to each row, {@code rowBytes} apart. */
    static void run(long matrix, long rowBytes, long bias, int rows, int columns) {
        long[] operands = TABLE.get();
        operands[0] = matrix;
        operands[1] = rowBytes;
        operands[2] = bias;
        operands[3] = 0;
        operands[4] = matrix;
        operands[5] = rowBytes;
        ADD.runRows(operands, 0, rows, columns, Scratch.address(ADD.scratchBytes(columns)));
    }
}
