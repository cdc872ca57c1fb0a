package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

@ExtendWith(OnReference.class)
final class GraphTest {
    private static final TensorType PAIR = new TensorType(DType.F32, Shape.of(2));
    private static final TensorType STEP = new TensorType(DType.I64, Shape.SCALAR);

    @Test
    void aTracedProgramComputesWhatTheFunctionDoes() {
        Graph graph = Graph.trace(in -> results(in[0].mul(in[1]).add(1), in[0].neg()), PAIR, PAIR);
        Tensor x = pair(1, 2);
        Tensor y = pair(3, 4);

        Tensor[] results = graph.evaluate(x, y);

        assertArrayEquals(new float[] {4, 9}, results[0].toFloatArray());
        assertArrayEquals(new float[] {-1, -2}, results[1].toFloatArray());
        assertArrayEquals(new TensorType[] {PAIR, PAIR}, graph.resultTypes());
    }

    @Test
    void aGraphPrintsOneLineForEachOperation() {
        Graph graph = Graph.trace(in -> results(in[0].neg().exp()), PAIR);

        assertEquals(
                """
                graph(%0: F32[2])
                  %1: F32[2] = neg(%0)
                  %2: F32[2] = exp(%1)
                  return %2
                """,
                graph.toString());
    }

    @Test
    void graphsOfTheSameProgramAreEqual() {
        Graph graph = Graph.trace(in -> results(in[0].neg().exp()), PAIR);

        assertEquals(graph, Graph.trace(in -> results(in[0].neg().exp()), PAIR));
        assertEquals(
                graph.hashCode(), Graph.trace(in -> results(in[0].neg().exp()), PAIR).hashCode());
        assertNotEquals(graph, Graph.trace(in -> results(in[0].exp().neg()), PAIR));
    }

    @Test
    void capturedTensorsAreReadAnewAtEachRun() {
        Tensor parameter = pair(10, 20);
        Graph graph = Graph.trace(in -> results(in[0].add(parameter)), PAIR);
        assertEquals(1, graph.captures().size());
        assertArrayEquals(new float[] {11, 21}, graph.evaluate(pair(1, 1))[0].toFloatArray());

        Engine.update(new Overwrite(), parameter, pair(100, 200));

        assertArrayEquals(new float[] {101, 201}, graph.evaluate(pair(1, 1))[0].toFloatArray());
    }

    @Test
    void aResultMayBeAnInputOrACapture() {
        Tensor captured = pair(5, 6);
        Graph graph = Graph.trace(in -> results(in[0], captured), PAIR);

        Tensor[] results = graph.evaluate(pair(1, 2));

        assertArrayEquals(new float[] {1, 2}, results[0].toFloatArray());
        assertArrayEquals(new float[] {5, 6}, results[1].toFloatArray());
    }

    @Test
    void wrongInputsAreRefused() {
        Graph graph = Graph.trace(in -> results(in[0].neg()), PAIR);

        assertThrows(IllegalArgumentException.class, graph::evaluate);
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> graph.evaluate(Tensor.ones(DType.F32, 3)));
        assertEquals("graph: input 0 must be F32[2], not F32[3]", e.getMessage());
    }

    @Test
    void valuesCannotBeReadWhileTracing() {
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> Graph.trace(in -> results(in[0].mul(in[0].sum().item())), PAIR));
        assertTrue(e.getMessage().contains("traced"), e.getMessage());
    }

    @Test
    void shapeErrorsAreRaisedWhileTracing() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Graph.trace(in -> results(in[0].matmul(in[0].reshape(2, 1, 1))), PAIR));
        assertThrows(
                IllegalArgumentException.class,
                () -> Graph.trace(in -> results(in[0].add(Tensor.ones(DType.F32, 3))), PAIR));
    }

    @Test
    void aTracedTensorOnAnotherThreadIsRefused() {
        CompletionException e =
                assertThrows(
                        CompletionException.class,
                        () ->
                                Graph.trace(
                                        in ->
                                                results(
                                                        CompletableFuture.supplyAsync(in[0]::neg)
                                                                .join()),
                                        PAIR));
        assertTrue(e.getCause().getMessage().contains("traced by"), e.getCause().getMessage());
    }

    @Test
    void aTracedTensorIsOfNoUseAfterTheTrace() {
        Tensor[] leaked = new Tensor[1];
        Graph.trace(
                in -> {
                    leaked[0] = in[0].neg();
                    return results(leaked[0]);
                },
                PAIR);

        IllegalStateException e = assertThrows(IllegalStateException.class, leaked[0]::exp);
        assertTrue(e.getMessage().contains("tracing has ended"), e.getMessage());
        assertThrows(IllegalStateException.class, () -> pair(1, 2).add(leaked[0]));
        assertThrows(IllegalStateException.class, leaked[0]::toFloatArray);
        assertThrows(
                IllegalStateException.class,
                () -> Graph.trace(in -> results(in[0].add(leaked[0])), PAIR));
    }

    @Test
    void compositesStayWholeInAGraph() {
        Graph graph = Graph.trace(in -> results(in[0].relu()), PAIR);

        assertEquals(1, graph.nodes().size());
        assertArrayEquals(new float[] {0, 2}, graph.evaluate(pair(-1, 2))[0].toFloatArray());
    }

    @Test
    void aLoopRunsItsBodyForEachStep() {
        Graph body =
                Graph.trace(
                        in -> results(in[1].mul(in[2]).add(in[0].cast(DType.F32))),
                        STEP,
                        PAIR,
                        PAIR);

        Tensor[] results = Engine.apply(new Prim.Loop(body, 3), pair(1, 2), pair(2, 3));

        // ((1 * 2 + 0) * 2 + 1) * 2 + 2, and with 2 and 3.
        assertArrayEquals(new float[] {12, 59}, results[0].toFloatArray());
        assertEquals(1, results.length);
    }

    @Test
    void aLoopCanBePartOfAGraph() {
        Graph body = Graph.trace(in -> results(in[1].add(in[1])), STEP, PAIR);
        Graph graph = Graph.trace(in -> Engine.apply(new Prim.Loop(body, 4), in[0].neg()), PAIR);

        assertArrayEquals(new float[] {-16, -32}, graph.evaluate(pair(1, 2))[0].toFloatArray());
    }

    @Test
    void aLoopWhoseTypesDoNotGoAroundIsRefused() {
        Graph body = Graph.trace(in -> results(in[1].sum()), STEP, PAIR);

        assertThrows(
                IllegalArgumentException.class,
                () -> Engine.apply(new Prim.Loop(body, 2), pair(1, 2)));
    }

    @Test
    void aBodyMayReadATensorOfTheProgramAroundIt() {
        Graph graph =
                Graph.trace(
                        in -> {
                            Graph body =
                                    Graph.trace(again -> results(again[1].add(in[1])), STEP, PAIR);
                            return Engine.apply(new Prim.Loop(body, 3), in[0]);
                        },
                        PAIR,
                        PAIR);

        assertArrayEquals(
                new float[] {31, 62}, graph.evaluate(pair(1, 2), pair(10, 20))[0].toFloatArray());
    }

    @Test
    void aParameterThatABodyReadsIsDifferentiated() {
        Tensor x = pair(1, 2);

        var found =
                Autograd.valueAndGrad(
                        in -> {
                            Graph body =
                                    Graph.trace(again -> results(again[1].mul(in[0])), STEP, PAIR);
                            return Engine.one(new Prim.Loop(body, 3), x).sum();
                        },
                        pair(3, 5));

        assertEquals(27 + 250, found.value().item());
        assertArrayEquals(new float[] {27, 150}, found.gradients().get(0).toFloatArray());
    }

    @Test
    void aTracedParameterIsDifferentiatedWhenItsGraphRuns() {
        Tensor parameter = Autograd.variable(pair(3, 5));
        Graph graph = Graph.trace(in -> results(in[0].mul(parameter).sum()), PAIR);

        Tensor sum = graph.evaluate(pair(1, 2))[0];

        assertArrayEquals(new float[] {1, 2}, Autograd.backward(sum).of(parameter).toFloatArray());
    }

    @Test
    void aTracedParameterOfACompositeIsCapturedOnceAndDifferentiated() {
        Tensor parameter = Autograd.variable(pair(3, -5));
        Graph graph =
                Graph.trace(in -> results(parameter.relu().mul(in[0]).add(parameter).sum()), PAIR);
        assertEquals(1, graph.captures().size());

        Tensor sum = graph.evaluate(pair(1, 2))[0];

        assertArrayEquals(new float[] {2, 1}, Autograd.backward(sum).of(parameter).toFloatArray());
    }

    @Test
    void aLoopOfOneResultIsAnOperationLikeOthers() {
        Graph body = Graph.trace(in -> results(in[1].add(in[1])), STEP, PAIR);

        assertArrayEquals(
                new float[] {8, 16}, Engine.one(new Prim.Loop(body, 3), pair(1, 2)).toFloatArray());
    }

    private static Tensor pair(float first, float second) {
        return Tensor.of(new float[] {first, second}, 2);
    }

    private static Tensor[] results(Tensor... results) {
        return results;
    }
}
