package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of select and of cast. */
final class ChoiceRows {
    /** Beyond and at the ends of the integer dtypes. */
    private static final double[] AT_INTEGER_ENDS = {
        127.9,
        128,
        -128.9,
        -129,
        255.5,
        256,
        -0.9,
        2147483647.0,
        2147483648.0,
        -2147483649.0,
        9.3e18,
        -9.3e18,
        1e20,
        -1e20
    };

    private ChoiceRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.add(select("select", 2, 3).withGradient());
        rows.add(select("select of rows", 3, 5, 67));
        rows.add(select("select of scalars"));
        rows.add(select("select of nothing", 0, 4));
        for (DType to : DType.values()) {
            addCasts(to, rows);
        }
        return rows;
    }

    private static Row select(String name, long... shape) {
        return Row.of(
                name,
                new Prim.Select(),
                Row.ALL,
                Tolerance.BITS,
                Operand.of(DType.BOOL, Values.booleans(), shape),
                Operand.of(Values.whole(-100, 100), shape),
                Operand.of(Values.whole(-100, 100), shape));
    }

    private static void addCasts(DType to, List<Row> rows) {
        Prim.Cast op = new Prim.Cast(to);
        String name = "cast to " + to;
        Row whole =
                Row.of(
                        name,
                        op,
                        Row.ALL,
                        Tolerance.EXACT,
                        Operand.of(Values.whole(-300, 300), 3, 67));
        rows.add(to == DType.F64 ? whole.withGradient() : whole);
        rows.add(
                Row.of(
                        name + " of fractions",
                        op,
                        Row.FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.between(-300, 300), 3, 67)));
        rows.add(
                Row.of(
                        name + " of any bits",
                        op,
                        Row.NOT_FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.bits(), 3, 67)));
        rows.add(
                Row.of(
                        name + " of special values",
                        op,
                        Row.FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.cycling(UnaryRows.SPECIAL), UnaryRows.SPECIAL.length)));
        rows.add(
                Row.of(
                        name + " at the ends of integers",
                        op,
                        Row.FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.cycling(AT_INTEGER_ENDS), AT_INTEGER_ENDS.length)));
        rows.add(
                Row.of(
                        name + " half way between neighbours",
                        op,
                        Set.of(DType.F64, DType.F32),
                        Tolerance.EXACT,
                        Operand.of(halfWays(), 8, 67)));
        rows.add(Row.of(name + " of a scalar", op, Row.ALL, Tolerance.EXACT, one()));
        rows.add(Row.of(name + " of nothing", op, Row.ALL, Tolerance.EXACT, none()));
    }

    private static Operand one() {
        return Operand.of(Values.whole(0, 3));
    }

    private static Operand none() {
        return Operand.of(Values.whole(0, 3), 0, 2);
    }

    /** Few bits set far apart: numbers that narrower dtypes have to round, ties among them. */
    private static Values halfWays() {
        return (random, _) -> {
            double top = Math.scalb(1.0, random.nextInt(-20, 16));
            double low = Math.scalb(top, -random.nextInt(6, 27));
            double lowest = random.nextBoolean() ? 0 : Math.scalb(low, -random.nextInt(1, 24));
            return (random.nextBoolean() ? top : -top) * (1 + (low + lowest) / top);
        };
    }
}
