package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Operand;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A kernel over the elements of tensors of one shape, ready to run: dimensions that all operands
 * walk through alike are joined, so that there is one row, or rows of columns, or several of these.
 */
final class NestStep implements Prepared {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private final Slot[] slots;
    private final int[] byteSizes;
    private final GeneratedKernel kernel;
    private final long columns;
    private final long rows;
    private final long repeats;

    /** For each operand and repeat, bytes from its first element. */
    private final long[][] offsets;

    /** For each repeat its operand table: addresses change, distances stay. */
    private final long[][] tables;

    private final boolean flat;
    private final long perTask;
    private final int tasksOfRepeat;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;

    NestStep(Kernel joined, Slot[] operands, Slot[] results) {
        slots = new Slot[operands.length + results.length];
        System.arraycopy(operands, 0, slots, 0, operands.length);
        System.arraycopy(results, 0, slots, operands.length, results.length);
        byteSizes = new int[slots.length];
        for (int i = 0; i < slots.length; i++) {
            byteSizes[i] = slots[i].dtype().byteSize();
        }
        Walk walk = Walk.of(results[0].shape(), slots);
        columns = walk.columns();
        rows = walk.rows();
        repeats = walk.repeats();
        flat = walk.extents().length == 1;
        List<Operand> laidOut = new ArrayList<>();
        long[] rowBytes = new long[slots.length];
        for (int i = 0; i < slots.length; i++) {
            long step = walk.step(i);
            if (step != 0 && step != 1) {
                throw new IllegalArgumentException(
                        "operand " + i + " advances by " + step + " elements; copy it first");
            }
            long rowStep = walk.rowStep(i);
            rowBytes[i] = rowStep * byteSizes[i];
            if (i < operands.length) {
                Layout layout = layout(flat, step, rowStep);
                laidOut.add(new Operand(joined.operands().get(i).type(), layout));
            }
        }
        kernel = GeneratedKernels.get(new Kernel(laidOut, joined.instructions(), joined.outputs()));
        offsets = new long[slots.length][Math.toIntExact(repeats)];
        tables = new long[Math.toIntExact(repeats)][2 * slots.length];
        for (int repeat = 0; repeat < repeats; repeat++) {
            for (int i = 0; i < slots.length; i++) {
                offsets[i][repeat] = walk.offset(i, repeat) * byteSizes[i];
                tables[repeat][2 * i + 1] = rowBytes[i];
            }
        }
        long all = flat ? columns : rows;
        perTask = flat ? ELEMENTS_OF_A_TASK : Math.max(1, ELEMENTS_OF_A_TASK / columns);
        tasksOfRepeat = Math.toIntExact((all + perTask - 1) / perTask);
        tasks = Math.multiplyExact(tasksOfRepeat, Math.toIntExact(repeats));
    }

    /** How an operand varies that advances so, in elements, along columns and rows. */
    static Layout layout(boolean flat, long step, long rowStep) {
        if (flat) {
            return step == 0 ? Layout.SCALAR : Layout.FULL;
        }
        if (step == 0) {
            return rowStep == 0 ? Layout.SCALAR : Layout.PER_ROW;
        }
        return rowStep == 0 ? Layout.PER_COLUMN : Layout.FULL;
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return flat ? kernel.compileFlat() : kernel.compileRows(columns);
    }

    @Override
    public void run() {
        for (int i = 0; i < slots.length; i++) {
            long address = slots[i].address();
            long[] offset = offsets[i];
            for (int repeat = 0; repeat < offset.length; repeat++) {
                tables[repeat][2 * i] = address + offset[repeat];
            }
        }
        if (tasks == 1) {
            runTask(0);
        } else {
            ThreadPool.shared().parallelFor(tasks, flat ? perTask : perTask * columns, task);
        }
    }

    private void runTask(int index) {
        long[] table = tables[index / tasksOfRepeat];
        long begin = index % tasksOfRepeat * perTask;
        if (flat) {
            long bytes = kernel.flatScratchBytes();
            long scratch = bytes == 0 ? 0 : Scratch.address(bytes);
            kernel.runFlat(table, begin, Math.min(columns, begin + perTask), scratch);
        } else {
            long bytes = kernel.scratchBytes(columns);
            long scratch = bytes == 0 ? 0 : Scratch.address(bytes);
            kernel.runRows(table, begin, Math.min(rows, begin + perTask), columns, scratch);
        }
    }
}
