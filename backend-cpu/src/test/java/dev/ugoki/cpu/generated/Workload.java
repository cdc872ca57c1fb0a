package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.KernelInterpreter;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.RowKernels;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** One computation on [rows, columns], in the forms that are compared. */
final class Workload {
    /** What is computed. */
    enum Kind {
        MISH,
        MISH_GRADIENT,
        LAYER_NORM,
        LAYER_NORM_GRADIENT;

        Kernel kernel() {
            return switch (this) {
                case MISH -> SampleKernels.unary(Activations::mish);
                case MISH_GRADIENT -> SampleKernels.binary(Activations::mishGradient);
                case LAYER_NORM -> RowKernels.layerNorm();
                case LAYER_NORM_GRADIENT -> RowKernels.layerNormGradient();
            };
        }

        /** Full tensors read and written. */
        int streams() {
            return switch (this) {
                case MISH, LAYER_NORM -> 2;
                case MISH_GRADIENT, LAYER_NORM_GRADIENT -> 3;
            };
        }
    }

    /** How it is computed. */
    enum Form {
        GENERATED,
        HAND_WRITTEN,
        PER_OPERATION,
        INTERPRETED
    }

    static final long COLUMNS = 512;

    private final Kind kind;
    private final long rows;
    private final Arena arena;
    private final TestOperands operands;
    private final long[] table;
    private final long scratch;

    Workload(Kind kind, long rows, Arena arena) {
        this.kind = kind;
        this.rows = rows;
        this.arena = arena;
        this.operands = TestOperands.allocate(kind.kernel(), rows, COLUMNS, arena).fillInputs(5);
        if (kind == Kind.LAYER_NORM) {
            operands.set(3, 0, 1e-5f);
        }
        this.table = operands.table();
        this.scratch = arena.allocate(1 << 16, 64).address();
    }

    TestOperands operands() {
        return operands;
    }

    long bytes() {
        return kind.streams() * 4 * rows * COLUMNS;
    }

    Runnable form(Form form) {
        return switch (form) {
            case GENERATED -> generated(GeneratedKernels.get(kind.kernel()));
            case HAND_WRITTEN -> handWritten();
            case PER_OPERATION -> perOperation();
            case INTERPRETED -> interpreted();
        };
    }

    private Runnable generated(GeneratedKernel kernel) {
        return kernel.kernel().isFlat()
                ? () -> kernel.runFlat(table, 0, rows * COLUMNS, scratch)
                : () -> kernel.runRows(table, 0, rows, COLUMNS, scratch);
    }

    private Runnable interpreted() {
        KernelInterpreter interpreter = new KernelInterpreter(kind.kernel());
        return kind.kernel().isFlat()
                ? () -> interpreter.runFlat(Memory.ALL, table, 0, rows * COLUMNS)
                : () -> interpreter.run(Memory.ALL, table, 0, rows, COLUMNS);
    }

    private long at(int operand) {
        return table[2 * operand];
    }

    private Runnable handWritten() {
        long bytes = 4 * rows * COLUMNS;
        return switch (kind) {
            case MISH -> () -> HandWrittenKernels.mish(at(0), at(1), bytes);
            case MISH_GRADIENT -> () -> HandWrittenKernels.mishGradient(at(0), at(1), at(2), bytes);
            case LAYER_NORM ->
                    () ->
                            HandWrittenKernels.layerNorm(
                                    at(0), at(1), at(2), 1e-5f, at(4), at(5), at(6), rows, COLUMNS);
            case LAYER_NORM_GRADIENT ->
                    () ->
                            HandWrittenKernels.layerNormGradient(
                                    at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), rows,
                                    COLUMNS);
        };
    }

    private Runnable perOperation() {
        Steps steps = new Steps();
        switch (kind) {
            case MISH -> {
                long softplus = steps.softplus(at(0));
                long tanh = steps.unary(ElementaryFunctions::tanh, softplus);
                steps.binary(FloatValue::times, at(0), tanh, at(1));
            }
            case MISH_GRADIENT -> {
                // dy (t + x (1 - t t) sigmoid(x))
                long t = steps.unary(ElementaryFunctions::tanh, steps.softplus(at(0)));
                long square = steps.binary(FloatValue::times, t, t, steps.full());
                long slope = steps.unary(v -> v.kernel().constant(1f).minus(v), square);
                long sigmoid = steps.unary(ElementaryFunctions::sigmoid, at(0));
                long product = steps.binary(FloatValue::times, slope, sigmoid, steps.full());
                long scaled = steps.binary(FloatValue::times, at(0), product, steps.full());
                long sum = steps.binary(FloatValue::plus, t, scaled, steps.full());
                steps.binary(FloatValue::times, at(1), sum, at(2));
            }
            case LAYER_NORM -> {
                long mean = steps.rowMean(at(0));
                long centred = steps.rows(Layout.PER_ROW, FloatValue::minus, at(0), mean);
                long square = steps.binary(FloatValue::times, centred, centred, steps.full());
                long inverse = steps.inverseRoot(steps.rowMean(square), 1e-5f);
                long normal = steps.rows(Layout.PER_ROW, FloatValue::times, centred, inverse);
                long scaled = steps.rows(Layout.PER_COLUMN, FloatValue::times, normal, at(1));
                steps.rows(Layout.PER_COLUMN, FloatValue::plus, scaled, at(2), at(4));
            }
            case LAYER_NORM_GRADIENT -> {
                long centred = steps.rows(Layout.PER_ROW, FloatValue::minus, at(1), at(3));
                long normal = steps.rows(Layout.PER_ROW, FloatValue::times, centred, at(4));
                long g = steps.rows(Layout.PER_COLUMN, FloatValue::times, at(0), at(2));
                long meanOfG = steps.rowMean(g);
                long product = steps.binary(FloatValue::times, g, normal, steps.full());
                long meanOfProduct = steps.rowMean(product);
                long back = steps.rows(Layout.PER_ROW, FloatValue::times, normal, meanOfProduct);
                long rest = steps.rows(Layout.PER_ROW, FloatValue::minus, g, meanOfG);
                long difference = steps.binary(FloatValue::minus, rest, back, steps.full());
                steps.rows(Layout.PER_ROW, FloatValue::times, difference, at(4), at(5));
                long weighted = steps.binary(FloatValue::times, at(0), normal, steps.full());
                steps.add(RowKernels.sumOverRows(), weighted, at(6));
                steps.add(RowKernels.sumOverRows(), at(0), at(7));
            }
        }
        return steps;
    }

    /** Kernels of one operation each, one after the other, through buffers of their own. */
    private final class Steps implements Runnable {
        private final List<Runnable> steps = new ArrayList<>();

        @Override
        public void run() {
            for (Runnable step : steps) {
                step.run();
            }
        }

        long full() {
            return arena.allocate(4 * rows * COLUMNS + TestOperands.PADDING, 64).address();
        }

        void add(Kernel kernel, long... addresses) {
            long[] stepTable = new long[2 * kernel.tableSize()];
            for (int k = 0; k < addresses.length; k++) {
                stepTable[2 * k] = addresses[k];
                boolean perRow = TestOperands.layout(kernel, k) == Layout.PER_ROW;
                stepTable[2 * k + 1] = perRow ? 4 : 4 * COLUMNS;
            }
            GeneratedKernel generated = GeneratedKernels.get(kernel);
            steps.add(
                    kernel.isFlat()
                            ? () -> generated.runFlat(stepTable, 0, rows * COLUMNS, scratch)
                            : () -> generated.runRows(stepTable, 0, rows, COLUMNS, scratch));
        }

        long unary(UnaryOperator<FloatValue> operation, long x) {
            long out = full();
            add(SampleKernels.unary(operation), x, out);
            return out;
        }

        long softplus(long x) {
            return unary(ElementaryFunctions::softplus, x);
        }

        long binary(BinaryOperator<FloatValue> operation, long x, long y, long out) {
            add(SampleKernels.binary(operation), x, y, out);
            return out;
        }

        long rows(Layout layout, BinaryOperator<FloatValue> operation, long x, long y) {
            return rows(layout, operation, x, y, full());
        }

        long rows(Layout layout, BinaryOperator<FloatValue> operation, long x, long y, long out) {
            KernelBuilder kernel = new KernelBuilder();
            FloatValue left = kernel.input(Layout.FULL);
            kernel.output(operation.apply(left, kernel.input(layout)));
            add(kernel.build(), x, y, out);
            return out;
        }

        long rowMean(long x) {
            long out = full();
            KernelBuilder kernel = new KernelBuilder();
            kernel.outputPerRow(kernel.input(Layout.FULL).meanOverColumns());
            add(kernel.build(), x, out);
            return out;
        }

        long inverseRoot(long perRow, float epsilon) {
            long out = full();
            KernelBuilder kernel = new KernelBuilder();
            FloatValue root = kernel.input(Layout.PER_ROW).plus(epsilon).sqrt();
            kernel.outputPerRow(kernel.constant(1f).over(root));
            add(kernel.build(), perRow, out);
            return out;
        }
    }
}
