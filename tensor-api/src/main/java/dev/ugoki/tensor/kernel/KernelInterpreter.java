package dev.ugoki.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Runs a kernel as it stands, one instruction at a time over a block of columns (all columns of a
 * row, where the kernel reduces). It defines what every generated form must compute, and takes
 * their place until they are compiled: its few loops are the same for all kernels, so they are warm
 * when a kernel is new.
 *
 * <p>Every {@code run} works on memory of its own, so several threads may run one interpreter.
 */
public final class KernelInterpreter {
    private static final int BLOCK = 512;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Kernel kernel;
    private final List<ValueType> types;
    private final boolean reduces;

    /** Where each value lives; a value's place is given on after its last use. */
    private final int[] slots;

    private final int slotCount;

    /** An interpreter of this kernel. */
    public KernelInterpreter(Kernel kernel) {
        this.kernel = kernel;
        this.types = kernel.types();
        this.reduces =
                kernel.instructions().stream().anyMatch(i -> i instanceof Instruction.Reduce);
        this.slots = new int[types.size()];
        this.slotCount = assignSlots();
    }

    private int assignSlots() {
        int[] lastUse = new int[slots.length];
        for (int value = 0; value < slots.length; value++) {
            for (int argument : kernel.instructions().get(value).arguments()) {
                lastUse[argument] = value;
            }
        }
        kernel.outputs().forEach(output -> lastUse[output.value()] = Integer.MAX_VALUE);
        Deque<Integer> free = new ArrayDeque<>();
        int count = 0;
        for (int value = 0; value < slots.length; value++) {
            slots[value] = free.isEmpty() ? count++ : free.pop();
            for (int argument :
                    kernel.instructions().get(value).arguments().stream().distinct().toList()) {
                if (lastUse[argument] == value) {
                    free.push(slots[argument]);
                }
            }
        }
        return count;
    }

    /**
     * Runs rows {@code begin} to {@code end} (exclusive).
     *
     * @param memory what the addresses of the operand table are offsets in
     * @param operands the operand table, as {@link Kernel} says
     * @param columns the number of columns, less than 2^31
     * @throws IllegalArgumentException if the kernel sums over rows and {@code begin} is not the
     *     first row of a block
     */
    public void run(MemorySegment memory, long[] operands, long begin, long end, long columns) {
        if (begin % Output.ROWS_PER_BLOCK != 0
                && kernel.outputs().stream().anyMatch(o -> o.layout() == Layout.PER_COLUMN)) {
            throw new IllegalArgumentException(
                    "kernel that sums over rows: first row %d must be a multiple of %d"
                            .formatted(begin, Output.ROWS_PER_BLOCK));
        }
        Run run = new Run(memory, operands, Math.toIntExact(columns));
        for (long row = begin; row < end; row++) {
            run.row(row, 0, columns);
        }
    }

    /**
     * Runs elements {@code begin} to {@code end} of a flat kernel ({@link Kernel#isFlat}); the
     * operands are contiguous.
     */
    public void runFlat(MemorySegment memory, long[] operands, long begin, long end) {
        if (!kernel.isFlat()) {
            throw new IllegalArgumentException("kernel is not flat: run it by rows\n" + kernel);
        }
        new Run(memory, operands, (int) Math.min(BLOCK, end - begin)).row(0, begin, end);
    }

    /** One call: its memory, operands and the blocks of values. */
    private final class Run {
        private final MemorySegment memory;
        private final long[] operands;
        private final int columns;
        private final float[][] floats = new float[slotCount][];
        private final int[][] ints = new int[slotCount][];
        private final int blockLength;

        Run(MemorySegment memory, long[] operands, int columns) {
            this.memory = memory;
            this.operands = operands;
            this.columns = columns;
            this.blockLength = reduces ? columns : Math.min(columns, BLOCK);
        }

        void row(long row, long begin, long end) {
            for (long column = begin; column < end; column += blockLength) {
                block(row, column, (int) Math.min(blockLength, end - column));
            }
            if (begin >= end) {
                block(row, begin, 0);
            }
        }

        private void block(long row, long column, int length) {
            for (int value = 0; value < slots.length; value++) {
                compute(value, row, column, length);
            }
            for (int k = 0; k < kernel.outputs().size(); k++) {
                store(k, row, column, length);
            }
        }

        private float[] floats(int value) {
            int slot = slots[value];
            if (floats[slot] == null) {
                floats[slot] = new float[Math.max(1, blockLength)];
            }
            return floats[slot];
        }

        private int[] ints(int value) {
            int slot = slots[value];
            if (ints[slot] == null) {
                ints[slot] = new int[Math.max(1, blockLength)];
            }
            return ints[slot];
        }

        private long address(int operand, Layout layout, ValueType type, long row, long column) {
            return operands[2 * operand]
                    + (layout.variesByRow() ? row * operands[2 * operand + 1] : 0)
                    + (layout.variesByColumn() ? type.bytes() * column : 0);
        }

        private void compute(int value, long row, long column, int n) {
            // A row's value must be there even when the row is empty.
            int filled = Math.max(1, n);
            switch (kernel.instructions().get(value)) {
                case Instruction.Load(int operand) -> load(value, operand, row, column, n);
                case Instruction.FloatConstant(float constant) ->
                        Arrays.fill(floats(value), 0, filled, constant);
                case Instruction.IntConstant(int constant) ->
                        Arrays.fill(ints(value), 0, filled, constant);
                case Instruction.ColumnCount() ->
                        Arrays.fill(floats(value), 0, filled, (float) columns);
                case Instruction.FloatUnary(var operator, int x) ->
                        BlockArithmetic.unary(operator, floats(x), floats(value), filled);
                case Instruction.FloatBinary(var operator, int x, int y) ->
                        BlockArithmetic.binary(
                                operator, floats(x), floats(y), floats(value), filled);
                case Instruction.FusedMultiplyAdd(int x, int y, int z) ->
                        BlockArithmetic.multiplyAdd(
                                floats(x), floats(y), floats(z), floats(value), filled);
                case Instruction.IntBinary(var operator, int x, int y) ->
                        BlockArithmetic.binary(operator, ints(x), ints(y), ints(value), filled);
                case Instruction.Compare(var comparison, int x, int y) ->
                        compare(comparison, x, y, ints(value), filled);
                case Instruction.Select(int mask, int x, int y) ->
                        select(mask, x, y, value, filled);
                case Instruction.FloatToBits(int x) ->
                        BlockArithmetic.toBits(floats(x), ints(value), filled);
                case Instruction.BitsToFloat(int x) ->
                        BlockArithmetic.toFloats(ints(x), floats(value), filled);
                case Instruction.FloatToInt(int x) ->
                        BlockArithmetic.truncate(floats(x), ints(value), filled);
                case Instruction.IntToFloat(int x) ->
                        BlockArithmetic.round(ints(x), floats(value), filled);
                case Instruction.Reduce(Reduction reduction, int x) ->
                        Arrays.fill(
                                floats(value),
                                0,
                                filled,
                                BlockArithmetic.reduce(reduction, floats(x), n));
            }
        }

        private void load(int value, int operand, long row, long column, int n) {
            Operand input = kernel.operands().get(operand);
            long address = address(operand, input.layout(), input.type(), row, column);
            boolean wide = input.layout().variesByColumn();
            int filled = Math.max(1, n);
            switch (input.type()) {
                case F32 -> {
                    if (wide) {
                        MemorySegment.copy(memory, FLOAT, address, floats(value), 0, n);
                    } else {
                        Arrays.fill(floats(value), 0, filled, memory.get(FLOAT, address));
                    }
                }
                case I32 -> {
                    if (wide) {
                        MemorySegment.copy(memory, INT, address, ints(value), 0, n);
                    } else {
                        Arrays.fill(ints(value), 0, filled, memory.get(INT, address));
                    }
                }
                case MASK -> {
                    int[] out = ints(value);
                    for (int j = 0; j < (wide ? n : filled); j++) {
                        out[j] = memory.get(BYTE, wide ? address + j : address);
                    }
                }
            }
        }

        private void compare(Instruction.Comparison comparison, int x, int y, int[] out, int n) {
            if (types.get(x) == ValueType.F32) {
                BlockArithmetic.compare(comparison, floats(x), floats(y), out, n);
            } else {
                BlockArithmetic.compare(comparison, ints(x), ints(y), out, n);
            }
        }

        private void select(int mask, int x, int y, int value, int n) {
            if (types.get(x) == ValueType.F32) {
                BlockArithmetic.select(ints(mask), floats(x), floats(y), floats(value), n);
            } else {
                BlockArithmetic.select(ints(mask), ints(x), ints(y), ints(value), n);
            }
        }

        private void store(int k, long row, long column, int n) {
            Output output = kernel.outputs().get(k);
            int operand = kernel.operands().size() + k;
            ValueType type = types.get(output.value());
            long address = address(operand, output.layout(), type, row, column);
            switch (output.layout()) {
                case FULL -> {
                    switch (type) {
                        case F32 ->
                                MemorySegment.copy(
                                        floats(output.value()), 0, memory, FLOAT, address, n);
                        case I32 ->
                                MemorySegment.copy(
                                        ints(output.value()), 0, memory, INT, address, n);
                        case MASK -> storeConditions(ints(output.value()), address, n);
                    }
                }
                case PER_ROW -> {
                    if (type == ValueType.F32) {
                        memory.set(FLOAT, address, floats(output.value())[0]);
                    } else {
                        memory.set(INT, address, ints(output.value())[0]);
                    }
                }
                case PER_COLUMN -> accumulate(operand, floats(output.value()), row, column, n);
                case SCALAR -> throw new AssertionError("refused by Output");
            }
        }

        private void storeConditions(int[] values, long address, int n) {
            for (int j = 0; j < n; j++) {
                memory.set(BYTE, address + j, (byte) (values[j] != 0 ? 1 : 0));
            }
        }

        private void accumulate(int operand, float[] values, long row, long column, int n) {
            long block = row / Output.ROWS_PER_BLOCK;
            long address = operands[2 * operand] + block * operands[2 * operand + 1] + 4 * column;
            boolean first = row % Output.ROWS_PER_BLOCK == 0;
            for (int j = 0; j < n; j++) {
                float before = first ? 0f : memory.get(FLOAT, address + 4L * j);
                memory.set(FLOAT, address + 4L * j, before + values[j]);
            }
        }
    }
}
