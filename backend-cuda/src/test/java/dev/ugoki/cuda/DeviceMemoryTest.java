package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.cuda.emulated.HostCompiler;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Memory of a small device: shared out, kept, given back, and told about where it ends. */
final class DeviceMemoryTest {
    private static final long MIB = 1 << 20;

    @BeforeAll
    static void requireCompiler() {
        HostCompiler.missing().ifPresent(reason -> Assumptions.abort("skipped: " + reason));
    }

    private final EmulatedDriver driver =
            new EmulatedDriver(new EmulatedDriver.Settings(64 * MIB, 0, false, true));

    /** The budget is larger than the device, so that the device says no first. */
    private final CudaBackend backend =
            new CudaBackend(new Device("small", 0), driver, 1024 * MIB);

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
    void aLongLoopHoldsNoMoreMemoryThanAShortOne() {
        List<Long> held = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 500; i++) {
                try (TensorScope _ = TensorScope.open()) {
                    step(1 + i % 7);
                }
            }
            held.add(driver.allocatedBytes());
        }
        assertEquals(held.get(0), held.get(1));
        assertEquals(held.get(0), held.get(2));
    }

    private void step(long rows) {
        TensorType type = new TensorType(DType.F32, Shape.of(rows, 300));
        Stored x = new Stored(backend.memory().allocate(type, backend), type);
        backend.execute(
                new Prim.Fill(DType.F32, type.shape(), 1.5), new Stored[0], new Stored[] {x});
        TensorType places = type.withDType(DType.I64);
        Stored y = new Stored(backend.memory().allocate(places, backend), places);
        backend.execute(new Prim.ArgSort(1, false), new Stored[] {x}, new Stored[] {y});
    }
}
