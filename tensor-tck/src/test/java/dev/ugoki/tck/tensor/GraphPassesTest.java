package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.CommonSubexpressions;
import dev.ugoki.tensor.graph.DeadCode;
import dev.ugoki.tensor.graph.Decomposition;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.GraphPicture;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnReference.class)
final class GraphPassesTest {
    private static final TensorType PAIR = new TensorType(DType.F32, Shape.of(2));

    private static Tensor[] results(Tensor... tensors) {
        return tensors;
    }

    private static long count(Graph graph, String operation) {
        return graph.nodes().stream().filter(node -> node.op().name().equals(operation)).count();
    }

    @Test
    void whatIsComputedTwiceIsComputedOnce() {
        Graph graph =
                Graph.trace(in -> results(in[0].exp().add(in[0].exp()), in[0].exp().neg()), PAIR);

        Graph once = new CommonSubexpressions().apply(graph);

        assertEquals(1, count(once, "exp"));
        Tensor x = Tensor.of(new float[] {1, 2}, 2);
        assertArrayEquals(graph.evaluate(x)[0].toFloatArray(), once.evaluate(x)[0].toFloatArray());
    }

    @Test
    void operationsWithOtherSettingsAreOthers() {
        Graph graph =
                Graph.trace(
                        in ->
                                results(
                                        in[0].sum(false, 0),
                                        in[0].max(false, 0),
                                        in[0].prod(false, 0)),
                        PAIR);

        assertEquals(graph.nodes(), new CommonSubexpressions().apply(graph).nodes());
    }

    @Test
    void whatNobodyNeedsIsLeftOut() {
        Tensor unused = Tensor.ones(DType.F32, 2);
        Graph graph =
                Graph.trace(
                        in -> {
                            in[1].exp().add(unused);
                            return results(in[0].neg());
                        },
                        PAIR,
                        PAIR);

        Graph needed = new DeadCode().apply(graph);

        assertEquals(1, needed.nodes().size());
        assertEquals(0, needed.captures().size());
        assertEquals(2, needed.inputTypes().length);
    }

    @Test
    void whatAnUpdateNeedsIsNeeded() {
        Tensor counter = Tensor.ones(DType.F32, 2);
        Graph graph =
                Graph.trace(
                        in -> {
                            Engine.update(new Overwrite(), counter, counter.add(in[0]));
                            return results();
                        },
                        PAIR);

        Graph needed = new DeadCode().apply(graph);
        needed.evaluate(Tensor.ones(DType.F32, 2));

        assertEquals(1, needed.updates().size());
        assertArrayEquals(new float[] {2, 2}, counter.toFloatArray());
    }

    @Test
    void compositesWithoutAKernelBecomeTheirParts() {
        Graph graph = Graph.trace(in -> results(in[0].gelu(), in[0].silu()), PAIR);

        Graph parts =
                new Decomposition((composite, _) -> composite instanceof Activation.Gelu)
                        .apply(graph);

        assertEquals(1, count(parts, "gelu"));
        assertEquals(0, count(parts, "silu"));
        Tensor x = Tensor.of(new float[] {1, -2}, 2);
        assertArrayEquals(graph.evaluate(x)[1].toFloatArray(), parts.evaluate(x)[1].toFloatArray());
    }

    @Test
    void theBodiesOfLoopsAreDecomposedToo() {
        Graph body =
                Graph.trace(
                        in -> results(in[1].silu()), new TensorType(DType.I64, Shape.SCALAR), PAIR);
        Graph graph = Graph.trace(in -> Engine.apply(new Prim.Loop(body, 2), in), PAIR);

        Graph parts = new Decomposition((_, _) -> false).apply(graph);

        Prim.Loop loop = (Prim.Loop) parts.nodes().getFirst().op();
        assertEquals(0, count(loop.body(), "silu"));
    }

    @Test
    void aPictureNamesEveryOperationOnce() {
        Graph graph = Graph.trace(in -> results(in[0].exp().mul(in[0])), PAIR);

        assertEquals(
                """
                digraph program {
                  rankdir=TB; node [shape=box, fontname="sans-serif", fontsize=10];
                  v0 [label="input 0\\nF32[2]", shape=ellipse];
                  n0 [label="exp"];
                  v0 -> n0 [label="F32[2]"];
                  n1 [label="mul"];
                  n0 -> n1 [label="F32[2]"];
                  v0 -> n1 [label="F32[2]"];
                  r0 [label="result 0", shape=ellipse];
                  n1 -> r0 [label="F32[2]"];
                }
                """,
                GraphPicture.dot(graph));
    }
}
