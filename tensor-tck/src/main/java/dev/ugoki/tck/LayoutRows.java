package dev.ugoki.tck;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;

/** Rows of the primitives that move elements to other places. */
final class LayoutRows {
    private static final Values ANY = Values.whole(-100, 100);

    private LayoutRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        addReshapes(rows);
        rows.add(moved("permute", new Prim.Permute(Axes.of(2, 0, 1)), 2, 3, 2).withGradient());
        rows.add(moved("permute of rank 4", new Prim.Permute(Axes.of(3, 1, 0, 2)), 3, 5, 2, 9));
        rows.add(moved("permute of a scalar", new Prim.Permute(Axes.of())));
        rows.add(moved("permute of nothing", new Prim.Permute(Axes.of(1, 0)), 0, 3));
        rows.add(moved("expand", new Prim.Expand(Shape.of(2, 3, 2)), 1, 3, 1).withGradient());
        rows.add(moved("expand of rows", new Prim.Expand(Shape.of(7, 5, 67)), 1, 5, 67));
        rows.add(moved("expand of columns", new Prim.Expand(Shape.of(5, 67)), 5, 1));
        rows.add(moved("expand to nothing", new Prim.Expand(Shape.of(0, 3)), 1, 3));
        addSlices(rows);
        addPads(rows);
        addConcats(rows);
        return rows;
    }

    private static void addReshapes(List<Row> rows) {
        rows.add(moved("reshape", new Prim.Reshape(Shape.of(3, 4)), 2, 3, 2).withGradient());
        rows.add(moved("reshape to a row", new Prim.Reshape(Shape.of(210)), 5, 6, 7));
        rows.add(moved("reshape into more", new Prim.Reshape(Shape.of(2, 3, 5, 7)), 6, 35));
        rows.add(moved("reshape with ones", new Prim.Reshape(Shape.of(1, 6, 1, 5, 1)), 6, 5));
        rows.add(moved("reshape to a scalar", new Prim.Reshape(Shape.SCALAR), 1, 1));
        rows.add(moved("reshape of a scalar", new Prim.Reshape(Shape.of(1, 1))));
        rows.add(moved("reshape of nothing", new Prim.Reshape(Shape.of(7, 0)), 0, 3));
    }

    private static void addSlices(List<Row> rows) {
        Prim.Range all = new Prim.Range(0, 1, 4);
        Prim.Range some = new Prim.Range(1, 2, 2);
        Prim.Range backwards = new Prim.Range(4, -2, 2);
        Prim.Range none = new Prim.Range(0, 1, 0);
        rows.add(
                moved("slice", new Prim.Slice(List.of(all, some, backwards)), 4, 4, 5)
                        .withGradient());
        rows.add(moved("slice of one", new Prim.Slice(List.of(new Prim.Range(3, 1, 1))), 4));
        rows.add(moved("slice of nothing", new Prim.Slice(List.of(all, none)), 4, 5));
        rows.add(moved("slice of a scalar", new Prim.Slice(List.of())));
    }

    private static void addPads(List<Row> rows) {
        Prim.Edges around = new Prim.Edges(1, 2, 0);
        Prim.Edges between = new Prim.Edges(2, 0, 2);
        rows.add(pad("pad", 7, List.of(around, Prim.Edges.NONE, between), 2, 3, 2).withGradient());
        rows.add(pad("pad with zeros", 0, List.of(around, around), 5, 67));
        rows.add(pad("pad by nothing", 0, List.of(Prim.Edges.NONE), 9));
        rows.add(pad("pad of nothing", 3, List.of(around, between), 0, 2));
        rows.add(pad("pad of a scalar", 3, List.of()));
        rows.add(
                Row.of(
                        "pad with minus infinity",
                        new Prim.Pad(List.of(around), Double.NEGATIVE_INFINITY),
                        Row.FLOATING,
                        Tolerance.BITS,
                        Operand.of(ANY, 9)));
    }

    private static Row pad(String name, long value, List<Prim.Edges> edges, long... shape) {
        return new Row(
                name,
                dtype -> new Prim.Pad(edges, CreationRows.number(dtype, value)),
                List.of(Operand.of(ANY, shape)),
                Row.ALL,
                Tolerance.BITS,
                0);
    }

    private static void addConcats(List<Row> rows) {
        rows.add(
                joined(
                                "concat",
                                new Prim.Concat(1),
                                Operand.of(ANY, 2, 1, 2),
                                Operand.of(ANY, 2, 3, 2),
                                Operand.of(ANY, 2, 0, 2))
                        .withGradient());
        rows.add(
                joined(
                        "concat along the last dimension",
                        new Prim.Concat(1),
                        Operand.of(ANY, 5, 67),
                        Operand.of(ANY, 5, 3)));
        rows.add(
                joined(
                        "concat along the first dimension",
                        new Prim.Concat(0),
                        Operand.of(ANY, 5, 67),
                        Operand.of(ANY, 2, 67)));
        rows.add(moved("concat of one", new Prim.Concat(0), 3, 4));
        rows.add(
                joined(
                        "concat of nothing",
                        new Prim.Concat(0),
                        Operand.of(ANY, 0),
                        Operand.of(ANY, 0)));
    }

    private static Row moved(String name, Prim op, long... shape) {
        return joined(name, op, Operand.of(ANY, shape));
    }

    private static Row joined(String name, Prim op, Operand... operands) {
        return Row.of(name, op, Row.ALL, Tolerance.BITS, operands);
    }
}
