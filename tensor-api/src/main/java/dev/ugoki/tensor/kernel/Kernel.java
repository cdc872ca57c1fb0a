package dev.ugoki.tensor.kernel;

import java.util.ArrayList;
import java.util.List;

/**
 * A loop nest over rows and columns: for each element, the instructions in order, then the outputs.
 *
 * <p>Made with {@link KernelBuilder}. Equality is by content, so a kernel is its own key in caches.
 *
 * <p>When it runs, an operand table of {@code long} tells where its operands are: entry {@code 2k}
 * is the byte address of operand {@code k} (inputs first, then outputs), entry {@code 2k+1} the
 * distance in bytes between its rows. An output may have the address and row distance of an input
 * ({@link Layout#FULL} both): a row is read before it is overwritten. Any other overlap is an error
 * of the caller.
 *
 * @param operands the inputs
 * @param instructions the values, each reading earlier ones only
 * @param outputs what is stored
 */
public record Kernel(List<Operand> operands, List<Instruction> instructions, List<Output> outputs) {

    public Kernel {
        operands = List.copyOf(operands);
        instructions = List.copyOf(instructions);
        outputs = List.copyOf(outputs);
        List<ValueType> types = typesOf(operands, instructions);
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("kernel: it has no output; store something");
        }
        for (Output output : outputs) {
            if (output.value() < 0 || output.value() >= types.size()) {
                throw new IllegalArgumentException(
                        "kernel: output value " + output.value() + " of " + types.size());
            }
            ValueType type = types.get(output.value());
            if (type == ValueType.MASK && output.layout() != Layout.FULL
                    || type == ValueType.I32 && output.layout() == Layout.PER_COLUMN) {
                throw new IllegalArgumentException(
                        "kernel: cannot store a " + type + " as " + output.layout());
            }
        }
    }

    /** The types of all instructions' values. */
    public List<ValueType> types() {
        return typesOf(operands, instructions);
    }

    /**
     * Whether rows and columns don't matter: all operands are full or scalar and nothing belongs to
     * a row, so that contiguous operands may run as one long row.
     */
    public boolean isFlat() {
        return operands.stream().allMatch(o -> isFlat(o.layout()))
                && outputs.stream().allMatch(o -> o.layout() == Layout.FULL)
                && instructions.stream().noneMatch(Kernel::needsRows);
    }

    private static boolean isFlat(Layout layout) {
        return layout == Layout.FULL || layout == Layout.SCALAR;
    }

    private static boolean needsRows(Instruction instruction) {
        return instruction instanceof Instruction.Reduce
                || instruction instanceof Instruction.ColumnCount;
    }

    /** The number of operands in the operand table: inputs and outputs. */
    public int tableSize() {
        return operands.size() + outputs.size();
    }

    private static List<ValueType> typesOf(List<Operand> operands, List<Instruction> instructions) {
        List<ValueType> types = new ArrayList<>(instructions.size());
        for (Instruction instruction : instructions) {
            for (int argument : instruction.arguments()) {
                if (argument < 0 || argument >= types.size()) {
                    throw malformed(instruction, types, "reads value " + argument);
                }
            }
            types.add(typeOf(operands, instruction, types));
        }
        return List.copyOf(types);
    }

    private static ValueType typeOf(
            List<Operand> operands, Instruction instruction, List<ValueType> types) {
        return switch (instruction) {
            case Instruction.Load load -> {
                if (load.operand() < 0 || load.operand() >= operands.size()) {
                    throw malformed(instruction, types, "there are " + operands.size() + " inputs");
                }
                yield operands.get(load.operand()).type();
            }
            case Instruction.FloatConstant _, Instruction.ColumnCount _ -> ValueType.F32;
            case Instruction.IntConstant _ -> ValueType.I32;
            case Instruction.FloatUnary _,
                    Instruction.FloatBinary _,
                    Instruction.FusedMultiplyAdd _,
                    Instruction.Reduce _ -> {
                require(ValueType.F32, instruction, types);
                yield ValueType.F32;
            }
            case Instruction.IntBinary _ -> {
                require(ValueType.I32, instruction, types);
                yield ValueType.I32;
            }
            case Instruction.Compare(_, int x, int y) -> {
                requireSameNumbers(x, y, instruction, types);
                yield ValueType.MASK;
            }
            case Instruction.Select(int mask, int x, int y) -> {
                if (types.get(mask) != ValueType.MASK) {
                    throw malformed(instruction, types, "the first argument must be a mask");
                }
                yield requireSameNumbers(x, y, instruction, types);
            }
            case Instruction.FloatToBits _, Instruction.FloatToInt _ -> {
                require(ValueType.F32, instruction, types);
                yield ValueType.I32;
            }
            case Instruction.BitsToFloat _, Instruction.IntToFloat _ -> {
                require(ValueType.I32, instruction, types);
                yield ValueType.F32;
            }
        };
    }

    private static void require(ValueType type, Instruction instruction, List<ValueType> types) {
        for (int argument : instruction.arguments()) {
            if (types.get(argument) != type) {
                throw malformed(instruction, types, "its arguments must be " + type);
            }
        }
    }

    private static ValueType requireSameNumbers(
            int x, int y, Instruction instruction, List<ValueType> types) {
        ValueType type = types.get(x);
        if (type != types.get(y) || type == ValueType.MASK) {
            throw malformed(instruction, types, "both must be F32 or both I32");
        }
        return type;
    }

    private static IllegalArgumentException malformed(
            Instruction instruction, List<ValueType> types, String why) {
        List<ValueType> argumentTypes = new ArrayList<>();
        for (int argument : instruction.arguments()) {
            if (argument >= 0 && argument < types.size()) {
                argumentTypes.add(types.get(argument));
            }
        }
        return new IllegalArgumentException(
                "kernel: instruction %d, %s on %s: %s"
                        .formatted(types.size(), instruction, argumentTypes, why));
    }

    /** One line for each operand, instruction and output. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("kernel over rows x columns\n");
        for (int k = 0; k < operands.size(); k++) {
            text.append("  in").append(k).append(": ").append(operands.get(k)).append('\n');
        }
        for (int v = 0; v < instructions.size(); v++) {
            text.append("  %").append(v).append(" = ").append(instructions.get(v)).append('\n');
        }
        for (int k = 0; k < outputs.size(); k++) {
            text.append("  out").append(k).append(": ").append(outputs.get(k)).append('\n');
        }
        return text.toString();
    }
}
