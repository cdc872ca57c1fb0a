package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.spi.Stored;

/**
 * Where a result is computed: F16 and BF16 as zeroed F32 beside it, to be rounded by {@link #store}
 * in the end, all else in place.
 */
final class WideResult implements AutoCloseable {
    private static final long ELEMENTS_OF_A_TASK = 1 << 16;

    private final Stored result;
    private final long address;
    private final boolean narrow;

    private WideResult(Stored result) {
        this.result = result;
        this.narrow = isNarrow(result.dtype());
        long bytes = 4 * result.elementCount();
        this.address =
                narrow ? NativeMemory.allocate(bytes + NativeMemory.PADDING) : result.address();
        if (narrow) {
            NativeMemory.clear(address, bytes);
        }
    }

    static WideResult of(Stored result) {
        return new WideResult(result);
    }

    /** Whether elements of a dtype are computed as F32. */
    static boolean isNarrow(DType dtype) {
        return dtype == DType.F16 || dtype == DType.BF16;
    }

    long address() {
        return address;
    }

    /** Rounds what was computed to the result's dtype. */
    void store() {
        if (!narrow) {
            return;
        }
        long count = result.elementCount();
        int tasks = Math.toIntExact((count + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            long first = task * ELEMENTS_OF_A_TASK;
                            Chunks.fromFloats(
                                    address + 4 * first,
                                    Math.min(ELEMENTS_OF_A_TASK, count - first),
                                    result.dtype(),
                                    result.address() + 2 * first);
                        });
    }

    @Override
    public void close() {
        if (narrow) {
            NativeMemory.free(address);
        }
    }
}
