package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of every binary kind and every comparison. */
final class BinaryRows {
    private BinaryRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (Prim.Binary.Kind kind : Prim.Binary.Kind.values()) {
            Prim.Binary op = new Prim.Binary(kind);
            switch (kind) {
                case ADD, SUB, MUL, DIV, REM, MAX, MIN -> {
                    addFloating(op, rows);
                    addIntegers(op, Row.INTEGERS, rows);
                }
                case POW, ATAN2 -> addFloating(op, rows);
                case AND, OR, XOR -> addIntegers(op, Row.NOT_FLOATING, rows);
                case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> addShifts(op, rows);
            }
        }
        rows.add(
                Row.of(
                        "add of much",
                        new Prim.Binary(Prim.Binary.Kind.ADD),
                        Set.of(DType.F32),
                        Tolerance.EXACT,
                        Operand.of(Values.between(-3, 3), 211, 307),
                        Operand.of(Values.between(-3, 3), 211, 307)));
        for (Prim.Compare.Kind kind : Prim.Compare.Kind.values()) {
            addComparison(new Prim.Compare(kind), rows);
        }
        return rows;
    }

    private static void addFloating(Prim.Binary op, List<Row> rows) {
        String name = op.name();
        Tolerance tolerance = tolerance(op.kind());
        Values left = smoothLeft(op.kind());
        Values right = smoothRight(op.kind());
        rows.add(floating(name, op, tolerance, left, right, 2, 3).withGradient());
        rows.add(floating(name + " of scalars", op, tolerance, left, right));
        rows.add(floating(name + " of nothing", op, tolerance, left, right, 3, 0));
        rows.add(
                floating(
                        name + " of wide values",
                        op,
                        tolerance,
                        op.kind() == Prim.Binary.Kind.POW
                                ? Values.between(0.01, 20)
                                : Values.between(-300, 300),
                        op.kind() == Prim.Binary.Kind.POW
                                ? Values.between(-5, 5)
                                : Values.eitherSign(0.1, 40),
                        2,
                        5,
                        67));
        int count = UnaryRows.SPECIAL.length;
        rows.add(
                floating(
                        name + " of special values",
                        op,
                        tolerance,
                        Values.repeating(count, UnaryRows.SPECIAL),
                        Values.cycling(UnaryRows.SPECIAL),
                        count,
                        count));
    }

    private static Row floating(
            String name,
            Prim.Binary op,
            Tolerance tolerance,
            Values left,
            Values right,
            long... shape) {
        return Row.of(
                name,
                op,
                Row.FLOATING,
                tolerance,
                Operand.of(left, shape),
                Operand.of(right, shape));
    }

    private static void addIntegers(Prim.Binary op, Set<DType> dtypes, List<Row> rows) {
        rows.add(
                Row.of(
                        op.name() + " of integers",
                        op,
                        dtypes,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 5, 67),
                        Operand.of(Values.bits(), 5, 67)));
        rows.add(
                Row.of(
                        op.name() + " of small integers",
                        op,
                        dtypes,
                        Tolerance.BITS,
                        Operand.of(Values.whole(-9, 9), 5, 37),
                        Operand.of(Values.whole(-2, 2), 5, 37)));
        double[] extremes = {Long.MIN_VALUE, Integer.MIN_VALUE, Byte.MIN_VALUE, -1, 0, 1, 127, 255};
        rows.add(
                Row.of(
                        op.name() + " of extreme integers",
                        op,
                        dtypes,
                        Tolerance.BITS,
                        Operand.of(Values.repeating(8, extremes), 8, 8),
                        Operand.of(Values.cycling(extremes), 8, 8)));
    }

    private static void addShifts(Prim.Binary op, List<Row> rows) {
        rows.add(
                Row.of(
                        op.name(),
                        op,
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 5, 67),
                        Operand.of(Values.whole(0, 7), 5, 67)));
        rows.add(
                Row.of(
                        op.name() + " by more than there are bits",
                        op,
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 5, 67),
                        Operand.of(Values.whole(-70, 70), 5, 67)));
    }

    private static void addComparison(Prim.Compare op, List<Row> rows) {
        String name = "compare " + op.kind();
        int count = UnaryRows.SPECIAL.length;
        rows.add(
                Row.of(
                        name + " of special values",
                        op,
                        Row.FLOATING,
                        Tolerance.BITS,
                        Operand.of(Values.repeating(count, UnaryRows.SPECIAL), count, count),
                        Operand.of(Values.cycling(UnaryRows.SPECIAL), count, count)));
        rows.add(
                Row.of(
                        name,
                        op,
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(Values.whole(-2, 2), 2, 5, 37),
                        Operand.of(Values.whole(-2, 2), 2, 5, 37)));
        rows.add(
                Row.of(
                        name + " of scalars",
                        op,
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(Values.whole(0, 1)),
                        Operand.of(Values.whole(0, 1))));
        rows.add(
                Row.of(
                        name + " of nothing",
                        op,
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(Values.whole(0, 1), 0),
                        Operand.of(Values.whole(0, 1), 0)));
        rows.add(
                Row.of(
                        name + " of integers",
                        op,
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 67),
                        Operand.of(Values.bits(), 67)));
    }

    private static Tolerance tolerance(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD, SUB, MUL, DIV, REM, MAX, MIN -> Tolerance.EXACT;
            case POW -> Tolerance.ulps(16);
            case ATAN2 -> Tolerance.ulps(4);
            case AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED -> Tolerance.BITS;
        };
    }

    private static Values smoothLeft(Prim.Binary.Kind kind) {
        return switch (kind) {
            case REM -> Values.between(5.2, 6);
            case POW -> Values.between(0.3, 3);
            default -> Values.eitherSign(0.3, 3);
        };
    }

    private static Values smoothRight(Prim.Binary.Kind kind) {
        return switch (kind) {
            case REM -> Values.between(3.5, 4);
            case POW -> Values.between(-2, 3);
            default -> Values.eitherSign(0.3, 3);
        };
    }
}
