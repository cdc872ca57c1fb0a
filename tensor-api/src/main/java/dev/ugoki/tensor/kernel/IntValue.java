package dev.ugoki.tensor.kernel;

import dev.ugoki.tensor.kernel.Instruction.Comparison;
import dev.ugoki.tensor.kernel.Instruction.IntBinaryOperator;

/** An I32 value while a kernel is being written; belongs to one {@link KernelBuilder}. */
public final class IntValue {
    private final KernelBuilder kernel;
    private final int number;

    IntValue(KernelBuilder kernel, int number) {
        this.kernel = kernel;
        this.number = number;
    }

    /** The kernel that is being written. */
    public KernelBuilder kernel() {
        return kernel;
    }

    int number(KernelBuilder expected) {
        if (kernel != expected) {
            throw new IllegalArgumentException(
                    "a value of one kernel cannot be used in another; load it there");
        }
        return number;
    }

    private IntValue binary(IntBinaryOperator operator, IntValue y) {
        Instruction instruction = new Instruction.IntBinary(operator, number, y.number(kernel));
        return new IntValue(kernel, kernel.add(instruction));
    }

    private MaskValue compare(Comparison comparison, IntValue y) {
        Instruction instruction = new Instruction.Compare(comparison, number, y.number(kernel));
        return new MaskValue(kernel, kernel.add(instruction));
    }

    /** this + y, wrapping. */
    public IntValue plus(IntValue y) {
        return binary(IntBinaryOperator.ADD, y);
    }

    /** this + y, wrapping. */
    public IntValue plus(int y) {
        return plus(kernel.intConstant(y));
    }

    /** this - y, wrapping. */
    public IntValue minus(IntValue y) {
        return binary(IntBinaryOperator.SUBTRACT, y);
    }

    /** this - y, wrapping. */
    public IntValue minus(int y) {
        return minus(kernel.intConstant(y));
    }

    /** this * y, wrapping. */
    public IntValue times(IntValue y) {
        return binary(IntBinaryOperator.MULTIPLY, y);
    }

    /** Bitwise and. */
    public IntValue and(IntValue y) {
        return binary(IntBinaryOperator.AND, y);
    }

    /** Bitwise and. */
    public IntValue and(int y) {
        return and(kernel.intConstant(y));
    }

    /** Bitwise or. */
    public IntValue or(IntValue y) {
        return binary(IntBinaryOperator.OR, y);
    }

    /** Bitwise exclusive or. */
    public IntValue xor(IntValue y) {
        return binary(IntBinaryOperator.XOR, y);
    }

    /** Shifted left by as many bits as the low five of y say. */
    public IntValue shiftLeft(IntValue y) {
        return binary(IntBinaryOperator.SHIFT_LEFT, y);
    }

    /** Shifted right by as many bits as the low five of y say, the sign filling in. */
    public IntValue shiftRight(IntValue y) {
        return binary(IntBinaryOperator.SHIFT_RIGHT, y);
    }

    /** Shifted right by as many bits as the low five of y say, zeros filling in. */
    public IntValue shiftRightUnsigned(IntValue y) {
        return binary(IntBinaryOperator.SHIFT_RIGHT_UNSIGNED, y);
    }

    /** Shifted left by {@code distance} bits. */
    public IntValue shiftLeft(int distance) {
        return binary(IntBinaryOperator.SHIFT_LEFT, kernel.intConstant(distance));
    }

    /** Shifted right by {@code distance} bits, the sign filling in. */
    public IntValue shiftRight(int distance) {
        return binary(IntBinaryOperator.SHIFT_RIGHT, kernel.intConstant(distance));
    }

    /** Shifted right by {@code distance} bits, zeros filling in. */
    public IntValue shiftRightUnsigned(int distance) {
        return binary(IntBinaryOperator.SHIFT_RIGHT_UNSIGNED, kernel.intConstant(distance));
    }

    /** this = y. */
    public MaskValue equalTo(IntValue y) {
        return compare(Comparison.EQUAL, y);
    }

    /** this is not y. */
    public MaskValue notEqualTo(IntValue y) {
        return compare(Comparison.NOT_EQUAL, y);
    }

    /** this <= y, signed. */
    public MaskValue atMost(IntValue y) {
        return compare(Comparison.LESS_OR_EQUAL, y);
    }

    /** this > y, signed. */
    public MaskValue greaterThan(IntValue y) {
        return compare(Comparison.GREATER, y);
    }

    /** this >= y, signed. */
    public MaskValue atLeast(IntValue y) {
        return compare(Comparison.GREATER_OR_EQUAL, y);
    }

    /** this = y. */
    public MaskValue equalTo(int y) {
        return compare(Comparison.EQUAL, kernel.intConstant(y));
    }

    /** this < y, signed. */
    public MaskValue lessThan(IntValue y) {
        return compare(Comparison.LESS, y);
    }

    /** The F32 nearest to this. */
    public FloatValue toFloat() {
        return new FloatValue(kernel, kernel.add(new Instruction.IntToFloat(number)));
    }

    /** The F32 that has these bits. */
    public FloatValue asFloat() {
        return new FloatValue(kernel, kernel.add(new Instruction.BitsToFloat(number)));
    }
}
