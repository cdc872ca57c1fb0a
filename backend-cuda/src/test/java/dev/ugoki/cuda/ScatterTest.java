package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Many updates, which are sorted first, give what the CPU gives. */
final class ScatterTest {
    private static final List<Device> DEVICES =
            IntStream.range(0, new CudaProvider().deviceCount())
                    .mapToObj(index -> new Device(CudaProvider.KIND, index))
                    .toList();

    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    private static Tensor indices(long extent, long... shape) {
        SplittableRandom random = new SplittableRandom(5);
        long[] all = random.longs(Shape.of(shape).elementCount(), 0, extent).toArray();
        return Tensor.of(all, shape);
    }

    /** Whole numbers, whose sums are exact in every order. */
    private static float[] result(Prim.Scatter.Mode mode, DType dtype, int dim, boolean wholeRows) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor x = Tensor.arange(DType.I64, 21 * 13).reshape(21, 13).cast(dtype);
            long[] shape = dim == 0 ? new long[] {3000, 13} : new long[] {21, 1500};
            long extent = dim == 0 ? 21 : 13;
            Tensor index =
                    wholeRows
                            ? indices(extent, 3000, 1).expand(Shape.of(shape))
                            : indices(extent, shape);
            Tensor updates =
                    Tensor.arange(DType.I64, Shape.of(shape).elementCount())
                            .rem(3)
                            .reshape(shape)
                            .cast(dtype);
            Tensor y = Engine.one(new Prim.Scatter(dim, mode), x, index, updates);
            return y.cast(DType.F32).toFloatArray();
        }
    }

    @Test
    void manyUpdatesGiveWhatTheCpuGives() {
        for (Prim.Scatter.Mode mode : Prim.Scatter.Mode.values()) {
            for (DType dtype :
                    new DType[] {DType.F32, DType.BF16, DType.F64, DType.I64, DType.U8}) {
                for (int dim = 0; dim < 2; dim++) {
                    boolean wholeRows = dim == 0 && dtype != DType.U8;
                    int along = dim;
                    float[] expected =
                            Device.cpu().call(() -> result(mode, dtype, along, wholeRows));
                    for (Device device : DEVICES) {
                        float[] actual = device.call(() -> result(mode, dtype, along, wholeRows));
                        assertArrayEquals(
                                expected, actual, mode + " of " + dtype + " along " + dim);
                    }
                }
            }
        }
    }

    @Test
    void oneWrongIndexAmongManyIsNamed() {
        DEVICES.getFirst()
                .run(
                        () -> {
                            long[] places = new long[500];
                            places[333] = 7;
                            Tensor x = Tensor.zeros(DType.F32, 7);
                            Tensor updates = Tensor.ones(DType.F32, 500);
                            var e =
                                    assertThrows(
                                            IndexOutOfBoundsException.class,
                                            () ->
                                                    Engine.one(
                                                                    new Prim.Scatter(
                                                                            0,
                                                                            Prim.Scatter.Mode.ADD),
                                                                    x,
                                                                    Tensor.of(places, 500),
                                                                    updates)
                                                            .toFloatArray());
                            String message = String.valueOf(e.getMessage());
                            assertTrue(message.contains("scatter: index 7 is outside"), message);
                        });
    }
}
