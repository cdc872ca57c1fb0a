package dev.ugoki.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.spi.Storage;

import org.junit.jupiter.api.Test;

import java.util.Set;

final class MemoryPlanTest {
    private final Planning backend = new Planning();

    private MemoryPlan plan(Steps steps) {
        Set<Storage> elsewhere = Steps.storagesOf(steps.inputs());
        elsewhere.addAll(Steps.storagesOf(steps.results()));
        return MemoryPlan.of(steps.steps(), elsewhere);
    }

    private static Storage resultOf(Steps steps, int step) {
        return steps.steps().get(step).results().getFirst().storage();
    }

    @Test
    void whatIsNotNeededAtTheSameTimeSharesMemory() {
        Steps steps =
                backend.lowered(
                        in -> new Tensor[] {in[0].sum(true, 0).cumsum(0).sum(true, 0).cumsum(0)},
                        Planning.type(64, 16));

        MemoryPlan memory = plan(steps);

        assertEquals(memory.offset(resultOf(steps, 0)), memory.offset(resultOf(steps, 2)));
        assertNotEquals(memory.offset(resultOf(steps, 0)), memory.offset(resultOf(steps, 1)));
        assertEquals(2 * 64, memory.size());
    }

    @Test
    void aKernelOverElementsWritesOverWhatNobodyNeedsAnyMore() {
        Steps steps =
                Fusion.apply(
                        backend.lowered(
                                in -> new Tensor[] {in[0].cumsum(0).neg().cumsum(0)},
                                Planning.type(64)));

        MemoryPlan memory = plan(steps);

        assertEquals(memory.offset(resultOf(steps, 0)), memory.offset(resultOf(steps, 1)));
        assertEquals(256, memory.size());
    }

    @Test
    void inputsAndResultsLieElsewhere() {
        Steps steps = backend.lowered(in -> new Tensor[] {in[0].neg()}, Planning.type(64));

        assertEquals(0, plan(steps).size());
        assertEquals(-1, plan(steps).offset(resultOf(steps, 0)));
    }
}
