package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.BlockCodes;
import dev.ugoki.cpu.generated.TransposeCode;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/** Transposes F32 in memory: lines of the source become columns of the target. */
final class Transposition {
    private static final int LANES = Tile.LANES;
    private static final AtomicBoolean REQUESTED = new AtomicBoolean();
    private static volatile @Nullable TransposeCode code;

    /** Elements that were moved singly for want of code, about. */
    private static long missed;

    private Transposition() {}

    /**
     * Element i of line j, of {@code lines} lines of {@code length}, goes to {@code target + i *
     * targetLine + 4 * j}. Behind {@code lines} elements of each line of the target, up to a whole
     * vector may be overwritten, but nothing behind the last line.
     *
     * @param sourceLine bytes from one line of the source to the next; likewise targetLine
     */
    static void run(
            int lines, int length, long source, long sourceLine, long target, long targetLine) {
        TransposeCode compiled = code;
        if (compiled == null) {
            compile();
            missed += (long) lines * length;
            copy(lines, 0, length, source, sourceLine, target, targetLine);
            return;
        }
        // The last group first: what its vectors put behind a line, the first group writes again.
        for (int line = (lines - 1) / LANES * LANES; line >= 0; line -= LANES) {
            int group = Math.min(LANES, lines - line);
            int vectors = vectors(group, length, targetLine);
            long x = source + line * sourceLine;
            long y = target + 4L * line;
            if (vectors > 0) {
                compiled.run(group, vectors, x, sourceLine, y, targetLine);
            }
            copy(group, vectors * LANES, length, x, sourceLine, y, targetLine);
        }
    }

    /** How many vectors of each line are moved as such: those that end before the target does. */
    private static int vectors(int group, int length, long targetLine) {
        long behind = 4L * (LANES - group);
        long lastLines = (behind + targetLine - 1) / targetLine;
        return (int) (Math.max(0, length - lastLines) / LANES);
    }

    /** Element by element, from number {@code from} of each line. */
    private static void copy(
            int lines,
            int from,
            int length,
            long source,
            long sourceLine,
            long target,
            long targetLine) {
        for (int line = 0; line < lines; line++) {
            long x = source + line * sourceLine;
            long y = target + 4L * line;
            for (int i = from; i < length; i++) {
                NativeMemory.setFloat(y + i * targetLine, NativeMemory.getFloat(x + 4L * i));
            }
        }
    }

    /** Whether {@link #run} has its final speed; asks for it where it has not. */
    static boolean isReady() {
        compile();
        return code != null || !BlockCodes.isUsable();
    }

    private static void compile() {
        if (BlockCodes.isUsable() && !REQUESTED.get() && !REQUESTED.getAndSet(true)) {
            BlockCodes.transposition(() -> missed, compiled -> code = compiled);
        }
    }
}
