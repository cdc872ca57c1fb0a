package dev.ugoki.tensor.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes kernels as expressions.
 *
 * {@snippet :
 * KernelBuilder kernel = new KernelBuilder();
 * FloatValue x = kernel.input(Layout.FULL);
 * FloatValue bias = kernel.input(Layout.PER_COLUMN);
 * kernel.output(Activations.gelu(x.plus(bias)));
 * Kernel biasAndGelu = kernel.build();
 * }
 *
 * <p>Equal instructions become one. Not for use by several threads at once.
 */
public final class KernelBuilder {
    private final List<Operand> operands = new ArrayList<>();
    private final List<Instruction> instructions = new ArrayList<>();
    private final Map<Instruction, Integer> numbers = new HashMap<>();
    private final List<Output> outputs = new ArrayList<>();

    public KernelBuilder() {}

    /** The next input, F32. */
    public FloatValue input(Layout layout) {
        operands.add(new Operand(ValueType.F32, layout));
        return new FloatValue(this, add(new Instruction.Load(operands.size() - 1)));
    }

    /** The next input, I32. */
    public IntValue intInput(Layout layout) {
        operands.add(new Operand(ValueType.I32, layout));
        return new IntValue(this, add(new Instruction.Load(operands.size() - 1)));
    }

    /** The next input, of conditions. */
    public MaskValue maskInput(Layout layout) {
        operands.add(new Operand(ValueType.MASK, layout));
        return new MaskValue(this, add(new Instruction.Load(operands.size() - 1)));
    }

    /** A constant. */
    public FloatValue constant(float value) {
        return new FloatValue(this, add(new Instruction.FloatConstant(value)));
    }

    /** A constant. */
    public IntValue intConstant(int value) {
        return new IntValue(this, add(new Instruction.IntConstant(value)));
    }

    /** The number of columns as F32: what a row's mean divides by. */
    public FloatValue columnCount() {
        return new FloatValue(this, add(new Instruction.ColumnCount()));
    }

    /** Stores this value for every element, as the next output. */
    public KernelBuilder output(FloatValue value) {
        outputs.add(new Output(value.number(this), Layout.FULL));
        return this;
    }

    /** Stores this value for every element, as the next output. */
    public KernelBuilder output(IntValue value) {
        outputs.add(new Output(value.number(this), Layout.FULL));
        return this;
    }

    /** Stores this condition for every element, as the next output. */
    public KernelBuilder output(MaskValue value) {
        outputs.add(new Output(value.number(this), Layout.FULL));
        return this;
    }

    /** Stores this value, which must be the same in all columns of a row, once for every row. */
    public KernelBuilder outputPerRow(FloatValue value) {
        outputs.add(new Output(value.number(this), Layout.PER_ROW));
        return this;
    }

    /** Stores the sums of this value over blocks of rows; see {@link Output}. */
    public KernelBuilder outputSumOverRows(FloatValue value) {
        outputs.add(new Output(value.number(this), Layout.PER_COLUMN));
        return this;
    }

    /**
     * The kernel.
     *
     * @throws IllegalArgumentException if it has no output
     */
    public Kernel build() {
        return new Kernel(operands, instructions, outputs);
    }

    int add(Instruction instruction) {
        return numbers.computeIfAbsent(
                instruction,
                added -> {
                    instructions.add(added);
                    return instructions.size() - 1;
                });
    }
}
