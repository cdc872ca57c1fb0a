package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TranspositionTest {
    private static final float UNTOUCHED = 12345.678f;
    private static final int BEHIND = 32;

    @Test
    @Timeout(300)
    void everyElementArrivesAndNothingIsWrittenBehindTheTarget() {
        checkAll();
        while (!Transposition.isReady()) {
            Thread.onSpinWait();
        }
        checkAll();
    }

    private static void checkAll() {
        for (int lines = 1; lines <= 40; lines++) {
            for (int length = 1; length <= 70; length += 3) {
                check(lines, length, lines);
                check(lines, length, lines + 5);
            }
        }
    }

    private static void check(int lines, int length, int width) {
        long source = Floats.of(Floats.normal(lines * length, lines + 100 * length));
        int size = (length - 1) * width + lines;
        long target = NativeMemory.allocate(4L * (size + BEHIND));
        for (int i = 0; i < size + BEHIND; i++) {
            NativeMemory.setFloat(target + 4L * i, UNTOUCHED);
        }
        Transposition.run(lines, length, source, 4L * length, target, 4L * width);
        String which = lines + " lines of " + length + " to rows of " + width;
        for (int line = 0; line < lines; line++) {
            for (int i = 0; i < length; i++) {
                float expected = NativeMemory.getFloat(source + 4L * (line * length + i));
                float actual = NativeMemory.getFloat(target + 4L * (i * width + line));
                assertEquals(expected, actual, which);
            }
        }
        for (int i = size; i < size + BEHIND; i++) {
            assertEquals(UNTOUCHED, NativeMemory.getFloat(target + 4L * i), which);
        }
        NativeMemory.free(source);
        NativeMemory.free(target);
    }
}
