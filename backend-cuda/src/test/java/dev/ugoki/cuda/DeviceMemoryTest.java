package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.Storage;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.List;

/** Memory of a small device: shared out, kept, given back, and told about where it ends. */
final class DeviceMemoryTest {
    private static final long MIB = 1 << 20;

    @BeforeAll
    static void requireDevice() {
        Devices.requireEmulated();
    }

    private final EmulatedDriver driver =
            new EmulatedDriver(new EmulatedDriver.Settings(64 * MIB, 0, false, true));

    /** The budget is larger than the device, so that the device says no first. */
    private final CudaBackend backend = new CudaBackend(new Device("small", 0), driver, 1024 * MIB);

    private Storage allocate(long bytes) {
        TensorType type = new TensorType(DType.U8, Shape.of(bytes));
        return backend.memory().allocate(type, backend);
    }

    @Test
    void smallBlocksShareASegment() {
        long before = driver.allocatedBytes();
        try (TensorScope _ = TensorScope.open()) {
            for (int i = 0; i < 1000; i++) {
                allocate(900);
            }
            assertEquals(2 * MIB, driver.allocatedBytes() - before);
        }
        backend.memory().trim();
        assertEquals(before, driver.allocatedBytes());
    }

    @Test
    void whatIsKeptForLaterIsGivenBackWhenTheDeviceHasNothingLeft() {
        try (TensorScope _ = TensorScope.open()) {
            for (int i = 0; i < 5; i++) {
                allocate(9 * MIB);
            }
        }
        assertTrue(driver.allocatedBytes() > 45 * MIB);
        try (TensorScope _ = TensorScope.open()) {
            allocate(50 * MIB);
        }
    }

    @Test
    void theErrorListsTheLargestTensors() {
        try (TensorScope _ = TensorScope.open()) {
            allocate(30 * MIB);
            allocate(MIB);
            var e = assertThrows(OutOfDeviceMemoryException.class, () -> allocate(40 * MIB));
            String message = String.valueOf(e.getMessage());
            assertTrue(message.contains("U8[" + 30 * MIB + "]"), message);
            assertTrue(message.contains("-Dugoki.memory"), message);
        }
    }

    @Test
    void tenThousandTrainingStepsHoldNoMoreMemoryThanAThousand() {
        Device device = new Device(CudaProvider.KIND, 0);
        CudaBackend trained = (CudaBackend) Backends.forDevice(device);
        device.run(
                () -> {
                    Tensor weight = Tensor.full(DType.F32, Shape.of(2, 3), 0.1);
                    long[] held = new long[2];
                    for (int step = 1; step <= 10_000; step++) {
                        try (TensorScope _ = TensorScope.open()) {
                            train(weight);
                        }
                        if (step == 1000) {
                            held[0] = trained.memory().committedBytes();
                        }
                    }
                    held[1] = trained.memory().committedBytes();
                    assertEquals(held[0], held[1]);
                });
    }

    @Test
    void tenThousandStepsOfANetworkAsAGraphHoldNoMoreMemoryThanAHundred() {
        Device device = new Device(CudaProvider.KIND, 0);
        CudaBackend trained = (CudaBackend) Backends.forDevice(device);
        EmulatedDriver emulated = (EmulatedDriver) trained.gpu().driver;
        device.run(
                () -> {
                    Sequential network =
                            new Sequential(
                                    new Linear(3, 8, Key.of(1)),
                                    Activation.gelu(),
                                    new Linear(8, 2, Key.of(2)));
                    PlannedStep step =
                            PlannedStep.of(
                                    Optimizer.of(network, AdamW.of(1e-3)),
                                    (batch, key) ->
                                            network.apply(
                                                            Random.normal(
                                                                            key,
                                                                            DType.F32,
                                                                            batch[0].shape()
                                                                                    .toArray())
                                                                    .mul(0.1)
                                                                    .add(batch[0]))
                                                    .sub(1)
                                                    .square()
                                                    .mean());
                    PlannedStep.Bound bound = step.bind(Tensor.ones(DType.F32, 4, 3));
                    bound.warmUp();
                    long[] held = new long[4];
                    double first = 0;
                    for (int i = 1; i <= 10_000; i++) {
                        bound.prepare(Key.of(i), Key.of(0));
                        bound.run();
                        if (i == 100) {
                            held[0] = trained.memory().committedBytes();
                            held[1] = emulated.allocatedBytes();
                            first = bound.loss().item();
                        }
                    }
                    held[2] = trained.memory().committedBytes();
                    held[3] = emulated.allocatedBytes();
                    assertEquals(held[0], held[2]);
                    assertEquals(held[1], held[3]);
                    assertTrue(bound.loss().item() < 0.5 * first);
                });
    }

    private static void train(Tensor weight) {
        Tensor variable = Autograd.variable(weight);
        Tensor loss = variable.mul(variable).sum();
        Tensor gradient = Autograd.gradients(loss, List.of(variable)).getFirst();
        Engine.update(new Overwrite(), weight, weight.sub(gradient.mul(0.01)));
    }
}
