package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Rows of matrix products and convolutions. */
final class ProductRows {
    private static final Values ANY = Values.between(-2, 2);

    private ProductRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        addMatMuls(rows);
        addConvolutions(rows);
        return rows;
    }

    private static void addMatMuls(List<Row> rows) {
        rows.add(matMul("matMul", 2, 3, 2).withGradient());
        rows.add(matMul("matMul in batches", 2, 3, 4, Shape.of(2, 1)).withGradient());
        rows.add(matMul("matMul of odd extents", 17, 19, 23));
        rows.add(matMul("matMul of tiles", 66, 40, 65));
        rows.add(matMul("matMul of many small ones", 3, 5, 7, Shape.of(2, 9)));
        rows.add(matMul("matMul of a row", 1, 67, 37));
        rows.add(matMul("matMul of a column", 37, 67, 1));
        rows.add(matMul("matMul of row and column", 1, 67, 1));
        rows.add(matMul("matMul of column and row", 37, 1, 41));
        rows.add(matMul("matMul over nothing", 3, 0, 4));
        rows.add(matMul("matMul of no rows", 0, 3, 4));
        rows.add(matMul("matMul of no batches", 2, 3, 4, Shape.of(0)));
        rows.add(
                Row.of(
                        "matMul of integers",
                        new Prim.MatMul(),
                        Row.INTEGERS,
                        Tolerance.BITS,
                        Operand.of(Values.bits(), 5, 7),
                        Operand.of(Values.bits(), 7, 9)));
        rows.add(
                Row.of(
                        "matMul of NaN and infinities",
                        new Prim.MatMul(),
                        Row.FLOATING,
                        Tolerance.EXACT,
                        Operand.of(Values.cycling(1, 0, Double.NaN, 0, 1), 5, 5),
                        Operand.of(Values.cycling(1, Double.POSITIVE_INFINITY, 2, 3), 5, 3)));
    }

    private static Row matMul(String name, long m, long k, long n) {
        return matMul(name, m, k, n, Shape.SCALAR);
    }

    private static Row matMul(String name, long m, long k, long n, Shape batch) {
        return Row.of(
                name,
                new Prim.MatMul(),
                Row.FLOATING,
                Tolerance.sums(k),
                Operand.of(ANY, matrix(batch, m, k)),
                Operand.of(ANY, matrix(batch, k, n)));
    }

    private static long[] matrix(Shape batch, long rows, long columns) {
        long[] shape = Arrays.copyOf(batch.toArray(), batch.rank() + 2);
        shape[batch.rank()] = rows;
        shape[batch.rank() + 1] = columns;
        return shape;
    }

    private static void addConvolutions(List<Row> rows) {
        Prim.Window plain = new Prim.Window(1, 0, 0, 1);
        Prim.Window same = new Prim.Window(1, 1, 1, 1);
        Prim.Window strided = new Prim.Window(2, 1, 2, 1);
        Prim.Window dilated = new Prim.Window(1, 2, 1, 2);
        Prim.Window cropping = new Prim.Window(1, -1, 1, 1);
        addConv("1d", true, List.of(plain), 1, shape(2, 2, 5), shape(2, 2, 3), rows);
        addConv("1d strided", true, List.of(strided), 1, shape(1, 2, 6), shape(2, 2, 3), rows);
        addConv("1d grouped", true, List.of(same), 2, shape(1, 4, 4), shape(2, 2, 3), rows);
        addConv("1d depthwise", false, List.of(same), 6, shape(2, 6, 17), shape(6, 1, 3), rows);
        addConv("1d dilated", true, List.of(dilated), 1, shape(1, 2, 5), shape(2, 2, 2), rows);
        addConv("1d cropping", true, List.of(cropping), 1, shape(1, 2, 5), shape(2, 2, 2), rows);
        addConv("1d pointwise", false, List.of(plain), 1, shape(2, 19, 33), shape(17, 19, 1), rows);
        addConv("1d of no batch", false, List.of(same), 1, shape(0, 2, 5), shape(2, 2, 3), rows);
        addConv("2d", true, List.of(same, plain), 1, shape(1, 2, 3, 3), shape(2, 2, 3, 2), rows);
        addConv(
                "2d of tiles",
                false,
                List.of(same, same),
                1,
                shape(2, 4, 9, 13),
                shape(12, 4, 3, 3),
                rows);
        addConv(
                "2d strided, dilated and grouped",
                false,
                List.of(strided, new Prim.Window(3, 0, 2, 2)),
                2,
                shape(2, 4, 9, 11),
                shape(6, 2, 3, 2),
                rows);
        addConv(
                "3d",
                false,
                List.of(same, strided, plain),
                1,
                shape(1, 2, 4, 5, 6),
                shape(3, 2, 3, 2, 3),
                rows);
    }

    private static long[] shape(long... extents) {
        return extents;
    }

    /** A convolution and both of its gradients, which have the same extents. */
    private static void addConv(
            String name,
            boolean differentiable,
            List<Prim.Window> windows,
            int groups,
            long[] x,
            long[] w,
            List<Row> rows) {
        Prim.Conv conv = new Prim.Conv(windows, groups);
        long[] y =
                TypeRules.inferOne(
                                conv,
                                new TensorType(DType.F32, Shape.of(x)),
                                new TensorType(DType.F32, Shape.of(w)))
                        .shape()
                        .toArray();
        long ofFilter = Shape.of(w).elementCount();
        Shape spatial = Shape.of(Arrays.copyOfRange(x, 2, x.length));
        Shape kernel = Shape.of(Arrays.copyOfRange(w, 2, w.length));
        List<Row> made =
                List.of(
                        product("conv " + name, conv, ofFilter / w[0], x, w),
                        product(
                                "convDataGrad " + name,
                                new Prim.ConvDataGrad(windows, groups, spatial),
                                ofFilter / w[1],
                                y,
                                w),
                        product(
                                "convFilterGrad " + name,
                                new Prim.ConvFilterGrad(windows, groups, kernel),
                                Shape.of(y).elementCount() / w[0],
                                x,
                                y));
        made.forEach(row -> rows.add(differentiable ? row.withGradient() : row));
    }

    private static Row product(String name, Prim op, long terms, long[] first, long[] second) {
        return Row.of(
                name,
                op,
                Set.of(DType.F64, DType.F32, DType.F16, DType.BF16),
                Tolerance.sums(terms),
                Operand.of(ANY, first),
                Operand.of(ANY, second));
    }
}
