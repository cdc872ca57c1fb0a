package dev.ugoki.tck.sample;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;

/** A backend to begin with: a few primitives in F32 and F64; it refuses all others. */
final class SampleBackend implements Backend {
    private static final Device DEVICE = new Device("sample", 0);
    private static final Set<Prim.Binary.Kind> BINARY =
            Set.of(Prim.Binary.Kind.ADD, Prim.Binary.Kind.MUL);

    // For a device with memory of its own: a MemoryPool.Source that calls the driver.
    private final MemoryPool memory =
            new MemoryPool("sample", new HostMemory(), HostMemory.budget());

    @Override
    public Device device() {
        return DEVICE;
    }

    @Override
    public MemoryPool memory() {
        return memory;
    }

    @Override
    public Support supports(Op op, TensorType... operands) {
        DType dtype = operands.length > 0 ? operands[0].dtype() : DType.F32;
        return switch (op) {
            case Prim prim when runs(prim, dtype) -> Support.NATIVE;
            case Prim prim -> new Support.Unsupported(prim.name() + " is not written yet");
            case Composite _ -> Support.DECOMPOSE; // later: NATIVE for those with a fused kernel
        };
    }

    /** With a default, so that a primitive of a later version is refused and breaks nothing. */
    static boolean runs(Prim op, DType dtype) {
        boolean wide = dtype == DType.F32 || dtype == DType.F64;
        return switch (op) {
            case Prim.Fill fill -> fill.dtype() == DType.F32 || fill.dtype() == DType.F64;
            case Prim.Reshape _ -> true;
            case Prim.Unary unary -> wide && unary.kind() == Prim.Unary.Kind.NEG;
            case Prim.Binary binary -> wide && BINARY.contains(binary.kind());
            default -> false;
        };
    }

    @Override
    public void execute(Op op, Stored[] in, Stored[] out) {
        long count = out[0].elementCount();
        for (long i = 0; i < count; i++) {
            switch (op) {
                case Prim.Fill fill -> set(out[0], i, fill.value().doubleValue());
                case Prim.Reshape _ -> element(out[0], i).copyFrom(element(in[0], i));
                case Prim.Unary _ -> set(out[0], i, -get(in[0], i));
                case Prim.Binary binary -> {
                    double x = get(in[0], i);
                    double y = get(in[1], i);
                    set(out[0], i, binary.kind() == Prim.Binary.Kind.ADD ? x + y : x * y);
                }
                default -> throw new IllegalStateException(op.name() + " was refused");
            }
        }
    }

    /** Element {@code number} in row-major order, wherever the strides put it. */
    private static MemorySegment element(Stored x, long number) {
        long place = 0;
        long rest = number;
        for (int dim = x.shape().rank() - 1; dim >= 0; dim--) {
            place += rest % x.shape().extent(dim) * x.stride(dim);
            rest /= x.shape().extent(dim);
        }
        int bytes = x.dtype().byteSize();
        return HostMemory.segment(x.address() + place * bytes, bytes);
    }

    private static double get(Stored x, long number) {
        MemorySegment element = element(x, number);
        return x.dtype() == DType.F64
                ? element.get(ValueLayout.JAVA_DOUBLE, 0)
                : element.get(ValueLayout.JAVA_FLOAT, 0);
    }

    private static void set(Stored x, long number, double value) {
        MemorySegment element = element(x, number);
        if (x.dtype() == DType.F64) {
            element.set(ValueLayout.JAVA_DOUBLE, 0, value);
        } else {
            element.set(ValueLayout.JAVA_FLOAT, 0, (float) value);
        }
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        bytes(destination).copyFrom(source);
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        destination.copyFrom(bytes(source));
    }

    private static MemorySegment bytes(Stored contiguous) {
        return HostMemory.segment(contiguous.address(), contiguous.type().byteSize());
    }

    @Override
    public void synchronize() {
        // Everything is done when execute returns. A device with a queue waits for it here.
    }

    @Override
    public List<String> describe() {
        return List.of("sample: a backend to begin with");
    }
}
