package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.op.Prim;

/**
 * Softmax and layer normalization of contiguous rows that are so long that the F32 sums inside one
 * generated kernel would lose digits. Their sums are taken by {@link FloatReductions}, in F64 and
 * on all threads; generated kernels do what is between.
 */
final class LongRows {
    private static final long LONGEST_OF_ONE_KERNEL = 1 << 14;

    private static final class Kernels {
        static final GeneratedKernel POWERS = GeneratedKernels.get(RowKernels.powers());
        static final GeneratedKernel SHARES = GeneratedKernels.get(RowKernels.shares());
        static final GeneratedKernel LOG_SHARES = GeneratedKernels.get(RowKernels.logShares());
        static final GeneratedKernel CENTRED = GeneratedKernels.get(RowKernels.centred());
        static final GeneratedKernel NORMALIZED = GeneratedKernels.get(RowKernels.normalized());
    }

    private final long rows;
    private final long columns;

    private LongRows(long rows, long columns) {
        this.rows = rows;
        this.columns = columns;
    }

    /** Whether rows of this length are long. */
    static boolean are(long columns) {
        return columns > LONGEST_OF_ONE_KERNEL;
    }

    /** y = softmax(x), or its logarithm. */
    static void softmax(boolean logarithm, long x, long rows, long columns, long y) {
        long greatest = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        long sum = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        try {
            LongRows all = new LongRows(rows, columns);
            all.reduce(Prim.Reduce.Kind.MAX, x, greatest);
            all.run(Kernels.POWERS, all.full(x), perRow(greatest), all.full(y));
            all.reduce(Prim.Reduce.Kind.SUM, y, sum);
            if (logarithm) {
                all.run(
                        Kernels.LOG_SHARES,
                        all.full(x),
                        perRow(greatest),
                        perRow(sum),
                        all.full(y));
            } else {
                all.run(Kernels.SHARES, all.full(y), perRow(sum), all.full(y));
            }
        } finally {
            NativeMemory.free(greatest);
            NativeMemory.free(sum);
        }
    }

    /** Operands and results as those of {@link RowKernels#layerNorm}. */
    static void layerNorm(
            double epsilon,
            long x,
            long weight,
            long bias,
            long rows,
            long columns,
            long y,
            long mean,
            long inverse) {
        long squares = NativeMemory.allocate(4 * rows * columns + NativeMemory.PADDING);
        long rest = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        long variance = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        try {
            LongRows all = new LongRows(rows, columns);
            all.mean(x, mean);
            all.run(Kernels.CENTRED, all.full(x), perRow(mean), all.full(y), all.full(squares));
            all.mean(y, rest);
            all.mean(squares, variance);
            for (long row = 0; row < rows; row++) {
                double off = NativeMemory.getFloat(rest + 4 * row);
                double spread = NativeMemory.getFloat(variance + 4 * row) - off * off;
                double root = Math.sqrt(Math.max(spread, 0) + epsilon);
                NativeMemory.setFloat(inverse + 4 * row, (float) (1 / root));
            }
            all.run(
                    Kernels.NORMALIZED,
                    all.full(x),
                    new long[] {weight, 0},
                    new long[] {bias, 0},
                    perRow(mean),
                    perRow(rest),
                    perRow(inverse),
                    all.full(y));
            for (long row = 0; row < rows; row++) {
                float off = NativeMemory.getFloat(rest + 4 * row);
                NativeMemory.setFloat(mean + 4 * row, NativeMemory.getFloat(mean + 4 * row) + off);
            }
        } finally {
            NativeMemory.free(squares);
            NativeMemory.free(rest);
            NativeMemory.free(variance);
        }
    }

    private void reduce(Prim.Reduce.Kind kind, long from, long to) {
        FloatReductions.run(kind, from, rows, columns, to);
    }

    private void mean(long from, long to) {
        reduce(Prim.Reduce.Kind.SUM, from, to);
        for (long row = 0; row < rows; row++) {
            double sum = NativeMemory.getFloat(to + 4 * row);
            NativeMemory.setFloat(to + 4 * row, (float) (sum / columns));
        }
    }

    private long[] full(long address) {
        return new long[] {address, 4 * columns};
    }

    private static long[] perRow(long address) {
        return new long[] {address, 4};
    }

    /** Runs a kernel on operands and results, each given by its address and row distance. */
    private void run(GeneratedKernel kernel, long[]... operands) {
        long[] table = new long[2 * operands.length];
        for (int i = 0; i < operands.length; i++) {
            table[2 * i] = operands[i][0];
            table[2 * i + 1] = operands[i][1];
        }
        FloatLoops.rows(kernel, table, rows, columns);
    }
}
