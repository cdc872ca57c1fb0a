package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of every unary kind: smooth values, wide ones, special ones; many, one, none. */
final class UnaryRows {
    /** Where definitions have edges: of domains, of rounding, of the dtypes' ranges. */
    static final double[] SPECIAL = {
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        0.0,
        -0.0,
        1,
        -1,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        1e-3,
        -1e-3,
        1e-30,
        -1e-300,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        65504,
        -65504,
        1e5,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Double.MAX_VALUE,
        Double.MIN_VALUE
    };

    private UnaryRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            Prim.Unary op = new Prim.Unary(kind);
            if (kind != Prim.Unary.Kind.NOT) {
                addFloating(op, rows);
            }
            addIntegers(op, rows);
        }
        Prim.Unary exp = new Prim.Unary(Prim.Unary.Kind.EXP);
        rows.add(
                Row.of(
                        "exp of much",
                        exp,
                        Set.of(DType.F32),
                        tolerance(exp.kind()),
                        Operand.of(Values.between(-3, 3), 211, 307)));
        return rows;
    }

    private static void addFloating(Prim.Unary op, List<Row> rows) {
        String name = op.name();
        Tolerance tolerance = tolerance(op.kind());
        Values smooth = smooth(op.kind());
        Values wide = wide(op.kind());
        rows.add(
                Row.of(name, op, Row.FLOATING, tolerance, Operand.of(smooth, 2, 3)).withGradient());
        rows.add(
                Row.of(
                        name + " of wide values",
                        op,
                        Row.FLOATING,
                        tolerance,
                        Operand.of(wide, 2, 5, 67)));
        rows.add(Row.of(name + " of a scalar", op, Row.FLOATING, tolerance, Operand.of(smooth)));
        rows.add(
                Row.of(
                        name + " of nothing",
                        op,
                        Row.FLOATING,
                        tolerance,
                        Operand.of(smooth, 0, 3)));
        rows.add(
                Row.of(
                        name + " of special values",
                        op,
                        Row.FLOATING,
                        tolerance,
                        Operand.of(Values.cycling(SPECIAL), SPECIAL.length)));
    }

    private static void addIntegers(Prim.Unary op, List<Row> rows) {
        Set<DType> dtypes =
                switch (op.kind()) {
                    case NEG, ABS, SIGN -> Row.INTEGERS;
                    case NOT -> Row.NOT_FLOATING;
                    case SQRT,
                            RSQRT,
                            EXP,
                            EXPM1,
                            LOG,
                            LOG1P,
                            SIN,
                            COS,
                            TAN,
                            ASIN,
                            ACOS,
                            ATAN,
                            SINH,
                            COSH,
                            TANH,
                            ERF,
                            SIGMOID,
                            FLOOR,
                            CEIL,
                            ROUND,
                            TRUNC ->
                            Set.of();
                };
        if (!dtypes.isEmpty()) {
            rows.add(
                    Row.of(
                            op.name() + " of integers",
                            op,
                            dtypes,
                            Tolerance.BITS,
                            Operand.of(Values.bits(), 5, 67)));
            rows.add(
                    Row.of(
                            op.name() + " of small integers",
                            op,
                            dtypes,
                            Tolerance.BITS,
                            Operand.of(Values.whole(-2, 2), 3, 11)));
        }
    }

    private static Tolerance tolerance(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN, SQRT, FLOOR, CEIL, ROUND, TRUNC, NOT -> Tolerance.EXACT;
            case RSQRT -> Tolerance.ulps(2);
            case EXP, EXPM1, LOG, LOG1P, ATAN, TANH, ERF, SIGMOID -> Tolerance.ulps(4);
            case SIN, COS, ASIN, ACOS -> Tolerance.ulps(4).orEpsilons(2);
            case TAN -> Tolerance.ulps(8).orEpsilons(4);
            case SINH, COSH -> Tolerance.ulps(8);
        };
    }

    /** Values at which the function has a derivative, and a moderate one. */
    private static Values smooth(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN -> Values.eitherSign(0.1, 3);
            case SQRT, RSQRT, LOG -> Values.between(0.2, 9);
            case EXP, EXPM1, TANH, SINH, COSH, ERF -> Values.between(-2.5, 2.5);
            case LOG1P -> Values.between(-0.5, 5);
            case SIN, COS, SIGMOID, ATAN -> Values.between(-6, 6);
            case TAN -> Values.between(-1.2, 1.2);
            case ASIN, ACOS -> Values.between(-0.9, 0.9);
            case FLOOR, CEIL, ROUND, TRUNC -> Values.eitherSign(1.1, 1.4);
            case NOT -> Values.bits();
        };
    }

    /** Values from most of the domain. */
    private static Values wide(Prim.Unary.Kind kind) {
        return switch (kind) {
            case NEG, ABS, SIGN, FLOOR, CEIL, ROUND, TRUNC -> Values.between(-300, 300);
            case SQRT, RSQRT, LOG -> Values.between(1e-3, 1e4);
            case LOG1P -> Values.between(-0.99, 20);
            case EXP, SINH, COSH -> Values.between(-80, 80);
            case EXPM1 -> Values.between(-30, 30);
            case SIN, COS, ATAN -> Values.between(-100, 100);
            case TAN -> Values.between(-10, 10);
            case ASIN, ACOS -> Values.between(-1, 1);
            case TANH, ERF -> Values.between(-7, 7);
            case SIGMOID -> Values.between(-40, 40);
            case NOT -> Values.bits();
        };
    }
}
