package dev.ugoki.tensor.kernel;

import java.util.List;

/**
 * One scalar computation of a {@link Kernel}; its arguments are numbers of earlier instructions.
 *
 * <p>Every instruction is exactly specified: IEEE 754 binary32 with rounding to nearest even, or
 * 32-bit two's complement. Two NaNs count as equal whatever their payload.
 */
public sealed interface Instruction {
    /** The numbers of the instructions that this one reads, in order. */
    List<Integer> arguments();

    /** The element of input {@code operand} at the current row and column. */
    record Load(int operand) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of();
        }
    }

    /** An F32 constant; +0 and -0 differ. */
    record FloatConstant(float value) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of();
        }
    }

    /** An I32 constant. */
    record IntConstant(int value) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of();
        }
    }

    /** The number of columns, rounded to F32. */
    record ColumnCount() implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of();
        }
    }

    /** F32 to F32. */
    record FloatUnary(FloatUnaryOperator operator, int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** F32, F32 to F32. */
    record FloatBinary(FloatBinaryOperator operator, int x, int y) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x, y);
        }
    }

    /** x*y + z with one rounding, F32. */
    record FusedMultiplyAdd(int x, int y, int z) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x, y, z);
        }
    }

    /** I32, I32 to I32; shifts take the low five bits of y. */
    record IntBinary(IntBinaryOperator operator, int x, int y) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x, y);
        }
    }

    /** Two F32 or two I32 to a mask; all comparisons with NaN are false. */
    record Compare(Comparison comparison, int x, int y) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x, y);
        }
    }

    /** x where the mask holds, else y; x and y are both F32 or both I32. */
    record Select(int mask, int x, int y) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(mask, x, y);
        }
    }

    /** The bits of an F32 as I32. */
    record FloatToBits(int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** The F32 that has these I32 bits. */
    record BitsToFloat(int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** An F32 towards zero; NaN gives 0, and what does not fit the nearest that does. */
    record FloatToInt(int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** The F32 nearest to an I32. */
    record IntToFloat(int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** An F32 reduced over the columns of the current row: one value for each row. */
    record Reduce(Reduction reduction, int x) implements Instruction {
        @Override
        public List<Integer> arguments() {
            return List.of(x);
        }
    }

    /** Operators of {@link FloatUnary}. */
    enum FloatUnaryOperator {
        NEGATE,
        ABSOLUTE,
        SQUARE_ROOT
    }

    /** Operators of {@link FloatBinary}. */
    enum FloatBinaryOperator {
        ADD,
        SUBTRACT,
        MULTIPLY,
        DIVIDE
    }

    /** Operators of {@link IntBinary}. */
    enum IntBinaryOperator {
        ADD,
        SUBTRACT,
        MULTIPLY,
        AND,
        OR,
        XOR,
        SHIFT_LEFT,
        SHIFT_RIGHT,
        SHIFT_RIGHT_UNSIGNED;

        /** Whether y is a distance to shift by. */
        public boolean isShift() {
            return ordinal() >= SHIFT_LEFT.ordinal();
        }
    }

    /** Relations of {@link Compare}. */
    enum Comparison {
        EQUAL,
        NOT_EQUAL,
        LESS,
        LESS_OR_EQUAL,
        GREATER,
        GREATER_OR_EQUAL
    }
}
