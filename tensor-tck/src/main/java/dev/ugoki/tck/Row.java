package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Op;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * One operation on operands of certain shapes and values: what a backend must compute as the
 * reference backend does, for each dtype and layout.
 *
 * @param name unique among rows
 * @param op the operation, for the dtype that the row is run with
 * @param dtypes those to run the row with
 * @param derivatives how often it is differentiated in its floating operands and compared with
 *     central differences, in F64: 0, 1 or 2 times; the values must then lie off kinks
 */
public record Row(
        String name,
        Function<DType, Op> op,
        List<Operand> operands,
        Set<DType> dtypes,
        Tolerance tolerance,
        int derivatives) {
    /** F64, F32, F16 and BF16. */
    public static final Set<DType> FLOATING = dtypes(DType::isFloating);

    /** I64, I32, I8 and U8. */
    public static final Set<DType> INTEGERS = dtypes(DType::isInteger);

    /** All but BOOL. */
    public static final Set<DType> NUMBERS = dtypes(dtype -> dtype != DType.BOOL);

    /** Integers and BOOL. */
    public static final Set<DType> NOT_FLOATING = dtypes(dtype -> !dtype.isFloating());

    /** Every dtype. */
    public static final Set<DType> ALL = dtypes(_ -> true);

    public Row {
        operands = List.copyOf(operands);
        dtypes = Set.copyOf(dtypes);
    }

    /** A row of an operation that is the same for every dtype, without a gradient to check. */
    public static Row of(
            String name, Op op, Set<DType> dtypes, Tolerance tolerance, Operand... operands) {
        return new Row(name, _ -> op, List.of(operands), dtypes, tolerance, 0);
    }

    /** The same, its gradient and the gradient of that to be checked. */
    public Row withGradient() {
        return new Row(name, op, operands, dtypes, tolerance, 2);
    }

    /** The same, its gradient to be checked, but not the gradient of that. */
    public Row withFirstGradient() {
        return new Row(name, op, operands, dtypes, tolerance, 1);
    }

    private static Set<DType> dtypes(java.util.function.Predicate<DType> accepts) {
        Set<DType> dtypes = EnumSet.allOf(DType.class);
        dtypes.removeIf(dtype -> !accepts.test(dtype));
        return dtypes;
    }

    @Override
    public String toString() {
        return name;
    }
}
