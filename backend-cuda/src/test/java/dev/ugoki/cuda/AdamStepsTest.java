package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.spi.Backends;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Steps of an optimizer are put together, and nobody sees it but the clock. */
final class AdamStepsTest {
    private static final Device DEVICE = new Device(CudaProvider.KIND, 0);
    private static final double[] SETTINGS = {1e-2, 0.9, 0.999, 1e-8, 0.1, 0.1, 0.001};

    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    private static Tensor[] settings() {
        Tensor[] settings = new Tensor[SETTINGS.length];
        for (int i = 0; i < settings.length; i++) {
            settings[i] = Tensor.full(DType.F64, Shape.SCALAR, SETTINGS[i]);
        }
        return settings;
    }

    private static Tensor[] step(int size, Tensor[] settings) {
        List<Tensor> operands = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            operands.add(Tensor.arange(DType.F32, size).mul(0.01).add(0.1 * (i + 1)));
        }
        operands.addAll(List.of(settings));
        return operands.toArray(Tensor[]::new);
    }

    private static List<float[]> steps(Device device) {
        return device.call(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        List<Tensor[]> all = new ArrayList<>();
                        Tensor[] settings = settings();
                        for (int i = 1; i <= 40; i++) {
                            all.add(step(100 * i, settings));
                        }
                        for (Tensor[] operands : all) {
                            Engine.update(new OptimizerStep.AdamWStep(), operands);
                        }
                        List<float[]> values = new ArrayList<>();
                        for (Tensor[] operands : all) {
                            for (int k : new int[] {0, 2, 3}) {
                                values.add(operands[k].toFloatArray());
                            }
                        }
                        return values;
                    }
                });
    }

    @Test
    void fortyStepsHaveTheBitsOfTheCpu() {
        List<float[]> expected = steps(Device.cpu());
        List<float[]> actual = steps(DEVICE);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    @Test
    void thirtyStepsAreOneLaunch() {
        Devices.requireEmulated();
        CudaBackend backend = (CudaBackend) Backends.forDevice(DEVICE);
        EmulatedDriver driver = (EmulatedDriver) backend.gpu().driver;
        DEVICE.run(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        List<Tensor[]> all = new ArrayList<>();
                        Tensor[] settings = settings();
                        for (int i = 1; i <= 30; i++) {
                            all.add(step(10 * i, settings));
                        }
                        backend.synchronize();
                        long before = driver.launches();
                        for (Tensor[] operands : all) {
                            Engine.update(new OptimizerStep.AdamWStep(), operands);
                        }
                        backend.synchronize();
                        assertEquals(1, driver.launches() - before);
                    }
                });
    }

    @Test
    void whoeverReadsAParameterSeesItsStep() {
        List<Double> seen = new ArrayList<>();
        for (Device device : List.of(Device.cpu(), DEVICE)) {
            device.run(
                    () -> {
                        try (TensorScope _ = TensorScope.open()) {
                            Tensor[] operands = step(50, settings());
                            Tensor sum = Tensor.zeros(DType.F32, 50);
                            for (int i = 0; i < 5; i++) {
                                Engine.update(new OptimizerStep.AdamWStep(), operands);
                                sum = sum.add(operands[0]);
                            }
                            seen.add(sum.sum().item());
                        }
                    });
        }
        assertEquals(seen.get(0), seen.get(1), 1e-4 * Math.abs(seen.get(0)));
    }
}
