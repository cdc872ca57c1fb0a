package dev.ugoki.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;

import java.util.List;

final class LoweringTest {
    private final Planning backend = new Planning();

    @Test
    void aTransposedOperandGoesIntoAProductAsItLies() {
        Steps steps =
                backend.lowered(
                        in -> new Tensor[] {in[0].matmul(in[1].transpose(0, 1))},
                        Planning.type(2, 3),
                        Planning.type(4, 3));

        assertEquals(List.of("matMul"), Planning.names(steps));
        assertSame(
                steps.inputs().get(1).storage(),
                steps.steps().getFirst().operands().get(1).storage());
        assertArrayEquals(
                new long[] {1, 3}, steps.steps().getFirst().operands().get(1).toStrides());
    }

    @Test
    void aReshapeThatTakesACopyIsAStep() {
        Steps steps =
                backend.lowered(
                        in -> new Tensor[] {in[0].transpose(0, 1).reshape(6)}, Planning.type(2, 3));

        assertEquals(List.of("reshape"), Planning.names(steps));
    }

    @Test
    void whatChangesNoBitIsNotComputed() {
        Steps steps =
                backend.lowered(
                        in ->
                                new Tensor[] {
                                    in[0].mul(1), in[0].div(1), in[0].sub(0), in[0].add(-0.0)
                                },
                        Planning.type(2));

        assertEquals(4, Planning.names(steps).size(), "fills alone: " + Planning.names(steps));
        steps.results()
                .forEach(
                        result ->
                                assertSame(steps.inputs().getFirst().storage(), result.storage()));
    }

    @Test
    void addingPlusZeroIsComputedSinceItChangesMinusZero() {
        Steps steps = backend.lowered(in -> new Tensor[] {in[0].add(0.0)}, Planning.type(2));

        assertEquals(List.of("fill", "add"), Planning.names(steps));
    }

    @Test
    void aLoopCarriesItsValuesInPlacesOfTheirOwn() {
        Graph body =
                Graph.trace(
                        in -> new Tensor[] {in[1].neg()},
                        new TensorType(DType.I64, Shape.SCALAR),
                        Planning.type(2));
        Graph graph =
                Graph.trace(
                        in -> dev.ugoki.tensor.Engine.apply(new Prim.Loop(body, 3), in),
                        Planning.type(2));

        Steps steps = backend.lowered(graph);

        assertEquals(
                List.of("reshape", "iota", "LoopBegin", "neg", "reshape", "LoopEnd"),
                Planning.names(steps).stream().map(name -> name.replaceAll("\\[.*", "")).toList());
    }
}
