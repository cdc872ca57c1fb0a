package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rows of the primitives that make tensors of nothing: fill, iota, random bits. */
final class CreationRows {
    private CreationRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.add(fill("fill", Shape.of(3, 5), 3));
        rows.add(fill("fill of a scalar", Shape.SCALAR, 1));
        rows.add(fill("fill of nothing", Shape.of(0, 3), 1));
        rows.add(fill("fill of much", Shape.of(211, 307), -2));
        rows.add(fill("fill with zero", Shape.of(70), 0));
        rows.add(iota("iota along the first dimension", Shape.of(5, 3), 0));
        rows.add(iota("iota along the last dimension", Shape.of(3, 67), 1));
        rows.add(iota("iota of nothing", Shape.of(3, 0), 1));
        rows.add(randomBits("randomBits", Shape.of(3, 7), 0));
        rows.add(randomBits("randomBits of a scalar", Shape.SCALAR, 5));
        rows.add(randomBits("randomBits of nothing", Shape.of(0), 0));
        rows.add(randomBits("randomBits across the 32 bits", Shape.of(1031), 0xFFFF_FFF0L));
        rows.add(randomBits("randomBits of the last blocks", Shape.of(2, 61), -40));
        rows.add(randomBits("randomBits of much", Shape.of(70_003), 1));
        return rows;
    }

    private static Row fill(String name, Shape shape, long value) {
        return new Row(
                name,
                dtype -> new Prim.Fill(dtype, shape, number(dtype, value)),
                List.of(),
                Row.ALL,
                Tolerance.BITS,
                0);
    }

    private static Row iota(String name, Shape shape, int dim) {
        return new Row(
                name,
                dtype -> new Prim.Iota(dtype, shape, dim),
                List.of(),
                Row.ALL,
                Tolerance.BITS,
                0);
    }

    private static Row randomBits(String name, Shape shape, long firstBlock) {
        return Row.of(
                name,
                new Prim.RandomBits(shape, firstBlock),
                Set.of(DType.I32),
                Tolerance.BITS,
                Operand.of(Values.bits(), 4));
    }

    /** As records hold numbers: a Double, or a Long for integers. */
    static Number number(DType dtype, long value) {
        if (dtype.isFloating()) {
            return (double) value;
        }
        return dtype == DType.BOOL && value != 0 ? 1L : dtype == DType.U8 ? value & 255 : value;
    }
}
