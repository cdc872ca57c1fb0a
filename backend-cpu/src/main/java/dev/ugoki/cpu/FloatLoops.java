package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.spi.Stored;

/**
 * Runs generated kernels over tensors: as one long row where every operand is contiguous or one
 * element, by rows and columns otherwise; in tasks that depend on shape alone.
 */
final class FloatLoops {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private FloatLoops() {}

    /** The kernel for operands that vary so. */
    @FunctionalInterface
    interface Choice {
        GeneratedKernel of(Layout[] layouts);
    }

    /** {@code result = kernel(operands)}, element by element; the operands have its shape. */
    static void run(Stored result, Choice choice, Stored... operands) {
        long count = result.elementCount();
        Layout[] layouts = new Layout[operands.length];
        for (int i = 0; i < operands.length; i++) {
            if (operands[i].isContiguous()) {
                layouts[i] = Layout.FULL;
            } else if (isOneElement(operands[i])) {
                layouts[i] = Layout.SCALAR;
            } else {
                runNest(result, choice, layouts, operands);
                return;
            }
        }
        long[] table = new long[2 * operands.length + 2];
        for (int i = 0; i < operands.length; i++) {
            table[2 * i] = operands[i].address();
        }
        table[2 * operands.length] = result.address();
        flat(choice.of(layouts), table, count);
    }

    private static boolean isOneElement(Stored operand) {
        for (int dim = 0; dim < operand.shape().rank(); dim++) {
            if (operand.stride(dim) != 0 && operand.shape().extent(dim) != 1) {
                return false;
            }
        }
        return true;
    }

    /** Runs a flat kernel over {@code count} elements of every full operand. */
    static void flat(GeneratedKernel kernel, long[] table, long count) {
        if (count <= ELEMENTS_OF_A_TASK) {
            kernel.runFlat(table, 0, count, scratch(kernel));
            return;
        }
        int tasks = Math.toIntExact((count + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long begin = task * ELEMENTS_OF_A_TASK;
                            kernel.runFlat(
                                    table,
                                    begin,
                                    Math.min(count, begin + ELEMENTS_OF_A_TASK),
                                    scratch(kernel));
                        });
    }

    private static long scratch(GeneratedKernel kernel) {
        long bytes = kernel.flatScratchBytes();
        return bytes == 0 ? 0 : Scratch.address(bytes);
    }

    private static void runNest(
            Stored result, Choice choice, Layout[] layouts, Stored... operands) {
        try (Nest nest = Nest.of(result.shape(), operands)) {
            boolean oneRow = nest.rows() == 1 && nest.repeats() == 1;
            for (int i = 0; i < operands.length; i++) {
                layouts[i] = layout(nest, i, oneRow);
            }
            GeneratedKernel kernel = choice.of(layouts);
            long rowBytes = result.dtype().byteSize() * nest.columns();
            for (long repeat = 0; repeat < nest.repeats(); repeat++) {
                long[] table = new long[2 * operands.length + 2];
                for (int i = 0; i < operands.length; i++) {
                    table[2 * i] = nest.address(i, repeat);
                    table[2 * i + 1] = nest.rowBytes(i);
                }
                table[2 * operands.length] = result.address() + repeat * nest.rows() * rowBytes;
                table[2 * operands.length + 1] = rowBytes;
                if (oneRow) {
                    flat(kernel, table, nest.columns());
                } else {
                    rows(kernel, table, nest.rows(), nest.columns());
                }
            }
        }
    }

    private static Layout layout(Nest nest, int operand, boolean oneRow) {
        boolean sameInAllRows = oneRow || nest.rowBytes(operand) == 0;
        if (nest.isConstantInRow(operand)) {
            return sameInAllRows ? Layout.SCALAR : Layout.PER_ROW;
        }
        return sameInAllRows && !oneRow ? Layout.PER_COLUMN : Layout.FULL;
    }

    /** Runs a kernel over rows and columns. */
    static void rows(GeneratedKernel kernel, long[] table, long rows, long columns) {
        long rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, columns));
        int tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long begin = task * rowsOfTask;
                            kernel.runRows(
                                    table,
                                    begin,
                                    Math.min(rows, begin + rowsOfTask),
                                    columns,
                                    Scratch.address(kernel.scratchBytes(columns)));
                        });
    }
}
