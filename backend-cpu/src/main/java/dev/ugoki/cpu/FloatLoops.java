package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.spi.Stored;

/**
 * Runs generated kernels over tensors: as one long row where every operand is contiguous or one
 * element, by rows and columns otherwise; in tasks that depend on shape alone.
 */
final class FloatLoops {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    /** Rows of no more columns cost more than what they hold. */
    private static final long SHORT_ROW = 64;

    private static final long FEWEST_REPEATS = 4;

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

    /** The same of contiguous operands, with the kernel for two full ones. */
    static void runContiguous(GeneratedKernel kernel, Stored x, Stored y, Stored result) {
        long[] table = {x.address(), 0, y.address(), 0, result.address(), 0};
        flat(kernel, table, result.elementCount());
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
            if (runSpread(nest, result, choice, layouts, operands)) {
                return;
            }
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

    /**
     * Runs short rows that are gone through again and again, such as channels of few positions of
     * many images, as one long row: what is constant in each is spread over its columns before.
     *
     * @return whether the operands lie so
     */
    private static boolean runSpread(
            Nest nest, Stored result, Choice choice, Layout[] layouts, Stored... operands) {
        long spread = nest.rows() * nest.columns();
        if (nest.columns() > SHORT_ROW
                || nest.repeats() < FEWEST_REPEATS
                || spread > ELEMENTS_OF_A_TASK
                || result.dtype() != DType.F32) {
            return false;
        }
        for (int i = 0; i < operands.length; i++) {
            boolean constant = nest.isConstantInRow(i);
            if (operands[i].dtype() != DType.F32
                    || !constant && nest.rowBytes(i) != 4 * nest.columns()
                    || !isEven(nest, i, constant ? 0 : 4 * spread)) {
                return false;
            }
            layouts[i] = constant ? Layout.PER_COLUMN : Layout.FULL;
        }
        long memory = NativeMemory.allocate(operands.length * (4 * spread + NativeMemory.PADDING));
        try {
            long[] table = new long[2 * operands.length + 2];
            for (int i = 0; i < operands.length; i++) {
                table[2 * i] = nest.address(i, 0);
                table[2 * i + 1] = 4 * spread;
                if (layouts[i] == Layout.PER_COLUMN) {
                    table[2 * i] = memory + i * (4 * spread + NativeMemory.PADDING);
                    table[2 * i + 1] = 0;
                    spread(nest, i, table[2 * i]);
                }
            }
            table[2 * operands.length] = result.address();
            table[2 * operands.length + 1] = 4 * spread;
            rows(choice.of(layouts), table, nest.repeats(), spread);
        } finally {
            NativeMemory.free(memory);
        }
        return true;
    }

    /** Whether an operand advances by so many bytes from each repeat to the next. */
    private static boolean isEven(Nest nest, int operand, long distance) {
        long first = nest.address(operand, 0);
        for (long repeat = 1; repeat < nest.repeats(); repeat++) {
            if (nest.address(operand, repeat) != first + repeat * distance) {
                return false;
            }
        }
        return true;
    }

    /** Writes the number that an operand has in each row to all columns of it. */
    private static void spread(Nest nest, int operand, long target) {
        for (long row = 0; row < nest.rows(); row++) {
            float value =
                    NativeMemory.getFloat(nest.address(operand, 0) + row * nest.rowBytes(operand));
            long line = target + 4 * row * nest.columns();
            for (long column = 0; column < nest.columns(); column++) {
                NativeMemory.setFloat(line + 4 * column, value);
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
