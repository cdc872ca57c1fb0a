package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    @Test
    void blocksAreAlignedAndKeepWhatIsWritten() {
        long[] blocks = new long[200];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = NativeMemory.allocate(4L * i);
            assertEquals(0, blocks[i] % 64);
            for (int j = 0; j < i; j++) {
                NativeMemory.setFloat(blocks[i] + 4L * j, i + j);
            }
        }
        for (int i = 0; i < blocks.length; i++) {
            for (int j = 0; j < i; j++) {
                assertEquals(i + j, NativeMemory.getFloat(blocks[i] + 4L * j));
            }
            NativeMemory.free(blocks[i]);
        }
    }

    @Test
    void impossibleSizesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> NativeMemory.allocate(-1));
        assertThrows(OutOfMemoryError.class, () -> NativeMemory.allocate(Long.MAX_VALUE));
        OutOfMemoryError refused =
                assertThrows(OutOfMemoryError.class, () -> NativeMemory.allocate(1L << 60));
        assertTrue(refused.getMessage().contains(Long.toString(1L << 60)));
    }

    @Test
    void freeingNothingIsAllowed() {
        NativeMemory.free(0);
    }

    @Test
    void copyAndClearReachEveryByteAndNoOther() {
        long source = NativeMemory.allocate(40);
        long target = NativeMemory.allocate(40);
        for (int i = 0; i < 10; i++) {
            NativeMemory.setInt(source + 4L * i, i + 1);
            NativeMemory.setInt(target + 4L * i, -1);
        }
        NativeMemory.copy(source + 4, target + 8, 24);
        int[] expected = {-1, -1, 2, 3, 4, 5, 6, 7, -1, -1};
        for (int i = 0; i < 10; i++) {
            assertEquals(expected[i], NativeMemory.getInt(target + 4L * i));
        }
        NativeMemory.clear(target + 12, 8);
        assertEquals(2, NativeMemory.getInt(target + 8));
        assertEquals(0, NativeMemory.getInt(target + 12));
        assertEquals(0, NativeMemory.getInt(target + 16));
        assertEquals(5, NativeMemory.getInt(target + 20));
        NativeMemory.free(source);
        NativeMemory.free(target);
    }
}
