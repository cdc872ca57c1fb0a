package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

final class MemoryPoolTest {
    private static final long MIB = 1 << 20;
    private static final TensorType FOUR_MIB = new TensorType(DType.F32, Shape.of(1 << 20));

    @Test
    void blocksAreAlignedAndPadded() {
        MarkingBackend backend = new MarkingBackend(MIB);
        try (TensorScope _ = TensorScope.open()) {
            for (long bytes = 0; bytes < 3000; bytes = bytes * 5 / 4 + 1) {
                TensorType type = new TensorType(DType.U8, Shape.of(bytes));
                Storage storage = backend.memory().allocate(type, backend);
                assertEquals(0, storage.address() % 64);
                assertTrue(storage.capacity() >= bytes + MemoryPool.PADDING);
            }
        }
    }

    @Test
    void aReleasedBlockIsUsedAgain() {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        Storage first = allocate(backend);
        long address = first.address();
        first.release();

        assertEquals(address, allocate(backend).address());
        assertNotEquals(address, allocate(backend).address());
    }

    @Test
    void aReleasedBlockIsNotGivenToOthersWhilePinned() {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        Storage first = allocate(backend);
        first.pin();
        first.release();

        assertThrows(IllegalStateException.class, first::pin);
        assertNotEquals(first.address(), allocate(backend).address());
        long address = first.address();
        first.unpin();
        assertEquals(address, allocate(backend).address());
    }

    @Test
    void releasingTwiceGivesBackOnce() {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        Storage first = allocate(backend);
        first.release();
        first.release();

        assertNotEquals(allocate(backend).address(), allocate(backend).address());
    }

    @Test
    void trimGivesCachedBlocksToTheSystem() {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        Storage live = allocate(backend);
        allocate(backend).release();
        backend.memory().trim();

        assertEquals(live.capacity(), backend.held());
        assertEquals(live.capacity(), backend.memory().committedBytes());
        assertEquals(live.capacity(), backend.memory().liveBytes());
        live.release();
        assertEquals(0, backend.memory().liveBytes());
        backend.memory().trim();
        assertEquals(0, backend.held());
    }

    @Test
    void blocksThatNobodyNeedsAnyMoreGoBackToTheSystem() {
        MarkingBackend backend = new MarkingBackend(1024 * MIB);
        for (int i = 0; i < 2; i++) {
            try (TensorScope _ = TensorScope.open()) {
                allocate(backend);
                allocate(backend);
                allocate(backend);
            }
        }
        long three = backend.held();
        for (int i = 0; i < 100; i++) {
            try (TensorScope _ = TensorScope.open()) {
                allocate(backend);
                allocate(backend);
            }
        }

        assertEquals(three / 3 * 2, backend.held());
        assertEquals(three / 3 * 2, backend.memory().committedBytes());
        assertEquals(0, backend.memory().liveBytes());
    }

    @Test
    void cachedBlocksOfOtherSizesMakeRoom() {
        MarkingBackend backend = new MarkingBackend(16 * MIB);
        try (TensorScope _ = TensorScope.open()) {
            allocate(backend);
            allocate(backend);
        }
        TensorType twelve = new TensorType(DType.U8, Shape.of(12 * MIB));
        try (TensorScope _ = TensorScope.open()) {
            backend.memory().allocate(twelve, backend);
        }

        assertTrue(backend.held() <= 16 * MIB);
    }

    @Test
    void overTheBudgetTheLargestLiveTensorsAreNamed() {
        MarkingBackend backend = new MarkingBackend(16 * MIB);
        try (TensorScope _ = TensorScope.open()) {
            backend.memory().allocate(new TensorType(DType.F64, Shape.of(3, 100_000)), backend);
            backend.memory().allocate(FOUR_MIB, backend);
            backend.memory().allocate(FOUR_MIB, backend);
            OutOfDeviceMemoryException e =
                    assertThrows(
                            OutOfDeviceMemoryException.class,
                            () -> backend.memory().allocate(FOUR_MIB, backend));

            String[] lines = e.getMessage().split("\n");
            assertTrue(lines[0].startsWith("marking: no memory for F32[1048576]"), lines[0]);
            assertTrue(lines[0].contains("-Dugoki.memory"), lines[0]);
            assertTrue(lines[1].contains("F32[1048576]"), lines[1]);
            assertTrue(lines[2].contains("F32[1048576]"), lines[2]);
            assertTrue(lines[3].contains("F64[3,100000]"), lines[3]);
            assertEquals(4, lines.length);
        }
        try (TensorScope _ = TensorScope.open()) {
            allocate(backend);
        }
    }

    @Test
    void moreThanAnyDeviceHasIsRefused() {
        MarkingBackend backend = new MarkingBackend(16 * MIB);
        TensorType huge = new TensorType(DType.U8, Shape.of(Long.MAX_VALUE / 2));

        assertThrows(
                OutOfDeviceMemoryException.class, () -> backend.memory().allocate(huge, backend));
    }

    /** 1.6 GB of tensors that no scope owns go through 64 MiB. */
    @Test
    void unscopedLoopsOnSeveralThreadsStayUnderTheBudget() throws Exception {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        int threads = 4;
        List<Callable<Long>> loops = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            long start = t * 1_000_000L;
            loops.add(
                    () -> {
                        Tensor x = backend.mark(FOUR_MIB, start);
                        for (int i = 0; i < 100; i++) {
                            x = x.neg();
                        }
                        return backend.read(x) - start;
                    });
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (Future<Long> result : executor.invokeAll(loops)) {
                assertEquals(100, result.get());
            }
        }

        assertTrue(backend.held() <= 64 * MIB, () -> "" + backend.held());
        assertEquals(backend.held(), backend.memory().committedBytes());
    }

    @Test
    void scopedLoopsOnSeveralThreadsNeverShareABlock() throws Exception {
        MarkingBackend backend = new MarkingBackend(64 * MIB);
        TensorType small = new TensorType(DType.F32, Shape.of(32));
        List<Callable<Boolean>> loops = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            long start = t * 1_000_000L;
            loops.add(
                    () -> {
                        for (int i = 0; i < 20_000; i++) {
                            try (TensorScope _ = TensorScope.open()) {
                                Tensor x = backend.mark(small, start + i);
                                Tensor y = x.neg().neg();
                                if (backend.read(y) != start + i + 2
                                        || backend.read(x) != start + i) {
                                    return false;
                                }
                            }
                        }
                        return true;
                    });
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
            for (Future<Boolean> result : executor.invokeAll(loops)) {
                assertTrue(result.get());
            }
        }

        assertEquals(0, backend.memory().liveBytes());
    }

    private static Storage allocate(MarkingBackend backend) {
        return ((Stored) backend.mark(FOUR_MIB, 0).payload()).storage();
    }
}
