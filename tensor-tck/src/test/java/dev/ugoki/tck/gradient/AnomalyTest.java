package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.AnomalyException;
import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.function.Supplier;

/** The first NaN is named, and where in user code it was called for. */
@ExtendWith(OnReference.class)
final class AnomalyTest {
    private static Tensor of(double... values) {
        return Tensor.of(values, values.length);
    }

    private static AnomalyException anomaly(Supplier<?> action) {
        return assertThrows(AnomalyException.class, () -> Autograd.detectAnomalies(action));
    }

    private static void assertSays(AnomalyException e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    /** The number of the line of {@code method} in this file, as a stack trace gives it. */
    private static void assertPlace(AnomalyException e, String method) {
        assertTrue(
                e.getMessage()
                        .matches(
                                "(?s).*called at dev\\.ugoki\\.tck\\.gradient\\.AnomalyTest\\."
                                        + method
                                        + "\\(AnomalyTest\\.java:\\d+\\)"),
                e.getMessage());
    }

    // ---- forward ----

    private static Tensor logarithmOf(Tensor x) {
        return x.log();
    }

    @Test
    void theOperationItsOperandsAndItsPlaceAreNamed() {
        Tensor x = Tensor.of(new float[] {1, 2, -3, 0.5f}, 2, 2);

        AnomalyException e = anomaly(() -> logarithmOf(x.mul(1)).add(1));

        assertEquals("log", e.operation());
        assertSays(
                e,
                "log made NaN",
                "result: F32[2,2], 1 NaN, the first at [1, 0], the others from -0.69",
                "operand 0: F32[2,2], from -3.0 to 2.0");
        assertPlace(e, "logarithmOf");
    }

    @Test
    void whatIsNotFollowedIsWatchedToo() {
        assertEquals("sqrt", anomaly(() -> of(-1).sqrt()).operation());
        assertEquals("div", anomaly(() -> Autograd.noGrad(() -> of(0).div(0))).operation());
    }

    @Test
    void theFirstOfManyIsNamed() {
        AnomalyException e = anomaly(() -> of(-1).sqrt().exp().add(of(-2).log()));
        assertEquals("sqrt", e.operation());
    }

    @Test
    void compositesAreNamedWithThePrimitiveInside() {
        AnomalyException rows =
                anomaly(() -> of(Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY).softmax(0));
        assertEquals("softmax > sub", rows.operation());
        assertSays(rows, "softmax > sub made NaN", "operand 0: F64[2], 2 infinite");

        assertEquals(
                "outer > inner > log", anomaly(() -> Engine.one(new Outer(), of(1))).operation());
        assertPlace(
                anomaly(() -> Engine.one(new Outer(), of(1))),
                "lambda\\$compositesAreNamedWithThePrimitiveInside\\$\\d+");
    }

    /** The logarithm of one less than twice what is there. */
    private record Outer() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... in) {
            // NaN on the way that does not come out is nobody's concern.
            Tensor ignored = in[0].neg().sqrt();
            Tensor shown = in[0].gt(0).select(in[0], ignored);
            return new Tensor[] {Engine.one(new Inner(), shown.sub(2)).mul(2)};
        }
    }

    private record Inner() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... in) {
            return new Tensor[] {in[0].log().exp()};
        }
    }

    @Test
    void nanThatACompositeDoesNotShowIsNoAnomaly() {
        Tensor y = Autograd.detectAnomalies(() -> Engine.one(new Outer(), of(3)));
        assertEquals(2, y.item(), 1e-12);
    }

    @Test
    void loopsAreLookedInto() {
        TensorType scalar = new TensorType(DType.F64, Shape.SCALAR);
        TensorType counter = new TensorType(DType.I64, Shape.SCALAR);
        Graph body = Graph.trace(in -> new Tensor[] {in[1].sub(1).sqrt()}, counter, scalar);

        AnomalyException e = anomaly(() -> Engine.one(new Prim.Loop(body, 5), of(3).sum()));

        assertEquals("loop > sqrt", e.operation());
    }

    @Test
    void dataThatIsNoNumberIsReportedWhereItIsUsed() {
        Tensor data = of(1, Double.NaN);
        AnomalyException e = anomaly(() -> data.mul(2));
        assertSays(
                e,
                "mul was given NaN, which no operation made",
                "operand 0: F64[2], 1 NaN, the first at [1]");
    }

    @Test
    void anUpdateOfAParameterIsWatched() {
        Parameter weight = new Parameter(of(1, 2));
        AnomalyException e =
                anomaly(
                        () -> {
                            weight.assign(of(1, Double.NaN));
                            return weight;
                        });
        assertEquals("overwrite", e.operation());
    }

    @Test
    void infinitiesAreFoundWhereAskedFor() {
        assertEquals(
                Double.POSITIVE_INFINITY, Autograd.detectAnomalies(() -> of(1000).exp()).item());
        AnomalyException e =
                assertThrows(
                        AnomalyException.class,
                        () -> Autograd.detectNonFinite(() -> of(1000, 1).neg().neg().exp()));
        assertSays(e, "exp made infinity", "1 infinite, the first at [0]");
        // An infinity that was put there, to mask, is none that an operation made.
        Tensor scores = of(1, 2);
        Autograd.detectNonFinite(
                () -> scores.maskedFill(scores.gt(1), Double.NEGATIVE_INFINITY).softmax(0));
        // But what becomes NaN by it is.
        assertEquals(
                "sub",
                assertThrows(
                                AnomalyException.class,
                                () ->
                                        Autograd.detectNonFinite(
                                                () ->
                                                        of(Double.POSITIVE_INFINITY)
                                                                .sub(Double.POSITIVE_INFINITY)))
                        .operation());
    }

    // ---- backward ----

    private static Tensor distance(Tensor x) {
        return x.square().sum(false, -1).sqrt();
    }

    @Test
    void aGradientIsReportedWhereItsOperationWasCalled() {
        Tensor points = Tensor.of(new double[] {3, 4, 0, 0}, 2, 2);

        AnomalyException e =
                anomaly(
                        () ->
                                Autograd.valueAndGrad(
                                        in -> distance(in[0]).mul(of(1, 0)).sum(), points));

        assertEquals("sqrt", e.operation());
        assertSays(
                e,
                "the gradient of sqrt made NaN (in its rule > div)",
                "gradient of operand 0: F64[2], 1 NaN, the first at [1]",
                "gradient of result 0: F64[2], from 0.0 to 1.0",
                "operand 0: F64[2], from 0.0 to 25.0");
        assertPlace(e, "distance");
    }

    @Test
    void aGradientInsideACompositeNamesBoth() {
        AnomalyException e =
                anomaly(
                        () ->
                                Autograd.valueAndGrad(
                                        in -> Engine.one(new Norm(), in[0]).sum(), of(0, 0)));

        // The square's cotangent is infinite, and 0 times that is NaN.
        assertEquals("norm > mul", e.operation());
        assertPlace(e, "lambda\\$aGradientInsideACompositeNamesBoth\\$\\d+");
    }

    private record Norm() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... in) {
            return new Tensor[] {in[0].square().sum().sqrt()};
        }
    }

    @Test
    void aRuleOfACompositeIsLookedInto() {
        AnomalyException e =
                anomaly(
                        () ->
                                Autograd.valueAndGrad(
                                        in -> Engine.one(new Wrong(), in[0]).sum(), of(1)));
        assertSays(e, "the gradient of wrong made NaN (in its rule > log)");
    }

    private record Wrong() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... in) {
            return new Tensor[] {in[0].mul(1)};
        }

        @Override
        public @Nullable Tensor[] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            return new Tensor[] {operands[0].neg().log().mul(2)};
        }
    }

    @Test
    void theGradientOfAGradientIsWatched() {
        AnomalyException e =
                anomaly(
                        () -> {
                            Tensor x = Autograd.variable(of(0));
                            Tensor y = x.pow(1.5).sum();
                            Tensor slope =
                                    Autograd.gradientsToDifferentiate(y, List.of(x)).getFirst();
                            Tensor bend =
                                    Autograd.gradientsToDifferentiate(slope.sum(), List.of(x))
                                            .getFirst();
                            // Bent infinitely, and nobody wants more than 1 of it.
                            return Autograd.gradients(bend.clamp(0, 1).sum(), List.of(x));
                        });
        assertSays(e, "the gradient of gradient of", "called at");
    }

    @Test
    void checkpointsAreWatchedOnBothWays() {
        Tensor x = Autograd.variable(of(0));
        AnomalyException forward =
                anomaly(() -> Autograd.checkpoint(in -> new Tensor[] {in[0].sub(1).log()}, x));
        assertEquals("log", forward.operation());

        AnomalyException backward =
                anomaly(
                        () ->
                                Autograd.backward(
                                        Autograd.checkpoint(
                                                in -> new Tensor[] {in[0].sqrt().mul(0)}, x)[0]
                                                .sum()));
        assertEquals("checkpoint > sqrt", backward.operation());
        assertPlace(backward, "lambda\\$checkpointsAreWatchedOnBothWays\\$\\d+");
    }

    @Test
    void aForwardPassBeforeTheDetectionHasNoPlace() {
        Tensor x = Autograd.variable(of(0));
        Tensor y = x.sqrt().mul(0).sum();
        AnomalyException e = anomaly(() -> Autograd.backward(y));
        assertSays(e, "the gradient of sqrt made NaN", "called at an unknown place");
    }

    @Test
    void aHealthyPassIsLeftAlone() {
        Tensor x = of(1, 2, 3);
        Supplier<Autograd.ValueAndGrad> pass =
                () -> Autograd.valueAndGrad(in -> distance(in[0].softmax(0).log()).sum(), x);

        assertEquals(
                pass.get().gradients().getFirst().toString(),
                Autograd.detectAnomalies(pass).gradients().getFirst().toString());
    }

    // ---- off ----

    @Test
    void withoutTheModeNanIsAValueLikeOthers() {
        assertTrue(Double.isNaN(of(-1).log().item()));
        anomaly(() -> of(-1).log());
        assertTrue(Double.isNaN(of(-1).log().item()));
    }

    @Test
    void otherThreadsAreNotWatched() throws InterruptedException {
        boolean[] nan = new boolean[1];
        Autograd.detectAnomalies(
                () -> {
                    Thread thread =
                            Thread.ofPlatform()
                                    .start(
                                            () ->
                                                    new dev.ugoki.tensor.Device("reference", 0)
                                                            .run(
                                                                    () ->
                                                                            nan[0] =
                                                                                    Double.isNaN(
                                                                                            of(-1).log()
                                                                                                    .item())));
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return nan;
                });
        assertTrue(nan[0]);
    }

    /** A walk of the stack allocates, and so would a note on the tape: off, there is neither. */
    @Test
    void theModeCostsNothingWhenItIsOff() {
        Parameter weight = new Parameter(of(1, 2));
        Runnable step =
                () -> Autograd.valueAndGrad(() -> weight.tensor().exp().sum(), List.of(weight));
        long before = bytesOf(step);
        long within = Autograd.detectAnomalies(() -> bytesOf(step));
        long after = bytesOf(step);

        assertTrue(after <= before, "from " + before + " to " + after);
        assertTrue(within > before, "watched it allocates, " + within + " and not " + before);
    }

    /** Bytes allocated by the cheapest of some runs; others may meet a growing table. */
    private static long bytesOf(Runnable action) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            long start = threads.getCurrentThreadAllocatedBytes();
            action.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - start);
        }
        return least;
    }
}
