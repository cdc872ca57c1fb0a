package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Rows of the optional tier: factorizations and solving equations. Matrices are far from singular,
 * so that rounding in another order changes little.
 */
final class LinearAlgebraRows {
    private static final Set<DType> WIDE = Set.of(DType.F64, DType.F32);
    private static final Values ANY = Values.between(-2, 2);

    private LinearAlgebraRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.add(cholesky("cholesky", 3).withGradient());
        rows.add(cholesky("cholesky in batches", 3, 2, 2).withGradient());
        rows.add(cholesky("cholesky of blocks", 69));
        rows.add(cholesky("cholesky of nothing", 0));
        rows.add(cholesky("cholesky of no batches", 3, 0));
        rows.add(ofNaN("cholesky of NaN below", new Prim.Cholesky(), 2, 1));
        rows.add(ofNaN("cholesky of NaN above", new Prim.Cholesky(), 1, 2));
        addTriangular(rows);
        addSolve(rows);
        for (Prim.Determinant.Kind kind : Prim.Determinant.Kind.values()) {
            addDeterminants(kind, rows);
        }
        return rows;
    }

    private static Row cholesky(String name, int n, long... batch) {
        return row(name, new Prim.Cholesky(), n, matrix(dominated(n, 0), n, batch));
    }

    private static void addTriangular(List<Row> rows) {
        for (boolean upper : new boolean[] {false, true}) {
            for (boolean unit : new boolean[] {false, true}) {
                Prim op = new Prim.TriangularSolve(upper, unit);
                String name =
                        "triangularSolve "
                                + (upper ? "upper" : "lower")
                                + (unit ? " with unit diagonal" : "");
                rows.add(equations(name, op, 0, 3, 2).withGradient());
                rows.add(equations(name + " in batches", op, 0, 3, 1, 2, 2).withGradient());
                // Small, so that a unit diagonal dominates too.
                rows.add(blocks(name + " of blocks", op, Values.between(-0.02, 0.02)));
                rows.add(ofNaN(name + " of NaN", op, upper ? 1 : 2, upper ? 2 : 1, side()));
                rows.add(ofNaN(name + " of NaN beside", op, upper ? 2 : 1, upper ? 1 : 2, side()));
            }
        }
        Prim op = new Prim.TriangularSolve(true, false);
        rows.add(equations("triangularSolve for nothing", op, 0, 3, 0));
        rows.add(equations("triangularSolve of nothing", op, 0, 0, 2));
    }

    /** Rows of a dominant diagonal, or what {@code unit} takes for one. */
    private static Row blocks(String name, Prim op, Values beside) {
        int n = 71;
        Values values = (random, at) -> at % (n + 1) == 0 ? 2.0 : beside.at(random, at);
        return row(name, op, n, matrix(values, n), Operand.of(ANY, n, 5));
    }

    private static void addSolve(List<Row> rows) {
        Prim op = new Prim.Solve();
        rows.add(equations("solve", op, 0, 3, 2).withGradient());
        rows.add(equations("solve with exchanged rows", op, 1, 3, 2).withGradient());
        rows.add(equations("solve in batches", op, 2, 3, 1, 2, 2).withGradient());
        rows.add(equations("solve of blocks", op, 1, 69, 3));
        rows.add(equations("solve of many small ones", op, 1, 3, 1, 7, 5));
        rows.add(equations("solve of one number", op, 0, 1, 1));
        rows.add(equations("solve for nothing", op, 0, 3, 0));
        rows.add(equations("solve of nothing", op, 0, 0, 2));
        rows.add(equations("solve of no batches", op, 0, 3, 2, 0));
        rows.add(ofNaN("solve of NaN", op, 1, 2, side()));
    }

    private static void addDeterminants(Prim.Determinant.Kind kind, List<Row> rows) {
        Prim op = new Prim.Determinant(kind);
        String name = "determinant " + kind;
        for (int shift = 0; shift < 3; shift++) {
            rows.add(
                    row(name + " shifted by " + shift, op, 3, matrix(dominated(3, shift), 3))
                            .withGradient());
        }
        rows.add(row(name + " in batches", op, 2, matrix(dominated(2, 1), 2, 2, 2)).withGradient());
        rows.add(row(name + " of blocks", op, 69, matrix(dominated(69, 1), 69)));
        rows.add(row(name + " of nothing", op, 0, matrix(ANY, 0, 2)));
        rows.add(ofNaN(name + " of NaN", op, 1, 2));
        rows.add(
                Row.of(
                        name + " of a singular matrix",
                        op,
                        WIDE,
                        Tolerance.EXACT,
                        Operand.of(Values.cycling(2, 4, 1, 4, 8, 2, 1, 2, 5), 3, 3)
                                .ofWholeMatrices()));
    }

    private static Row equations(
            String name, Prim op, int shift, int n, long columns, long... batch) {
        long[] side = Arrays.copyOf(batch, batch.length + 2);
        side[batch.length] = n;
        side[batch.length + 1] = columns;
        return row(name, op, n, matrix(dominated(n, shift), n, batch), Operand.of(ANY, side));
    }

    private static Row row(String name, Prim op, int n, Operand... operands) {
        return Row.of(name, op, WIDE, Tolerance.ulps(8 + n).orEpsilons(4 + n / 2.0), operands);
    }

    private static Operand matrix(Values values, int n, long... batch) {
        long[] shape = Arrays.copyOf(batch, batch.length + 2);
        shape[batch.length] = n;
        shape[batch.length + 1] = n;
        return Operand.of(values, shape).ofWholeMatrices();
    }

    /**
     * Elements from -1 to 1, and in each row one that outweighs the others: that on the diagonal,
     * or {@code shift} places to its right, so that rows must be exchanged.
     */
    private static Values dominated(int n, int shift) {
        Values small = Values.between(-1, 1);
        return (random, number) -> {
            long row = number / n % n;
            double value = small.at(random, number).doubleValue();
            return number % n == (row + shift) % n ? n + 1 + value : value;
        };
    }

    /** A well-behaved matrix of three rows but for one NaN. */
    private static Row ofNaN(String name, Prim op, int row, int column, Operand... side) {
        Values values =
                (random, number) ->
                        number == row * 3 + column
                                ? Double.NaN
                                : dominated(3, 0).at(random, number);
        List<Operand> operands = new ArrayList<>();
        operands.add(matrix(values, 3));
        operands.addAll(List.of(side));
        return row(name, op, 3, operands.toArray(Operand[]::new));
    }

    private static Operand side() {
        return Operand.of(ANY, 3, 2);
    }
}
