package dev.ugoki.tensor.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes one kernel out of others: the instructions of each, on values that are there already.
 *
 * {@snippet :
 * KernelJoin join = new KernelJoin();
 * int x = join.input(ValueType.F32);
 * int e = join.append(exp, List.of(x)).getFirst();
 * join.output(join.append(negate, List.of(e)).getFirst());
 * Kernel both = join.build();
 * }
 *
 * <p>Equal instructions become one. What one kernel stores and another loads as another type keeps
 * its bits.
 */
public final class KernelJoin {
    private final List<Operand> operands = new ArrayList<>();
    private final List<Instruction> instructions = new ArrayList<>();
    private final List<ValueType> types = new ArrayList<>();
    private final Map<Instruction, Integer> numbers = new HashMap<>();
    private final List<Output> outputs = new ArrayList<>();

    public KernelJoin() {}

    /** The next input, {@link Layout#FULL}; its value. */
    public int input(ValueType type) {
        operands.add(new Operand(type, Layout.FULL));
        return add(new Instruction.Load(operands.size() - 1), type);
    }

    /** The values that {@code kernel} stores, computed of {@code inputs}. */
    public List<Integer> append(Kernel kernel, List<Integer> inputs) {
        List<ValueType> given = kernel.types();
        int[] places = new int[given.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] =
                    kernel.instructions().get(i) instanceof Instruction.Load(int operand)
                            ? as(given.get(i), inputs.get(operand))
                            : add(moved(kernel.instructions().get(i), places), given.get(i));
        }
        return kernel.outputs().stream().map(output -> places[output.value()]).toList();
    }

    /** Stores a value as the next output, {@link Layout#FULL}. */
    public void output(int value) {
        outputs.add(new Output(value, Layout.FULL));
    }

    /** The kernel. */
    public Kernel build() {
        return new Kernel(operands, instructions, outputs);
    }

    private int as(ValueType type, int value) {
        ValueType given = types.get(value);
        if (given == type) {
            return value;
        }
        if (given == ValueType.F32 && type == ValueType.I32) {
            return add(new Instruction.FloatToBits(value), type);
        }
        if (given == ValueType.I32 && type == ValueType.F32) {
            return add(new Instruction.BitsToFloat(value), type);
        }
        throw new IllegalArgumentException(
                "kernel: a value of type " + given + " cannot be loaded as " + type);
    }

    private int add(Instruction instruction, ValueType type) {
        return numbers.computeIfAbsent(
                instruction,
                added -> {
                    instructions.add(added);
                    types.add(type);
                    return instructions.size() - 1;
                });
    }

    private static Instruction moved(Instruction instruction, int[] to) {
        return switch (instruction) {
            case Instruction.Load _,
                    Instruction.FloatConstant _,
                    Instruction.IntConstant _,
                    Instruction.ColumnCount _ ->
                    instruction;
            case Instruction.FloatUnary(var operator, int x) ->
                    new Instruction.FloatUnary(operator, to[x]);
            case Instruction.FloatBinary(var operator, int x, int y) ->
                    new Instruction.FloatBinary(operator, to[x], to[y]);
            case Instruction.FusedMultiplyAdd(int x, int y, int z) ->
                    new Instruction.FusedMultiplyAdd(to[x], to[y], to[z]);
            case Instruction.IntBinary(var operator, int x, int y) ->
                    new Instruction.IntBinary(operator, to[x], to[y]);
            case Instruction.Compare(var comparison, int x, int y) ->
                    new Instruction.Compare(comparison, to[x], to[y]);
            case Instruction.Select(int mask, int x, int y) ->
                    new Instruction.Select(to[mask], to[x], to[y]);
            case Instruction.FloatToBits(int x) -> new Instruction.FloatToBits(to[x]);
            case Instruction.BitsToFloat(int x) -> new Instruction.BitsToFloat(to[x]);
            case Instruction.FloatToInt(int x) -> new Instruction.FloatToInt(to[x]);
            case Instruction.IntToFloat(int x) -> new Instruction.IntToFloat(to[x]);
            case Instruction.Reduce(var reduction, int x) ->
                    new Instruction.Reduce(reduction, to[x]);
        };
    }
}
