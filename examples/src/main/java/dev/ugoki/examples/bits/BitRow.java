package dev.ugoki.examples.bits;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.RefusedOperationException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.zip.CRC32;

/** A computation whose results must always have the same bits. */
record BitRow(String name, Callable<List<Tensor>> computation) {
    /** Computes on the current device; the results' types and bits in eight hexadecimal digits. */
    String hash() throws Exception {
        CRC32 hash = new CRC32();
        try (TensorScope _ = TensorScope.open()) {
            for (Tensor result : computation.call()) {
                String type = result.type().toString();
                hash.update(type.getBytes(StandardCharsets.UTF_8));
                hash.update(bits(result).asByteBuffer());
            }
        } catch (RefusedOperationException e) {
            return "refused";
        }
        return String.format("%08x", hash.getValue());
    }

    /**
     * A tensor's elements, every NaN with the same payload: which of two NaNs an addition keeps is
     * not specified, and compilers swap operands.
     */
    private static MemorySegment bits(Tensor tensor) {
        MemorySegment bits = tensor.toMemory();
        switch (tensor.dtype()) {
            case F64 -> unifyNaN(bits, ValueLayout.JAVA_LONG_UNALIGNED, 0x7ff0_0000_0000_0000L);
            case F32 -> unifyNaN(bits, ValueLayout.JAVA_INT_UNALIGNED, 0x7f80_0000);
            case F16 -> unifyNaN(bits, ValueLayout.JAVA_SHORT_UNALIGNED, (short) 0x7c00);
            case BF16 -> unifyNaN(bits, ValueLayout.JAVA_SHORT_UNALIGNED, (short) 0x7f80);
            default -> {}
        }
        return bits;
    }

    private static void unifyNaN(MemorySegment bits, ValueLayout.OfLong layout, long infinity) {
        for (long at = 0; at < bits.byteSize(); at += 8) {
            if ((bits.get(layout, at) & Long.MAX_VALUE) > infinity) {
                bits.set(layout, at, Long.MAX_VALUE);
            }
        }
    }

    private static void unifyNaN(MemorySegment bits, ValueLayout.OfInt layout, int infinity) {
        for (long at = 0; at < bits.byteSize(); at += 4) {
            if ((bits.get(layout, at) & Integer.MAX_VALUE) > infinity) {
                bits.set(layout, at, Integer.MAX_VALUE);
            }
        }
    }

    private static void unifyNaN(MemorySegment bits, ValueLayout.OfShort layout, short infinity) {
        for (long at = 0; at < bits.byteSize(); at += 2) {
            if ((bits.get(layout, at) & Short.MAX_VALUE) > infinity) {
                bits.set(layout, at, Short.MAX_VALUE);
            }
        }
    }

    /** A function's results, and the gradients of their weighted sum in its floating operands. */
    static List<Tensor> withGradients(Function function, List<Tensor> operands) {
        Tensor[] followed = operands.toArray(Tensor[]::new);
        List<Tensor> variables = new ArrayList<>();
        for (int i = 0; i < followed.length; i++) {
            if (followed[i].dtype().isFloating()) {
                followed[i] = Autograd.variable(followed[i]);
                variables.add(followed[i]);
            }
        }
        List<Tensor> all = new ArrayList<>();
        Tensor sum = Tensor.full(DType.F64, Shape.SCALAR, 0);
        for (Tensor result : function.apply(followed)) {
            all.add(result.detach());
            if (result.dtype().isFloating()) {
                Tensor here = result.to(Device.current());
                Tensor weights =
                        Random.normal(Key.of(all.size()), here.dtype(), here.shape().toArray());
                sum = sum.add(here.mul(weights).cast(DType.F64).sum());
            }
        }
        if (sum.lineage() != null) {
            all.addAll(Autograd.gradients(sum, variables));
        }
        return all;
    }

    /** Tensors of tensors. */
    @FunctionalInterface
    interface Function {
        Tensor[] apply(Tensor... operands);
    }
}
