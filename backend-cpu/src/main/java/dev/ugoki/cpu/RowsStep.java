package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/**
 * Softmax and layer normalization of contiguous F32 rows, and their gradients, ready to run: the
 * kernels of {@link FusedKernels}, cut into the same tasks.
 */
final class RowsStep implements Prepared {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    /** Entries of the operand table that are neither an operand nor a result. */
    private static final int EPSILON = -1;

    private static final int FIRST_SUMS = -2;

    private final GeneratedKernel kernel;
    private final Slot[] slots;

    /** For each entry of the table the number of its slot, or one of the constants above. */
    private final int[] entries;

    private final long[] table;
    private final float epsilon;
    private final long rows;
    private final long columns;
    private final long rowsOfTask;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;

    /** The results that are sums over all rows; null where there are none. */
    private final Slot @Nullable [] sums;

    private final RowTotals totals = new RowTotals();

    private RowsStep(
            GeneratedKernel kernel,
            Slot[] slots,
            int[] entries,
            boolean[] perRow,
            boolean[] once,
            float epsilon,
            Slot @Nullable [] sums) {
        this.kernel = kernel;
        this.slots = slots;
        this.entries = entries;
        this.epsilon = epsilon;
        this.sums = sums;
        columns = slots[0].shape().extent(-1);
        rows = slots[0].elementCount() / columns;
        table = new long[2 * entries.length];
        for (int i = 0; i < entries.length; i++) {
            table[2 * i + 1] = once[i] ? 0 : perRow[i] ? 4 : 4 * columns;
        }
        long inBlocks = sums == null ? 1 : Output.ROWS_PER_BLOCK;
        rowsOfTask = inBlocks * Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, columns * inBlocks));
        tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Composite op, Slot[] in, Slot[] out) {
        for (Slot operand : in) {
            if (operand.dtype() != DType.F32
                    || !operand.isContiguous()
                    || operand.elementCount() == 0) {
                return null;
            }
        }
        if (op instanceof Normalization.GroupNorm
                || op instanceof Normalization.GroupNormGradient) {
            return new AddressStep(GroupNormRows.of(op, out[0].shape()), in, out);
        }
        if (op instanceof Normalization.BatchNorm
                || op instanceof Normalization.BatchNormGradient) {
            return new AddressStep(BatchNormChannels.of(op, out[0].shape()), in, out);
        }
        if (LongRows.are(in[0].shape().rank() == 0 ? 1 : in[0].shape().extent(-1))) {
            return null;
        }
        return switch (op) {
            case Likelihood.Softmax _ -> plain(FusedKernels.OfRows.SOFTMAX, in[0], out[0]);
            case Likelihood.LogSoftmax _ -> plain(FusedKernels.OfRows.LOG_SOFTMAX, in[0], out[0]);
            case Likelihood.SoftmaxGradient _ ->
                    plain(FusedKernels.OfRows.SOFTMAX_GRADIENT, in[1], in[0], out[0]);
            case Likelihood.LogSoftmaxGradient _ ->
                    plain(FusedKernels.OfRows.LOG_SOFTMAX_GRADIENT, in[1], in[0], out[0]);
            case Normalization.LayerNorm norm -> layerNorm(norm, in, out);
            case Normalization.LayerNormGradient _ -> layerNormGradient(in, out);
            default -> null;
        };
    }

    private static Prepared plain(GeneratedKernel kernel, Slot... slots) {
        int[] entries = new int[slots.length];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = i;
        }
        boolean[] none = new boolean[entries.length];
        return new RowsStep(kernel, slots, entries, none, none, 0, null);
    }

    /** Rows as long as the weight, whatever the shape. */
    private static @Nullable Prepared layerNorm(Normalization.LayerNorm op, Slot[] in, Slot[] out) {
        if (in.length < 3 || in[1].elementCount() != in[0].shape().extent(-1)) {
            return null;
        }
        return new RowsStep(
                FusedKernels.OfRows.LAYER_NORM,
                new Slot[] {in[0], in[1], in[2], out[0], out[1], out[2]},
                new int[] {0, 1, 2, EPSILON, 3, 4, 5},
                new boolean[] {false, false, false, false, false, true, true},
                new boolean[] {false, true, true, true, false, false, false},
                (float) op.epsilon(),
                null);
    }

    private static @Nullable Prepared layerNormGradient(Slot[] in, Slot[] out) {
        if (in.length < 5 || in[4].elementCount() != in[0].shape().extent(-1)) {
            return null;
        }
        return new RowsStep(
                FusedKernels.OfRows.LAYER_NORM_GRADIENT,
                new Slot[] {in[0], in[1], in[4], in[2], in[3], out[0]},
                new int[] {0, 1, 2, 3, 4, 5, FIRST_SUMS, FIRST_SUMS - 1},
                new boolean[] {false, false, false, true, true, false, false, false},
                new boolean[] {false, false, true, false, false, false, false, false},
                0,
                new Slot[] {out[1], out[2]});
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return kernel.compileRows(columns);
    }

    @Override
    public void run() {
        long blocks = (rows + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
        long sumBytes = 4 * blocks * columns + NativeMemory.PADDING;
        Slot[] totalled = sums;
        long memory =
                Scratch.shared(
                        NativeMemory.PADDING + (totalled == null ? 0 : totalled.length * sumBytes));
        NativeMemory.setFloat(memory, epsilon);
        for (int i = 0; i < entries.length; i++) {
            int entry = entries[i];
            table[2 * i] =
                    entry >= 0
                            ? slots[entry].address()
                            : entry == EPSILON
                                    ? memory
                                    : memory
                                            + NativeMemory.PADDING
                                            + (FIRST_SUMS - entry) * sumBytes;
        }
        if (tasks == 1) {
            runTask(0);
        } else {
            ThreadPool.shared().parallelFor(tasks, rowsOfTask * columns, task);
        }
        for (int i = 0; totalled != null && i < totalled.length; i++) {
            long from = memory + NativeMemory.PADDING + i * sumBytes;
            totals.run(from, blocks, columns, totalled[i].address());
        }
    }

    private void runTask(int index) {
        long begin = index * rowsOfTask;
        long end = Math.min(rows, begin + rowsOfTask);
        kernel.runRows(table, begin, end, columns, Scratch.address(kernel.scratchBytes(columns)));
    }
}
