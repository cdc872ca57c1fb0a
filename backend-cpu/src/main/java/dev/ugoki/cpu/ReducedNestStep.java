package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Operand;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.RowReduction;
import dev.ugoki.tensor.spi.Slot;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A kernel over elements, as in {@link NestStep}, and a reduction of the rows of what it computes,
 * ready to run: block by block of some rows, which are reduced while they are in the cache, by
 * {@link FloatReductions} as ever. So the bits are those of the two one after the other.
 */
final class ReducedNestStep implements Prepared {
    /** Elements that are reduced while they are in the first cache. */
    private static final long ELEMENTS_OF_A_BLOCK = 1 << 12;

    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    /** What a flat kernel begins at is a multiple of this. */
    private static final long FLAT_MULTIPLE = 16;

    /** Operand tables by their length, for each thread. */
    private static final int MOST_TABLES = 64;

    private static final ThreadLocal<long[][]> TABLES =
            ThreadLocal.withInitial(() -> new long[MOST_TABLES][0]);

    private final Prim.Reduce.Kind kind;
    private final long length;
    private final long reducedRows;
    private final Slot[] slots;
    private final Slot result;
    private final int[] byteSizes;
    private final GeneratedKernel kernel;
    private final boolean flat;
    private final long columns;
    private final long rows;
    private final long[][] offsets;
    private final long[] rowBytes;
    private final long[] addresses;

    /** Where in the table the reduced output is; whether it is stored for others too. */
    private final int source;

    private final boolean stored;
    private final long rowsOfBlock;
    private final long rowsOfTask;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private long to;

    ReducedNestStep(Kernel joined, RowReduction reduction, Slot[] operands, Slot[] results) {
        kind = reduction.kind();
        length = reduction.length();
        int kept = results.length - 1;
        result = results[kept];
        slots = new Slot[operands.length + kept];
        System.arraycopy(operands, 0, slots, 0, operands.length);
        System.arraycopy(results, 0, slots, operands.length, kept);
        source = operands.length + reduction.output();
        stored = reduction.output() < kept;
        Shape shape = operands[0].shape();
        int entries = operands.length + joined.outputs().size();
        if (entries >= MOST_TABLES) {
            throw new IllegalArgumentException("a kernel of " + entries + " operands and outputs");
        }
        byteSizes = new int[entries];
        long[][] strides = new long[entries][];
        for (int i = 0; i < entries; i++) {
            boolean hasMemory = i < slots.length;
            byteSizes[i] = hasMemory ? slots[i].dtype().byteSize() : Float.BYTES;
            strides[i] = hasMemory ? slots[i].stored().toStrides() : shape.toRowMajorStrides();
        }
        Walk walk = Walk.of(shape, strides);
        columns = walk.columns();
        rows = walk.rows();
        flat = walk.extents().length == 1;
        rowBytes = new long[entries];
        addresses = new long[entries];
        List<Operand> laidOut = new ArrayList<>();
        int repeats = Math.toIntExact(walk.repeats());
        offsets = new long[repeats][entries];
        for (int i = 0; i < entries; i++) {
            rowBytes[i] = walk.rowStep(i) * byteSizes[i];
            if (i < operands.length) {
                laidOut.add(
                        new Operand(
                                joined.operands().get(i).type(),
                                NestStep.layout(flat, walk.step(i), walk.rowStep(i))));
            }
            for (int repeat = 0; repeat < repeats; repeat++) {
                offsets[repeat][i] = walk.offset(i, repeat) * byteSizes[i];
            }
        }
        kernel = GeneratedKernels.get(new Kernel(laidOut, joined.instructions(), joined.outputs()));
        reducedRows = shape.elementCount() / length;
        long unit = unit();
        rowsOfBlock = unit * Math.max(1, ELEMENTS_OF_A_BLOCK / (unit * length));
        rowsOfTask = rowsOfBlock * Math.max(1, ELEMENTS_OF_A_TASK / (rowsOfBlock * length));
        tasks = Math.toIntExact((reducedRows + rowsOfTask - 1) / rowsOfTask);
    }

    /** Whether it can be: reductions of rows that {@link FloatReductions} does not divide. */
    static boolean has(Prim.Reduce op, TensorType operand) {
        long length = 1;
        for (int dim = 0; dim < operand.shape().rank(); dim++) {
            length *= op.axes().contains(dim) ? operand.shape().extent(dim) : 1;
        }
        return operand.dtype() == DType.F32
                && FloatReductions.has(op.kind())
                && length > 0
                && length <= FloatReductions.ELEMENTS_OF_A_TASK;
    }

    /** Of how many rows a block must be a multiple, so that it begins where the kernel can. */
    private long unit() {
        if (flat) {
            long unit = 1;
            while (unit * length % FLAT_MULTIPLE != 0) {
                unit *= 2;
            }
            return unit;
        }
        return Math.max(1, columns / length);
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return flat ? kernel.compileFlat() : kernel.compileRows(columns);
    }

    @Override
    public void run() {
        for (int i = 0; i < slots.length; i++) {
            addresses[i] = slots[i].address();
        }
        to = result.address();
        if (tasks == 1) {
            runTask(0);
        } else {
            ThreadPool.shared().parallelFor(tasks, task);
        }
    }

    private void runTask(int index) {
        long end = Math.min(reducedRows, (index + 1) * rowsOfTask);
        for (long row = index * rowsOfTask; row < end; row += rowsOfBlock) {
            block(row, Math.min(rowsOfBlock, end - row));
        }
    }

    private void block(long first, long count) {
        long own = stored ? 0 : Scratch.rows(4 * count * length + NativeMemory.PADDING);
        long begin = first * length;
        if (flat) {
            long[] table = table(0, own - 4 * begin);
            long bytes = kernel.flatScratchBytes();
            long scratch = bytes == 0 ? 0 : Scratch.address(bytes);
            kernel.runFlat(table, begin, begin + count * length, scratch);
        } else {
            lines(begin / columns, (begin + count * length) / columns, own);
        }
        long from = stored ? addresses[source] + 4 * begin : own;
        FloatReductions.rows(kind, from, 0, count, length, to + 4 * first);
    }

    private void lines(long first, long end, long own) {
        long bytes = kernel.scratchBytes(columns);
        long scratch = bytes == 0 ? 0 : Scratch.address(bytes);
        long line = first;
        while (line < end) {
            int repeat = (int) (line / rows);
            long before = repeat * rows;
            long stop = Math.min(end, before + rows);
            long[] table = table(repeat, own + 4 * (before - first) * columns);
            kernel.runRows(table, line - before, stop - before, columns, scratch);
            line = stop;
        }
    }

    /** The operand table of a repeat, for this thread. */
    private long[] table(int repeat, long own) {
        int entries = rowBytes.length;
        long[][] tables = TABLES.get();
        if (tables[entries].length == 0) {
            tables[entries] = new long[2 * entries];
        }
        long[] table = tables[entries];
        for (int i = 0; i < rowBytes.length; i++) {
            boolean hasMemory = i < slots.length;
            table[2 * i] = hasMemory ? addresses[i] + offsets[repeat][i] : own;
            table[2 * i + 1] = rowBytes[i];
        }
        return table;
    }
}
