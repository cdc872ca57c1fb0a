package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/**
 * Functions of single elements that no generated kernel computes, over operands that are contiguous
 * or one element, ready to run: the loops of {@link Elementwise}.
 */
final class ElementwiseStep implements Prepared {
    private final Elementwise.Kernel kernel;
    private final Slot[] in;
    private final Slot result;
    private final long[] address = new long[3];
    private final long[] step = new long[3];
    private final long count;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private long to;

    private ElementwiseStep(Elementwise.Kernel kernel, Slot[] in, boolean[] one, Slot result) {
        this.kernel = kernel;
        this.in = in;
        this.result = result;
        for (int i = 0; i < in.length; i++) {
            step[i] = one[i] ? 0 : in[i].dtype().byteSize();
        }
        count = result.elementCount();
        long each = Elementwise.ELEMENTS_OF_A_TASK;
        tasks = Math.toIntExact((count + each - 1) / each);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Prim op, Slot[] in, Slot result) {
        if (result.elementCount() == 0 || isGenerated(op, in, result)) {
            return null;
        }
        boolean[] one = new boolean[3];
        for (int i = 0; i < in.length; i++) {
            // Of one element there is only a constant row, as Nest sees it.
            one[i] = result.elementCount() == 1 || !in[i].isContiguous() && isOneElement(in[i]);
            if (!one[i] && !in[i].isContiguous()) {
                return null;
            }
        }
        DType dtype = in[0].dtype();
        Elementwise.Kernel kernel =
                switch (op) {
                    case Prim.Unary unary -> Elementwise.unaryKernel(unary.kind(), dtype, one[0]);
                    case Prim.Binary binary ->
                            Elementwise.binaryKernel(binary.kind(), dtype, one[0], one[1]);
                    case Prim.Compare compare ->
                            Elementwise.compareKernel(compare.kind(), dtype, one[0], one[1]);
                    case Prim.Select _ -> {
                        int bytes = in[1].dtype().byteSize();
                        yield Elementwise.selectKernel(
                                bytes, one[0] ? 0 : 1, one[1] ? 0 : bytes, one[2] ? 0 : bytes);
                    }
                    case Prim.Cast _ -> Elementwise.castKernel(dtype, result.dtype(), one[0]);
                    default -> null;
                };
        return kernel == null ? null : new ElementwiseStep(kernel, in, one, result);
    }

    /** Whether {@link Elementwise} has a generated kernel for it, as plans have by themselves. */
    private static boolean isGenerated(Prim op, Slot[] in, Slot result) {
        boolean floats = in[0].dtype() == DType.F32;
        return floats && op instanceof Prim.Unary unary && FloatKernels.has(unary.kind())
                || floats && op instanceof Prim.Binary binary && FloatKernels.has(binary.kind())
                || WordKernels.has(op, in[in.length - 1].dtype(), result.dtype());
    }

    private static boolean isOneElement(Slot operand) {
        for (int dim = 0; dim < operand.shape().rank(); dim++) {
            if (operand.stored().stride(dim) != 0 && operand.shape().extent(dim) != 1) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void run() {
        for (int i = 0; i < in.length; i++) {
            address[i] = in[i].address();
        }
        to = result.address();
        if (tasks == 1) {
            runTask(0);
        } else {
            ThreadPool.shared().parallelFor(tasks, task);
        }
    }

    private void runTask(int index) {
        long first = index * Elementwise.ELEMENTS_OF_A_TASK;
        kernel.run(
                Math.min(Elementwise.ELEMENTS_OF_A_TASK, count - first),
                address[0] + first * step[0],
                address[1] + first * step[1],
                address[2] + first * step[2],
                to + first * result.dtype().byteSize());
    }
}
