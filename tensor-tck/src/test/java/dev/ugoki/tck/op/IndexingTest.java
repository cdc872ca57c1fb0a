package dev.ugoki.tck.op;

import static dev.ugoki.tensor.Index.all;
import static dev.ugoki.tensor.Index.at;
import static dev.ugoki.tensor.Index.ellipsis;
import static dev.ugoki.tensor.Index.every;
import static dev.ugoki.tensor.Index.from;
import static dev.ugoki.tensor.Index.mask;
import static dev.ugoki.tensor.Index.newAxis;
import static dev.ugoki.tensor.Index.range;
import static dev.ugoki.tensor.Index.to;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Index;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;
import java.util.function.UnaryOperator;

/** Values drawn from NumPy and PyTorch, gradients, programs, and errors of indexing. */
@ExtendWith(OnReference.class)
final class IndexingTest {
    private static Tensor count(long... shape) {
        Shape whole = Shape.of(shape);
        return Tensor.arange(DType.F64, whole.elementCount()).reshape(whole);
    }

    private static Tensor places(long... places) {
        return Tensor.of(places, places.length);
    }

    private static void same(Tensor actual, long[] shape, double... elements) {
        assertEquals(Shape.of(shape), actual.shape());
        assertArrayEquals(elements, actual.toDoubleArray());
    }

    private static long[] shape(long... extents) {
        return extents;
    }

    private static String error(Class<? extends Exception> type, Runnable action) {
        return assertThrows(type, action::run).getMessage();
    }

    private static String wrong(Runnable action) {
        return error(IllegalArgumentException.class, action);
    }

    // ---- reading ----

    @Test
    void rangesSingleIndicesAndNewAxesSelectAsInNumPy() {
        Tensor x = count(2, 3, 4);
        same(x.get(at(1), every(-2)), shape(2, 4), 20, 21, 22, 23, 12, 13, 14, 15);
        same(x.get(ellipsis(), at(-1), newAxis()), shape(2, 3, 1), 3, 7, 11, 15, 19, 23);
        same(x.get(at(0), from(2), to(-2)), shape(1, 2), 8, 9);
        same(x.get(at(0), at(0), range(2, Long.MIN_VALUE, -1)), shape(3), 2, 1, 0);
        same(x.get(at(0), at(0), range(3, 1)), shape(0));
        assertEquals(x.shape(), x.get().shape());
    }

    @Test
    void indexTensorsAreBroadcastAndKeepTheirPlaceUnlessSomethingLiesBetween() {
        Tensor x = count(2, 3, 4);
        same(x.get(all(), Index.of(2, 0), Index.of(3, -1)), shape(2, 2), 11, 3, 23, 15);
        same(x.get(Index.of(1, 0), all(), Index.of(3, -1)), shape(2, 3), 15, 19, 23, 3, 7, 11);
        same(x.get(at(0), all(), Index.of(1, 2)), shape(2, 3), 1, 5, 9, 2, 6, 10);
        Tensor column = Tensor.of(new int[] {0, 2}, 2, 1);
        same(
                x.get(all(), newAxis(), Index.of(column), range(1, 3)),
                shape(2, 1, 2, 1, 2),
                1,
                2,
                9,
                10,
                13,
                14,
                21,
                22);
        Tensor ends = Tensor.of(new long[] {3, 0}, 2, 1);
        same(
                x.get(Index.of(0, 1), ellipsis(), Index.of(ends)),
                shape(2, 2, 3),
                3,
                7,
                11,
                15,
                19,
                23,
                0,
                4,
                8,
                12,
                16,
                20);
        // An ellipsis for no dimension keeps index tensors apart, too.
        Tensor y = count(4, 2, 2);
        same(
                y.get(all(), Index.of(0, 1), ellipsis(), Index.of(0, 1)),
                shape(2, 4),
                0,
                4,
                8,
                12,
                3,
                7,
                11,
                15);
    }

    @Test
    void masksSelectWhereTheyAreTrue() {
        Tensor x = count(2, 3, 4);
        Tensor m = Tensor.of(new boolean[] {true, false, true, false, false, true}, 2, 3);
        same(x.get(mask(m)), shape(3, 4), 0, 1, 2, 3, 8, 9, 10, 11, 20, 21, 22, 23);
        same(x.get(mask(m), at(2)), shape(3), 2, 10, 22);
        Tensor row = Tensor.of(new boolean[] {true, false, true}, 3);
        same(x.get(all(), mask(row), Index.of(0, 1)), shape(2, 2), 0, 9, 12, 21);
        same(x.get(mask(x.gt(100))), shape(0));
    }

    @Test
    void whatIsOnlySlicedIsAView() {
        Tensor x = count(4, 5);
        assertEquals(
                ((dev.ugoki.tensor.spi.Stored) x.payload()).storage(),
                ((dev.ugoki.tensor.spi.Stored) x.get(at(1), every(-2), newAxis()).payload())
                        .storage());
    }

    @Test
    void selectNarrowAndUnbindTakeOneDimensionApart() {
        Tensor x = count(2, 3);
        same(x.select(1, -1), shape(2), 2, 5);
        same(x.narrow(1, -2, 2), shape(2, 2), 1, 2, 4, 5);
        List<Tensor> columns = x.unbind(1);
        assertEquals(3, columns.size());
        same(columns.get(1), shape(2), 1, 4);
    }

    // ---- writing ----

    @Test
    void whereAnIndexRepeatsTheLastValueStays() {
        same(
                count(6).with(Tensor.of(new double[] {10, 20, 30}, 3), Index.of(1, 1, 3)),
                shape(6),
                0,
                20,
                2,
                30,
                4,
                5);
        same(
                count(6).withAdded(Tensor.of(new double[] {10, 20, 30}, 3), Index.of(1, 1, 3)),
                shape(6),
                0,
                31,
                2,
                33,
                4,
                5);
    }

    @Test
    void valuesAreBroadcastToWhatIsSelected() {
        same(count(2, 3).with(7, all(), at(1)), shape(2, 3), 0, 7, 2, 3, 7, 5);
        same(
                count(2, 3).with(Tensor.of(new double[] {8, 9}, 2, 1), all(), every(-2)),
                shape(2, 3),
                8,
                1,
                8,
                9,
                4,
                9);
        same(count(2, 2).with(5), shape(2, 2), 5, 5, 5, 5);
        same(count().with(5), shape(), 5);
        Tensor x = count(2, 2);
        x.with(9, at(0));
        same(x, shape(2, 2), 0, 1, 2, 3);
    }

    // ---- gradients ----

    private static void checkGradients(Graph.Program program, Tensor... inputs) {
        GradientCheck.check(program, inputs);
        GradientCheck.checkSecond(program, inputs);
    }

    private static Graph.Program squared(UnaryOperator<Tensor> of) {
        return in -> new Tensor[] {of.apply(in[0]).square()};
    }

    @Test
    void gradientsFlowToEveryElementAsOftenAsItIsSelected() {
        Tensor x = count(2, 3, 4).mul(0.1);
        Tensor m = Tensor.of(new boolean[] {true, false, true, false, false, true}, 2, 3);
        List<Index[]> expressions =
                List.of(
                        new Index[] {at(1), every(-2), newAxis()},
                        new Index[] {Index.of(1, 1, 0), all(), Index.of(3, 3, -1)},
                        new Index[] {all(), Index.of(2, 2, -1), range(1, 3)},
                        new Index[] {mask(m), at(2)});
        for (Index[] where : expressions) {
            checkGradients(squared(t -> t.get(where)), x);
            Tensor values = count(x.get(where).shape().toArray()).mul(0.2);
            checkGradients(in -> new Tensor[] {in[0].with(in[1], where).square()}, x, values);
            checkGradients(in -> new Tensor[] {in[0].withAdded(in[1], where).square()}, x, values);
        }
        checkGradients(
                in -> new Tensor[] {in[0].with(in[1], Index.of(1, 0, 1)).square()},
                x,
                count(4).mul(0.3));
    }

    @Test
    void gradientsOfMasksAndIndexTensorsFlowToWhatWasTaken() {
        Tensor x = count(2, 3).mul(0.5);
        Tensor m = Tensor.of(new boolean[] {true, false, true, false, false, true}, 2, 3);
        Tensor index = Tensor.of(new long[] {0, -1, 3, 0}, 2, 2);
        Tensor along = Tensor.of(new long[] {1, 1, -1, 0}, 2, 2);
        Tensor source = count(3).add(1);
        checkGradients(squared(t -> Indexing.maskedSelect(t, m)), x);
        checkGradients(squared(t -> Indexing.take(t, index)), x);
        checkGradients(squared(t -> Indexing.takeAlongDim(t, along, 1)), x);
        checkGradients(squared(t -> Indexing.repeatInterleave(t, 2, 1)), x);
        checkGradients(squared(t -> t.unfold(1, 2, 1)), x);
        checkGradients(
                in -> new Tensor[] {Indexing.maskedScatter(in[0], m, in[1]).square()}, x, source);
        Tensor rows = count(3, 3).mul(0.1);
        checkGradients(
                in -> new Tensor[] {Indexing.indexAdd(in[0], 0, places(1, 0, 1), in[1]).square()},
                x,
                rows);
        checkGradients(
                in -> new Tensor[] {Indexing.indexCopy(in[0], 0, places(1, 0, 1), in[1]).square()},
                x,
                rows);
    }

    // ---- programs ----

    @Test
    void aProgramIndexesByTensorsThatItIsGiven() {
        TensorType x = new TensorType(DType.F64, Shape.of(2, 3, 4));
        TensorType index = new TensorType(DType.I32, Shape.of(2));
        Graph graph =
                Graph.trace(
                        in -> {
                            Index where = Index.of(in[1]);
                            Tensor got = in[0].get(where, all(), where);
                            return new Tensor[] {
                                got, in[0].with(got.add(1), where, every(-1), where)
                            };
                        },
                        x,
                        index);
        Tensor values = count(2, 3, 4);
        Tensor given = Tensor.of(new int[] {-1, 0}, 2);
        Tensor[] results = graph.evaluate(values, given);
        Index where = Index.of(given);
        Tensor got = values.get(where, all(), where);
        assertArrayEquals(got.toDoubleArray(), results[0].toDoubleArray());
        assertArrayEquals(
                values.with(got.add(1), where, every(-1), where).toDoubleArray(),
                results[1].toDoubleArray());
        // Nothing is known of the index until the program runs; then it must not go unnoticed.
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> graph.evaluate(values, Tensor.of(new int[] {-3, 0}, 2)));
    }

    @Test
    void wholeRowsAreMovedByAnIndexThatIsNotSpelledOutForTheirElements() {
        TensorType table = new TensorType(DType.F32, Shape.of(50, 64));
        Graph graph =
                Graph.trace(
                        in -> new Tensor[] {in[0].get(Index.of(in[1]))},
                        table,
                        new TensorType(DType.I64, Shape.of(7)));
        for (Graph.Node node : graph.nodes()) {
            boolean moves =
                    switch (node.op()) {
                        case Prim.Gather _, Prim.Expand _, Prim.Reshape _ -> true;
                        default -> false;
                    };
            if (!moves) {
                for (int value : node.results()) {
                    assertTrue(graph.typeOf(value).shape().elementCount() <= 7, node::toString);
                }
            }
        }
    }

    @Test
    void whatReadsValuesSaysSoUnderATrace() {
        TensorType type = new TensorType(DType.F64, Shape.of(3));
        Tensor stored = count(3);
        List<UnaryOperator<Tensor>> programs =
                List.of(
                        Tensor::nonZero,
                        t -> t.get(mask(t.gt(1))),
                        t -> Indexing.maskedSelect(t, t.gt(1)),
                        t -> Indexing.repeatInterleave(t, t.cast(DType.I64), 0),
                        _ -> stored.nonZero());
        for (UnaryOperator<Tensor> program : programs) {
            String message =
                    error(
                            IllegalStateException.class,
                            () -> Graph.trace(in -> new Tensor[] {program.apply(in[0])}, type));
            assertTrue(message.contains("depends on the values of"), message);
        }
    }

    // ---- the rest ----

    @Test
    void nonZeroListsIndicesRowByRow() {
        Tensor x = Tensor.of(new double[] {0, 3, 0, Double.NaN, 0, -1}, 2, 3);
        assertEquals(DType.I64, x.nonZero().dtype());
        same(x.nonZero(), shape(3, 2), 0, 1, 1, 0, 1, 2);
        same(Tensor.scalar(4).nonZero(), shape(1, 0));
        same(Tensor.zeros(DType.BOOL, 2, 0).nonZero(), shape(0, 2));
        same(Indexing.countNonZero(x, 1), shape(2), 1, 2);
        same(Indexing.countNonZero(x), shape(), 3);
    }

    @Test
    void elementsAreTakenByMaskByNumberAndAlongADimension() {
        Tensor t = count(3, 4);
        Tensor column = Tensor.of(new boolean[] {true, false, true}, 3, 1);
        same(Indexing.maskedSelect(t, column), shape(8), 0, 1, 2, 3, 8, 9, 10, 11);
        Tensor index = Tensor.of(new long[] {0, 5, -1, 3}, 2, 2);
        same(Indexing.take(t, index), shape(2, 2), 0, 5, 11, 3);
        Tensor largest = t.argsort(1, true).slice(1, 0, 2);
        same(Indexing.takeAlongDim(t, largest, 1), shape(3, 2), 3, 2, 7, 6, 11, 10);
        Tensor last = Tensor.of(new long[] {-1}, 1, 1);
        same(Indexing.takeAlongDim(t, last, 0), shape(1, 4), 8, 9, 10, 11);
    }

    @Test
    void elementsArePutByMaskAndByRow() {
        Tensor m = Tensor.of(new boolean[] {true, false, true, false, true, false}, 2, 3);
        Tensor source = Tensor.of(new double[] {7, 8, 9, 10}, 4);
        Tensor zeros = Tensor.zeros(DType.F64, 2, 3);
        same(Indexing.maskedScatter(zeros, m, source), shape(2, 3), 7, 0, 8, 0, 9, 0);
        Tensor nothing = Tensor.zeros(DType.F64, 0);
        same(
                Indexing.maskedScatter(count(2), Tensor.zeros(DType.BOOL, 2), nothing),
                shape(2),
                0,
                1);
        Tensor ones = Tensor.ones(DType.F64, 3, 2);
        Tensor rows = count(3, 2);
        same(Indexing.indexAdd(ones, 0, places(2, 0, 2), rows), shape(3, 2), 3, 4, 1, 1, 5, 7);
        same(Indexing.indexCopy(ones, 0, places(2, 0, 2), rows), shape(3, 2), 2, 3, 1, 1, 4, 5);
        same(Indexing.indexFill(ones, 1, places(1), -2), shape(3, 2), 1, -2, 1, -2, 1, -2);
    }

    private static void checkCombination(
            Indexing.Combination combination,
            boolean includeSelf,
            double[] values,
            double[] gradientOfX,
            double[] gradientOfUpdates) {
        Tensor x = Autograd.variable(Tensor.of(new double[] {1, 5, -2, 4, 0, 7}, 2, 3));
        Tensor index = Tensor.of(new int[] {0, 0, 2, 2, 1, 1, 1, 0}, 2, 4);
        double[] elements = {3, 3, -2, -9, -1, 0, 0, 4};
        Tensor updates = Autograd.variable(Tensor.of(elements, 2, 4));
        Tensor y = Indexing.scatterReduce(x, 1, index, updates, combination, includeSelf);
        assertArrayEquals(values, y.toDoubleArray(), 1e-12);
        Tensor weights = Tensor.of(new double[] {1, 2, 4, 8, 16, 32}, 2, 3);
        List<Tensor> found = Autograd.gradients(y.mul(weights).sum(), List.of(x, updates));
        assertArrayEquals(gradientOfX, found.get(0).toDoubleArray(), 1e-12);
        assertArrayEquals(gradientOfUpdates, found.get(1).toDoubleArray(), 1e-12);
    }

    private static double[] numbers(double... numbers) {
        return numbers;
    }

    @Test
    void whatFallsOnOnePlaceIsCombinedAndSharesTheGradient() {
        double third = 16 / 3.0;
        checkCombination(
                Indexing.Combination.SUM,
                false,
                numbers(6, 5, -11, 4, -1, 7),
                numbers(0, 2, 0, 0, 0, 32),
                numbers(1, 1, 4, 4, 16, 16, 16, 8));
        checkCombination(
                Indexing.Combination.MEAN,
                true,
                numbers(7 / 3.0, 5, -13 / 3.0, 4, -0.25, 7),
                numbers(1 / 3.0, 2, 4 / 3.0, 4, 4, 32),
                numbers(1 / 3.0, 1 / 3.0, 4 / 3.0, 4 / 3.0, 4, 4, 4, 4));
        checkCombination(
                Indexing.Combination.MEAN,
                false,
                numbers(3, 5, -5.5, 4, -1 / 3.0, 7),
                numbers(0, 2, 0, 0, 0, 32),
                numbers(0.5, 0.5, 2, 2, third, third, third, 8));
        checkCombination(
                Indexing.Combination.MAX,
                true,
                numbers(3, 5, -2, 4, 0, 7),
                numbers(0, 2, 2, 4, third, 32),
                numbers(0.5, 0.5, 2, 0, 0, third, third, 4));
        // PyTorch 1.13 halves the last one, as if an equal element of x took part.
        checkCombination(
                Indexing.Combination.MIN,
                false,
                numbers(3, 5, -9, 4, -1, 7),
                numbers(0, 2, 0, 0, 0, 32),
                numbers(0.5, 0.5, 0, 4, 16, 0, 0, 8));
    }

    @Test
    void extremesOfNaNInfinitiesAndIntegersAreExact() {
        Tensor updates = Tensor.of(new double[] {1, Double.NaN, Double.POSITIVE_INFINITY, 2}, 4);
        Tensor index = places(0, 0, 1, 1);
        for (Indexing.Combination which :
                List.of(Indexing.Combination.MAX, Indexing.Combination.MIN)) {
            double other = which == Indexing.Combination.MAX ? Double.POSITIVE_INFINITY : 0;
            same(
                    Indexing.scatterReduce(count(2).sub(1), 0, index, updates, which, true)
                            .maximum(0),
                    shape(2),
                    Double.NaN,
                    other);
        }
        Tensor whole = Tensor.of(new long[] {Long.MIN_VALUE, Long.MAX_VALUE, 5, 4}, 4);
        Tensor least =
                Indexing.scatterReduce(
                        places(7, 7), 0, index, whole, Indexing.Combination.MIN, false);
        assertArrayEquals(new long[] {Long.MIN_VALUE, 4}, least.toLongArray());
    }

    @Test
    void slicesAreRepeatedAndLaidOut() {
        Tensor x = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
        same(Indexing.repeatInterleave(x, 2, 0), shape(4, 2), 1, 2, 1, 2, 3, 4, 3, 4);
        same(Indexing.repeatInterleave(x, places(2, 0), 1), shape(2, 2), 1, 1, 3, 3);
        same(Indexing.tile(x, 2), shape(2, 4), 1, 2, 1, 2, 3, 4, 3, 4);
        List<Tensor> grid = Indexing.meshgrid(count(2), count(3));
        same(grid.get(0), shape(2, 3), 0, 0, 0, 1, 1, 1);
        same(grid.get(1), shape(2, 3), 0, 1, 2, 0, 1, 2);
    }

    @Test
    void dimensionsAreMovedJoinedAndDivided() {
        Tensor x = Tensor.zeros(DType.F32, 2, 3, 4, 5);
        assertEquals(Shape.of(3, 4, 5, 2), x.movedim(new int[] {0, 1}, new int[] {-1, 0}).shape());
        assertEquals(Shape.of(2, 4, 3, 5), x.movedim(1, 2).shape());
        assertEquals(Shape.of(2, 12, 5), x.flatten(1, -2).shape());
        assertEquals(Shape.of(1), Tensor.scalar(1).flatten().shape());
        assertEquals(Shape.of(2, 3, 2, 2, 5), x.unflatten(2, 2, -1).shape());
        same(count(3, 4).unfold(1, 3, 1).get(at(1)), shape(2, 3), 4, 5, 6, 5, 6, 7);
        same(
                count(3, 4).unfold(0, 2, 1),
                shape(2, 4, 2),
                0,
                4,
                1,
                5,
                2,
                6,
                3,
                7,
                4,
                8,
                5,
                9,
                6,
                10,
                7,
                11);
    }

    // ---- errors ----

    @Test
    void anIndexOutOfRangeIsNamedWithItsDimension() {
        Tensor x = count(2, 3, 4);
        Class<IndexOutOfBoundsException> type = IndexOutOfBoundsException.class;
        assertEquals(
                "get: index 3 is out of range for dimension 1 of extent 3 of F64[2,3,4]",
                error(type, () -> x.get(all(), at(3))));
        String negative = "index -5 is out of range for dimension 2 of extent 4 of F64[2,3,4]";
        assertEquals("get: " + negative, error(type, () -> x.get(ellipsis(), Index.of(0, -5))));
        assertEquals(
                "get: " + negative,
                error(type, () -> x.get(all(), all(), Index.of(places(0, -5)))));
        // As one number along both dimensions these would be within the tensor.
        assertEquals(
                "with: " + negative,
                error(
                        type,
                        () -> x.with(0, all(), Index.of(places(2, 2)), Index.of(places(-4, -5)))));
        assertEquals(
                "withAdded: index 2 is out of range for dimension 0 of extent 2 of F64[2,3,4]",
                error(
                        type,
                        () ->
                                x.withAdded(
                                        x.scalarLike(0),
                                        Index.of(places(1, 2)),
                                        Index.of(places(-3, -3)))));
        assertTrue(error(type, () -> Indexing.take(x, places(24))).contains("take: index 24"));
        assertTrue(error(type, () -> x.select(0, 2)).startsWith("select: index 2 is out of range"));
    }

    @Test
    void expressionsThatDoNotFitAreNamed() {
        Tensor x = count(2, 3);
        assertEquals(
                "get: the expression [0, :, ..., 1:2:1] stands for 3 dimensions, but x is F64[2,3]",
                wrong(() -> x.get(at(0), all(), ellipsis(), range(1, 2))));
        assertTrue(wrong(() -> x.get(ellipsis(), ellipsis())).contains("more than one ellipsis"));
        assertTrue(wrong(() -> Index.of(x)).contains("must be I64 or I32, and is F64[2,3]"));
        assertTrue(wrong(() -> Index.of(x.gt(0))).contains("Index.mask(tensor)"));
        assertTrue(wrong(() -> mask(x)).contains("a mask must be BOOL"));
        assertTrue(wrong(() -> range(0, 1, 0)).contains("a step of 0"));
        assertTrue(
                wrong(() -> x.get(all(), mask(x.select(1, 0).gt(0))))
                        .contains("the mask's dimension 0 has extent 2"));
        assertTrue(
                wrong(() -> x.get(Index.of(0, 1), Index.of(0, 1, 2)))
                        .startsWith("get: shapes [2] and [3] cannot be broadcast"));
        assertTrue(
                wrong(() -> x.with(count(2), at(0)))
                        .startsWith("with: shapes [3] and [2] cannot be broadcast"));
        assertTrue(
                wrong(() -> x.with(count(2, 3), at(0)))
                        .contains("values F64[2,3] cannot be broadcast to the [3]"));
        assertTrue(
                wrong(() -> x.with(Tensor.scalar(1), at(0)))
                        .contains("values F32[] do not go into F64[2,3]; cast"));
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Tensor x = count(2, 3);
        Tensor index = places(0);
        List<Runnable> calls =
                List.of(
                        () -> Indexing.maskedSelect(x, x),
                        () -> Indexing.maskedScatter(x, x.ge(0), count(5)),
                        () -> Indexing.takeAlongDim(x, index, 0),
                        () -> Indexing.indexAdd(x, 0, index, count(2, 3)),
                        () -> Indexing.indexCopy(x, 0, x, x),
                        () -> Indexing.indexFill(x, 2, index, 0),
                        () ->
                                Indexing.scatterReduce(
                                        x, 0, index, x, Indexing.Combination.SUM, true),
                        () ->
                                Indexing.scatterReduce(
                                        x.cast(DType.I64),
                                        0,
                                        x.cast(DType.I64),
                                        x.cast(DType.I64),
                                        Indexing.Combination.MEAN,
                                        true),
                        () -> Indexing.repeatInterleave(x, -1, 0),
                        () -> Indexing.repeatInterleave(x, index, 0),
                        () -> Indexing.repeatInterleave(x, places(1, -1), 0),
                        () -> Indexing.tile(x, -1, 1),
                        () -> Indexing.meshgrid(index, x),
                        () -> x.narrow(1, 2, 2),
                        () -> x.unfold(1, 4, 1),
                        () -> x.unfold(1, 1, 0),
                        () -> x.movedim(new int[] {0, 0}, new int[] {0, 1}),
                        () -> x.flatten(1, 0),
                        () -> x.unflatten(1, 2, -1),
                        () -> x.unbind(2));
        for (Runnable call : calls) {
            String message = wrong(call);
            assertTrue(message.matches("(?s)\\w+: .+") || message.startsWith("shape "), message);
        }
    }
}
