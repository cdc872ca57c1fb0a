package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class CommonKernelsTest {
    @Test
    void warmingUpLeavesNothingToBeCompiled() {
        Backend cpu = Backends.forDevice(Device.cpu());
        assertTrue(cpu.warmUp(Duration.ofMinutes(4)), "not ready in time");
        assertEquals(0, cpu.pendingKernels());
        assertTrue(Tile.isReady(Tile.ROWS, Tile.COLUMNS, true));
        assertTrue(Tile.isReady(1, Tile.LANES, false));
        assertTrue(Transposition.isReady());
        assertTrue(ColumnMaxima.isReady());
    }

    @Test
    void withoutTimeItOnlyAsks() {
        Backend cpu = Backends.forDevice(Device.cpu());
        boolean ready = cpu.warmUp(Duration.ZERO);
        assertTrue(cpu.warmUp(Duration.ofMinutes(4)), "ready at once: " + ready);
    }
}
