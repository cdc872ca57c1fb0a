package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

/**
 * To which keys queries may attend: applied to blocks of scores that have a row for each key and a
 * column for each query. What is not allowed becomes minus infinity.
 */
final class ScoreMask implements AutoCloseable {
    private final boolean causal;

    /** The mask's shape and strides; null where there is none. */
    private final @Nullable Shape shape;

    private final boolean isAdded;
    private final @Nullable Reordered memory;
    private final long[] strides;
    private long base;

    private ScoreMask(
            boolean causal, @Nullable Stored mask, @Nullable Reordered memory, long[] strides) {
        this.causal = causal;
        this.shape = mask == null ? null : mask.shape();
        this.isAdded = mask != null && mask.dtype() != DType.BOOL;
        this.memory = memory;
        this.strides = strides;
        this.base = memory == null ? 0 : memory.address();
    }

    /** With a mask {@code [.., queries, keys]} of BOOL, or of numbers to add, or without. */
    static ScoreMask of(boolean causal, @Nullable Stored mask) {
        if (mask == null) {
            return new ScoreMask(causal, null, null, new long[0]);
        }
        return switch (mask.dtype()) {
            case BOOL, F32 ->
                    new ScoreMask(causal, mask, Reordered.at(mask.address()), mask.toStrides());
            default ->
                    new ScoreMask(
                            causal, mask, Reordered.floats(mask), mask.shape().toRowMajorStrides());
        };
    }

    /** With a mask of BOOL or F32, wherever it is: {@link #at} says so. */
    static ScoreMask layout(boolean causal, Stored mask) {
        return new ScoreMask(causal, mask, null, mask.toStrides());
    }

    /** The mask is there now. */
    void at(long address) {
        base = address;
    }

    /** The end of the keys that some of the queries before {@code queryEnd} may attend to. */
    int keyEnd(int queryEnd, int keys) {
        return causal ? Math.min(keys, queryEnd) : keys;
    }

    /** The first query that may attend to some of the keys from {@code key}. */
    int firstQuery(int key) {
        return causal ? key : 0;
    }

    /**
     * Masks a block.
     *
     * @param scores its address
     * @param rowBytes from one key to the next
     * @param key the number of its first key; {@code keys} how many
     * @param query the number of its first query; {@code queries} how many
     */
    void apply(int head, long scores, long rowBytes, int key, int keys, int query, int queries) {
        Shape extents = shape;
        if (extents != null) {
            long queryStride = strides[strides.length - 2];
            long keyStride = strides[strides.length - 1];
            long first =
                    Heads.offset(head, extents, strides) + key * keyStride + query * queryStride;
            if (!isAdded) {
                long address = base + first;
                forbid(address, keyStride, queryStride, scores, rowBytes, keys, queries);
            } else {
                long address = base + 4 * first;
                add(address, 4 * keyStride, 4 * queryStride, scores, rowBytes, keys, queries);
            }
        }
        if (causal && key + keys - 1 > query) {
            for (int i = Math.max(0, query + 1 - key); i < keys; i++) {
                fill(scores + i * rowBytes, Math.min(queries, key + i - query));
            }
        }
    }

    private static void fill(long scores, int count) {
        for (int j = 0; j < count; j++) {
            NativeMemory.setFloat(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
    }

    private static void forbid(
            long allowed,
            long keyStride,
            long queryStride,
            long scores,
            long rowBytes,
            int keys,
            int queries) {
        for (int i = 0; i < keys; i++) {
            long flag = allowed + i * keyStride;
            long row = scores + i * rowBytes;
            if (queryStride == 0) {
                fill(row, Chunks.getLong(DType.BOOL, flag) == 0 ? queries : 0);
                continue;
            }
            for (int j = 0; j < queries; j++) {
                if (Chunks.getLong(DType.BOOL, flag + j * queryStride) == 0) {
                    NativeMemory.setFloat(row + 4L * j, Float.NEGATIVE_INFINITY);
                }
            }
        }
    }

    private static void add(
            long summands,
            long keyBytes,
            long queryBytes,
            long scores,
            long rowBytes,
            int keys,
            int queries) {
        for (int i = 0; i < keys; i++) {
            long summand = summands + i * keyBytes;
            long row = scores + i * rowBytes;
            for (int j = 0; j < queries; j++) {
                float sum =
                        NativeMemory.getFloat(row + 4L * j)
                                + NativeMemory.getFloat(summand + j * queryBytes);
                NativeMemory.setFloat(row + 4L * j, sum);
            }
        }
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
