package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Index;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Random expressions select, put and add what a naive evaluation does, element by element. */
@ExtendWith(OnReference.class)
final class IndexExpressionTest {
    private static final int EXPRESSIONS = 3000;

    @Test
    void randomExpressionsNameTheElementsThatNumPysRulesName() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < EXPRESSIONS; i++) {
            try (TensorScope _ = TensorScope.open()) {
                Shape shape = randomShape(random);
                Index[] expression = randomExpression(random, shape);
                check(randomLayout(random, shape), expression, random);
            }
        }
    }

    private static void check(Tensor x, Index[] expression, SplittableRandom random) {
        String what = x.type() + Arrays.toString(expression);
        NaiveIndexing naive = NaiveIndexing.of(x.shape(), expression);
        double[] elements = x.toDoubleArray();
        Tensor selected = x.get(expression);
        assertEquals(naive.shape(), selected.shape(), what);
        double[] expected =
                naive.sources().stream().mapToDouble(s -> elements[s.intValue()]).toArray();
        assertArrayEquals(expected, selected.toDoubleArray(), what);

        Shape from = random.nextBoolean() ? naive.shape() : Shape.SCALAR;
        double[] values = random.doubles(from.elementCount()).map(v -> Math.rint(v * 99)).toArray();
        Tensor updates = Tensor.of(values, from.toArray());
        double[] put = elements.clone();
        double[] added = elements.clone();
        for (int i = 0; i < expected.length; i++) {
            double value = values[values.length == 1 ? 0 : i];
            put[naive.sources().get(i).intValue()] = value;
            added[naive.sources().get(i).intValue()] += value;
        }
        assertArrayEquals(put, x.with(updates, expression).toDoubleArray(), what);
        assertArrayEquals(added, x.withAdded(updates, expression).toDoubleArray(), what);
    }

    private static Shape randomShape(SplittableRandom random) {
        long[] extents = new long[random.nextInt(5)];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = random.nextInt(12) == 0 ? 0 : random.nextInt(1, 5);
        }
        return Shape.of(extents);
    }

    /** The numbers from 1 on in a contiguous, permuted or flipped layout. */
    private static Tensor randomLayout(SplittableRandom random, Shape shape) {
        Tensor x = Tensor.arange(DType.F64, shape.elementCount()).add(1).reshape(shape);
        int rank = shape.rank();
        return switch (rank == 0 ? 0 : random.nextInt(3)) {
            case 0 -> x;
            case 1 -> x.transpose(0, rank - 1).contiguous().transpose(0, rank - 1);
            default -> x.flip(random.nextInt(rank));
        };
    }

    private static Index[] randomExpression(SplittableRandom random, Shape shape) {
        return new Draw(random, shape).expression();
    }

    /** Draws the parts of an expression for the dimensions of a shape, one after the other. */
    private static final class Draw {
        private final SplittableRandom random;
        private final Shape shape;
        private final List<Index> expression = new ArrayList<>();

        /**
         * What all index tensors are broadcast to; masks have as many true elements as the last.
         */
        private final long[] common;

        private int dim;

        Draw(SplittableRandom random, Shape shape) {
            this.random = random;
            this.shape = shape;
            this.common = new long[] {random.nextInt(1, 4), random.nextInt(4)};
        }

        Index[] expression() {
            int leaveOut = random.nextInt(shape.rank() + 1);
            boolean ellipsis = random.nextBoolean();
            int ellipsisAt = random.nextInt(shape.rank() - leaveOut + 1);
            while (dim < shape.rank() - (ellipsis ? 0 : leaveOut)) {
                if (ellipsis && dim >= ellipsisAt) {
                    ellipsis = false;
                    expression.add(Index.ellipsis());
                    dim += Math.min(leaveOut, shape.rank() - dim);
                    leaveOut = 0;
                } else {
                    addPart();
                }
            }
            return expression.toArray(Index[]::new);
        }

        private void addPart() {
            long extent = shape.extent(dim);
            int kind = random.nextInt(extent == 0 ? 4 : 9);
            switch (kind) {
                case 0 -> expression.add(Index.newAxis());
                case 1 -> add(Index.all());
                case 2, 3 -> add(range());
                case 4, 5 -> add(Index.at(random.nextLong(-extent, extent)));
                case 6 -> addMask();
                default -> add(places(extent));
            }
        }

        private void add(Index index) {
            expression.add(index);
            dim++;
        }

        private Index range() {
            long step = random.nextInt(1, 4) * (random.nextBoolean() ? 1 : -1);
            return Index.range(random.nextLong(-6, 7), random.nextLong(-6, 7), step);
        }

        private void addMask() {
            // An ellipsis may still stand for the last dimensions, so a mask takes one or two.
            int rank = random.nextInt(1, Math.min(2, shape.rank() - dim) + 1);
            long[] extents = Arrays.copyOfRange(shape.toArray(), dim, dim + rank);
            int count = (int) Shape.of(extents).elementCount();
            if (count < common[1]) {
                add(range());
                return;
            }
            boolean[] mask = new boolean[count];
            for (int missing = (int) common[1]; missing > 0; ) {
                int place = random.nextInt(count);
                missing -= mask[place] ? 0 : 1;
                mask[place] = true;
            }
            expression.add(Index.mask(Tensor.of(mask, extents)));
            dim += rank;
        }

        private Index places(long extent) {
            long[] shape = Arrays.copyOfRange(common, random.nextInt(3), 2);
            for (int i = 0; i < shape.length; i++) {
                shape[i] = random.nextInt(4) == 0 ? 1 : shape[i];
            }
            int count = (int) Shape.of(shape).elementCount();
            long[] places = random.longs(count, -extent, extent).toArray();
            if (shape.length == 1 && random.nextBoolean()) {
                return Index.of(places);
            }
            Tensor tensor = Tensor.of(places, shape);
            return Index.of(random.nextBoolean() ? tensor : tensor.cast(DType.I32));
        }
    }
}
