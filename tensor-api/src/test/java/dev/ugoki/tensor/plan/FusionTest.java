package dev.ugoki.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.RowReduction;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;

import java.util.List;

final class FusionTest {
    private final Planning backend = new Planning();

    private Steps joined(Graph.Program program, TensorType... inputs) {
        return Fusion.apply(ConstantFolding.apply(backend.lowered(program, inputs)));
    }

    @Test
    void aChainBecomesOneStep() {
        Steps steps =
                joined(in -> new Tensor[] {in[0].exp().neg().add(in[0])}, Planning.type(4, 8));

        assertEquals(List.of("exp+neg+add"), Planning.names(steps));
        assertEquals(1, steps.steps().getFirst().operands().size());
    }

    @Test
    void broadcastOperandsAreReadAsTheyLie() {
        Steps steps =
                joined(
                        in -> new Tensor[] {in[0].mul(in[1]).add(in[2])},
                        Planning.type(4, 16),
                        Planning.type(16),
                        Planning.type(4, 1));

        assertEquals(List.of("mul+add"), Planning.names(steps));
    }

    @Test
    void whatOthersNeedIsAFurtherResult() {
        Steps steps =
                joined(
                        in -> {
                            Tensor e = in[0].exp();
                            return new Tensor[] {e, e.neg(), e.sum(false, 0)};
                        },
                        Planning.type(4, 8));

        assertEquals(List.of("exp+neg", "reduceSum"), Planning.names(steps));
        assertEquals(2, steps.steps().getFirst().results().size());
    }

    @Test
    void whatWaitsForSomethingElseIsNotJoinedAcrossIt() {
        Steps steps =
                joined(
                        in -> {
                            Tensor e = in[0].exp();
                            return new Tensor[] {e.sub(e.sum(true, 1))};
                        },
                        Planning.type(4, 16));

        assertEquals(List.of("exp", "reduceSum", "sub"), Planning.names(steps));
    }

    @Test
    void aValueReadInAnotherOrderIsNotJoined() {
        Steps steps =
                joined(
                        in -> {
                            Tensor e = in[0].exp();
                            return new Tensor[] {e.add(e.transpose(0, 1))};
                        },
                        Planning.type(8, 8));

        assertEquals(List.of("exp", "reshape", "add"), Planning.names(steps));
    }

    @Test
    void groupsAndChannelsFitIntoOneNest() {
        Steps steps =
                joined(
                        in -> {
                            Tensor normal = in[0].reshape(2, 2, -1).sub(in[1].reshape(2, 2, 1));
                            return new Tensor[] {
                                normal.reshape(2, 4, 8).mul(in[2].reshape(1, 4, 1))
                            };
                        },
                        Planning.type(2, 4, 8),
                        Planning.type(2, 2),
                        Planning.type(4));

        assertEquals(List.of("sub+mul"), Planning.names(steps));
        Stored mean = steps.steps().getFirst().operands().get(1);
        assertEquals("[2,2,2,8]", mean.shape().toString());
    }

    private static Steps reduced(Graph.Program program, TensorType... inputs) {
        Planning backend = new Planning(true);
        return Fusion.apply(ConstantFolding.apply(backend.lowered(program, inputs)));
    }

    @Test
    void aReductionOfRowsIsTheTailOfItsKernel() {
        Steps steps =
                reduced(in -> new Tensor[] {in[0].exp().neg().sum(false, 1)}, Planning.type(4, 16));

        assertEquals(List.of("exp+neg+reduceSum"), Planning.names(steps));
        Step.Reduced step = (Step.Reduced) steps.steps().getFirst();
        assertEquals(new RowReduction(Prim.Reduce.Kind.SUM, 16, 0), step.tail());
        assertEquals(1, step.kernel().outputs().size());
        assertEquals(1, step.results().size(), "what is reduced goes nowhere");
    }

    @Test
    void whatIsReducedMayBeAResultToo() {
        Steps steps =
                reduced(
                        in -> {
                            Tensor e = in[0].exp();
                            Tensor centred = e.sub(e.sum(true, 1));
                            return new Tensor[] {centred, centred.square().max(false, 0, 1)};
                        },
                        Planning.type(4, 16));

        assertEquals(List.of("exp+reduceSum", "sub+mul+reduceMax"), Planning.names(steps));
        assertEquals(2, steps.steps().getFirst().results().size());
        Step.Reduced last = (Step.Reduced) steps.steps().getLast();
        assertEquals(new RowReduction(Prim.Reduce.Kind.MAX, 64, 1), last.tail());
    }

    @Test
    void aKernelHasOneTailAndNoneAlongItsColumns() {
        Steps steps =
                reduced(
                        in -> {
                            Tensor e = in[0].exp();
                            return new Tensor[] {e.sum(false, 0), e.sum(false, 1), e.max(false, 1)};
                        },
                        Planning.type(4, 16));

        assertEquals(
                List.of("exp+reduceSum", "reduceMax", "reduceSum"),
                Planning.names(steps).stream().sorted().toList());
    }
}
