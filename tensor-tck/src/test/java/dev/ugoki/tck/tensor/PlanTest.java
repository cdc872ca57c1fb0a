package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.plan.Plan;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;

@ExtendWith(OnReference.class)
final class PlanTest {
    private static final TensorType PAIR = new TensorType(DType.F32, Shape.of(2));

    private static Tensor pair(float x, float y) {
        return Tensor.of(new float[] {x, y}, 2);
    }

    private static Tensor[] results(Tensor... tensors) {
        return tensors;
    }

    @Test
    void aPlanComputesWhatTheFunctionDoes() {
        Plan plan = Ugoki.compile(in -> results(in[0].mul(in[1]).add(1), in[0].neg()));

        Tensor[] results = plan.apply(pair(1, 2), pair(3, 4));

        assertArrayEquals(new float[] {4, 9}, results[0].toFloatArray());
        assertArrayEquals(new float[] {-1, -2}, results[1].toFloatArray());
    }

    @Test
    void theFunctionIsTracedOnceForEachKindOfInputs() {
        AtomicInteger calls = new AtomicInteger();
        Plan plan =
                Ugoki.compile(
                        in -> {
                            calls.incrementAndGet();
                            return results(in[0].exp());
                        });

        plan.apply(pair(1, 2));
        plan.apply(pair(3, 4));
        assertEquals(1, calls.get());

        plan.apply(Tensor.ones(DType.F32, 3));
        plan.apply(Tensor.ones(DType.F32, 2, 2).transpose(0, 1));
        plan.apply(Tensor.ones(DType.F32, 2, 2));
        assertEquals(4, calls.get());
    }

    @Test
    void resultsOfOneRunSurviveTheNext() {
        Plan plan = Ugoki.compile(in -> results(in[0].add(1)));

        Tensor first = plan.apply(pair(1, 2))[0];
        plan.apply(pair(3, 4));

        assertArrayEquals(new float[] {2, 3}, first.toFloatArray());
    }

    @Test
    void parametersAreLive() {
        Parameter weight = new Parameter(pair(10, 20));
        Plan plan = Ugoki.compile(in -> results(in[0].add(weight.tensor())));
        assertArrayEquals(new float[] {11, 21}, plan.apply(pair(1, 1))[0].toFloatArray());

        weight.assign(pair(100, 200));

        assertArrayEquals(new float[] {101, 201}, plan.apply(pair(1, 1))[0].toFloatArray());
    }

    @Test
    void whatAFunctionMakesInsideBelongsToThePlan() {
        Plan plan =
                Ugoki.compile(
                        in -> {
                            try (TensorScope _ = TensorScope.open()) {
                                return results(in[0].add(pair(1, 2)));
                            }
                        });
        try (TensorScope _ = TensorScope.open()) {
            plan.apply(pair(0, 0));
        }

        assertArrayEquals(new float[] {1, 2}, plan.apply(pair(0, 0))[0].toFloatArray());
    }

    @Test
    void readingAValueIsRefusedAndOffersWhatToDo() {
        Plan plan = Ugoki.compile(in -> results(in[0].sum().item() > 0 ? in[0] : in[0].neg()));

        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> plan.apply(pair(1, 2)));

        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("select"), message);
        assertTrue(message.contains("loop"), message);
    }

    @Test
    void resultsMayBeInputsParametersConstantsAndViews() {
        Tensor captured = pair(5, 6);
        Plan plan =
                Ugoki.compile(
                        in ->
                                results(
                                        in[0],
                                        captured,
                                        Tensor.ones(DType.F32, 2),
                                        in[0].reshape(2, 1).add(in[0]).transpose(0, 1),
                                        in[0].slice(0, 1, 2)));

        Tensor[] results = plan.apply(pair(1, 2));

        assertArrayEquals(new float[] {1, 2}, results[0].toFloatArray());
        assertArrayEquals(new float[] {5, 6}, results[1].toFloatArray());
        assertArrayEquals(new float[] {1, 1}, results[2].toFloatArray());
        assertArrayEquals(new float[] {2, 3, 3, 4}, results[3].toFloatArray());
        assertArrayEquals(new float[] {2}, results[4].toFloatArray());
    }

    @Test
    void stridedInputsAreReadAsTheyLie() {
        Plan plan = Ugoki.compile(in -> results(in[0].add(1)));
        Tensor matrix = Tensor.arange(DType.F32, 6).reshape(2, 3);

        assertArrayEquals(
                new float[] {1, 4, 2, 5, 3, 6},
                plan.apply(matrix.transpose(0, 1))[0].toFloatArray());
        assertArrayEquals(
                new float[] {3, 2, 1, 6, 5, 4}, plan.apply(matrix.flip(1))[0].toFloatArray());
        assertArrayEquals(
                new float[] {5, 6},
                plan.apply(matrix.slice(0, 1, 2).slice(1, 1, 3))[0].toFloatArray());
    }

    @Test
    void aLoopIsPartOfThePlan() {
        Graph body =
                Graph.trace(
                        in -> results(in[1].add(in[0].cast(DType.F32)), in[1]),
                        new TensorType(DType.I64, Shape.SCALAR),
                        PAIR,
                        PAIR);
        Plan plan =
                Ugoki.compile(
                        in -> {
                            Tensor[] out = Engine.apply(new Prim.Loop(body, 5), in[0], in[0].neg());
                            return results(out[0].mul(2), out[1]);
                        });

        Tensor[] results = plan.apply(pair(1, 2));

        assertArrayEquals(new float[] {22, 24}, results[0].toFloatArray());
        assertArrayEquals(new float[] {7, 8}, results[1].toFloatArray());
        assertArrayEquals(new float[] {22, 24}, plan.apply(pair(1, 2))[0].toFloatArray());
    }

    @Test
    void aLoopMayExchangeWhatItCarries() {
        Graph body =
                Graph.trace(
                        in -> results(in[2], in[1]),
                        new TensorType(DType.I64, Shape.SCALAR),
                        PAIR,
                        PAIR);
        Plan plan = Ugoki.compile(in -> Engine.apply(new Prim.Loop(body, 3), in));

        Tensor[] results = plan.apply(pair(1, 2), pair(3, 4));

        assertArrayEquals(new float[] {3, 4}, results[0].toFloatArray());
        assertArrayEquals(new float[] {1, 2}, results[1].toFloatArray());
    }

    @Test
    void anUpdateChangesTheTensorAtTheEndOfEachRun() {
        Tensor counter = pair(0, 10);
        Plan plan =
                Ugoki.compile(
                        in -> {
                            Tensor before = counter.mul(1);
                            Engine.update(new Overwrite(), counter, counter.add(in[0]));
                            return results(before, counter.mul(2));
                        });

        plan.apply(pair(1, 2));
        Tensor[] results = plan.apply(pair(1, 2));

        assertArrayEquals(new float[] {2, 14}, counter.toFloatArray());
        assertArrayEquals(new float[] {1, 12}, results[0].toFloatArray());
        assertArrayEquals(new float[] {4, 28}, results[1].toFloatArray());
    }

    @Test
    void updatesMayExchangeTensors() {
        Tensor a = pair(1, 2);
        Tensor b = pair(3, 4);
        Plan plan =
                Ugoki.compile(
                        in -> {
                            Tensor old = a.mul(1);
                            Engine.update(new Overwrite(), a, b.mul(1));
                            Engine.update(new Overwrite(), b, old);
                            return results(in[0]);
                        });

        plan.apply(pair(0, 0));

        assertArrayEquals(new float[] {3, 4}, a.toFloatArray());
        assertArrayEquals(new float[] {1, 2}, b.toFloatArray());
    }

    @Test
    void aTrainingStepIsOnePlan() {
        Parameter eager = new Parameter(pair(1, 2));
        Parameter planned = new Parameter(pair(1, 2));
        Tensor velocity = pair(0, 0);
        Tensor plannedVelocity = pair(0, 0);
        Plan plan = Ugoki.compile(in -> results(step(planned, plannedVelocity, in[0])));
        for (int i = 0; i < 3; i++) {
            Tensor x = pair(i, 1);
            Tensor loss = step(eager, velocity, x);
            assertArrayEquals(loss.toFloatArray(), plan.apply(x)[0].toFloatArray());
            assertArrayEquals(eager.tensor().toFloatArray(), planned.tensor().toFloatArray());
            assertArrayEquals(velocity.toFloatArray(), plannedVelocity.toFloatArray());
        }
    }

    private static Tensor step(Parameter parameter, Tensor velocity, Tensor x) {
        var found =
                Autograd.valueAndGrad(
                        () -> parameter.tensor().mul(x).square().sum(),
                        java.util.List.of(parameter));
        Tensor rate = Tensor.full(DType.F64, Shape.SCALAR, 0.1);
        Tensor momentum = Tensor.full(DType.F64, Shape.SCALAR, 0.9);
        Tensor decay = Tensor.full(DType.F64, Shape.SCALAR, 0.0);
        Engine.update(
                new OptimizerStep.SgdStep(false),
                parameter.tensor(),
                found.gradients().getFirst(),
                velocity,
                rate,
                momentum,
                decay);
        return found.value();
    }

    @Test
    void aBoundPlanReadsItsInputsAnewAndWritesTheSameResults() {
        Plan plan = Ugoki.compile(in -> results(in[0].add(1)));
        Tensor input = pair(1, 2);
        BoundPlan bound = plan.bind(input);
        bound.run();
        assertArrayEquals(new float[] {2, 3}, bound.result(0).toFloatArray());

        Engine.update(new Overwrite(), input, pair(5, 6));
        bound.run();

        assertArrayEquals(new float[] {6, 7}, bound.result(0).toFloatArray());
    }

    @Test
    void followedInputsAreRefused() {
        Plan plan = Ugoki.compile(in -> results(in[0].add(1)));

        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> plan.apply(Autograd.variable(pair(1, 2))));

        assertTrue(String.valueOf(e.getMessage()).contains("detach"), e.getMessage());
    }

    @Test
    void useByTwoThreadsAtOnceIsAnError() {
        AtomicInteger depth = new AtomicInteger();
        Plan[] plan = new Plan[1];
        plan[0] =
                Ugoki.compile(
                        in -> {
                            if (depth.getAndIncrement() == 0) {
                                // While this thread traces, another comes.
                                CompletableFuture.runAsync(
                                                () ->
                                                        dev.ugoki.tensor.Device.parse("reference")
                                                                .run(
                                                                        () ->
                                                                                plan[0].apply(
                                                                                        pair(
                                                                                                1,
                                                                                                2))))
                                        .join();
                            }
                            return results(in[0].add(1));
                        });

        CompletionException e =
                assertThrows(CompletionException.class, () -> plan[0].apply(pair(1, 2)));

        String message = String.valueOf(e.getCause().getMessage());
        assertTrue(message.contains("another()"), message);
        assertArrayEquals(
                new float[] {2, 3}, plan[0].another().apply(pair(1, 2))[0].toFloatArray());
    }

    @Test
    void aReleasedInputOrParameterIsNeverRead() {
        Tensor captured;
        Tensor input;
        try (TensorScope _ = TensorScope.open()) {
            captured = pair(1, 2);
            input = pair(1, 2);
        }
        assertThrows(
                IllegalStateException.class,
                () -> Ugoki.compile(in -> results(in[0].add(captured))).apply(pair(1, 2)));
        assertThrows(
                IllegalStateException.class,
                () -> Ugoki.compile(in -> results(in[0].add(1))).apply(input));
    }

    @Test
    void anInputMustNotShareMemoryWithWhatTheProgramUpdates() {
        Tensor counter = pair(0, 10);
        Plan plan =
                Ugoki.compile(
                        in -> {
                            Engine.update(new Overwrite(), counter, in[0].add(1));
                            return results();
                        });

        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> plan.apply(counter));

        assertTrue(String.valueOf(e.getMessage()).contains("copy()"), e.getMessage());
    }
}
