package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Gradients;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** What is followed, how far, and what is refused. */
@ExtendWith(OnReference.class)
final class TapeTest {
    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    private static void assertValues(double[] expected, Tensor actual) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-12);
    }

    private static void checkTwice(Graph.Program program, Tensor... inputs) {
        GradientCheck.check(program, inputs);
        GradientCheck.checkSecond(program, inputs);
    }

    // ---- memory ----

    @Test
    void theLastPassReleasesWhatItHasLeftBehind() {
        int steps = 10;
        long bytes = 4 << 16;
        Parameter w = new Parameter(Tensor.ones(DType.F32, bytes / 4));
        MemoryPool pool = storage(w.tensor()).backend().memory();
        List<Long> live = new ArrayList<>();

        Autograd.valueAndGrad(
                () -> {
                    // The oldest step computes its program again, when all others are done; it
                    // reads a constant that no step knows.
                    Tensor factor = w.tensor().detach().mul(0.5);
                    Graph.Program program =
                            in -> {
                                live.add(pool.liveBytes());
                                return new Tensor[] {in[0].mul(factor)};
                            };
                    Tensor x = Autograd.checkpoint(program, w.tensor())[0];
                    for (int i = 0; i < steps; i++) {
                        x = x.sin();
                    }
                    Tensor loss = x.sum();
                    live.add(pool.liveBytes());
                    return loss;
                },
                List.of(w));

        assertEquals(3, live.size());
        assertTrue(live.get(2) <= live.get(1) - (steps - 2) * bytes, live.toString());
    }

    /** The gradients of a product of one element, where its cotangent is 1: the other factor. */
    private record Dot() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            return new Tensor[] {operands[0].mul(operands[1]).sum()};
        }

        @Override
        public Tensor[] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            return new Tensor[] {operands[1], operands[0]};
        }
    }

    @Test
    void aTensorOfTheForwardPassMayBeAGradient() {
        Parameter a = new Parameter(of(1, 2));
        Parameter b = new Parameter(of(3, 4));

        List<Tensor> gradients =
                Autograd.valueAndGrad(
                                () -> {
                                    Tensor y = b.tensor().exp().mul(2);
                                    return Engine.apply(new Dot(), a.tensor(), y)[0];
                                },
                                List.of(a, b))
                        .gradients();

        assertValues(new double[] {2 * Math.exp(3), 2 * Math.exp(4)}, gradients.get(0));
        assertValues(new double[] {2 * Math.exp(3), 4 * Math.exp(4)}, gradients.get(1));
    }

    @Test
    void whatTheForwardPassKeepsOutlivesTheBackwardPass() {
        Parameter w = new Parameter(of(1, 2));
        List<Tensor> kept = new ArrayList<>();
        try (TensorScope _ = TensorScope.open()) {
            Autograd.valueAndGrad(
                    () -> {
                        Tensor y = w.tensor().mul(3);
                        kept.add(Objects.requireNonNull(TensorScope.current()).keep(y));
                        return y.sin().sum();
                    },
                    List.of(w));

            assertValues(new double[] {3, 6}, kept.getFirst());
        }
    }

    private static Storage storage(Tensor tensor) {
        return ((Stored) tensor.payload()).storage();
    }

    // ---- ways through ----

    @Test
    void viewsOfViewsLeadBack() {
        Tensor x = Tensor.arange(DType.F64, 24).mul(0.1).add(0.3).reshape(2, 3, 4);
        checkTwice(
                in -> {
                    Tensor view = in[0].permute(2, 0, 1).slice(0, 1, 4, 2).flip(1).reshape(2, 6);
                    return new Tensor[] {view.square().mul(view)};
                },
                x);
        checkTwice(
                in -> new Tensor[] {in[0].transpose(0, 2).slice(1, 0, 1).expand(4, 3, 2).exp()}, x);
    }

    @Test
    void overlappingViewsAddUp() {
        Tensor x = Autograd.variable(of(1, 2, 3));
        Tensor windows = x.slice(0, 0, 2).mul(x.slice(0, 1, 3));

        assertValues(new double[] {2, 4, 2}, Autograd.backward(windows.sum()).of(x));
        checkTwice(
                in -> new Tensor[] {in[0].slice(0, 0, 2).mul(in[0].slice(0, 1, 3))}, of(1, 2, 3));
    }

    @Test
    void anExpandedTensorSumsWhatItsCopiesGet() {
        Tensor row = Tensor.of(new double[] {1, 2}, 1, 2);
        Tensor weights = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Tensor x = Autograd.variable(row);

        assertValues(
                new double[] {9, 12}, Autograd.backward(x.expand(3, 2).mul(weights).sum()).of(x));
        checkTwice(in -> new Tensor[] {in[0].expand(3, 2).mul(in[1]).sin()}, row, weights);
    }

    @Test
    void anExpandedInputIsAVariableLikeOthers() {
        Tensor x = Autograd.variable(of(2).expand(3));

        Tensor gradient = Autograd.backward(x.mul(x).mul(of(1, 2, 3)).sum()).of(x);

        assertValues(new double[] {4, 8, 12}, gradient);
    }

    @Test
    void gatheringAnElementTwiceAddsItsGradients() {
        Tensor index = Tensor.of(new long[] {2, 0, 2, 2}, 4);
        Tensor x = Autograd.variable(of(1, 2, 3));

        Tensor gathered = x.gather(0, index).mul(of(1, 10, 100, 1000));

        assertValues(new double[] {10, 0, 1101}, Autograd.backward(gathered.sum()).of(x));
        checkTwice(in -> new Tensor[] {in[0].gather(0, in[1]).pow(3)}, of(1, 2, 3), index);
        Tensor table = Tensor.arange(DType.F64, 8).mul(0.3).add(1).reshape(4, 2);
        Tensor rows = Tensor.of(new long[] {3, 1, 3, 0, 1, 1}, 2, 3);
        checkTwice(in -> new Tensor[] {in[0].embedding(in[1]).log()}, table, rows);
    }

    @Test
    void scatteringToOnePlaceTwice() {
        Tensor index = Tensor.of(new long[] {1, 0, 1}, 3);
        Tensor into = Autograd.variable(of(5, 6, 7));
        Tensor updates = Autograd.variable(of(1, 2, 3));
        Tensor weights = of(10, 100, 1000);

        Gradients added = Autograd.backward(into.scatterAdd(0, index, updates).mul(weights).sum());
        Gradients put = Autograd.backward(into.scatter(0, index, updates).mul(weights).sum());

        assertValues(new double[] {10, 100, 1000}, added.of(into));
        assertValues(new double[] {100, 10, 100}, added.of(updates));
        assertValues(new double[] {0, 0, 1000}, put.of(into));
        // Only the last of equal places stays.
        assertValues(new double[] {0, 10, 100}, put.of(updates));
        checkTwice(
                in -> new Tensor[] {in[0].scatterAdd(0, in[2], in[1]).pow(3)},
                of(5, 6, 7),
                of(1, 2, 3),
                index);
        checkTwice(
                in -> new Tensor[] {in[0].scatter(0, in[2], in[1]).pow(3)},
                of(5, 6, 7),
                of(1, 2, 3),
                index);
    }

    @Test
    void aSamplersLoopIsDifferentiatedStepByStep() {
        TensorType state = new TensorType(DType.F64, Shape.of(2));
        TensorType counter = new TensorType(DType.I64, Shape.SCALAR);
        // Ten steps of an integrator, x <- x + (sin(w x) - x / (n + 1)) / 10.
        Graph body =
                Graph.trace(
                        in -> {
                            Tensor number = in[0].cast(DType.F64).add(1);
                            Tensor change = in[1].mul(in[2]).sin().sub(in[1].div(number));
                            return new Tensor[] {in[1].add(change.div(10))};
                        },
                        counter,
                        state,
                        state);
        Graph.Program loop = in -> Engine.apply(new Prim.Loop(body, 10), in);

        checkTwice(loop, of(0.3, -0.8), of(1.5, 0.7));
        Graph.Program unrolled =
                in -> {
                    Tensor x = in[0];
                    for (int n = 1; n <= 10; n++) {
                        x = x.add(x.mul(in[1]).sin().sub(x.div(n)).div(10));
                    }
                    return new Tensor[] {x};
                };
        Supplier<List<double[]>> looped = () -> gradientsOf(loop, of(0.3, -0.8), of(1.5, 0.7));
        List<double[]> written = gradientsOf(unrolled, of(0.3, -0.8), of(1.5, 0.7));
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(written.get(i), looped.get().get(i), 1e-15);
        }
    }

    private static List<double[]> gradientsOf(Graph.Program program, Tensor... inputs) {
        return Autograd.valueAndGrad(in -> program.apply(in)[0].sum(), inputs).gradients().stream()
                .map(Tensor::toDoubleArray)
                .toList();
    }

    @Test
    void gradientsComeBackFromAnotherDevice() {
        Device here = Device.current();
        Tensor x = Autograd.variable(of(1, 2));

        Tensor gradient = Autograd.backward(x.to(RowCheck.REFERENCE).square().sum().to(here)).of(x);

        assertValues(new double[] {2, 4}, gradient);
        assertEquals(x.device(), gradient.device());
    }

    // ---- where following begins and ends ----

    @Test
    void aTensorUsedTwiceGetsBothGradients() {
        Tensor x = Autograd.variable(of(2, 3));
        Tensor square = x.mul(x);

        assertValues(
                new double[] {2 * 2 + 1, 2 * 3 + 1}, Autograd.backward(square.add(x).sum()).of(x));
        assertValues(new double[] {32, 108}, Autograd.backward(square.mul(square).sum()).of(x));
    }

    @Test
    void detachStopsAGradient() {
        Tensor x = Autograd.variable(of(2, 3));

        assertValues(new double[] {2, 3}, Autograd.backward(x.mul(x.detach()).sum()).of(x));
        assertNull(x.detach().lineage());
        assertNull(x.mul(2).detach().add(1).lineage());
    }

    @Test
    void nothingIsWrittenDownWithoutGradients() {
        Tensor x = Autograd.variable(of(2, 3));

        assertNull(Autograd.noGrad(() -> x.mul(2)).lineage());
        assertNull(Autograd.noGrad(() -> Autograd.noGrad(() -> x.mul(2)).add(x)).lineage());
        assertNotNull(x.mul(2).lineage());
    }

    @Test
    void noGradEndsAlsoWithAnException() {
        Tensor x = Autograd.variable(of(2, 3));
        assertThrows(
                IllegalArgumentException.class, () -> Autograd.noGrad(() -> x.add(of(1, 2, 3))));
        assertNotNull(x.mul(2).lineage());
    }

    @Test
    void noGradHoldsForItsThreadAlone() throws InterruptedException {
        Tensor x = Autograd.variable(of(2, 3));
        AtomicReference<Tensor> elsewhere = new AtomicReference<>();
        Autograd.noGrad(
                () -> {
                    Thread thread =
                            Thread.ofPlatform()
                                    .start(
                                            () ->
                                                    elsewhere.set(
                                                            RowCheck.REFERENCE.call(
                                                                    () -> x.mul(2))));
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return x;
                });

        assertValues(new double[] {2, 2}, Autograd.backward(elsewhere.get().sum()).of(x));
    }

    @Test
    void aGradientMayBeTakenInsideNoGrad() {
        var found =
                Autograd.noGrad(() -> Autograd.valueAndGrad(in -> in[0].square().sum(), of(2, 3)));

        assertValues(new double[] {4, 6}, found.gradients().getFirst());
        assertNull(found.gradients().getFirst().lineage());
    }

    @Test
    void otherThreadsContinueATape() throws InterruptedException {
        Tensor x = Autograd.variable(of(2, 3));
        Tensor y = x.square();
        AtomicReference<Tensor> gradient = new AtomicReference<>();
        Thread.ofPlatform()
                .start(
                        () ->
                                RowCheck.REFERENCE.run(
                                        () -> gradient.set(Autograd.backward(y.sum()).of(x))))
                .join();

        assertValues(new double[] {4, 6}, gradient.get());
    }

    @Test
    void detachHoldsInATracedProgram() {
        TensorType pair = new TensorType(DType.F64, Shape.of(2));
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor twice = in[0].mul(2);
                            Tensor constant = Autograd.noGrad(() -> twice.mul(twice).exp().log());
                            return new Tensor[] {
                                twice.mul(twice.detach()).sum(), twice.mul(constant).sum()
                            };
                        },
                        pair);
        Tensor x = Autograd.variable(of(1, 3));
        Tensor[] results = graph.evaluate(x);

        // d(2x stop(2x)) = 2 stop(2x), and d(2x stop(4x^2)) = 2 stop(4x^2).
        assertValues(new double[] {4, 12}, Autograd.backward(results[0]).of(x));
        assertValues(new double[] {8, 72}, Autograd.backward(results[1]).of(x));
    }

    @Test
    void aTracedTrainingStepGivesConstants() {
        Parameter weight = new Parameter(of(1, 3));
        TensorType pair = new TensorType(DType.F64, Shape.of(2));
        Graph graph =
                Graph.trace(
                        in -> {
                            var step =
                                    Autograd.valueAndGrad(
                                            () -> in[0].mul(weight.tensor()).square().sum(),
                                            List.of(weight));
                            return new Tensor[] {step.value(), step.gradients().getFirst()};
                        },
                        pair);

        Tensor[] results = graph.evaluate(of(2, 1));

        assertEquals(13, results[0].item());
        assertValues(new double[] {8, 6}, results[1]);
        assertNull(results[0].lineage());
        assertNull(results[1].lineage());
    }

    // ---- what is asked for ----

    @Test
    void whatIsNotUsedHasGradientZero() {
        Tensor x = Autograd.variable(of(1, 2));
        Parameter unused = new Parameter(of(3, 4, 5));
        Parameter rounded = new Parameter(of(1.5));

        var found =
                Autograd.valueAndGrad(
                        () -> x.sum().add(rounded.tensor().round().sum()),
                        List.of(unused, rounded));

        assertValues(new double[] {0, 0, 0}, found.gradients().get(0));
        assertValues(new double[] {0}, found.gradients().get(1));
    }

    @Test
    void gradientsInInputsAsWellAsParameters() {
        Parameter weight = new Parameter(of(3, 4));
        Tensor x = Autograd.variable(of(1, 2));

        Gradients found = Autograd.backward(weight.tensor().mul(x).sum());

        assertValues(new double[] {3, 4}, found.of(x));
        assertValues(new double[] {1, 2}, found.of(weight));
    }

    @Test
    void gradientsInWhatWasComputedOnTheWay() {
        Tensor x = Autograd.variable(of(1, 2));
        Tensor hidden = x.mul(3);
        Tensor output = hidden.square().add(hidden).sum();

        List<Tensor> found = Autograd.gradients(output, List.of(hidden, x));

        assertValues(new double[] {7, 13}, found.get(0));
        assertValues(new double[] {21, 39}, found.get(1));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> Autograd.backward(output).of(hidden));
        assertTrue(e.getMessage().contains("Autograd.gradients(output, List.of(tensor))"));
    }

    @Test
    void gradientsAreComputedOnlyForThoseNamed() {
        Parameter frozen = new Parameter(Tensor.ones(DType.F64, 3, 3));
        Parameter learned = new Parameter(Tensor.ones(DType.F64, 3, 3));
        Tensor x = Tensor.ones(DType.F64, 2, 3);
        Supplier<Tensor> loss =
                () -> x.matmul(frozen.tensor()).linear(learned.tensor(), null).sum();

        // Forward two products; backward one, of the weight that is learned.
        assertEquals(3, products(() -> Autograd.valueAndGrad(loss, List.of(learned))));
        // With the other's gradient two more: on to it, and its own.
        assertEquals(5, products(() -> Autograd.valueAndGrad(loss, List.of(learned, frozen))));
        // The input wants none: neither of the first product's operands is x.
        assertEquals(4, products(() -> Autograd.valueAndGrad(loss, List.of(frozen))));
    }

    private static int products(Supplier<?> action) {
        List<Op> seen = new ArrayList<>();
        Inspector.call((op, _, _) -> seen.add(op), action);
        seen.removeIf(op -> !(op instanceof Prim.MatMul || op instanceof Linear));
        return seen.size();
    }

    @Test
    void aTapeServesSeveralPasses() {
        Tensor x = Autograd.variable(of(2, 3));
        Tensor loss = x.square().sum();

        double[] first = Autograd.backward(loss).of(x).toDoubleArray();
        double[] second = Autograd.backward(loss).of(x).toDoubleArray();

        assertArrayEquals(first, second);
        assertArrayEquals(new double[] {4, 6}, second);
    }

    @Test
    void gradientsOfBatchesAdd() {
        Parameter weight = new Parameter(of(1, 2));
        Tensor data = Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2);
        Tensor whole =
                Autograd.valueAndGrad(
                                () -> data.mul(weight.tensor()).square().sum(), List.of(weight))
                        .gradients()
                        .getFirst();
        Tensor sum = Tensor.zeros(DType.F64, 2);
        for (Tensor batch : data.chunk(0, 2)) {
            sum =
                    sum.add(
                            Autograd.valueAndGrad(
                                            () -> batch.mul(weight.tensor()).square().sum(),
                                            List.of(weight))
                                    .gradients()
                                    .getFirst());
        }

        assertArrayEquals(whole.toDoubleArray(), sum.toDoubleArray());
    }

    @Test
    void cotangentsAreGivenForWhatHasManyElements() {
        Tensor x = Autograd.variable(of(2, 3));

        Gradients found =
                Autograd.backward(List.of(x.square(), x.neg()), List.of(of(1, 10), of(1, 1)));

        assertValues(new double[] {3, 59}, found.of(x));
    }

    // ---- what is refused ----

    @Test
    void integersAreNotLearned() {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new Parameter(Tensor.zeros(DType.I64, 2)))
                        .getMessage();
        assertEquals("parameter: I64[2] is not floating, and cannot be learned", message);
        assertThrows(
                IllegalArgumentException.class,
                () -> Autograd.variable(Tensor.zeros(DType.BOOL, 2)));
    }

    @Test
    void aLossOfManyElementsIsRefusedWithTheFix() {
        Tensor x = Autograd.variable(of(2, 3));
        String message =
                assertThrows(IllegalArgumentException.class, () -> Autograd.backward(x.mul(2)))
                        .getMessage();
        assertTrue(message.contains("F64[2]") && message.contains("sum it"), message);
        assertThrows(
                IllegalArgumentException.class, () -> Autograd.backward(x.sum().cast(DType.I64)));
    }

    @Test
    void aLossThatDependsOnNothingIsRefused() {
        Tensor x = Autograd.variable(of(2, 3));
        for (Tensor loss : List.of(of(1).sum(), x.detach().sum(), Autograd.noGrad(() -> x.sum()))) {
            String message =
                    assertThrows(IllegalArgumentException.class, () -> Autograd.backward(loss))
                            .getMessage();
            assertTrue(message.contains("depends on nothing that is followed"), message);
        }
        // A function of its inputs may be constant.
        var constant = Autograd.valueAndGrad(_ -> Tensor.zeros(DType.F64), of(2, 3));
        assertValues(new double[] {0, 0}, constant.gradients().getFirst());
    }

    @Test
    void aGradientInWhatIsNotFollowedIsRefused() {
        Tensor x = Autograd.variable(of(2, 3));
        assertThrows(
                IllegalArgumentException.class,
                () -> Autograd.gradients(x.sum(), List.of(of(2, 3))));
        assertThrows(
                IllegalArgumentException.class, () -> Autograd.backward(x.sum()).of(x.detach()));
    }

    @Test
    void cotangentsOfOtherTypesAreRefused() {
        Tensor x = Autograd.variable(of(2, 3));
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Autograd.backward(List.of(x.neg()), List.of(of(1, 2, 3))))
                        .getMessage();
        assertEquals(
                "backward: output 0 is F64[2], its cotangent F64[3]; they must be of one type",
                message);
        assertThrows(
                IllegalArgumentException.class,
                () -> Autograd.backward(List.of(x.neg()), List.of()));
    }

    @Test
    void aTapeSaysThatAParameterWasUpdated() {
        Parameter weight = new Parameter(of(1, 2));
        Tensor loss = weight.tensor().square().sum();
        weight.assign(of(3, 4));

        String message =
                assertThrows(IllegalStateException.class, () -> Autograd.backward(loss))
                        .getMessage();

        assertEquals(
                "mul: operand 0 (F64[2]) was changed in place after the forward pass, which needs"
                        + " the old values for its gradient; run the backward pass before updating"
                        + " parameters",
                message);
        // A new forward pass sees the new values.
        assertValues(
                new double[] {6, 8}, Autograd.backward(weight.tensor().square().sum()).of(weight));
    }

    @Test
    void aDeepTapeDoesNotOverflowTheStack() {
        Tensor x = Autograd.variable(of(1));
        Tensor y = x;
        for (int i = 0; i < 20_000; i++) {
            y = y.mul(1.0001);
        }
        double expected = Math.pow(1.0001, 20_000);
        assertEquals(expected, Autograd.gradients(y.sum(), List.of(x)).getFirst().item(), 1e-9);
        assertEquals(expected, Autograd.backward(y.sum()).of(x).item(), 1e-9);
    }

    @Test
    void resultsOfAnyRankAndNoElements() {
        Tensor empty = Autograd.variable(Tensor.zeros(DType.F64, 0, 3));
        Tensor gradient = Autograd.backward(empty.exp().sum()).of(empty);
        assertEquals(empty.type(), gradient.type());
        assertEquals("[]", Arrays.toString(gradient.toDoubleArray()));
    }
}
