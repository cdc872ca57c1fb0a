package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

/**
 * Functions of single elements that no generated kernel computes, ready to run: the loops of {@link
 * Elementwise}, cut into the same tasks. Operands lie in order along the columns of their {@link
 * Walk}, or stay where they are.
 */
final class ElementwiseStep implements Prepared {
    private final Elementwise.Kernel kernel;
    private final Slot[] in;
    private final Slot result;
    private final long[] address = new long[3];
    private final int[] bytes = new int[3];
    private final int resultBytes;
    private final Walk walk;
    private final long lines;
    private final long perTask;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private long to;

    private ElementwiseStep(Elementwise.Kernel kernel, Slot[] in, Walk walk, Slot result) {
        this.kernel = kernel;
        this.in = in;
        this.walk = walk;
        this.result = result;
        for (int i = 0; i < in.length; i++) {
            bytes[i] = in[i].dtype().byteSize();
        }
        resultBytes = result.dtype().byteSize();
        lines = walk.rows() * walk.repeats();
        long each = Elementwise.ELEMENTS_OF_A_TASK;
        perTask = lines == 1 ? each : Math.max(1, each / walk.columns());
        long all = lines == 1 ? walk.columns() : lines;
        tasks = Math.toIntExact((all + perTask - 1) / perTask);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Prim op, Slot[] in, Slot result) {
        if (result.elementCount() == 0 || isGenerated(op, in[0], in[in.length - 1], result)) {
            return null;
        }
        Walk walk = Walk.of(result.shape(), in);
        boolean[] one = new boolean[3];
        for (int i = 0; i < in.length; i++) {
            one[i] = walk.step(i) == 0;
            if (!one[i] && walk.step(i) != 1) {
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
                        int size = in[1].dtype().byteSize();
                        yield Elementwise.selectKernel(
                                size, one[0] ? 0 : 1, one[1] ? 0 : size, one[2] ? 0 : size);
                    }
                    case Prim.Cast _ -> Elementwise.castKernel(dtype, result.dtype(), one[0]);
                    default -> null;
                };
        return kernel == null ? null : new ElementwiseStep(kernel, in, walk, result);
    }

    /** Whether {@link Elementwise} has a generated kernel for it, as plans have by themselves. */
    private static boolean isGenerated(Prim op, Slot first, Slot last, Slot result) {
        return Elementwise.isGenerated(op, first.dtype(), last.dtype(), result.dtype());
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
            ThreadPool.shared()
                    .parallelFor(tasks, lines == 1 ? perTask : perTask * walk.columns(), task);
        }
    }

    private void runTask(int index) {
        long first = index * perTask;
        if (lines == 1) {
            kernel.run(
                    Math.min(perTask, walk.columns() - first),
                    element(0, first),
                    element(1, first),
                    element(2, first),
                    to + first * resultBytes);
            return;
        }
        long end = Math.min(lines, first + perTask);
        for (long line = first; line < end; line++) {
            kernel.run(
                    walk.columns(),
                    line(0, line),
                    line(1, line),
                    line(2, line),
                    to + line * walk.columns() * resultBytes);
        }
    }

    private long element(int i, long element) {
        return i < in.length ? address[i] + walk.step(i) * element * bytes[i] : 0;
    }

    private long line(int i, long line) {
        if (i >= in.length) {
            return 0;
        }
        long rows = walk.rows();
        long elements = walk.offset(i, line / rows) + line % rows * walk.rowStep(i);
        return address[i] + elements * bytes[i];
    }
}
