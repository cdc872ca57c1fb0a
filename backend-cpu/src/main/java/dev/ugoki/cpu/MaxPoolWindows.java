package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

/**
 * The largest element of each window of contiguous F32 tensors with up to three spatial dimensions,
 * and its place: window by window, of what lies inside of the image.
 */
final class MaxPoolWindows {
    private static final int DIMS = ConvolutionShape.DIMS;
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final long LARGEST = 1 << 28;

    private final int[] in = new int[DIMS];
    private final int[] out = new int[DIMS];
    private final int[] kernel = new int[DIMS];
    private final int[] stride = new int[DIMS];
    private final int[] dilation = new int[DIMS];
    private final int[] before = new int[DIMS];
    private final long planes;
    private final long planesOfTask;
    private final ThreadPool.Task task = this::runTask;
    private long from;
    private long values;
    private long places;

    /** For images of this shape, which are not empty. */
    MaxPoolWindows(Pooling.MaxPool op, Shape image, Shape result) {
        int missing = DIMS - op.windows().size();
        for (int d = 0; d < DIMS; d++) {
            int given = d - missing;
            boolean is = given >= 0;
            in[d] = is ? Math.toIntExact(image.extent(given + 2)) : 1;
            out[d] = is ? Math.toIntExact(result.extent(given + 2)) : 1;
            kernel[d] = is ? Math.toIntExact(op.kernel().extent(given)) : 1;
            stride[d] = is ? Math.toIntExact(op.windows().get(given).stride()) : 1;
            dilation[d] = is ? Math.toIntExact(op.windows().get(given).dilation()) : 1;
            before[d] = is ? Math.toIntExact(op.windows().get(given).before()) : 0;
        }
        planes = image.extent(0) * image.extent(1);
        long work = (long) ConvolutionShape.volume(out) * ConvolutionShape.volume(kernel);
        planesOfTask = Math.max(1, ELEMENTS_OF_A_TASK / work);
    }

    /** Whether there are at most three spatial dimensions, small enough to be counted in ints. */
    static boolean has(Composite op, TensorType[] operands) {
        // Types are not checked yet.
        Shape image = operands[0].shape();
        if (!(op instanceof Pooling.MaxPool pool)
                || pool.windows().size() > DIMS
                || pool.kernel().rank() != pool.windows().size()
                || image.rank() != pool.windows().size() + 2) {
            return false;
        }
        boolean small = image.elementCount() / image.extent(0) / image.extent(1) < LARGEST;
        for (int d = 0; d < pool.windows().size(); d++) {
            Prim.Window window = pool.windows().get(d);
            small &=
                    window.stride() < LARGEST
                            && window.dilation() < LARGEST
                            && pool.kernel().extent(d) < LARGEST / Math.max(1, window.dilation());
        }
        return small;
    }

    /** The same ready to run. */
    static Prepared step(Pooling.MaxPool op, Slot x, Slot[] results) {
        MaxPoolWindows windows = new MaxPoolWindows(op, x.shape(), results[0].shape());
        return () -> windows.run(x.address(), results[0].address(), results[1].address());
    }

    /**
     * Runs it.
     *
     * @param x the address of the images; those of results are F32 and I64
     */
    void run(long x, long largest, long at) {
        from = x;
        values = largest;
        places = at;
        int tasks = Math.toIntExact((planes + planesOfTask - 1) / planesOfTask);
        ThreadPool.shared().parallelFor(tasks, task);
    }

    private void runTask(int index) {
        long end = Math.min(planes, (index + 1) * planesOfTask);
        for (long plane = index * planesOfTask; plane < end; plane++) {
            long source = from + 4 * plane * ConvolutionShape.volume(in);
            long number = plane * ConvolutionShape.volume(out);
            for (int q0 = 0; q0 < out[0]; q0++) {
                for (int q1 = 0; q1 < out[1]; q1++) {
                    line(source, q0, q1, number);
                    number += out[2];
                }
            }
        }
    }

    /** The windows of one line of a plane's result, which begins with element {@code number}. */
    private void line(long source, int q0, int q1, long number) {
        int s0 = q0 * stride[0] - before[0];
        int s1 = q1 * stride[1] - before[1];
        int end0 = end(0, s0);
        int end1 = end(1, s1);
        int first0 = first(0, s0);
        int first1 = first(1, s1);
        int width = in[2];
        int step = dilation[2];
        for (int q2 = 0; q2 < out[2]; q2++) {
            int s2 = q2 * stride[2] - before[2];
            int end2 = end(2, s2);
            int first2 = first(2, s2);
            // What padding would be, were it chosen where there is nothing but -infinity.
            float best = Float.NEGATIVE_INFINITY;
            int place = (inside(0, s0) * in[1] + inside(1, s1)) * width + inside(2, s2);
            for (int i0 = first0; i0 < end0; i0 += dilation[0]) {
                for (int i1 = first1; i1 < end1; i1 += dilation[1]) {
                    int row = (i0 * in[1] + i1) * width;
                    for (int i2 = first2; i2 < end2; i2 += step) {
                        float value = NativeMemory.getFloat(source + 4L * (row + i2));
                        if (!(value <= best) && best == best) {
                            best = value;
                            place = row + i2;
                        }
                    }
                }
            }
            NativeMemory.setFloat(values + 4 * (number + q2), best);
            NativeMemory.setLong(places + 8 * (number + q2), place);
        }
    }

    /** The first element of a window that begins at {@code start} and lies inside. */
    private int first(int d, int start) {
        return start >= 0 ? start : start + (-start + dilation[d] - 1) / dilation[d] * dilation[d];
    }

    private int end(int d, int start) {
        return Math.min(in[d], start + (kernel[d] - 1) * dilation[d] + 1);
    }

    private int inside(int d, int start) {
        return Math.clamp(start, 0, in[d] - 1);
    }
}
