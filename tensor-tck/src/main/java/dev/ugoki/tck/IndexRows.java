package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of gather and scatter, with indices that repeat. */
final class IndexRows {
    private static final Values ANY = Values.whole(-100, 100);

    private IndexRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (DType index : List.of(DType.I64, DType.I32)) {
            for (int dim = 0; dim < 3; dim++) {
                addGather(dim, index, rows);
                addScatter(Prim.Scatter.Mode.SET, dim, index, rows);
                addScatter(Prim.Scatter.Mode.ADD, dim, index, rows);
            }
        }
        rows.add(
                Row.of(
                        "gather of whole rows",
                        new Prim.Gather(0),
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(ANY, 9, 67),
                        Operand.of(DType.I64, Values.indices(9), 20, 67)));
        rows.add(
                Row.of(
                        "gather of nothing",
                        new Prim.Gather(0),
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(ANY, 3, 4),
                        Operand.of(DType.I64, Values.indices(3), 0, 4)));
        rows.add(
                Row.of(
                        "scatter of nothing",
                        new Prim.Scatter(0, Prim.Scatter.Mode.SET),
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(ANY, 3, 4),
                        Operand.of(DType.I64, Values.indices(3), 0, 4),
                        Operand.of(ANY, 0, 4)));
        rows.add(
                Row.of(
                        "scatter ADD of many to few",
                        new Prim.Scatter(0, Prim.Scatter.Mode.ADD),
                        Set.of(DType.F64, DType.F32, DType.I32),
                        Tolerance.sums(1031),
                        Operand.of(ANY, 5, 3),
                        Operand.of(DType.I64, Values.indices(5), 1031, 3),
                        Operand.of(Values.between(-3, 3), 1031, 3)));
        return rows;
    }

    private static long[] shape(int dim, long extent) {
        long[] shape = {2, 2, 2};
        shape[dim] = extent;
        return shape;
    }

    private static void addGather(int dim, DType index, List<Row> rows) {
        rows.add(
                Row.of(
                                "gather along " + dim + " by " + index,
                                new Prim.Gather(dim),
                                Row.ALL,
                                Tolerance.BITS,
                                Operand.of(ANY, shape(dim, 3)),
                                Operand.of(index, Values.indices(3), shape(dim, 5)))
                        .withGradient());
    }

    private static void addScatter(Prim.Scatter.Mode mode, int dim, DType index, List<Row> rows) {
        boolean set = mode == Prim.Scatter.Mode.SET;
        rows.add(
                Row.of(
                                "scatter " + mode + " along " + dim + " by " + index,
                                new Prim.Scatter(dim, mode),
                                set ? Row.ALL : Row.NUMBERS,
                                set ? Tolerance.BITS : Tolerance.sums(4),
                                Operand.of(ANY, shape(dim, 3)),
                                Operand.of(index, Values.indices(3), shape(dim, 4)),
                                Operand.of(ANY, shape(dim, 4)))
                        .withGradient());
    }
}
