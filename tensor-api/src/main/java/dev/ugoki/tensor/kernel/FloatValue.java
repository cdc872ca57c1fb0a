package dev.ugoki.tensor.kernel;

import dev.ugoki.tensor.kernel.Instruction.Comparison;
import dev.ugoki.tensor.kernel.Instruction.FloatBinaryOperator;
import dev.ugoki.tensor.kernel.Instruction.FloatUnaryOperator;

/** An F32 value while a kernel is being written; belongs to one {@link KernelBuilder}. */
public final class FloatValue {
    private final KernelBuilder kernel;
    private final int number;

    FloatValue(KernelBuilder kernel, int number) {
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

    private FloatValue of(Instruction instruction) {
        return new FloatValue(kernel, kernel.add(instruction));
    }

    private FloatValue binary(FloatBinaryOperator operator, FloatValue y) {
        return of(new Instruction.FloatBinary(operator, number, y.number(kernel)));
    }

    private FloatValue unary(FloatUnaryOperator operator) {
        return of(new Instruction.FloatUnary(operator, number));
    }

    private MaskValue compare(Comparison comparison, FloatValue y) {
        Instruction instruction = new Instruction.Compare(comparison, number, y.number(kernel));
        return new MaskValue(kernel, kernel.add(instruction));
    }

    /** this + y. */
    public FloatValue plus(FloatValue y) {
        return binary(FloatBinaryOperator.ADD, y);
    }

    /** this + y. */
    public FloatValue plus(float y) {
        return plus(kernel.constant(y));
    }

    /** this - y. */
    public FloatValue minus(FloatValue y) {
        return binary(FloatBinaryOperator.SUBTRACT, y);
    }

    /** this - y. */
    public FloatValue minus(float y) {
        return minus(kernel.constant(y));
    }

    /** this * y. */
    public FloatValue times(FloatValue y) {
        return binary(FloatBinaryOperator.MULTIPLY, y);
    }

    /** this * y. */
    public FloatValue times(float y) {
        return times(kernel.constant(y));
    }

    /** this / y. */
    public FloatValue over(FloatValue y) {
        return binary(FloatBinaryOperator.DIVIDE, y);
    }

    /** this * y + z, rounded once. */
    public FloatValue timesPlus(FloatValue y, FloatValue z) {
        return of(new Instruction.FusedMultiplyAdd(number, y.number(kernel), z.number(kernel)));
    }

    /** this * y + z, rounded once. */
    public FloatValue timesPlus(float y, float z) {
        return timesPlus(kernel.constant(y), kernel.constant(z));
    }

    /** this * y + z, rounded once. */
    public FloatValue timesPlus(FloatValue y, float z) {
        return timesPlus(y, kernel.constant(z));
    }

    /** this * y + z, rounded once. */
    public FloatValue timesPlus(float y, FloatValue z) {
        return timesPlus(kernel.constant(y), z);
    }

    /** The sign bit turned over. */
    public FloatValue negated() {
        return unary(FloatUnaryOperator.NEGATE);
    }

    /** The sign bit cleared. */
    public FloatValue abs() {
        return unary(FloatUnaryOperator.ABSOLUTE);
    }

    /** The correctly rounded square root. */
    public FloatValue sqrt() {
        return unary(FloatUnaryOperator.SQUARE_ROOT);
    }

    /** this = y. */
    public MaskValue equalTo(FloatValue y) {
        return compare(Comparison.EQUAL, y);
    }

    /** this = y. */
    public MaskValue equalTo(float y) {
        return equalTo(kernel.constant(y));
    }

    /** this is not y; holds where one is NaN. */
    public MaskValue notEqualTo(FloatValue y) {
        return compare(Comparison.NOT_EQUAL, y);
    }

    /** this >= y. */
    public MaskValue atLeast(FloatValue y) {
        return compare(Comparison.GREATER_OR_EQUAL, y);
    }

    /** this < y. */
    public MaskValue lessThan(FloatValue y) {
        return compare(Comparison.LESS, y);
    }

    /** this < y. */
    public MaskValue lessThan(float y) {
        return lessThan(kernel.constant(y));
    }

    /** this <= y. */
    public MaskValue atMost(FloatValue y) {
        return compare(Comparison.LESS_OR_EQUAL, y);
    }

    /** this <= y. */
    public MaskValue atMost(float y) {
        return atMost(kernel.constant(y));
    }

    /** this > y. */
    public MaskValue greaterThan(FloatValue y) {
        return compare(Comparison.GREATER, y);
    }

    /** this > y. */
    public MaskValue greaterThan(float y) {
        return greaterThan(kernel.constant(y));
    }

    /** Whether this is NaN. */
    public MaskValue isNaN() {
        return compare(Comparison.NOT_EQUAL, this);
    }

    /** The lesser of the two; NaN where this is NaN. */
    public FloatValue limitedTo(float y) {
        return greaterThan(y).select(kernel.constant(y), this);
    }

    /** The greater of the two; NaN where this is NaN. */
    public FloatValue raisedTo(float y) {
        return lessThan(y).select(kernel.constant(y), this);
    }

    /** This value towards zero; NaN gives 0, and what does not fit the nearest that does. */
    public IntValue truncated() {
        return new IntValue(kernel, kernel.add(new Instruction.FloatToInt(number)));
    }

    /** The bits of this value. */
    public IntValue bits() {
        return new IntValue(kernel, kernel.add(new Instruction.FloatToBits(number)));
    }

    /** This value summed over the columns of the row. */
    public FloatValue sumOverColumns() {
        return of(new Instruction.Reduce(Reduction.SUM, number));
    }

    /** The greatest of this value over the columns of the row. */
    public FloatValue maximumOverColumns() {
        return of(new Instruction.Reduce(Reduction.MAXIMUM, number));
    }

    /** The greatest of this value over the columns of the row, but for NaN; half the work. */
    public FloatValue largestNumberOverColumns() {
        return of(new Instruction.Reduce(Reduction.LARGEST_NUMBER, number));
    }

    /** The mean over the columns of the row: their sum divided by their number. */
    public FloatValue meanOverColumns() {
        return sumOverColumns().over(kernel.columnCount());
    }
}
