package dev.ugoki.cpu;

import static dev.ugoki.tensor.Index.all;
import static dev.ugoki.tensor.Index.at;
import static dev.ugoki.tensor.Index.ellipsis;
import static dev.ugoki.tensor.Index.every;
import static dev.ugoki.tensor.Index.newAxis;
import static dev.ugoki.tensor.Index.range;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Index;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Patches;
import dev.ugoki.tensor.Searching;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** What is made of slices, gathers and scatters is on the CPU what it is on the reference. */
final class IndexingOnCpuTest {
    private static final Device REFERENCE = new Device("reference", 0);

    /** [5,6,7], every element twice. */
    private static Tensor table() {
        return Tensor.arange(DType.F32, 5 * 6 * 7).div(2).floor().reshape(5, 6, 7);
    }

    /** Expressions with their tensors on the current device. */
    private static List<Index[]> expressions() {
        Tensor column = Tensor.of(new int[] {0, -1, 3}, 3, 1);
        Tensor mask = table().select(2, 0).rem(Tensor.scalar(3)).eq(0);
        return List.of(
                new Index[] {at(-1), every(-2), newAxis()},
                new Index[] {Index.of(4, 0, 0, 2)},
                new Index[] {all(), Index.of(1, 1, -6)},
                new Index[] {ellipsis(), Index.of(6, 0)},
                new Index[] {Index.of(column), Index.of(1, 2)},
                new Index[] {Index.of(column), range(1, 5, 2), Index.of(1, 2)},
                new Index[] {at(2), range(4, 0, -3), Index.of(column)},
                new Index[] {Index.mask(mask)},
                new Index[] {Index.mask(mask), every(3)});
    }

    private static void same(String what, Supplier<Tensor> result) {
        Tensor expected = REFERENCE.call(result::get);
        Tensor actual = Device.cpu().call(result::get);
        assertEquals(Device.cpu(), actual.device(), what);
        assertEquals(expected.type(), actual.type(), what);
        assertArrayEquals(expected.toDoubleArray(), actual.toDoubleArray(), what);
    }

    @Test
    void expressionsSelectPutAndAddTheSame() {
        for (int i = 0; i < 9; i++) {
            int number = i;
            String what = Arrays.toString(Device.cpu().call(() -> expressions().get(number)));
            same(what, () -> table().get(expressions().get(number)));
            same(what, () -> table().with(-1, expressions().get(number)));
            same(
                    what,
                    () -> {
                        Index[] where = expressions().get(number);
                        Tensor x = table();
                        return x.withAdded(x.get(where).mul(2).add(1), where);
                    });
        }
    }

    @Test
    void otherOperationsGiveTheSame() {
        Map<String, UnaryOperator<Tensor>> operations = new LinkedHashMap<>();
        operations.put("nonZero", Tensor::nonZero);
        operations.put("unfold", x -> x.unfold(1, 3, 2));
        operations.put("maskedSelect", x -> Indexing.maskedSelect(x, x.gt(50)));
        operations.put("maskedScatter", x -> Indexing.maskedScatter(x, x.gt(50), x.neg()));
        operations.put("unique", x -> Searching.unique(x).values());
        operations.put("inverse", x -> Searching.unique(x.flip(0)).inverse());
        operations.put("counts", x -> Searching.unique(x).counts());
        operations.put("histogram", x -> Searching.histogram(x, 7, 3, 90));
        operations.put(
                "searchSorted", x -> Searching.searchSorted(x, x.roll(1, 2).add(0.5f), true));
        Patches.Windows windows = Patches.Windows.of(3).withPadding(1).withStride(2);
        operations.put("windows", x -> Patches.unfold(x, windows));
        operations.put("fold", x -> Patches.fold(Patches.unfold(x, windows), windows, x.extent(2)));
        operations.put("einsum", x -> Tensor.einsum("ijk,ljk,k->il", x, x, x.get(at(0), at(0))));
        operations.forEach((name, operation) -> same(name, () -> operation.apply(table())));
    }

    @Test
    void anIndexOutOfRangeIsNamed() {
        String message =
                assertThrows(
                                IndexOutOfBoundsException.class,
                                () -> table().get(all(), Index.of(0, 1), Index.of(3, 7)))
                        .getMessage();
        assertTrue(message.startsWith("get: index 7 is out of range for dimension 2"), message);
    }

    @Test
    void gradientsFlowThroughRepeatedIndices() {
        Tensor x = Tensor.arange(DType.F64, 24).mul(0.1).reshape(2, 3, 4);
        Tensor values = Tensor.arange(DType.F64, 3 * 2).mul(0.2).reshape(3, 2);
        Index[] where = {Index.of(1, 0, 1), at(2), range(1, 3)};
        GradientCheck.check(
                in ->
                        new Tensor[] {
                            in[0].get(where).square(),
                            in[0].with(in[1], where).square(),
                            in[0].withAdded(in[1], where).square()
                        },
                x,
                values);
    }
}
