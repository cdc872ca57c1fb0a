package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.RandomDraw;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Rows of random draws. Uniform numbers and integers have the same bits everywhere; normal ones do
 * where a kernel computes them, and are near where their decomposition does.
 */
final class RandomRows {
    private static final Operand KEY = Operand.of(DType.I32, Values.bits(), 4);

    /** What the decomposition of normal numbers promises is seven digits. */
    private static final Tolerance SEVEN_DIGITS = Tolerance.ulps(256).orEpsilons(16);

    private RandomRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (Shape shape : List.of(Shape.of(3, 7), Shape.SCALAR, Shape.of(0), Shape.of(5, 1031))) {
            rows.add(
                    draw(
                            "randomUniform of " + shape,
                            dtype -> new RandomDraw.RandomUniform(dtype, shape),
                            Row.FLOATING,
                            Tolerance.BITS));
            rows.add(
                    draw(
                            "randomNormal of " + shape,
                            dtype -> new RandomDraw.RandomNormal(dtype, shape),
                            Row.FLOATING,
                            SEVEN_DIGITS));
            for (long count : new long[] {1, 10, 1L << 31, (1L << 31) + 1, Long.MAX_VALUE}) {
                rows.add(
                        draw(
                                "randomIntegers below " + count + " of " + shape,
                                _ -> new RandomDraw.RandomIntegers(-5, count, shape),
                                Set.of(DType.I64),
                                Tolerance.BITS));
            }
        }
        return rows;
    }

    private static Row draw(
            String name, Function<DType, Op> op, Set<DType> dtypes, Tolerance tolerance) {
        return new Row(name, op, List.of(KEY), dtypes, tolerance, 0);
    }
}
