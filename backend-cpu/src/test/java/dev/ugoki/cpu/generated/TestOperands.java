package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.kernel.Schedule;
import dev.ugoki.tensor.kernel.ValueType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Padded, aligned memory for all operands of a kernel, and its operand table. */
record TestOperands(Kernel kernel, long rows, long columns, List<MemorySegment> segments) {
    static final long PADDING = 64;

    static TestOperands allocate(Kernel kernel, long rows, long columns, Arena arena) {
        List<MemorySegment> segments = new ArrayList<>();
        for (int k = 0; k < kernel.tableSize(); k++) {
            long bytes = 4 * elements(kernel, k, rows, columns);
            segments.add(arena.allocate(bytes + PADDING, 64));
        }
        return new TestOperands(kernel, rows, columns, segments);
    }

    static Layout layout(Kernel kernel, int operand) {
        int inputs = kernel.operands().size();
        return operand < inputs
                ? kernel.operands().get(operand).layout()
                : kernel.outputs().get(operand - inputs).layout();
    }

    private static long elements(Kernel kernel, int operand, long rows, long columns) {
        boolean isOutput = operand >= kernel.operands().size();
        return switch (layout(kernel, operand)) {
            case FULL -> rows * columns;
            case PER_COLUMN ->
                    isOutput ? columns * Math.ceilDiv(rows, Output.ROWS_PER_BLOCK) : columns;
            case PER_ROW -> rows;
            case SCALAR -> 1;
        };
    }

    long elements(int operand) {
        return elements(kernel, operand, rows, columns);
    }

    private static ValueType type(Kernel kernel, int operand) {
        int inputs = kernel.operands().size();
        return operand < inputs
                ? kernel.operands().get(operand).type()
                : kernel.types().get(kernel.outputs().get(operand - inputs).value());
    }

    /** The operand table. */
    long[] table() {
        long[] table = new long[2 * segments.size()];
        for (int k = 0; k < segments.size(); k++) {
            table[2 * k] = segments.get(k).address();
            int bytes = type(kernel, k).bytes();
            table[2 * k + 1] = layout(kernel, k) == Layout.PER_ROW ? bytes : bytes * columns;
        }
        return table;
    }

    /** Fills all inputs with normal numbers. */
    TestOperands fillInputs(long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int k = 0; k < kernel.operands().size(); k++) {
            for (long i = 0; i < elements(k); i++) {
                set(k, i, (float) random.nextGaussian());
            }
        }
        return this;
    }

    /** Scratch memory for code of this width; columns are at most FLAT_BLOCK. */
    static long scratch(Kernel kernel, VectorWidth width, Arena arena) {
        ScratchSize size = ScratchSize.of(kernel, Schedule.of(kernel, width.valuesPerPass()));
        long bytes = Math.max(size.ofFlat(), size.ofRows(KernelEmitter.FLAT_BLOCK));
        return arena.allocate(bytes, 64).address();
    }

    void set(int operand, long index, float value) {
        if (type(kernel, operand) == ValueType.MASK) {
            segments.get(operand).set(ValueLayout.JAVA_BYTE, index, (byte) (value > 0 ? 1 : 0));
            return;
        }
        segments.get(operand).setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    float get(int operand, long index) {
        if (type(kernel, operand) == ValueType.MASK) {
            return segments.get(operand).get(ValueLayout.JAVA_BYTE, index);
        }
        return segments.get(operand).getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    float[] output(int output) {
        int operand = kernel.operands().size() + output;
        float[] values = new float[(int) elements(operand)];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(operand, i);
        }
        return values;
    }

    List<float[]> outputs() {
        List<float[]> outputs = new ArrayList<>();
        for (int k = 0; k < kernel.outputs().size(); k++) {
            outputs.add(output(k));
        }
        return outputs;
    }
}
