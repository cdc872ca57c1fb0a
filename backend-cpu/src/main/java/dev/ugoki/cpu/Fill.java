package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/** Operations that make elements of nothing: constants, counts, random bits. */
final class Fill {
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
        RandomWords.of(key).write(op.firstBlock(), result.elementCount(), to, (_, _) -> {});
    }

    /** Evenly from 0 to 1, F32: the upper 24 bits of each word. */
    static void randomUniform(Stored key, Stored result) {
        convertedWords(OfWords.UNIFORM, key, result);
    }

    /** Of each word one number, or of each two one in F64; {@link NormalQuantile} defines them. */
    static void randomNormal(Stored key, Stored result) {
        switch (result.dtype()) {
            case F32 -> convertedWords(OfWords.NORMAL, key, result);
            case F64 -> wideNormals(key, result);
            default -> {
                try (WideResult floats = WideResult.of(result)) {
                    convertedWords(OfWords.NORMAL, key, floats.address(), result.elementCount());
                    floats.store();
                }
            }
        }
    }

    static final class OfWords {
        static final GeneratedKernel UNIFORM = kernel(OfWords::uniform);
        static final GeneratedKernel NORMAL = kernel(NormalQuantile::ofWord);

        private static GeneratedKernel kernel(Function<IntValue, FloatValue> function) {
            KernelBuilder kernel = new KernelBuilder();
            kernel.output(function.apply(kernel.intInput(Layout.FULL)));
            return GeneratedKernels.get(kernel.build());
        }

        private static FloatValue uniform(IntValue word) {
            return word.shiftRightUnsigned(8).toFloat().times(0x1p-24f);
        }
    }

    private static void convertedWords(GeneratedKernel kernel, Stored key, Stored result) {
        convertedWords(kernel, key, result.address(), result.elementCount());
    }

    /** Puts each word's number in its place. */
    private static void convertedWords(GeneratedKernel kernel, Stored key, long to, long count) {
        long[] table = {to, 0, to, 0};
        RandomWords.of(key)
                .write(
                        0,
                        count,
                        to,
                        (first, some) ->
                                kernel.runFlat(
                                        table,
                                        first,
                                        first + some,
                                        Scratch.address(kernel.flatScratchBytes())));
    }

    /** The two words of a number are where it will be. */
    private static void wideNormals(Stored key, Stored result) {
        long to = result.address();
        RandomWords.of(key)
                .write(
                        0,
                        2 * result.elementCount(),
                        to,
                        (first, some) -> {
                            for (long word = first; word < first + some; word += 2) {
                                long at = to + 4 * word;
                                int high = NativeMemory.getInt(at);
                                int low = NativeMemory.getInt(at + 4);
                                NativeMemory.setDouble(at, NormalQuantile.ofWords(high, low));
                            }
                        });
    }
}
