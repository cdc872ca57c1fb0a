package dev.ugoki.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

final class ConstantFoldingTest {
    private final Planning backend = new Planning();

    @Test
    void whatIsTheSameInEveryRunRunsOnce() {
        Steps steps =
                ConstantFolding.apply(
                        backend.lowered(
                                in -> new Tensor[] {in[0].add(Tensor.arange(DType.F32, 8).exp())},
                                Planning.type(8)));

        assertEquals(List.of("add"), Planning.names(steps));
        assertEquals(
                List.of("iota", "exp"), steps.constants().stream().map(Step::toString).toList());
    }

    @Test
    void whatIsLargeIsComputedAnew() {
        Steps steps =
                ConstantFolding.apply(
                        backend.lowered(
                                in -> new Tensor[] {in[0].add(Tensor.ones(DType.F32, 1 << 20))},
                                Planning.type(1 << 20)));

        assertEquals(List.of("fill", "add"), Planning.names(steps));
    }
}
