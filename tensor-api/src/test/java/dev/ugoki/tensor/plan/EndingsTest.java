package dev.ugoki.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;

import java.util.List;

final class EndingsTest {
    private static final TensorType X = Planning.type(4, 8);
    private static final TensorType W = Planning.type(8, 64);

    private final Planning backend = new Planning();

    private Steps ended(Graph.Program program, TensorType... inputs) {
        Steps steps = ConstantFolding.apply(backend.lowered(program, inputs));
        return Endings.apply(Fusion.apply(steps));
    }

    @Test
    void biasActivationAndResidualArePartOfTheProduct() {
        Steps steps =
                ended(
                        in -> new Tensor[] {in[0].matmul(in[1]).add(in[2]).exp().add(in[3])},
                        X,
                        W,
                        Planning.type(64),
                        Planning.type(4, 64));

        assertEquals(List.of("matMul+add+exp+add"), Planning.names(steps));
        Step.Ended step = (Step.Ended) steps.steps().getFirst();
        assertEquals(2, step.factors());
        assertEquals(4, step.operands().size());
        assertArrayEquals(new long[] {0, 1}, step.operands().get(2).toStrides());
        assertArrayEquals(new long[] {64, 1}, step.operands().get(3).toStrides());
        assertEquals("[4,64]", step.results().getFirst().shape().toString());
    }

    @Test
    void anOperandMayHaveOneElementForEachRow() {
        Steps steps =
                ended(
                        in -> new Tensor[] {in[0].matmul(in[1]).mul(in[2])},
                        X,
                        W,
                        Planning.type(4, 1));

        Step.Ended step = (Step.Ended) steps.steps().getFirst();
        assertArrayEquals(new long[] {1, 0}, step.operands().get(2).toStrides());
    }

    @Test
    void aProductThatOthersNeedStandsAlone() {
        Steps asResult =
                ended(
                        in -> {
                            Tensor y = in[0].matmul(in[1]);
                            return new Tensor[] {y, y.exp()};
                        },
                        X,
                        W);
        Steps forAnother =
                ended(
                        in -> {
                            Tensor y = in[0].matmul(in[1]);
                            return new Tensor[] {y.exp(), y.sum(false, 0)};
                        },
                        X,
                        W);

        assertEquals(List.of("matMul", "exp"), Planning.names(asResult));
        assertEquals(List.of("matMul", "exp", "reduceSum"), Planning.names(forAnother));
    }

    @Test
    void ofTwoProductsTheLaterOneEndsInTheirSum() {
        Steps steps =
                ended(in -> new Tensor[] {in[0].matmul(in[1]).add(in[2].matmul(in[1]))}, X, W, X);

        assertEquals(List.of("matMul", "matMul+add"), Planning.names(steps));
        Step.Ended step = (Step.Ended) steps.steps().getLast();
        assertEquals(steps.inputs().get(2).storage(), step.operands().getFirst().storage());
        assertEquals(1, step.input());
    }

    @Test
    void aValueReadInAnotherOrderIsNotJoined() {
        Steps steps =
                ended(
                        in -> new Tensor[] {in[0].matmul(in[1]).transpose(0, 1).exp()},
                        Planning.type(64, 8),
                        W);

        assertEquals(List.of("matMul", "reshape", "exp"), Planning.names(steps));
    }

    @Test
    void severalShortRowsStayOneLongOne() {
        Steps several =
                ended(in -> new Tensor[] {in[0].matmul(in[1]).exp()}, X, Planning.type(8, 14));
        Steps one =
                ended(
                        in -> new Tensor[] {in[0].matmul(in[1]).exp()},
                        Planning.type(1, 8),
                        Planning.type(8, 14));

        assertEquals(List.of("matMul", "exp"), Planning.names(several));
        assertEquals(List.of("matMul+exp"), Planning.names(one));
    }
}
