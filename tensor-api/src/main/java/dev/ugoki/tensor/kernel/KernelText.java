package dev.ugoki.tensor.kernel;

import java.util.List;

/** Kernels as pseudo-code that a person reads. */
public final class KernelText {
    private KernelText() {}

    /** One assignment a line: {@code v3 = v1 * v2 + v0}, and what is stored. */
    public static String of(Kernel kernel) {
        StringBuilder text = new StringBuilder();
        List<Instruction> instructions = kernel.instructions();
        for (int v = 0; v < instructions.size(); v++) {
            text.append('v').append(v).append(" = ").append(of(kernel, instructions.get(v)));
            text.append('\n');
        }
        for (int k = 0; k < kernel.outputs().size(); k++) {
            Output output = kernel.outputs().get(k);
            text.append("out").append(k).append(index(output.layout())).append(" = v");
            text.append(output.value()).append('\n');
        }
        return text.toString();
    }

    private static String index(Layout layout) {
        return switch (layout) {
            case FULL -> "[row, column]";
            case PER_COLUMN -> "[column]";
            case PER_ROW -> "[row]";
            case SCALAR -> "";
        };
    }

    private static String of(Kernel kernel, Instruction instruction) {
        return switch (instruction) {
            case Instruction.Load(int k) -> "in" + k + index(kernel.operands().get(k).layout());
            case Instruction.FloatConstant(float value) -> value + "f";
            case Instruction.IntConstant(int value) -> String.valueOf(value);
            case Instruction.ColumnCount _ -> "columns";
            case Instruction.FloatUnary(var operator, int x) ->
                    switch (operator) {
                        case NEGATE -> "-v" + x;
                        case ABSOLUTE -> "abs(v" + x + ")";
                        case SQUARE_ROOT -> "sqrt(v" + x + ")";
                    };
            case Instruction.FloatBinary(var operator, int x, int y) ->
                    switch (operator) {
                        case ADD -> binary(x, "+", y);
                        case SUBTRACT -> binary(x, "-", y);
                        case MULTIPLY -> binary(x, "*", y);
                        case DIVIDE -> binary(x, "/", y);
                    };
            case Instruction.FusedMultiplyAdd(int x, int y, int z) ->
                    "fma(v" + x + ", v" + y + ", v" + z + ")";
            case Instruction.IntBinary(var operator, int x, int y) ->
                    switch (operator) {
                        case ADD -> binary(x, "+", y);
                        case SUBTRACT -> binary(x, "-", y);
                        case MULTIPLY -> binary(x, "*", y);
                        case AND -> binary(x, "&", y);
                        case OR -> binary(x, "|", y);
                        case XOR -> binary(x, "^", y);
                        case SHIFT_LEFT -> binary(x, "<<", y);
                        case SHIFT_RIGHT -> binary(x, ">>", y);
                        case SHIFT_RIGHT_UNSIGNED -> binary(x, ">>>", y);
                    };
            case Instruction.Compare(var comparison, int x, int y) ->
                    switch (comparison) {
                        case EQUAL -> binary(x, "==", y);
                        case NOT_EQUAL -> binary(x, "!=", y);
                        case LESS -> binary(x, "<", y);
                        case LESS_OR_EQUAL -> binary(x, "<=", y);
                        case GREATER -> binary(x, ">", y);
                        case GREATER_OR_EQUAL -> binary(x, ">=", y);
                    };
            case Instruction.Select(int mask, int x, int y) -> "v" + mask + " ? v" + x + " : v" + y;
            case Instruction.FloatToBits(int x) -> "bits(v" + x + ")";
            case Instruction.BitsToFloat(int x) -> "float(bits v" + x + ")";
            case Instruction.FloatToInt(int x) -> "(int) v" + x;
            case Instruction.IntToFloat(int x) -> "(float) v" + x;
            case Instruction.Reduce(var reduction, int x) ->
                    switch (reduction) {
                        case SUM -> "sum(v" + x + ")";
                        case MAXIMUM -> "max(v" + x + ")";
                        case LARGEST_NUMBER -> "largest number(v" + x + ")";
                    };
        };
    }

    private static String binary(int x, String operator, int y) {
        return "v" + x + " " + operator + " v" + y;
    }
}
