package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.BlockCodes;
import dev.ugoki.cpu.generated.ColumnMaximaCode;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The greatest element of each column of a block in F32; NaN is passed over. Generated code where
 * that is compiled, plain loops until then.
 */
final class ColumnMaxima {
    private static final AtomicBoolean REQUESTED = new AtomicBoolean(!BlockCodes.isUsable());
    private static volatile @Nullable ColumnMaximaCode code;

    /** Vectors that plain loops took in, about. */
    private static long missed;

    private ColumnMaxima() {}

    /**
     * {@code maxima[j] = max over i of x[i, j]}, minus infinity where there is no number.
     *
     * @param rowBytes from one row of x to the next
     * @param columns a multiple of 16
     */
    static void run(long x, long rowBytes, int rows, int columns, long maxima) {
        ColumnMaximaCode compiled = code;
        if (compiled != null) {
            compiled.run(rows, x, rowBytes, columns / Tile.LANES, maxima);
            return;
        }
        request();
        missed += (long) rows * columns;
        for (int column = 0; column < columns; column++) {
            float greatest = Float.NEGATIVE_INFINITY;
            for (int row = 0; row < rows; row++) {
                float element = NativeMemory.getFloat(x + row * rowBytes + 4L * column);
                greatest = element > greatest ? element : greatest;
            }
            NativeMemory.setFloat(maxima + 4L * column, greatest);
        }
    }

    private static void request() {
        if (!REQUESTED.get() && !REQUESTED.getAndSet(true)) {
            BlockCodes.columnMaxima(() -> missed, made -> code = made);
        }
    }

    /** Whether {@link #run} has its final speed; asks for it where it has not. */
    static boolean isReady() {
        request();
        return code != null || !BlockCodes.isUsable();
    }
}
