package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Overwrite;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Streams and graphs, on the emulated device whose work waits until somebody waits for it: an event
 * that was forgotten, or a value that is read too early, shows as a wrong number.
 */
final class StreamsTest {
    private static final Device DEVICE =
            new Device(
                    CudaProvider.KIND, "emulated".equals(System.getProperty("ugoki.cuda")) ? 1 : 0);

    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    private static float[] work(int seed) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor x = Tensor.arange(DType.F32, 600).reshape(20, 30).mul(0.01).sub(seed);
            Tensor y = x;
            for (int i = 0; i < 8; i++) {
                y = y.matmul(x.transpose(0, 1)).softmax(-1).matmul(x).add(y.mul(0.5));
            }
            return y.sum(false, 1).toFloatArray();
        }
    }

    @Test
    void twoThreadsOnTwoStreamsGiveTheBitsOfOneAfterTheOther() throws Exception {
        float[][] expected = new float[2][];
        DEVICE.run(
                () -> {
                    expected[0] = work(1);
                    expected[1] = work(2);
                });
        try (var threads = Executors.newFixedThreadPool(2);
                CudaStream first = CudaStream.open(DEVICE);
                CudaStream second = CudaStream.open(DEVICE)) {
            for (int round = 0; round < 4; round++) {
                Future<float[]> one = threads.submit(() -> onStream(first, 1));
                Future<float[]> two = threads.submit(() -> onStream(second, 2));
                assertArrayEquals(expected[0], one.get());
                assertArrayEquals(expected[1], two.get());
            }
        }
    }

    private static float[] onStream(CudaStream stream, int seed) {
        float[][] result = new float[1][];
        stream.run(() -> result[0] = work(seed));
        return result[0];
    }

    @Test
    void aStreamWaitsForWhatAnotherHasWritten() {
        try (CudaStream first = CudaStream.open(DEVICE);
                CudaStream second = CudaStream.open(DEVICE)) {
            Tensor[] passed = new Tensor[1];
            for (int i = 0; i < 20; i++) {
                int step = i;
                first.run(() -> passed[0] = Tensor.full(DType.F32, Shape.of(1000), step).add(1));
                second.run(() -> passed[0] = passed[0].mul(2));
                first.run(() -> passed[0] = passed[0].sub(1));
                second.run(() -> assertEquals(2 * step + 1, passed[0].sum().item() / 1000));
            }
        }
    }

    @Test
    void memoryThatAStreamStillReadsIsNotOverwrittenByAnother() {
        try (CudaStream first = CudaStream.open(DEVICE);
                CudaStream second = CudaStream.open(DEVICE)) {
            for (int i = 0; i < 20; i++) {
                int step = i;
                Tensor[] sum = new Tensor[1];
                first.run(
                        () -> {
                            try (TensorScope scope = TensorScope.open()) {
                                Tensor given = Tensor.full(DType.F32, Shape.of(777), step);
                                sum[0] = scope.keep(given.sum());
                            }
                        });
                // The block of what the first stream sums up is free, and handed out again.
                second.run(
                        () -> {
                            try (TensorScope _ = TensorScope.open()) {
                                assertEquals(
                                        -777,
                                        Tensor.full(DType.F32, Shape.of(777), -1).sum().item());
                            }
                        });
                first.run(() -> assertEquals(777L * step, sum[0].item()));
            }
        }
    }

    @Test
    void aGraphRunsAgainOnNewValues() {
        DEVICE.run(
                () -> {
                    Tensor input = Tensor.full(DType.F32, Shape.of(50), 1);
                    try (CudaGraph graph =
                            CudaGraph.capture(
                                    DEVICE,
                                    () -> new Tensor[] {input.mul(3).softmax(-1).add(input)})) {
                        for (int i = 2; i < 6; i++) {
                            Engine.update(
                                    new Overwrite(),
                                    input,
                                    Tensor.full(DType.F32, Shape.of(50), i));
                            graph.replay();
                            assertEquals(i + 1 / 50f, graph.results()[0].toFloatArray()[7], 1e-6);
                        }
                    }
                });
    }

    @Test
    void whatAGraphTouchesIsKeptUntilItIsClosed() {
        DEVICE.run(
                () -> {
                    Tensor[] input = {Tensor.full(DType.F32, Shape.of(5000), 2)};
                    CudaGraph graph =
                            CudaGraph.capture(
                                    DEVICE, () -> new Tensor[] {input[0].mul(3).add(1).mul(2)});
                    input[0] = Tensor.full(DType.F32, Shape.of(5000), -1);
                    for (int i = 0; i < 50; i++) {
                        try (TensorScope _ = TensorScope.open()) {
                            Tensor.full(DType.F32, Shape.of(5000), 9).add(1);
                        }
                    }
                    graph.replay();
                    assertEquals(14, graph.results()[0].toFloatArray()[4999]);
                    graph.close();
                    var e = assertThrows(IllegalStateException.class, graph::replay);
                    assertTrue(String.valueOf(e.getMessage()).contains("closed"), e::getMessage);
                });
    }

    @Test
    void aGraphCannotReadValues() {
        DEVICE.run(
                () -> {
                    Tensor x = Tensor.full(DType.F32, Shape.of(5), 2);
                    boolean[] warm = new boolean[1];
                    var e =
                            assertThrows(
                                    IllegalStateException.class,
                                    () ->
                                            CudaGraph.capture(
                                                    DEVICE,
                                                    () -> {
                                                        Tensor y = x.mul(2);
                                                        if (warm[0]) {
                                                            y.toFloatArray();
                                                        }
                                                        warm[0] = true;
                                                        return new Tensor[] {y};
                                                    }));
                    assertTrue(
                            String.valueOf(e.getMessage()).contains("while a graph is captured"),
                            e::getMessage);
                    // The device is none the worse for it.
                    assertEquals(4, x.mul(2).toFloatArray()[0]);
                });
    }
}
