package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;

/** Operations that make elements of nothing: constants, counts, random bits. */
final class Fill {
    private static final long BLOCKS_OF_A_TASK = 1 << 12;
    private static final int COPIED_AT_ONCE = 1 << 12;

    private Fill() {}

    /** Writes {@code value}, a Double or a Long, to {@code count} elements. */
    static void with(DType dtype, Number value, long count, long address) {
        if (count == 0) {
            return;
        }
        int bytes = dtype.byteSize();
        if (value.doubleValue() == 0 && Double.doubleToRawLongBits(value.doubleValue()) == 0) {
            NativeMemory.clear(address, count * bytes);
            return;
        }
        long first = Math.min(count, COPIED_AT_ONCE);
        for (long i = 0; i < first; i++) {
            if (dtype.isFloating()) {
                Chunks.setDouble(dtype, address + i * bytes, value.doubleValue());
            } else {
                Chunks.setLong(dtype, address + i * bytes, value.longValue());
            }
        }
        for (long done = first; done < count; done += first) {
            MemorySegment.copy(
                    NativeMemory.ALL,
                    address,
                    NativeMemory.ALL,
                    address + done * bytes,
                    Math.min(first, count - done) * bytes);
        }
    }

    static void iota(Prim.Iota op, Stored result) {
        long[] strides = result.shape().toRowMajorStrides();
        DType dtype = result.dtype();
        long extent = op.shape().extent(op.dim());
        for (long i = 0; i < result.elementCount(); i++) {
            long value = i / strides[op.dim()] % extent;
            long at = result.address() + i * dtype.byteSize();
            if (dtype.isFloating()) {
                Chunks.setDouble(dtype, at, value);
            } else {
                Chunks.setLong(dtype, at, value);
            }
        }
    }

    static void randomBits(Prim.RandomBits op, Stored key, Stored result) {
        long to = result.address();
        forEachWord(
                key,
                op.firstBlock(),
                result.elementCount(),
                (index, word, _) -> NativeMemory.setInt(to + 4 * index, word));
    }

    /** Of each word one number, or of each two one in F64; {@link NormalQuantile} defines them. */
    static void randomNormal(Stored key, Stored result) {
        DType dtype = result.dtype();
        long to = result.address();
        long count = result.elementCount();
        if (dtype == DType.F64) {
            forEachWord(
                    key,
                    0,
                    2 * count,
                    (index, word, next) -> {
                        if (index % 2 == 0) {
                            double normal = NormalQuantile.ofWords(word, next);
                            NativeMemory.setDouble(to + 4 * index, normal);
                        }
                    });
        } else {
            int bytes = dtype.byteSize();
            forEachWord(
                    key,
                    0,
                    count,
                    (index, word, _) ->
                            Chunks.setDouble(
                                    dtype, to + bytes * index, NormalQuantile.ofWord(word)));
        }
    }

    private interface WordTask {
        /** Word {@code index} and, where that is even, the one after it. */
        void run(long index, int word, int next);
    }

    private static void forEachWord(Stored key, long firstBlock, long count, WordTask each) {
        int[] words = new int[4];
        for (int i = 0; i < 4; i++) {
            words[i] = NativeMemory.getInt(key.address() + 4 * i * key.stride(0));
        }
        long blocks = (count + 3) / 4;
        int tasks = Math.toIntExact((blocks + BLOCKS_OF_A_TASK - 1) / BLOCKS_OF_A_TASK);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task -> {
                            int[] block = new int[4];
                            long end = Math.min(blocks, (task + 1) * BLOCKS_OF_A_TASK);
                            for (long b = task * BLOCKS_OF_A_TASK; b < end; b++) {
                                Philox.block(
                                        words[0],
                                        words[1],
                                        words[2],
                                        words[3],
                                        firstBlock + b,
                                        block);
                                for (int i = 0; i < Math.min(4, count - 4 * b); i++) {
                                    each.run(4 * b + i, block[i], block[i | 1]);
                                }
                            }
                        });
    }
}
