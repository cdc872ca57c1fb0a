package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.RowKernels;

import java.util.concurrent.CompletableFuture;

/**
 * The cross-entropy of rows of F32 scores and its gradient: a generated kernel goes over the row,
 * and what concerns the target alone is put in while the row is in the cache. For use again and
 * again; one thread at a time.
 */
final class CrossEntropyRows {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final GeneratedKernel FORWARD = GeneratedKernels.get(RowKernels.crossEntropy());
    private static final GeneratedKernel GRADIENT =
            GeneratedKernels.get(RowKernels.crossEntropyGradient());

    private final long rows;
    private final long classes;
    private final DType dtype;
    private final float smoothing;
    private final long ignored;
    private final long rowsOfTask;
    private final int tasks;
    private final long[] forwardTable = new long[8];
    private final long[] gradientTable = new long[12];
    private final ThreadPool.Task forwardTask = this::forward;
    private final ThreadPool.Task gradientTask = this::gradient;
    private long targets;
    private long losses;
    private long cotangents;

    /**
     * @param dtype of the targets, I64 or I32
     * @param smoothing the share of the loss that all classes have evenly
     * @param ignored the target whose row counts nothing
     */
    CrossEntropyRows(long rows, long classes, DType dtype, float smoothing, long ignored) {
        this.rows = rows;
        this.classes = classes;
        this.dtype = dtype;
        this.smoothing = smoothing;
        this.ignored = ignored;
        rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / classes);
        tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        long rowBytes = 4 * classes;
        forwardTable[1] = rowBytes;
        gradientTable[1] = rowBytes;
        gradientTable[11] = rowBytes;
        for (int entry : new int[] {3, 5, 7}) {
            forwardTable[entry] = 4;
            gradientTable[entry] = 4;
        }
    }

    /** Asks for the kernel of the forward pass, or of the gradient; done when it is in use. */
    CompletableFuture<Boolean> ready(boolean isGradient) {
        return (isGradient ? GRADIENT : FORWARD).compileRows(classes);
    }

    /**
     * Writes a loss, the largest score and the logarithm of the sum of powers for each row.
     *
     * @param targetsOfRows the address of a class for each row
     */
    void forward(
            long scores, long targetsOfRows, long lossesOfRows, long largest, long logarithms) {
        long means = NativeMemory.allocate(4 * rows);
        try {
            targets = targetsOfRows;
            losses = lossesOfRows;
            forwardTable[0] = scores;
            forwardTable[2] = largest;
            forwardTable[4] = logarithms;
            forwardTable[6] = means;
            ThreadPool.shared().parallelFor(tasks, forwardTask);
        } finally {
            NativeMemory.free(means);
        }
    }

    private void forward(int index) {
        long first = index * rowsOfTask;
        long end = Math.min(rows, first + rowsOfTask);
        run(FORWARD, forwardTable, first, end);
        for (long row = first; row < end; row++) {
            float loss = 0;
            long target = target(row);
            if (target != ignored) {
                long at = forwardTable[0] + row * forwardTable[1] + 4 * checked(target);
                float score = NativeMemory.getFloat(at);
                float logarithm = NativeMemory.getFloat(forwardTable[4] + 4 * row);
                float shifted = score - NativeMemory.getFloat(forwardTable[2] + 4 * row);
                loss = (shifted - logarithm) * (smoothing - 1);
                if (smoothing > 0) {
                    float mean = NativeMemory.getFloat(forwardTable[6] + 4 * row);
                    loss -= (mean - logarithm) * smoothing;
                }
            }
            NativeMemory.setFloat(losses + 4 * row, loss);
        }
    }

    /**
     * Writes the gradient of the scores.
     *
     * @param cotangentsOfRows the address of one element for each row
     */
    void gradient(
            long scores,
            long targetsOfRows,
            long largest,
            long logarithms,
            long cotangentsOfRows,
            long scoresGradient) {
        long own = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        try {
            long even = own + 4 * rows;
            NativeMemory.setFloat(even, smoothing / classes);
            targets = targetsOfRows;
            cotangents = cotangentsOfRows;
            gradientTable[0] = scores;
            gradientTable[2] = largest;
            gradientTable[4] = logarithms;
            gradientTable[6] = own;
            gradientTable[8] = even;
            gradientTable[10] = scoresGradient;
            ThreadPool.shared().parallelFor(tasks, gradientTask);
        } finally {
            NativeMemory.free(own);
        }
    }

    private void gradient(int index) {
        long first = index * rowsOfTask;
        long end = Math.min(rows, first + rowsOfTask);
        long own = gradientTable[6];
        for (long row = first; row < end; row++) {
            boolean counts = target(row) != ignored;
            float g = counts ? NativeMemory.getFloat(cotangents + 4 * row) : 0;
            NativeMemory.setFloat(own + 4 * row, g);
        }
        run(GRADIENT, gradientTable, first, end);
        for (long row = first; row < end; row++) {
            long target = target(row);
            if (target != ignored) {
                long at = gradientTable[10] + row * gradientTable[11] + 4 * checked(target);
                float g = NativeMemory.getFloat(own + 4 * row);
                float share = NativeMemory.getFloat(at) + g * (smoothing - 1);
                NativeMemory.setFloat(at, share);
            }
        }
    }

    private void run(GeneratedKernel kernel, long[] table, long first, long end) {
        kernel.runRows(table, first, end, classes, Scratch.address(kernel.scratchBytes(classes)));
    }

    private long target(long row) {
        return dtype == DType.I64
                ? NativeMemory.getLong(targets + 8 * row)
                : NativeMemory.getInt(targets + 4 * row);
    }

    private long checked(long target) {
        if (target < 0 || target >= classes) {
            throw new IndexOutOfBoundsException(
                    "crossEntropy: target "
                            + target
                            + " is out of range for "
                            + classes
                            + " classes");
        }
        return target;
    }
}
